//! `portprint match`: responses in, answers out, no network.
//!
//! ```text
//! reader thread ─ chunks of whole lines ─► workers ─ answers in JSON or text ─► main thread ─► standard output
//! ```
//!
//! The order of the lines is kept, and memory is bounded by [`pipeline`]. A line that is no record gets an answer too (`"error"`),
//! because other programs count on one line out for each line in; that includes empty lines.

pub(crate) mod answer;
mod input;
mod pipeline;
pub(crate) mod probes;
pub(crate) mod record;
mod timing;
mod worker;

use std::io::{self, IsTerminal, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use portprint_core::Matcher;

use crate::args::Color;
use crate::context::Context;
use crate::escape;
use crate::exit::{Ending, Failure};

use answer::Names;
use probes::Probes;
use worker::Job;

/// Tell what responses say: JSON Lines in, JSON Lines out, no network.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Each line of the input is a record:
  {\"id\": any, \"proto\": \"tcp\"|\"udp\", \"probe\": NAME, \"response\": BASE64}
`id` may be left out (the answer then has the number of the line), and so may `probe` (then the lines of all probes of
the protocol are tried in file order); `protocol` means the same as `proto`; other fields are ignored.

Each line of the output is the answer to the line of the input at the same place:
  {\"id\": …, \"match\": {\"probe\": …, \"source\": FILE, \"line\": N, \"soft\": bool, \"service\": …, \"product\": …,
   \"version\": …, \"info\": …, \"hostname\": …, \"os\": …, \"device\": …, \"cpe\": […]}}
  {\"id\": …, \"match\": null}      nothing matched
  {\"id\": …, \"error\": \"…\"}       the line is no record (an empty line is none either); the exit code will be 3
Fields without a value are left out. `probe` owns the line that matched; it differs from the one that was sent when a
fallback answered.

Examples:
  portprint match responses.jsonl > answers.jsonl
  zcat responses.jsonl.gz | portprint match --jobs 4 --stats
  portprint match --format text responses.jsonl
  printf 'SSH-2.0-OpenSSH_9.6\\r\\n' | portprint match --raw --probe NULL")]
pub(crate) struct Args {
    /// The input; `-` or nothing: standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    input: PathBuf,

    /// The whole input is one response, not records
    #[arg(long)]
    raw: bool,

    /// With --raw: the probe that drew the response; without it all probes of the protocol are tried
    #[arg(long, value_name = "NAME", requires = "raw")]
    probe: Option<String>,

    /// With --raw: the protocol
    #[arg(long, value_name = "PROTO", requires = "raw", default_value = "tcp")]
    proto: Proto,

    /// How to write answers
    #[arg(long, default_value = "jsonl")]
    format: Format,

    /// How many responses to match at the same time [default: all cores]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Print two lines of figures on standard error
    ///
    /// `matching:` is classification and rendering alone, without reading, decoding and writing; its seconds are the sum over all
    /// jobs, so its rate is that of one. `total:` is everything, by the clock on the wall.
    #[arg(long)]
    stats: bool,
}

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For programs.
    Jsonl,
    /// For people.
    Text,
}

/// A protocol on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Proto {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
}

impl From<Proto> for portprint_tables::Protocol {
    fn from(proto: Proto) -> Self {
        match proto {
            Proto::Tcp => Self::Tcp,
            Proto::Udp => Self::Udp,
        }
    }
}

/// More threads than any machine has cores for; a system may refuse to start more.
const MAX_JOBS: usize = 1024;

/// `portprint match`
pub(crate) fn run(context: &Context, arguments: Args) -> Result<Ending, Failure> {
    let started = Instant::now();
    let opened = context.database()?;
    let matcher = Matcher::new(&opened.database);
    let probes = Probes::new(&opened.database);
    let jobs =
        arguments.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get).min(MAX_JOBS);
    let colour = match context.color() {
        Color::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        Color::Always => true,
        Color::Never => false,
    };
    let raw = match &arguments.probe {
        _ if !arguments.raw => None,
        None => Some((arguments.proto.into(), None)),
        Some(name) => {
            let protocol = arguments.proto.into();
            Some((protocol, Some(probes.find(protocol, name).map_err(Failure::usage)?)))
        }
    };
    let job = Job {
        matcher,
        probes,
        names: Names::new(&opened.database),
        format: match arguments.format {
            Format::Jsonl => answer::Format::Json,
            Format::Text => answer::Format::Text { colour },
        },
        timed: arguments.stats,
    };
    let input = open(&arguments.input)?;
    let run = match raw {
        Some((protocol, probe)) => pipeline::one(&job, input, protocol, probe),
        None => pipeline::run(job, input, jobs),
    };
    let run = run.map_err(|fault| match fault {
        pipeline::Fault::Read(error) => Failure::file(name(&arguments.input), error),
        pipeline::Fault::Write(error) => Failure::output(error),
        pipeline::Fault::Worker => Failure::fault("a job ended before its work; its message stands above"),
    })?;
    if arguments.stats {
        // Asked for, so not a message that -q could silence; a closed standard error is no reason to fail.
        let _ = writeln!(io::stderr(), "{}\n{}", run.timing.line(), run.timing.total(started.elapsed(), jobs));
    }
    Ok(if run.bad > 0 { Ending::SomeInputBad } else { Ending::Done })
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>, Failure> {
    if path.as_os_str() == "-" {
        if io::stdin().is_terminal() {
            log::warn!("reading from the terminal; end with Ctrl-D, or name a file");
        }
        return Ok(Box::new(io::stdin()));
    }
    let file = std::fs::File::open(path).map_err(|error| Failure::file(path.display(), error))?;
    Ok(Box::new(file))
}

/// How an input is called in messages.
pub(crate) fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { escape::path(path) }
}
