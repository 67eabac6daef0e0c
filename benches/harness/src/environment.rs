//! Where and when was measured.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

/// What figures depend on besides the engines.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// The day, in UTC.
    pub(crate) date: String,
    /// The commit, with a remark if the tree was changed.
    pub(crate) commit: String,
    /// Processor, operating system, compiler.
    pub(crate) machine: String,
}

impl Environment {
    pub(crate) fn read(benches: &Path) -> Self {
        let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let commit = output(benches, "git", &["rev-parse", "--short", "HEAD"]);
        let changed = !output(benches, "git", &["status", "--porcelain"]).is_empty();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = [
            format!("{} ({cores} cores seen)", field("/proc/cpuinfo", "model name", ':')),
            field("/etc/os-release", "PRETTY_NAME", '='),
            format!("Linux {}", fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim()),
            output(benches, "rustc", &["--version"]),
        ];
        Self {
            date: now[..10].into(),
            commit: commit + if changed { " with changes" } else { "" },
            machine: machine.join("; "),
        }
    }
}

fn output(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

/// The first value of a key in a file of `key: value` or `key=value` lines.
fn field(path: &str, key: &str, separator: char) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut pairs = text.lines().filter_map(|line| line.split_once(separator));
    let value = pairs.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().trim_matches('"').to_owned());
    value.unwrap_or_else(|| "unknown".into())
}
