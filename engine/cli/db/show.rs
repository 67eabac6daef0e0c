//! `portprint db show`: a probe or a line, with everything that is known of it.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use portprint_tables::code::Strategy;
use portprint_tables::{Database, DatabaseText, LineId, LineRow, PortRange, Probe, ProbeId};

use crate::context::Context;
use crate::escape;
use crate::exit::{Ending, Failure};
use crate::output;
use crate::output::style;

use super::lookup;
use super::needs::{self, Besides, Finder};

/// Show a probe or a line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  portprint db show GetRequest
  portprint db show udp:DNSStatusRequest
  portprint db show 1399                            the rule in line 1399 of any source
  portprint db show nmap-service-probes:1399")]
pub(crate) struct Args {
    /// A probe (NAME, tcp:NAME, udp:NAME) or a line (N, SOURCE:N: the physical line of a match, softmatch or Probe directive)
    #[arg(value_name = "PROBE|LINE")]
    what: String,
}

/// `portprint db show`
pub(crate) fn run(context: &Context, arguments: &Args) -> Result<Ending, Failure> {
    let opened = context.database()?;
    let database = &opened.database;
    // Compiled databases may come without their text; everything else can be shown all the same.
    let text = opened.text().ok();
    let mut blocks = Vec::new();
    match Wanted::of(&arguments.what) {
        Wanted::Probe(name) => {
            for id in lookup::find_probes(database, name)? {
                blocks.push(probe(database, id));
            }
        }
        Wanted::Line(source, number) => {
            if let Some(source) = source {
                lookup::check_source(database, source)?;
            }
            let in_source = |probe: &Probe<'_>| source.is_none_or(|name| probe.source().name() == name.as_bytes());
            blocks.extend(lookup::lines(database, source, number).into_iter().map(|id| line(database, text, id)));
            let declared = database.probes().filter(|probe| probe.line() == number && in_source(probe));
            blocks.extend(declared.map(|declared| probe(database, declared.id())));
            if blocks.is_empty() {
                return Err(Failure::usage(format!(
                    "line {number} is neither a match or softmatch line nor a Probe directive"
                )));
            }
        }
    }
    output::write(context.color(), &blocks.join("\n"))?;
    Ok(Ending::Done)
}

enum Wanted<'t> {
    Probe(&'t str),
    Line(Option<&'t str>, u32),
}

impl<'t> Wanted<'t> {
    fn of(text: &'t str) -> Self {
        if text.starts_with("tcp:") || text.starts_with("udp:") {
            return Self::Probe(text);
        }
        if let Ok(number) = text.parse() {
            return Self::Line(None, number);
        }
        match text.rsplit_once(':').map(|(source, number)| (source, number.parse())) {
            Some((source, Ok(number))) => Self::Line(Some(source), number),
            _ => Self::Probe(text),
        }
    }
}

/// A line and, below it, what is known of it.
struct Block(String);

impl Block {
    fn new(title: fmt::Arguments<'_>) -> Self {
        Self(format!("{0}{title}{0:#}\n", style::STRONG))
    }

    fn add(&mut self, name: &str, value: impl fmt::Display) {
        let value = value.to_string();
        if !value.is_empty() {
            writeln!(self.0, "  {name:<12} {value}").expect("strings take all text");
        }
    }
}

fn probe(database: &Database<'_>, id: ProbeId) -> String {
    let probe = database.probe(id);
    let name = |id: ProbeId| lookup::probe_name(&database.probe(id));
    let names = |ids: &mut dyn Iterator<Item = ProbeId>| ids.map(name).collect::<Vec<_>>().join(", ");

    let mut block = Block::new(format_args!("probe {}", lookup::probe_name(&probe)));
    block.add("declared in", format_args!("{}:{}", escape::visible(probe.source().name()), probe.line()));
    if probe.is_null() {
        block.add("payload", "none: it listens");
    } else {
        block.add("payload", format_args!("{} bytes: {}", probe.payload().len(), escape::payload(probe.payload())));
    }
    if probe.is_no_payload() {
        block.add("flags", "no-payload");
    }
    block.add("rarity", probe.rarity());
    block.add("waits", format_args!("totalwaitms {}, tcpwrappedms {}", probe.totalwaitms(), probe.tcpwrappedms()));
    block.add("ports", ports(&mut probe.ports()));
    block.add("sslports", ports(&mut probe.sslports()));
    block.add("fallback", names(&mut probe.fallback()));
    block.add("tried lines", format_args!("of {}", names(&mut probe.chain())));
    if probe.sent_as() != id {
        block.add("sent as", name(probe.sent_as()));
    }
    let rows: Vec<LineRow> = probe.lines().map(|line| database.line(LineId::from_u32(line))).collect();
    let soft = rows.iter().filter(|row| row.flags & LineRow::SOFT != 0).count();
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        let span = format!("lines {} to {}", first.line, last.line);
        block.add("own lines", format_args!("{} match, {soft} softmatch, {span}", rows.len() - soft));
        let services: BTreeSet<_> =
            rows.iter().map(|row| escape::visible(database.service_name(row.service))).collect();
        let list = services.into_iter().collect::<Vec<_>>().join(", ");
        block.add("services", list);
    } else {
        block.add("own lines", "none");
    }
    block.0
}

fn line(database: &Database<'_>, text: Option<&DatabaseText<'_>>, id: LineId) -> String {
    let row = database.line(id);
    let check = row.check();
    let probe = database.probe(row.owner());
    let word = if row.flags & LineRow::SOFT != 0 { "softmatch" } else { "match" };

    let mut block = Block::new(format_args!(
        "{} {word} {}",
        lookup::place(database, id),
        escape::visible(database.service_name(row.service))
    ));
    block.add("probe", lookup::probe_name(&probe));
    if let Some(text) = text {
        block.add("text", escape::visible(text.line(id)));
        block.add("pattern", escape::visible(text.pattern(id)));
    }
    let flags: Vec<_> = [(LineRow::CASELESS, "caseless (i)"), (LineRow::DOTALL, "dot matches line feeds (s)")]
        .into_iter()
        .filter(|(flag, _)| row.flags & flag != 0)
        .map(|(_, name)| name)
        .collect();
    block.add("flags", flags.join(", "));
    block.add("found by", Finder::of(database, id));
    block.add("and by", Besides::of(&row).map(|it| it.to_string()).unwrap_or_default());
    block.add("length", needs::length(&check));
    block.add("begins with", needs::head(&check).unwrap_or_default());
    block.add(
        "decided by",
        match Strategy::from_u8(row.strategy) {
            Strategy::Automaton => "an automaton, in one pass",
            Strategy::Program => "a program, in linear time",
            Strategy::BoundedProgram => "a program with a step limit: it has back-references",
        },
    );
    let askers: Vec<_> = database
        .probes()
        .filter(|asker| asker.chain().any(|id| id == probe.id()))
        .map(|asker| lookup::probe_name(&asker))
        .collect();
    const SHOWN: usize = 12;
    let more = askers.len().saturating_sub(SHOWN);
    let list = askers[..askers.len() - more].join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    block.add("tried after", format_args!("{list}{more}"));
    block.0
}

fn ports(ranges: &mut dyn Iterator<Item = PortRange>) -> String {
    ranges
        .map(|range| {
            if range.first == range.last { range.first.to_string() } else { format!("{}-{}", range.first, range.last) }
        })
        .collect::<Vec<_>>()
        .join(",")
}
