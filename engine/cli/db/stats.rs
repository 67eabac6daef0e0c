//! `portprint db stats`: figures about a database.

use std::collections::BTreeSet;
use std::fmt;

use portprint_tables::code::Strategy;
use portprint_tables::{Database, GramRow, LineId, LineRow, Protocol, Section, WindowRow};
use serde::Serialize;

use crate::context::{Context, Opened};
use crate::escape;
use crate::exit::{Ending, Failure};
use crate::output;
use crate::output::style;

use super::{Format, lookup};

/// Print figures about the database: sources, probes, lines, how lines are decided, sizes.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  portprint db stats
  portprint --db my.db db stats --format json | jq .lines")]
pub(crate) struct Args {
    /// How to write the figures
    #[arg(long, default_value = "text")]
    format: Format,
}

/// `portprint db stats`
pub(crate) fn run(context: &Context, arguments: &Args) -> Result<Ending, Failure> {
    let stats = Stats::of(&context.database()?);
    let text = match arguments.format {
        Format::Text => stats.to_string(),
        Format::Json => serde_json::to_string(&stats).map_err(|error| Failure::fault(error.to_string()))? + "\n",
    };
    output::write(context.color(), &text)?;
    Ok(Ending::Done)
}

#[derive(Debug, Serialize)]
struct Stats {
    database: String,
    sources: Vec<SourceStats>,
    probes: ProbeStats,
    lines: LineStats,
    services: usize,
    strategies: Strategies,
    prefilter: Prefilter,
    sections: Vec<SectionStats>,
    bytes: usize,
}

#[derive(Debug, Serialize)]
struct SourceStats {
    name: String,
    licence: String,
    priority: u32,
    probes: usize,
    lines: usize,
}

#[derive(Debug, Default, Serialize)]
struct ProbeStats {
    all: usize,
    tcp: usize,
    udp: usize,
    without_lines: usize,
    with_fallback: usize,
}

#[derive(Debug, Default, Serialize)]
struct LineStats {
    all: usize,
    r#match: usize,
    softmatch: usize,
    caseless: usize,
    dotall: usize,
    with_fields: usize,
    with_captures: usize,
}

/// How many lines are decided in which way.
#[derive(Debug, Default, Serialize)]
struct Strategies {
    automaton: usize,
    program: usize,
    bounded_program: usize,
}

/// How lines become candidates.
#[derive(Debug, Serialize)]
struct Prefilter {
    lines_by_literal: usize,
    lines_by_window: usize,
    lines_by_position: usize,
    lines_that_need_more: usize,
    literals: usize,
    grams: usize,
    windows: usize,
    window_offsets: Vec<u8>,
}

#[derive(Debug, Serialize)]
struct SectionStats {
    name: String,
    bytes: usize,
}

impl Stats {
    fn of(opened: &Opened) -> Self {
        let database = &opened.database;
        let sections: Vec<_> = database
            .section_table()
            .iter()
            .map(|(number, bytes)| SectionStats { name: section_name(number), bytes })
            .collect();
        Self {
            database: opened.origin.to_string(),
            sources: database
                .sources()
                .map(|source| SourceStats {
                    name: escape::visible(source.name()),
                    licence: escape::visible(source.licence()),
                    priority: source.priority(),
                    probes: source.probe_count(),
                    lines: source.line_count(),
                })
                .collect(),
            probes: ProbeStats::of(database),
            lines: LineStats::of(database),
            services: database.service_count(),
            strategies: Strategies::of(database),
            prefilter: Prefilter::of(database),
            bytes: sections.iter().map(|section| section.bytes).sum(),
            sections,
        }
    }
}

impl ProbeStats {
    fn of(database: &Database<'_>) -> Self {
        let mut stats = Self::default();
        for probe in database.probes() {
            stats.all += 1;
            match probe.protocol() {
                Protocol::Tcp => stats.tcp += 1,
                Protocol::Udp => stats.udp += 1,
            }
            stats.without_lines += usize::from(probe.lines().is_empty());
            stats.with_fallback += usize::from(probe.fallback().len() > 0);
        }
        stats
    }
}

impl LineStats {
    fn of(database: &Database<'_>) -> Self {
        let mut stats = Self::default();
        for row in lookup::all_lines(database).map(|line| database.line(line)) {
            let flag = |flag| usize::from(row.flags & flag != 0);
            stats.all += 1;
            stats.softmatch += flag(LineRow::SOFT);
            stats.caseless += flag(LineRow::CASELESS);
            stats.dotall += flag(LineRow::DOTALL);
            stats.with_fields += usize::from(row.templates != LineRow::NONE);
            stats.with_captures += usize::from(row.templates != LineRow::NONE && row.program != LineRow::NONE);
        }
        stats.r#match = stats.all - stats.softmatch;
        stats
    }
}

impl Strategies {
    fn of(database: &Database<'_>) -> Self {
        let mut stats = Self::default();
        for line in lookup::all_lines(database) {
            match Strategy::from_u8(database.line(line).strategy) {
                Strategy::Automaton => stats.automaton += 1,
                Strategy::Program => stats.program += 1,
                Strategy::BoundedProgram => stats.bounded_program += 1,
            }
        }
        stats
    }
}

