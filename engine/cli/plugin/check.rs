//! `portprint plugin check`: does a plugin keep the rules?

use std::path::PathBuf;
use std::process::{Command, Stdio};

use portprint_plugin_host::check::{CheckOptions, check, hammer};
use portprint_plugin_host::{Fixture, Plugin};

use super::folders;
use crate::context::Context;
use crate::exit::{Ending, Failure};
use crate::output;

/// Check that a plugin keeps the rules: header, fixtures whole and byte by byte, random events, limits
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
The plugin is loaded by a process of its own, so that one that crashes can be told about. Fixtures are
conversations with servers, recorded or written, in files NAME.txt; `portprint plugin run --record`
writes them. The exit code is 1 if a check fails.

Examples:
  portprint plugin check target/release/libportprint_plugin_shout.so
  portprint plugin check ./shout.so --fixtures tests/conversations --executions 10000000")]
pub(super) struct Args {
    /// The plugin's library
    file: PathBuf,

    /// The folder of its fixtures [default: the nearest `fixtures` beside the file or above it]
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,

    /// How many sessions of random events
    #[arg(long, value_name = "N", default_value_t = 1000)]
    sessions: u64,

    /// How many fixtures, each with something changed
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    executions: u64,

    /// Load the plugin into this process
    #[arg(long, hide = true)]
    here: bool,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Ending, Failure> {
    if !args.here {
        return apart(args);
    }
    let plugin = Plugin::load(&args.file).map_err(|error| Failure::fault(error.to_string()))?;
    let folder = args.fixtures.clone().or_else(|| folders::fixtures(&args.file));
    let fixtures = folder.map_or_else(|| Ok(Vec::new()), |folder| Fixture::folder(&folder));
    let fixtures = fixtures.map_err(|error| Failure::fault(error.to_string()))?;
    let options = CheckOptions { sessions: args.sessions, ..CheckOptions::default() };
    let report = check(&plugin, &fixtures, &options);
    output::write(context.color(), &report.to_string())?;
    let hammered = hammer(&plugin, &fixtures, 0..args.executions);
    let (word, text) = match &hammered {
        Ok(hammered) => ("ok  ", hammered.to_string()),
        Err(error) => ("FAIL", error.to_string()),
    };
    output::write(context.color(), &format!("{word} changed fixtures: {text}\n"))?;
    if report.is_ok() && hammered.is_ok() {
        return Ok(Ending::Done);
    }
    Err(Failure::fault(format!("{}: it breaks rules", args.file.display())))
}

/// The same in a process of its own.
fn apart(args: &Args) -> Result<Ending, Failure> {
    let mut command = Command::new(folders::program()?);
    command.args(["plugin", "check", "--here"]).arg(&args.file);
    command.args(["--sessions", &args.sessions.to_string(), "--executions", &args.executions.to_string()]);
    if let Some(folder) = &args.fixtures {
        command.arg("--fixtures").arg(folder);
    }
    let status = command.stdin(Stdio::null()).status();
    let status = status.map_err(|error| Failure::fault(format!("the checking process cannot start: {error}")))?;
    match status.code() {
        Some(0) => Ok(Ending::Done),
        // It has told why.
        Some(code) => std::process::exit(code),
        None => Err(Failure::fault(format!("{}: it ended the process that checked it: {status}", args.file.display()))),
    }
}
