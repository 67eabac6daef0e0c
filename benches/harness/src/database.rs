//! The database: as it is, thinned out or enlarged; parsed, and compiled for the peers that are built on portprint's engine.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use portprint_codegen::ir::{Rules, resolve};
use portprint_codegen::parse::{self, File, Part};
use portprint_codegen::{Source, compile};
use sha2::{Digest as _, Sha256};

use crate::definition::Variant;
use crate::rename::renamed_copies;

/// A database in all the forms that are needed.
pub(crate) struct Database {
    pub(crate) text: Vec<u8>,
    pub(crate) sha256: String,
    pub(crate) rules: Rules,
    /// Where the compiled database is.
    pub(crate) compiled: PathBuf,
    ids: HashMap<u32, usize>,
}

impl Database {
    /// Reads a database and compiles it, unless it was compiled before by this very program.
    pub(crate) fn read(path: &Path, variant: &Variant, cache: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("the database: {}", path.display()))?;
        let text = match variant {
            Variant::Whole => text,
            Variant::Every(step) => thinned(&text, *step)?,
            Variant::Lines(count) => renamed_copies(&text, &parsed(&text)?, *count),
        };
        let rules = {
            let mut faults = Vec::new();
            let rules = resolve(vec![parsed(&text)?], &[false], &mut faults);
            ensure!(faults.is_empty(), "the database has faults; `portprint db check` shows them");
            rules
        };
        let ids = rules.lines.iter().enumerate().map(|(id, line)| (line.syntax.line, id)).collect();
        let compiled = compiled(&text, cache)?;
        Ok(Self { sha256: sha256(&text), text, rules, compiled, ids })
    }

    /// The line id of a physical line.
    pub(crate) fn id(&self, line: u32) -> Option<usize> {
        self.ids.get(&line).copied()
    }

    /// Whether a template of this line uses a group.
    pub(crate) fn captures(&self, id: usize) -> bool {
        let parts = self.rules.lines[id].syntax.templates.iter().flat_map(|template| &template.parts);
        parts.into_iter().any(|part| !matches!(part, Part::Literal(_) | Part::Fail))
    }
}

/// The physical lines of the `match` and `softmatch` lines, in their order.
pub(crate) fn line_numbers(path: &Path) -> Result<Vec<u32>> {
    let file = parsed(&fs::read(path).with_context(|| format!("the database: {}", path.display()))?)?;
    Ok(file.probes.iter().flat_map(|probe| &probe.lines).map(|line| line.line).collect())
}

fn source(text: &[u8]) -> Source {
    Source { name: "nmap-service-probes".into(), licence: "NPSL".into(), text: text.to_vec(), extends: false }
}

fn parsed(text: &[u8]) -> Result<File> {
    let mut faults = Vec::new();
    let file = parse::parse(0, &source(text), &mut faults);
    ensure!(faults.is_empty(), "the database has faults; `portprint db check` shows them");
    Ok(file)
}

/// Every n-th line.
fn thinned(text: &[u8], step: usize) -> Result<Vec<u8>> {
    let file = parsed(text)?;
    let mut thin = Vec::new();
    let mut at = 0;
    for (number, line) in file.probes.iter().flat_map(|probe| &probe.lines).enumerate() {
        if number % step != 0 {
            thin.extend(&text[at..line.span.start]);
            at = line.span.end;
        }
    }
    thin.extend(&text[at..]);
    Ok(thin)
}

fn compiled(text: &[u8], cache: &Path) -> Result<PathBuf> {
    // The compiler is a part of this program: another program may compile otherwise.
    let program = fs::read(std::env::current_exe()?)?;
    let path = cache.join(format!("{}-{}.db", &sha256(text)[..16], &sha256(&program)[..16]));
    if !path.exists() {
        eprintln!("compiling the database");
        let compiled = compile(&[source(text)]).map_err(|faults| anyhow::anyhow!("{faults}"))?;
        fs::create_dir_all(cache)?;
        fs::write(&path, compiled.database)?;
    }
    Ok(path)
}

/// The checksum in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
