//! The `portprint` program: what was typed becomes what is meant, and a command does it.
//!
//! One folder or file a command. What they share: [`context`] opens the database, [`output`] is standard output, [`exit`] knows the
//! exit codes, [`logger`] writes everything that is not a result to standard error.

mod args;
mod bars;
mod beside;
mod context;
mod db;
mod documents;
mod escape;
mod exit;
mod json;
mod logger;
mod match_command;
mod output;
#[cfg(feature = "plugins")]
mod plugin;
#[cfg(feature = "scan")]
mod scan;
mod version;

use std::panic;
use std::process::ExitCode;

use clap::CommandFactory;

use args::{Arguments, Command};
use context::Context;
use exit::{Ending, Failure};

fn main() -> ExitCode {
    // A panic is a fault of ours, which has an exit code; the panic hook has told about it.
    panic::catch_unwind(run).map_or(ExitCode::from(exit::FAULT), exit::code)
}

fn run() -> Result<Ending, Failure> {
    let arguments = Arguments::read().map_err(Failure::arguments)?;
    logger::start(&arguments.global);
    if arguments.version {
        return version::run(&Context::new(arguments.global));
    }
    let Some(command) = arguments.command else {
        let missing =
            Arguments::command().error(clap::error::ErrorKind::MissingSubcommand, "a command is needed; try --help");
        return Err(Failure::arguments(missing));
    };
    let context = Context::new(arguments.global);
    match command {
        #[cfg(feature = "scan")]
        Command::Scan(arguments) => scan::run(&context, *arguments),
        Command::Match(arguments) => match_command::run(&context, arguments),
        #[cfg(feature = "plugins")]
        Command::Plugin(arguments) => plugin::run(&context, arguments),
        Command::Db(arguments) => db::run(&context, arguments),
        Command::Completions(arguments) => documents::completions(&arguments),
        Command::Man(arguments) => documents::man(&arguments),
    }
}
