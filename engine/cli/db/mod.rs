//! `portprint db`: what a database holds, why it answers as it does, and how one is made.

mod compile;
mod examples;
mod explain;
mod export;
mod lint;
mod lookup;
mod needs;
mod show;
mod stats;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use portprint_codegen::Source;
use portprint_tables::{DatabaseText, MAGIC};

use crate::context::{self, Context};
use crate::exit::{Ending, Failure};

/// Look into databases, compile them, and find what is wrong with them.
///
/// All but `compile` and `lint` look at the database in use: the embedded one, or the one that --db names, with the rules of --rules before it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  portprint db stats
  portprint db show udp:DNSStatusRequest
  portprint --db my.probes db explain --raw --probe NULL response.bin
  portprint db compile site.probes nmap-service-probes -o my.db
  portprint db lint site.probes")]
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
    Lint(lint::Args),
}

/// How figures and findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// `portprint db`
pub(crate) fn run(context: &Context, arguments: Args) -> Result<Ending, Failure> {
    match arguments.command {
        Command::Stats(arguments) => stats::run(context, &arguments),
        Command::Explain(arguments) => explain::run(context, &arguments),
        Command::Show(arguments) => show::run(context, &arguments),
        Command::Export(arguments) => export::run(context, &arguments),
        Command::Compile(arguments) => compile::run(context, &arguments),
        Command::Lint(arguments) => lint::run(context, &arguments),
    }
}

/// The texts of files, in priority order, with the rules of `--rules` before them: each file is a source of its own, but a compiled
/// database stands for the texts that it was made from, and a folder for its `*.probes`, which are one set of rules. Without files, those
/// of the database in use.
fn sources(context: &Context, files: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    if files.is_empty() {
        return context.sources();
    }
    if context.has_db() {
        return Err(Failure::usage("--db and files exclude each other: name the database among the files"));
    }
    let mut sources = context.rules()?;
    for path in files {
        for source in context::read_all(path)? {
            if source.text.starts_with(&MAGIC) {
                let text =
                    DatabaseText::from_bytes(&source.text).map_err(|error| Failure::file(path.display(), error))?;
                sources.extend(context::sources_of(&text));
            } else {
                sources.push(source);
            }
        }
    }
    Ok(sources)
}
