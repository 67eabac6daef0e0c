//! Raw rounds, kept as they came.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;

use super::Report;
use crate::environment::Environment;

/// Appends all rounds to the file of the day.
pub(super) fn append(reports: &[Report], environment: &Environment, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}.csv", environment.date));
    let mut text = String::new();
    if !path.exists() {
        text += "commit,definition,task,engine,round,ns,responses,bytes\n";
    }
    for report in reports {
        for task in &report.tasks {
            for (measured, figures) in task.figures() {
                for (round, ns) in figures.rounds.iter().enumerate() {
                    text += &format!(
                        "{},{},{},{},{round},{ns},{},{}\n",
                        environment.commit,
                        report.definition.name,
                        task.label,
                        measured.engine,
                        task.responses.len(),
                        task.bytes,
                    );
                }
            }
        }
    }
    Ok(OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())?)
}
