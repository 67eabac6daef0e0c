//! `portprint plugin`: for people who write and choose plugins.

mod check;
mod findings;
pub(crate) mod folders;
mod list;
mod new;
mod recording;
mod run;

use portprint_plugin_host::isolated::serve_stdio;

use crate::context::Context;
use crate::exit::{Ending, Failure};

/// List, check, begin and try protocol plugins
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(list::Args),
    Check(check::Args),
    New(new::Args),
    Run(run::Args),
    /// Serve a plugin to the process that started this one
    #[command(hide = true)]
    Serve(Serve),
}

#[derive(Debug, clap::Args)]
struct Serve {
    file: std::path::PathBuf,
}

/// `portprint plugin`
pub(crate) fn run(context: &Context, args: Args) -> Result<Ending, Failure> {
    match args.command {
        Command::List(args) => list::run(context, &args),
        Command::Check(args) => check::run(context, &args),
        Command::New(args) => new::run(context, &args),
        Command::Run(args) => run::run(context, args),
        Command::Serve(Serve { file }) => {
            serve_stdio(&file).map_err(|error| Failure::fault(error.to_string()))?;
            Ok(Ending::Done)
        }
    }
}
