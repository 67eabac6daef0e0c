//! Asks every engine the same responses, compares the answers, measures rounds and writes tables and plots.
//!
//! ```text
//! definition ─ corpus ─► task folder ─► peers ─ answers ─► compared ─ rounds, interleaved ─► medians ─► RESULTS.md, plots/, record/
//!                 database ─┘
//! ```

mod answer;
mod corpus;
mod database;
mod definition;
mod engines;
mod environment;
mod measure;
mod process;
mod rename;
mod report;
mod run;
mod task;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The benchmark of portprint and its peers.
#[derive(Debug, Parser)]
#[command(name = "portprint-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures, and writes the tables and plots.
    Run(run::Options),
    /// Lists definitions and engines.
    List(Place),
    /// Writes the folders of a definition's tasks and measures nothing: for those who write a peer.
    Task {
        /// The definition.
        name: String,
        /// Where to; a folder for each task is made in it.
        folder: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

/// Where things are.
#[derive(Debug, clap::Args)]
struct Place {
    /// The folder with `engines.toml` and `definitions/`.
    #[arg(long, value_name = "DIR", default_value = env!("BENCHES"))]
    benches: PathBuf,
    /// The corpora; what needs them is left out if they are not there.
    #[arg(long, value_name = "DIR", default_value = concat!(env!("BENCHES"), "/../../shared/data"))]
    shared: PathBuf,
    /// The database [default: the one beside the corpora, or the one that nmap installs].
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Where task folders and compiled databases are kept [default: target/tasks].
    #[arg(long, value_name = "DIR")]
    tasks: Option<PathBuf>,
}

impl Place {
    fn database(&self) -> PathBuf {
        const INSTALLED: &str = "/usr/share/nmap/nmap-service-probes";
        let beside = self.shared.join("nmap-service-probes");
        let default = || if beside.exists() { beside } else { INSTALLED.into() };
        self.database.clone().unwrap_or_else(default)
    }

    fn tasks(&self) -> PathBuf {
        self.tasks.clone().unwrap_or_else(|| engines::target(&self.benches).join("tasks"))
    }
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Run(options) => {
            let all_right = run::run(&options)?;
            Ok(if all_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::List(place) => run::list(&place).map(|()| ExitCode::SUCCESS),
        Command::Task { name, folder, place } => run::write_task(&place, &name, &folder).map(|()| ExitCode::SUCCESS),
    }
}
