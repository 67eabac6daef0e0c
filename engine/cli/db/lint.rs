//! `portprint db lint`: what is wrong with rules that compile.

use std::collections::BTreeSet;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portprint_codegen::diagnostic::Diagnostics;
use portprint_codegen::lint::{Growth, Kind, Lint, Place, lint};
use portprint_codegen::{Analysed, Source};
use serde::Serialize;

use super::examples::{self, Unanswered};
use super::{Format, sources};
use crate::context::Context;
use crate::escape;
use crate::exit::{Ending, Failure};
use crate::output;

/// Find what is wrong with rules that compile.
///
/// Told are: lines that can never win, because lines before them in their probe take every response (proved on their automata, also for
/// several lines together); lines that no response matches; templates that never give a value; patterns for which engines that backtrack
/// may take time to the third power of the length, or worse; probes that no line is for, or that send what another one sends; with
/// examples, lines that answer none and examples that are answered otherwise.
///
/// A folder stands for all its `*.probes` as one set of rules; alone, with the examples in its `examples`. Without files the database in
/// use is looked at. The exit code is 3 if anything is found.
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

/// `portprint db lint`
pub(super) fn run(context: &Context, args: &Args) -> Result<Ending, Failure> {
    let sources = sources(context, &args.files)?;
    let beside = match args.files.as_slice() {
        [folder] => Some(folder.join("examples")).filter(|examples| examples.symlink_metadata().is_ok()),
        _ => None,
    };
    if let Some(examples) = beside.as_ref().filter(|examples| !examples.is_dir()) {
        return Err(Failure::file(escape::path(examples), "it is not a folder; examples are looked for in one"));
    }
    let faults = |faults: Diagnostics| Failure::fault(format!("the database has faults\n{faults}"));
    let analysed = Analysed::new(&sources).map_err(faults)?;
    let found = lint(&analysed);
    let unanswered = match args.examples.as_deref().or(beside.as_deref()) {
        Some(path) => examples::check(analysed.compile().map_err(faults)?, path)?,
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
    let diagnostics = found.diagnostics(sources);
    if !diagnostics.is_empty() {
        out.push_str(&format!("{diagnostics}\n\n"));
    }
    if diagnostics.left_out() > 0 {
        out.push_str("--format json tells all of them\n\n");
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
