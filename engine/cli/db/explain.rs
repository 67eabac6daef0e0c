//! `portprint db explain`: which line won, and why the others did not.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::PathBuf;

use portprint_core::matcher::LineTest;
use portprint_core::{Hit, Matcher, Scratch};
use portprint_tables::{Database, DatabaseText, LineId, LineRow, Probe, ProbeId, Protocol};

use crate::context::Context;
use crate::escape;
use crate::exit::{Ending, Failure};
use crate::match_command::probes::Probes;
use crate::match_command::record::Record;
use crate::match_command::{self, Proto};
use crate::output;
use crate::output::style;

use super::lookup;
use super::needs::{self, Besides, Finder};

/// Explain the answer to a response: which line won, which others were candidates and what each failed on.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
The input is records as `portprint match` reads them, each is explained; with --raw it is one response.

Examples:
  head -1 responses.jsonl | portprint db explain
  portprint db explain --raw --probe GetRequest response.bin
  portprint db explain --raw --probe GetRequest --line 6531 response.bin     why not that line?")]
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

    /// Why not this line? Its physical number
    #[arg(long, value_name = "N")]
    line: Option<u32>,

    /// The source in which --line counts; without it every source that has a rule there
    #[arg(long, value_name = "NAME", requires = "line")]
    source: Option<String>,
}

/// `portprint db explain`
pub(crate) fn run(context: &Context, arguments: &Args) -> Result<Ending, Failure> {
    let opened = context.database()?;
    let database = &opened.database;
    let probes = Probes::new(database);
    let questioned = match arguments.line {
        None => Vec::new(),
        Some(number) => questioned(database, arguments.source.as_deref(), number)?,
    };
    let explainer = Explainer {
        matcher: Matcher::new(database),
        database,
        text: opened.text().ok(),
        questioned,
        verbose: context.is_verbose(),
    };

    let mut input = Vec::new();
    match_command::open(&arguments.input)?
        .read_to_end(&mut input)
        .map_err(|error| Failure::file(match_command::name(&arguments.input), error))?;
    let mut scratch = Scratch::default();
    let mut ending = Ending::Done;
    let mut out = output::styled(context.color());
    let mut put = |text: &str| out.write_all(text.as_bytes()).map_err(Failure::output);
    if arguments.raw {
        let protocol = arguments.proto.into();
        let probe =
            arguments.probe.as_deref().map(|name| probes.find(protocol, name)).transpose().map_err(Failure::usage)?;
        put(&explainer.explain("response", protocol, probe, &input, &mut scratch))?;
    } else {
        let mut buffer = Vec::new();
        for (number, line) in (1u64..).zip(input.strip_suffix(b"\n").unwrap_or(&input).split(|byte| *byte == b'\n')) {
            let record = Record::parse(line, &probes);
            let decoded = record.and_then(|record| Ok((record.protocol, record.probe, record.response(&mut buffer)?)));
            match decoded {
                Ok((protocol, probe, response)) => {
                    put(&explainer.explain(&format!("record {number}"), protocol, probe, response, &mut scratch))?;
                }
                Err(bad) => {
                    ending = Ending::SomeInputBad;
                    log::warn!("input line {number}: {}", bad.message);
                }
            }
        }
    }
    out.flush().map_err(Failure::output)?;
    Ok(ending)
}

fn questioned(database: &Database<'_>, source: Option<&str>, number: u32) -> Result<Vec<LineId>, Failure> {
    if let Some(source) = source {
        lookup::check_source(database, source)?;
    }
    let lines = lookup::lines(database, source, number);
    if lines.is_empty() {
        return Err(Failure::usage(format!("line {number} is no match or softmatch line")));
    }
    Ok(lines)
}

struct Explainer<'a> {
    matcher: Matcher<'static>,
    database: &'a Database<'static>,
    text: Option<&'a DatabaseText<'static>>,
    questioned: Vec<LineId>,
    /// Also names the candidates that come after the answer and would not match.
    verbose: bool,
}

