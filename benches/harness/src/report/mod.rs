//! Figures to a document, plots and raw records.
//!
//! The document's part between two marks is the harness's. In it every definition has a section; sections of definitions that were not
//! measured this time stay as they are.

mod plot;
mod record;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::definition::Definition;
use crate::environment::Environment;
use crate::measure::{Figures, Measured, Outcome};

/// A definition's figures.
pub(crate) struct Report {
    pub(crate) definition: Definition,
    pub(crate) tasks: Vec<TaskReport>,
}

/// A task's figures.
pub(crate) struct TaskReport {
    pub(crate) label: String,
    /// Lines of the database.
    pub(crate) lines: usize,
    pub(crate) responses: Vec<ResponseReport>,
    /// Of all responses.
    pub(crate) bytes: usize,
    pub(crate) measured: Vec<Measured>,
}

/// What is told of a response.
pub(crate) struct ResponseReport {
    pub(crate) name: String,
    /// Its length.
    pub(crate) bytes: usize,
}

impl TaskReport {
    /// The engines that have figures.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (&Measured, &Figures)> {
        self.measured.iter().filter_map(|measured| match &measured.outcome {
            Outcome::Figures(figures) => Some((measured, &**figures)),
            _ => None,
        })
    }

    /// An engine's nanoseconds for a response.
    pub(crate) fn per_response(&self, figures: &Figures) -> f64 {
        figures.median() / self.responses.len().max(1) as f64
    }

    /// An engine's nanoseconds for a byte.
    pub(crate) fn per_byte(&self, figures: &Figures) -> f64 {
        figures.median() / self.bytes.max(1) as f64
    }

    /// The response that takes an engine the most nanoseconds for a byte, and how many.
    pub(crate) fn worst(&self, figures: &Figures) -> Option<(&ResponseReport, f64)> {
        let each = self.responses.iter().zip(&figures.each);
        each.map(|(response, &ns)| (response, ns as f64 / response.bytes.max(1) as f64))
            .max_by(|left, right| left.1.total_cmp(&right.1))
    }
}

const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";
const SECTION: &str = "\n### ";

/// Writes everything: the document, and beside it plots and the record.
pub(crate) fn write(reports: &[Report], environment: &Environment, results: &Path) -> Result<()> {
    let folder = results.parent().unwrap_or(Path::new(""));
    record::append(reports, environment, &folder.join("record"))?;
    let plots = folder.join("plots");
    fs::create_dir_all(&plots)?;
    let old = if results.exists() { fs::read_to_string(results)? } else { String::new() };
    let (before, block, after) = match old.split_once(BEGIN) {
        Some((before, rest)) => {
            let (block, after) = rest.split_once(END).context("the document has no end mark")?;
            (before.to_owned(), block, after)
        }
        None => (if old.is_empty() { old.clone() } else { old.clone() + "\n" }, "", "\n"),
    };
    let mut sections: BTreeMap<String, String> = block
        .split(SECTION)
        .skip(1)
        .filter_map(|section| Some((section.split('\n').next()?.to_owned(), section.trim_end().to_owned())))
        .collect();
    for report in reports.iter().filter(|report| !report.tasks.is_empty()) {
        let mut section = table::section(report, environment);
        let name = format!("{}.svg", report.definition.name);
        if plot::draw(report, &plots.join(&name))? {
            section += &format!("\n\n![{}](plots/{name})", report.definition.name);
        }
        sections.insert(report.definition.name.clone(), section);
    }
    let mut text = before + BEGIN + "\n## The benchmark\n\n";
    text += "Written by `portprint-bench run`; `README.md` says what the models and the engines are. Machine: ";
    text += &environment.machine;
    text += ".\n";
    for section in sections.values() {
        text += SECTION;
        text += section;
        text += "\n";
    }
    text += END;
    text += after;
    fs::write(results, text).with_context(|| results.display().to_string())
}