impl Prefilter {
    fn of(database: &Database<'_>) -> Self {
        let engine = &database.engine;
        let grams: Vec<_> =
            (0..engine.grams.len() / GramRow::SIZE).map(|index| GramRow::at(engine.grams, index)).collect();
        let windows: Vec<_> =
            (0..engine.windows.len() / WindowRow::SIZE).map(|index| WindowRow::at(engine.windows, index)).collect();
        let distinct = |items: &mut dyn Iterator<Item = u32>| items.collect::<BTreeSet<_>>().len();
        let lines = |found: &mut dyn Iterator<Item = (u32, u16)>| {
            let lines = found.flat_map(|(first, count)| engine.found(first, count)).map(LineId::to_u32);
            lines.collect::<BTreeSet<_>>().len()
        };
        Self {
            lines_by_literal: lines(&mut grams.iter().map(|row| (row.lines, row.count))),
            lines_by_window: lines(&mut windows.iter().map(|row| (row.lines, row.count))),
            lines_by_position: engine.found_by_position().len(),
            lines_that_need_more: (0..database.line_count())
                .filter(|&line| database.line(LineId::new(line)).need != 0)
                .count(),
            literals: distinct(&mut grams.iter().map(|row| row.literal)),
            grams: distinct(&mut grams.iter().map(|row| row.key)),
            windows: windows.len(),
            window_offsets: engine.window_offsets.to_vec(),
        }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        heading(f, "database")?;
        writeln!(f, "  {}", self.database)?;
        heading(f, "sources")?;
        for source in &self.sources {
            writeln!(
                f,
                "  {}: {} probes, {} lines, licence {}, priority {}",
                source.name, source.probes, source.lines, source.licence, source.priority
            )?;
        }
        heading(f, "probes")?;
        figure(f, "all", self.probes.all)?;
        figure(f, "tcp", self.probes.tcp)?;
        figure(f, "udp", self.probes.udp)?;
        figure(f, "without lines of their own", self.probes.without_lines)?;
        figure(f, "with fallbacks", self.probes.with_fallback)?;
        heading(f, "lines")?;
        figure(f, "all", self.lines.all)?;
        figure(f, "match", self.lines.r#match)?;
        figure(f, "softmatch", self.lines.softmatch)?;
        figure(f, "caseless (i)", self.lines.caseless)?;
        figure(f, "dot matches line feeds (s)", self.lines.dotall)?;
        figure(f, "with fields", self.lines.with_fields)?;
        figure(f, "with groups in fields", self.lines.with_captures)?;
        figure(f, "service names", self.services)?;
        heading(f, "how lines are decided")?;
        figure(f, "automaton, one pass", self.strategies.automaton)?;
        figure(f, "program, linear time", self.strategies.program)?;
        figure(f, "program with a step limit", self.strategies.bounded_program)?;
        heading(f, "how lines become candidates")?;
        figure(f, "lines by a literal", self.prefilter.lines_by_literal)?;
        figure(f, "lines by a window", self.prefilter.lines_by_window)?;
        figure(f, "lines by their first places", self.prefilter.lines_by_position)?;
        figure(f, "lines that need more", self.prefilter.lines_that_need_more)?;
        figure(f, "literals", self.prefilter.literals)?;
        figure(f, "distinct four-byte grams", self.prefilter.grams)?;
        figure(f, "windows", self.prefilter.windows)?;
        writeln!(f, "  {:<28}{:>10}", "window offsets", join(&self.prefilter.window_offsets))?;
        heading(f, "sections in bytes")?;
        for section in &self.sections {
            figure(f, &section.name, section.bytes)?;
        }
        figure(f, "all", self.bytes)
    }
}

fn join(numbers: &[u8]) -> String {
    numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(" ")
}

fn heading(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    writeln!(f, "{0}{text}{0:#}", style::STRONG)
}

fn figure(f: &mut fmt::Formatter<'_>, name: &str, figure: usize) -> fmt::Result {
    writeln!(f, "  {name:<28}{figure:>10}")
}

fn section_name(number: u32) -> String {
    const NAMES: [(Section, &str); 25] = [
        (Section::Bytes, "names and payloads"),
        (Section::Sources, "sources"),
        (Section::Services, "services"),
        (Section::Probes, "probes"),
        (Section::Ports, "ports"),
        (Section::ProbeLists, "chains and fallbacks"),
        (Section::Exclude, "exclude"),
        (Section::Lines, "lines"),
        (Section::Sets, "byte sets"),
        (Section::Code, "automata, programs, fields"),
        (Section::GramFilter, "gram filter"),
        (Section::GramIndex, "gram index"),
        (Section::Grams, "grams"),
        (Section::Literals, "literals"),
        (Section::WindowOffsets, "window offsets"),
        (Section::WindowIndex, "window index"),
        (Section::Windows, "windows"),
        (Section::WindowFilter, "window filter"),
        (Section::FoundLines, "lines of grams and windows"),
        (Section::PositionLines, "lines by first places"),
        (Section::PositionSets, "first places"),
        (Section::TextRows, "text rows"),
        (Section::Text, "source texts"),
        (Section::TextSources, "text sources"),
        (Section::TextNames, "text names"),
    ];
    NAMES
        .iter()
        .find(|(section, _)| *section as u32 == number)
        .map_or_else(|| format!("section {number}"), |(_, name)| (*name).to_owned())
}
