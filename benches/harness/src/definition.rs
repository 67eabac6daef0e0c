//! Definitions: what is measured, why, and what must come out.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// A file of `definitions/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definition {
    /// The file's name without its ending.
    #[serde(skip)]
    pub(crate) name: String,
    /// What is measured.
    pub(crate) model: Model,
    /// What a reader should see in the figures.
    pub(crate) analysis: String,
    /// Who takes part, by name; `*` stands for all engines but those that are only variants of another.
    pub(crate) engines: Vec<String>,
    /// How many rounds; a slow engine gets fewer, see [`crate::measure`].
    pub(crate) rounds: usize,
    /// The tasks, in the order in which they are shown.
    pub(crate) task: Vec<Task>,
}

/// What is measured. `README.md` explains each to readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Model {
    /// CPU time for all responses, one after the other.
    Throughput,
    /// The distribution of the time for one response.
    Latency,
    /// Time per byte as responses grow.
    Size,
    /// Time per response as the database grows.
    Rules,
    /// Elapsed time as threads are added.
    Threads,
    /// The greatest time per byte of all responses.
    Worst,
}

/// One corpus on one database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Task {
    /// What distinguishes it.
    pub(crate) label: String,
    /// The responses.
    pub(crate) corpus: Vec<Corpus>,
    /// The database, if it is not the one that was given.
    #[serde(default)]
    pub(crate) database: Variant,
    /// What comes out with the database of `database.toml`.
    pub(crate) expect: Option<Expect>,
}

/// Where responses come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Corpus {
    /// Files of the shared folder, by name.
    Files {
        /// Without `.jsonl.gz`.
        files: Vec<String>,
        /// Longer responses are left out.
        max_len: usize,
        /// Only responses that a database with only every n-th line answers the same.
        known_to_every: Option<usize>,
        /// Every n-th response of what remains.
        every: usize,
    },
    /// Made by the harness.
    Generated {
        /// What they look like.
        generated: Generated,
        /// The same seed gives the same responses.
        seed: u64,
        /// How many.
        count: usize,
        /// The least and the greatest length in bytes.
        size: [usize; 2],
        /// The probe that they are said to answer, over TCP.
        probe: String,
        /// Only those that no line of the given database matches.
        #[serde(default)]
        unknown: bool,
    },
    /// Made by the harness from the database, to be slow.
    Hostile {
        /// How.
        hostile: Hostile,
        /// The same seed gives the same responses.
        seed: u64,
        /// How many.
        count: usize,
        /// The length in bytes.
        size: usize,
        /// The probes that they are said to answer, in turn; pumped ones answer their line's.
        #[serde(default)]
        probes: Vec<String>,
    },
}

/// Kinds of generated responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Generated {
    /// Greetings of products that do not exist.
    Banners,
    /// HTTP responses of servers that do not exist.
    Http,
    /// Bytes at random.
    Random,
    /// Lines of words.
    Text,
}

/// Kinds of hostile responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Hostile {
    /// The beginning of a match, and a piece of it over and over.
    Pumped,
    /// One or two bytes over and over.
    Repeated,
    /// Full of what lines must contain, so that as many as possible are tried.
    Stuffed,
}

/// How a database is made from the one that was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Variant {
    /// As it is.
    #[default]
    Whole,
    /// Only every n-th line.
    Every(usize),
    /// Copies of the lines with renamed words are added until there are this many.
    Lines(usize),
}

/// What must come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// How many responses match a line.
    pub(crate) matches: usize,
    /// How many of these a `softmatch` line.
    pub(crate) soft: usize,
}

/// The database whose counts the definitions hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reference {
    /// Of its text.
    pub(crate) sha256: String,
}

impl Reference {
    /// Reads `definitions/database.toml`.
    pub(crate) fn read(benches: &Path) -> Result<Self> {
        let path = benches.join("definitions/database.toml");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }
}

/// All definitions, by name.
pub(crate) fn read_all(benches: &Path) -> Result<Vec<Definition>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(benches.join("definitions"))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_none_or(|extension| extension != "toml") || name == "database" {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let mut definition: Definition = toml::from_str(&text).with_context(|| path.display().to_string())?;
        ensure!(!definition.task.is_empty() && definition.rounds > 0, "{}: nothing to do", path.display());
        definition.name = name;
        all.push(definition);
    }
    all.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(all)
}
