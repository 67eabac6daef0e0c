//! `portprint db compile`: text to a compiled database.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::sources;
use crate::context::{self, Context};
use crate::exit::{Ending, Failure};
use crate::{beside, output};

/// Compile texts in nmap's service-probes format to a database that loads in milliseconds.
///
/// Each file is a source of its own, the first one is asked first. A file that is a compiled database already stands for the texts
/// that it was made from, a folder for its `*.probes`, which together are one source. Without files the database in use is compiled, with
/// the rules of --rules before it. All faults of all files are told at once; -v prints what the compiler made of the rules.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  portprint db compile nmap-service-probes -o nmap.db
  portprint db compile site.probes nmap-service-probes -o all.db
  portprint --rules site.probes db compile -o all.db     site rules before what is built in
  portprint --db all.db match responses.jsonl")]
pub(crate) struct Args {
    /// Databases in priority order
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Where the compiled database goes, `-` for standard output; a file is replaced in one step, or not at all
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
}

/// `portprint db compile`
pub(crate) fn run(context: &Context, arguments: &Args) -> Result<Ending, Failure> {
    let sources = sources(context, &arguments.files)?;
    let compiled = context::compile(&sources)?;
    log::info!("{}", compiled.report.to_string().trim_end());
    let bytes = compiled.whole();
    if arguments.output.as_os_str() == "-" {
        return print(&bytes);
    }
    replace(&arguments.output, &bytes).map_err(|error| Failure::file(arguments.output.display(), error))?;
    log::info!("{}: {} bytes written", arguments.output.display(), bytes.len());
    Ok(Ending::Done)
}

fn print(bytes: &[u8]) -> Result<Ending, Failure> {
    if io::stdout().is_terminal() {
        return Err(Failure::usage(
            "-o -: a compiled database is nothing for a terminal; name a file, or lead it into one",
        ));
    }
    let mut out = output::plain();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Failure::output)?;
    Ok(Ending::Done)
}

/// Writes a file beside its place and then moves it there, so that nobody ever reads half of it. What is there and is no file, a pipe
/// or a device, is written to and stays what it is; a file leaves its mode to what replaces it.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let there = fs::metadata(path).ok();
    if there.as_ref().is_some_and(|there| !there.is_file() && !there.is_dir()) {
        return fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let path = beside::behind_links(path)?;
    let mut file = beside::file(&path)?;
    file.write_all(bytes)?;
    if let Some(there) = there {
        file.as_file().set_permissions(there.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
