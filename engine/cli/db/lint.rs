//! `portprint db lint`: what is wrong with rules that compile.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use portprint_codegen::Source;
use portprint_codegen::lint::{Growth, Kind, Lint, Place, lint};
use serde::Serialize;

use super::examples::{self, Unanswered};
use super::sources;
use crate::context::Context;
use crate::exit::{Ending, Failure};
use crate::output;

/// Find what is wrong with rules that compile.
///
/// Told are: lines that can never win, because lines before them in their probe take every response (proved on their automata, also for
/// several lines together); lines that no response matches; templates that never give a value; patterns for which engines that backtrack
/// may take time to the third power of the length, or worse; probes that no line is for, or that send what another one sends; with
/// examples, lines that answer none and examples that are answered otherwise.
///
/// A folder stands for all its `*.probes` as one set of rules, with the examples in its `examples`. Without files the database in use is
/// looked at. The exit code is 3 if anything is found.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  portprint db lint my.probes
  portprint db lint probes/
  portprint db lint nmap-service-probes --format json | jq -r '.findings[] | [.line, .kind, .message] | @tsv'")]
pub(super) struct Args {
    /// Databases in priority order, or a folder of rules
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Responses that the lines must answer: records as `match` reads them, each with the answer as `expect` (a file, or a folder of
    /// *.jsonl)
    #[arg(long, value_name = "PATH")]
    examples: Option<PathBuf>,

    /// How to write what is found
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// `portprint db lint`
pub(super) fn run(context: &Context, args: &Args) -> Result<Ending, Failure> {
    let sources = sources(context, &args.files)?;
    let beside = match args.files.as_slice() {
        [folder] => Some(folder.join("examples")).filter(|examples| examples.is_dir()),
        _ => None,
    };
    let found = lint(&sources).map_err(|faults| Failure::fault(format!("the database has faults\n{faults}")))?;
    let unanswered = match args.examples.as_deref().or(beside.as_deref()) {
        Some(path) => examples::check(&sources, path)?,
        None => Vec::new(),
    };
    let text = match args.format {
        Format::Text => text(&found, &unanswered, &sources),
        Format::Json => json(&found, &unanswered, &sources)?,
    };
    output::write(context.color(), &text)?;
    Ok(if found.findings.is_empty() && unanswered.is_empty() { Ending::Done } else { Ending::SomeInputBad })
}

fn text(found: &Lint, unanswered: &[Unanswered], sources: &[Source]) -> String {
    let mut out = String::new();
    let diagnostics = found.diagnostics(sources).to_string();
    if !diagnostics.is_empty() {
        // They are findings, and no faults: all of it compiles.
        out.push_str(&diagnostics.replace("\nerror: ", "\nlint: ").replacen("error: ", "lint: ", 1));
        out.push_str("\n\n");
        if diagnostics.contains("\n\nand ") {
            out.push_str("--format json tells all of them\n\n");
        }
    }
    for one in unanswered {
        out.push_str(&format!("lint: {one}\n"));
    }
    let kinds: Vec<&str> = found.findings.iter().map(|finding| finding.kind.as_str()).collect();
    let counts: Vec<String> = kinds
        .iter()
        .copied()
        .chain(unanswered.iter().map(Unanswered::kind))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|kind| {
            let count = kinds.iter().filter(|it| **it == kind).count()
                + unanswered.iter().filter(|it| it.kind() == kind).count();
            format!("{count} {kind}")
        })
        .collect();
    let counts = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    out.push_str(&format!("{}, {}: {counts}", counted(found.lines, "line"), counted(found.probes, "probe")));
    if !found.undecided.is_empty() {
        let lines = counted(found.undecided.len(), "line");
        out.push_str(&format!("; of {lines} it is not known whether others hide them"));
    }
    out.push('\n');
    out
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[derive(Serialize)]
struct Document<'a> {
    lines: usize,
    probes: usize,
    findings: Vec<Item<'a>>,
    undecided: Vec<At<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    file: &'a str,
    line: u32,
    kind: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by: Vec<At<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    degree: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pump: Option<String>,
}

#[derive(Serialize)]
struct At<'a> {
    file: &'a str,
    line: u32,
}

fn json(found: &Lint, unanswered: &[Unanswered], sources: &[Source]) -> Result<String, Failure> {
    let at = |place: &Place| At { file: &sources[place.source].name, line: place.line };
    let mut findings: Vec<Item<'_>> = found
        .findings
        .iter()
        .map(|finding| {
            let At { file, line } = at(&finding.place);
            let by = match &finding.kind {
                Kind::Shadowed { by, .. } => by.iter().map(at).collect(),
                Kind::ProbeRepeated { first } => vec![at(first)],
                _ => Vec::new(),
            };
            let (degree, pump) = match &finding.kind {
                Kind::RunsAway(Growth::Polynomial { degree, pump }) => (Some(*degree), Some(pump)),
                Kind::RunsAway(Growth::Exponential { pump }) => (None, Some(pump)),
                _ => (None, None),
            };
            let pump = pump.map(|pump| STANDARD.encode(pump));
            let (kind, message) = (finding.kind.as_str(), finding.message(sources));
            Item { file, line, kind, message, by, degree, pump }
        })
        .collect();
    findings.extend(unanswered.iter().map(|one| Item {
        file: &one.file,
        line: one.line,
        kind: one.kind(),
        message: one.message.clone(),
        by: Vec::new(),
        degree: None,
        pump: None,
    }));
    let undecided = found.undecided.iter().map(at).collect();
    let document = Document { lines: found.lines, probes: found.probes, findings, undecided };
    let text = serde_json::to_string(&document).map_err(|error| Failure::fault(error.to_string()))?;
    Ok(text + "\n")
}

/// The text of a file, or of all `*.jsonl` of a folder, with their names.
pub(super) fn texts(path: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let failed = |path: &Path, error| Failure::file(path.display(), error);
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let entries = fs::read_dir(path).map_err(|error| failed(path, error))?;
        files = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(|error| failed(path, error))?;
        files.retain(|file| file.extension().is_some_and(|it| it == "jsonl"));
        files.sort();
    }
    let read = |file: PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        fs::read(&file).map(|text| (name, text)).map_err(|error| failed(&file, error))
    };
    files.into_iter().map(read).collect()
}
