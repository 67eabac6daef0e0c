//! The engines that take part, from `engines.toml`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// An engine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Engine {
    /// `peer` or `peer/mode`.
    pub(crate) name: String,
    /// What its answers are worth.
    pub(crate) answers: Answers,
    /// The command that builds it, run in benches/.
    #[serde(default)]
    build: Vec<String>,
    /// The command that runs it, likewise.
    run: Vec<String>,
    /// How to get what it needs.
    pub(crate) install: Option<String>,
    /// Whether it is left out where a definition says `*`.
    #[serde(default)]
    pub(crate) variant: bool,
}

/// What an engine's answers are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answers {
    /// Each must be right.
    Exact,
    /// It has its own idea of the rules; how often it is right is told.
    Fields,
    /// It gives none.
    Bound,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    engine: Vec<Engine>,
}

/// All engines in the order of the file.
pub(crate) fn read_all(benches: &Path) -> Result<Vec<Engine>> {
    let path = benches.join("engines.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let file: File = toml::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(file.engine)
}

/// Where cargo builds.
pub(crate) fn target(benches: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| benches.join("target"), PathBuf::from);
    std::path::absolute(&target).unwrap_or(target)
}

impl Engine {
    /// Builds it, if it is built.
    pub(crate) fn build(&self, benches: &Path) -> Result<()> {
        let Some((program, arguments)) = self.build.split_first() else { return Ok(()) };
        eprintln!("building {}", self.name);
        let fill = |text: &String| fill(text, benches, Path::new(""));
        let output = Command::new(fill(program))
            .args(arguments.iter().map(fill))
            .current_dir(benches)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run `{program}`"))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
        ensure!(output.status.success(), "`{}` fails: {last}", self.build.join(" "));
        Ok(())
    }

    /// The command that runs it on a task.
    pub(crate) fn command(&self, benches: &Path, task: &Path) -> Result<Command> {
        let (program, arguments) = self.run.split_first().context("an engine has no command")?;
        let mut command = Command::new(fill(program, benches, task));
        command.args(arguments.iter().map(|argument| fill(argument, benches, task))).current_dir(benches);
        Ok(command)
    }
}

/// Fills in `{target}` and `{task}`.
fn fill(text: &str, benches: &Path, task: &Path) -> String {
    let target = target(benches);
    text.replace("{target}", &target.to_string_lossy()).replace("{task}", &task.to_string_lossy())
}