impl Explainer<'_> {
    fn explain(
        &self,
        title: &str,
        protocol: Protocol,
        probe: Option<ProbeId>,
        response: &[u8],
        scratch: &mut Scratch,
    ) -> String {
        let mut text = String::new();
        let asked = probe.map_or_else(
            || format!("{protocol}, probe not known"),
            |id| format!("probe {}", lookup::probe_name(&self.database.probe(id))),
        );
        put(&mut text, format_args!("{0}{title}{0:#}: {1} bytes, {asked}\n", style::STRONG, response.len()));
        field(&mut text, "response", &shortened(response, 200));

        let chain = self.chain(protocol, probe);
        let names: Vec<_> = chain.iter().map(|probe| escape::visible(probe.name())).collect();
        field(
            &mut text,
            "tried",
            &format!("the lines of {}", if names.is_empty() { "no probe".to_owned() } else { names.join(", ") }),
        );

        let verdict = match probe {
            _ if response.is_empty() => None,
            Some(id) => Some(self.matcher.classify(protocol, id, response, scratch)),
            None => Some(self.matcher.classify_any(protocol, response, scratch)),
        };
        let winner = verdict.and_then(|verdict| verdict.hit).map(|hit| {
            self.put_hit(&mut text, &hit);
            hit.line
        });
        if winner.is_none() {
            field(&mut text, "answer", "nothing matched");
        }

        let candidates: Vec<_> = self.matcher.candidates(protocol, probe, response, scratch).collect();
        let tried: usize = chain.iter().map(|probe| probe.lines().len()).sum();
        field(&mut text, "candidates", &format!("{} of {tried} lines", candidates.len()));
        let mut later = 0;
        for &line in &candidates {
            let is_later = winner.is_some_and(|winner| self.comes_before(&chain, winner, line));
            let said = if Some(line) == winner {
                format!("{0}matches{0:#}: the answer", style::GOOD)
            } else if !is_later {
                self.failed_on(line, response, scratch)
            } else if self.matcher.test_line(line, response, scratch) == LineTest::Matches {
                "would match too, but comes later".to_owned()
            } else if self.verbose {
                "comes later and would not match".to_owned()
            } else {
                later += 1;
                continue;
            };
            put(&mut text, format_args!("    {} {}: {said}\n", lookup::place(self.database, line), self.service(line)));
        }
        if later > 0 {
            put(&mut text, format_args!("    {later} more come later and would not match\n"));
        }
        for &line in &self.questioned {
            put(&mut text, format_args!("  {0}why not {1}?{0:#}\n", style::STRONG, lookup::place(self.database, line)));
            if let Some(texts) = self.text {
                put(&mut text, format_args!("    {}\n", escape::visible(texts.line(line))));
            }
            put(&mut text, format_args!("    {}\n", self.why_not(line, winner, &chain, response, scratch)));
        }
        text
    }

    /// The probes whose own lines are tried, in order.
    fn chain(&self, protocol: Protocol, probe: Option<ProbeId>) -> Vec<Probe<'static>> {
        match probe {
            Some(id) => self.database.probe(id).chain().map(|id| self.database.probe(id)).collect(),
            None => self
                .database
                .probes()
                .filter(|probe| probe.protocol() == protocol && !probe.lines().is_empty())
                .collect(),
        }
    }

    fn put_hit(&self, text: &mut String, hit: &Hit<'_>) {
        let owner = self.database.probe(hit.probe);
        let kind = if hit.soft { "softmatch" } else { "match" };
        field(
            text,
            "answer",
            &format!(
                "{0}{1}{0:#}, {kind} line {2} of {3}",
                style::GOOD,
                escape::visible(hit.service),
                lookup::place(self.database, hit.line),
                lookup::probe_name(&owner)
            ),
        );
        if let Some(texts) = self.text {
            field(text, "line", &escape::visible(texts.line(hit.line)));
        }
        for (name, value) in hit.fields.iter() {
            field(text, name.as_str(), value);
        }
    }

    /// Whether `first` is tried before `second`.
    fn comes_before(&self, chain: &[Probe<'_>], first: LineId, second: LineId) -> bool {
        let place = |line: LineId| (chain.iter().position(|probe| probe.lines().contains(&line.to_u32())), line);
        place(first) < place(second)
    }

    fn why_not(
        &self,
        line: LineId,
        winner: Option<LineId>,
        chain: &[Probe<'_>],
        response: &[u8],
        scratch: &mut Scratch,
    ) -> String {
        let owner = self.database.probe(self.database.line(line).owner());
        let matches = self.matcher.test_line(line, response, scratch) == LineTest::Matches;
        if !chain.iter().any(|probe| probe.id() == owner.id()) {
            let would = if matches { "it would match" } else { "it would not match either" };
            return format!("it is not tried: it is a line of {}; {would}", lookup::probe_name(&owner));
        }
        if winner == Some(line) {
            return "it is the answer".to_owned();
        }
        if !matches {
            return self.failed_on(line, response, scratch);
        }
        match winner {
            Some(winner) => format!("it matches too, but {} comes first", lookup::place(self.database, winner)),
            None => "it matches".to_owned(),
        }
    }

    /// What a line fails on; the cheapest reason first.
    fn failed_on(&self, line: LineId, response: &[u8], scratch: &mut Scratch) -> String {
        let check = self.database.line(line).check();
        match self.matcher.test_line(line, response, scratch) {
            LineTest::Length { .. } => format!("the length is wrong: it needs {}", needs::length(&check)),
            LineTest::Head => match needs::head_mismatch(&check, response) {
                Some((at, Some(byte))) => format!("byte {at} is {:02x}, it needs {byte:02x}", response[at]),
                Some((at, None)) => format!("byte {at} is {:02x}, which no match has there", response[at]),
                None => "its first bytes differ".to_owned(),
            },
            LineTest::Pattern { at } => match (self.lacking(line, response), at) {
                (Some(what), _) => format!("the response lacks {what}"),
                (None, None) => "the pattern does not match".to_owned(),
                (None, Some(at)) => match response.get(at..).unwrap_or_default() {
                    [] => "the pattern does not match up to the end of the response".to_owned(),
                    tail => format!("the pattern fails at byte {at}: \"{}\"", shortened(tail, 16)),
                },
            },
            LineTest::GaveUp => "it was given up at its step limit".to_owned(),
            LineTest::Matches => "it matches".to_owned(),
            other => format!("{other:?}"),
        }
    }

    /// What the prefilter looks for in vain.
    fn lacking(&self, line: LineId, response: &[u8]) -> Option<String> {
        let finder = Finder::of(self.database, line);
        if !finder.finds(response) {
            return Some(finder.to_string());
        }
        let besides = Besides::of(&self.database.line(line))?;
        (!besides.is_in(response)).then(|| besides.to_string())
    }

    fn service(&self, line: LineId) -> String {
        let row = self.database.line(line);
        let soft = if row.flags & LineRow::SOFT != 0 { " (soft)" } else { "" };
        format!("{}{soft}", escape::visible(self.database.service_name(row.service)))
    }
}

/// At most so many bytes from the beginning of a response.
fn shortened(response: &[u8], most: usize) -> String {
    let shown = escape::payload(&response[..response.len().min(most)]);
    if response.len() > most { format!("{shown}…") } else { shown }
}

fn field(text: &mut String, name: &str, value: &str) {
    put(text, format_args!("  {name:<11} {value}\n"));
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("strings take all text");
}
