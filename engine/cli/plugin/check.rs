//! `portprint plugin check`: does a plugin keep the rules?

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
#[cfg(unix)]
use std::time::Duration;

use clap::builder::RangedI64ValueParser;
use portprint_plugin_host::Fixture;
use portprint_plugin_host::check::{CheckOptions, check, hammer};
use portprint_plugin_host::fixture::FixtureError;
#[cfg(unix)]
use portprint_plugin_host::isolated::end_with_parent;

use super::folders;
use crate::context::Context;
use crate::escape;
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
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = count(), allow_negative_numbers = true)]
    sessions: u64,

    /// How many fixtures, each with something changed
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = count(), allow_negative_numbers = true)]
    executions: u64,

    /// Load the plugin into this process
    #[arg(long, hide = true)]
    here: bool,

    /// End when standard input does, whatever the plugin is doing then
    #[cfg(unix)]
    #[arg(long, hide = true, requires = "here")]
    ends_with_input: bool,
}

/// A negative number is told to be one.
fn count() -> RangedI64ValueParser<u64> {
    RangedI64ValueParser::new().range(0..)
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Ending, Failure> {
    if !args.here {
        return apart(context, args);
    }
    #[cfg(unix)]
    if args.ends_with_input {
        end_with_parent(Duration::ZERO)
            .map_err(|error| Failure::fault(format!("the checking process cannot watch its parent: {error}")))?;
    }
    let plugin = folders::plugin(&args.file)?;
    let fixtures = fixtures(args)?;
    let options = CheckOptions { sessions: args.sessions, ..CheckOptions::default() };
    let report = check(&plugin, &fixtures, &options);
    output::write(context.color(), &escape::message(&report.to_string()))?;
    let hammered = hammer(&plugin, &fixtures, 0..args.executions);
    let (word, text) = match &hammered {
        Ok(hammered) => ("ok  ", hammered.to_string()),
        Err(error) => ("FAIL", error.to_string()),
    };
    output::write(context.color(), &escape::message(&format!("{word} changed fixtures: {text}\n")))?;
    if report.is_ok() && hammered.is_ok() {
        return Ok(Ending::Done);
    }
    Err(Failure::fault(format!("{}: it breaks rules", escape::path(&args.file))))
}

/// The plugin's fixtures, with names that can be shown.
fn fixtures(args: &Args) -> Result<Vec<Fixture>, Failure> {
    let Some(folder) = args.fixtures.clone().or_else(|| folders::fixtures(&args.file)) else { return Ok(Vec::new()) };
    let mut fixtures = Fixture::folder(&folder).map_err(|error| {
        let what = escape::line(&error.to_string()).into_owned();
        match &error {
            FixtureError::Unreadable { path, .. } if args.fixtures.as_ref() == Some(path) => {
                Failure::usage(format!("--fixtures {what}"))
            }
            _ => Failure::fault(what),
        }
    })?;
    for fixture in &mut fixtures {
        fixture.name = escape::line(&fixture.name).into_owned();
    }
    Ok(fixtures)
}

/// The same in a process of its own.
fn apart(context: &Context, args: &Args) -> Result<Ending, Failure> {
    let mut command = Command::new(folders::program()?);
    command.args(context.telling()).args(["plugin", "check", "--here"]);
    // Nothing is written to its input: the system closes the pipe when this process ends, however it does.
    #[cfg(unix)]
    command.arg("--ends-with-input");
    command.args(["--sessions", &args.sessions.to_string(), "--executions", &args.executions.to_string()]);
    if let Some(folder) = &args.fixtures {
        let mut flag = OsString::from("--fixtures=");
        flag.push(folder);
        command.arg(flag);
    }
    command.arg("--").arg(&args.file);
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::fault(format!("the checking process cannot start: {error}")))?;
    let input = child.stdin.take();
    let status = child.wait().map_err(|error| Failure::fault(format!("the checking process is lost: {error}")))?;
    drop(input);
    match status.code() {
        Some(0) => Ok(Ending::Done),
        // It has told why.
        Some(code) => std::process::exit(code),
        None => {
            let file = escape::path(&args.file);
            Err(Failure::fault(format!("{file}: it ended the process that checked it: {status}")))
        }
    }
}
