//! A definition's section: its analysis, tables, and what is missing.

use std::collections::BTreeMap;

use super::{Report, TaskReport};
use crate::definition::Model;
use crate::engines::Answers;
use crate::environment::Environment;
use crate::measure::{Figures, Measured, Outcome};

/// The engine that all others are compared with.
const OURS: &str = "portprint";

/// The section, from its title on.
pub(super) fn section(report: &Report, environment: &Environment) -> String {
    let mut text = format!("{}\n\n{}\n", report.definition.name, report.definition.analysis.trim());
    text += &format!("\nMeasured on {} at {}.\n", environment.date, environment.commit);
    match report.definition.model {
        Model::Throughput | Model::Latency | Model::Threads | Model::Worst => {
            for task in &report.tasks {
                text += &one_task(task, report.definition.model);
            }
        }
        Model::Size | Model::Rules => text += &growth(report),
    }
    text += &notes(report);
    text.trim_end().to_owned()
}

fn one_task(task: &TaskReport, model: Model) -> String {
    let mut text = format!("\n{}: {} responses, {} bytes", task.label, task.responses.len(), task.bytes);
    if let Some((_, figures)) = task.figures().find(|(measured, _)| measured.kind == Answers::Exact) {
        text += &format!(", {} matches ({} soft)", figures.checked.matches, figures.checked.soft);
    }
    text += ".\n\n";
    text += match model {
        Model::Latency => "| engine | answers right | mean | p50 | p99 |\n|---|---|---|---|---|\n",
        Model::Threads => {
            "| engine | answers right | ns a response | MB/s | times as fast as the first |\n|---|---|---|---|---|\n"
        }
        Model::Worst => {
            "| engine | answers right | worst ns a byte | of the response | mean ns a byte |\n|---|---|---|---|---|\n"
        }
        _ => "| engine | answers right | ns a response | MB/s | times portprint's time |\n|---|---|---|---|---|\n",
    };
    let first = task.figures().next().map(|(_, figures)| figures.median());
    let ours = task.figures().find(|(measured, _)| measured.engine == OURS).map(|(_, figures)| figures.median());
    for measured in &task.measured {
        let row = match &measured.outcome {
            Outcome::Missing(_) => continue,
            Outcome::Failed(why) => format!("**FAILED**: {why} | | |"),
            Outcome::Figures(figures) => {
                let right = right(measured, figures, task.responses.len());
                let ns = figures.median();
                match model {
                    Model::Latency => {
                        let [p50, p99] = [50, 99].map(|percent| duration(percentile(&figures.each, percent) as f64));
                        format!("{right} | {} | {p50} | {p99}", duration(task.per_response(figures)))
                    }
                    Model::Threads => {
                        let faster = first.map_or(String::new(), |first| format!("{:.2}", first / ns));
                        format!("{right} | {} | {} | {faster}", number(task.per_response(figures)), rate(task, ns))
                    }
                    Model::Worst => {
                        let (response, worst) = task.worst(figures).map_or_else(Default::default, |(response, ns)| {
                            (format!("{}, {} bytes", response.name, response.bytes), number(ns))
                        });
                        format!("{right} | {worst} | {response} | {}", number(task.per_byte(figures)))
                    }
                    _ => {
                        let slower = ours.map_or(String::new(), |ours| number(ns / ours));
                        format!("{right} | {} | {} | {slower}", number(task.per_response(figures)), rate(task, ns))
                    }
                }
            }
        };
        text += &format!("| {} | {row} |\n", measured.engine);
    }
    text
}

/// A row for each engine, a column for each task.
fn growth(report: &Report) -> String {
    let is_size = report.definition.model == Model::Size;
    let mut rows: BTreeMap<usize, (String, Vec<String>)> = BTreeMap::new();
    let mut firsts: BTreeMap<usize, f64> = BTreeMap::new();
    for task in &report.tasks {
        for (index, measured) in task.measured.iter().enumerate() {
            let cell = match &measured.outcome {
                Outcome::Missing(_) => continue,
                Outcome::Failed(why) => format!("**FAILED**: {why}"),
                Outcome::Figures(figures) => {
                    let cost = if is_size { task.per_byte(figures) } else { task.per_response(figures) };
                    let first = *firsts.entry(index).or_insert(cost);
                    if is_size { number(cost) } else { format!("{} ({:.2} ×)", number(cost), cost / first) }
                }
            };
            rows.entry(index).or_insert_with(|| (measured.engine.clone(), Vec::new())).1.push(cell);
        }
    }
    let unit = if is_size { "ns a byte" } else { "ns a response" };
    let labels: Vec<&str> = report.tasks.iter().map(|task| &*task.label).collect();
    let mut text = format!("\n| {unit} | {} |\n|---|{}\n", labels.join(" | "), "---|".repeat(labels.len()));
    for (engine, cells) in rows.into_values() {
        text += &format!("| {engine} | {} |\n", cells.join(" | "));
    }
    text
}

fn right(measured: &Measured, figures: &Figures, responses: usize) -> String {
    match measured.kind {
        Answers::Bound => "none".into(),
        _ if figures.checked.right == responses => "all".into(),
        _ => format!("{:.1} %", 100.0 * figures.checked.right as f64 / responses as f64),
    }
}

/// What engines say of themselves, and who is missing.
fn notes(report: &Report) -> String {
    let (mut said, mut missing) = (BTreeMap::new(), BTreeMap::new());
    for measured in report.tasks.iter().flat_map(|task| &task.measured) {
        match &measured.outcome {
            Outcome::Figures(figures) => {
                let ready = &figures.ready;
                let mut note = format!("{}, ready after {} ms", ready.engine, ready.load_ms);
                if ready.unsupported > 0 {
                    let so_many = ready.unsupported;
                    note += &match measured.kind {
                        Answers::Fields => format!(", {so_many} lines of the database it cannot use"),
                        _ => format!(", {so_many} lines left to another engine"),
                    };
                }
                if !ready.notes.is_empty() {
                    note += &format!("; {}", ready.notes);
                }
                said.entry(&measured.engine).or_insert(note);
            }
            Outcome::Missing(why) => drop(missing.insert(&measured.engine, why)),
            Outcome::Failed(_) => {}
        }
    }
    let mut text = String::from("\n");
    for (engine, note) in said {
        text += &format!("- {engine}: {note}.\n");
    }
    for (engine, why) in missing {
        text += &format!("- {engine}: **not measured**: {why}.\n");
    }
    text
}

fn rate(task: &TaskReport, ns: f64) -> String {
    number(task.bytes as f64 * 1000.0 / ns)
}

fn percentile(values: &[u64], percent: usize) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.get((values.len() * percent / 100).min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn duration(ns: f64) -> String {
    match ns {
        ..1e3 => format!("{ns:.0} ns"),
        1e3..1e6 => format!("{} µs", number(ns / 1e3)),
        _ => format!("{} ms", number(ns / 1e6)),
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    let digits = if value < 1.0 {
        3
    } else if value < 10.0 {
        2
    } else {
        usize::from(value < 100.0)
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) =
        text.split_once('.').map_or((&*text, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &rest
}
