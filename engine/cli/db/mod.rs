//! `portprint db`: what a database holds, why it answers as it does, and how one is made.

mod compile;
mod explain;
mod export;
mod lookup;
mod needs;
mod show;
mod stats;

use clap::Subcommand;

use crate::context::Context;
use crate::exit::{Ending, Failure};

/// Look into databases, and compile them.
///
/// All but `compile` look at the database in use: the embedded one, or the one that --db names, with the rules of --rules before it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  portprint db stats
  portprint db show udp:DNSStatusRequest
  portprint --db my.probes db explain --raw --probe NULL response.bin
  portprint db compile site.probes nmap-service-probes -o my.db")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Stats(stats::Args),
    Explain(explain::Args),
    Show(show::Args),
    Export(export::Args),
    Compile(compile::Args),
}

/// `portprint db`
pub(crate) fn run(context: &Context, arguments: Args) -> Result<Ending, Failure> {
    match arguments.command {
        Command::Stats(arguments) => stats::run(context, &arguments),
        Command::Explain(arguments) => explain::run(context, &arguments),
        Command::Show(arguments) => show::run(context, &arguments),
        Command::Export(arguments) => export::run(context, &arguments),
        Command::Compile(arguments) => compile::run(context, &arguments),
    }
}
