//! The program, run as users and other programs run it. Every test brings its own database, so that it does not matter which one was
//! built in.

mod db;
mod documents;
mod explain;
mod match_;
mod streams;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

/// Rules of our own that use every field, both kinds of lines, fallbacks, raw bytes and a back-reference. The tests name its lines by
/// their physical numbers.
const DATABASE: &[u8] = b"# Line 1; the next comment is line 18.
Exclude T:9100-9107,U:53
Probe TCP NULL q||
totalwaitms 6000
match alpha m|^ALPHA/([\\d.]+) ready\\r\\n$| p/Alpha server/ v/$1/ i/two words/ h/host.example/ o/Unix/ d/router/ cpe:/a:alpha:server:$1/a cpe:/o:alpha:os/
softmatch alpha m|^alpha|i
match bravo m|^BRAVO (.*)\\n|s p/first/ p/Bravo $1/
match quoted m%^QUOTED \"(.*)\"$% i/say \"$1\" \\\\o\\\\/
match caf\xe9 m|^CAF\xe9| p/raw \xe9/
match twice m|^<(\\w+)>\\1$| v/$1/
Probe TCP GetThing q|GET /thing\\r\\n|
ports 80,8080-8081
sslports 443
rarity 1
fallback GetOther
match thing m|^THING (\\w+)| v/$1/
match thing m|^THING WORD$| p/never first/
#
Probe TCP GetOther q|OTHER\\r\\n|
rarity 9
match other m|^OTHER|
Probe UDP Ping q|\\0\\x01ping| no-payload
ports 7
totalwaitms 1000
tcpwrappedms 500
match ping m|^pong\\0\\xff|
";

/// A folder of one test: its database, and files that it makes.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        place.file("test.probes", DATABASE);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("the folder can be written");
        path
    }

    /// The program with the test database, in this folder.
    fn portprint<S: AsRef<str>>(&self, arguments: &[S]) -> Command {
        let mut command = bare(self.folder.path());
        command.arg("--db").arg("test.probes");
        command.args(arguments.iter().map(AsRef::as_ref));
        command
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Run {
        feed(&mut self.portprint(arguments), input)
    }
}

/// The program with no arguments yet.
fn bare(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portprint"));
    command.current_dir(folder).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("RUST_LOG");
    command
}

/// How a run of the program ended.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    /// Fails unless the program ended with this code.
    #[track_caller]
    fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "standard error: {}", self.err);
        self
    }

    #[track_caller]
    fn json(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }
}

/// Runs a command with an input.
fn feed(command: &mut Command, input: &[u8]) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut stdin = child.stdin.take().expect("it is piped");
    let Output { status, stdout, stderr } = thread::scope(|scope| {
        // A program that ends early does not read everything, which is no fault of the test.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().expect("the program ends")
    });
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Run { code: status.code(), out: text(stdout), err: text(stderr) }
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
