//! Reads a task folder.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use serde::{Deserialize, Deserializer};

/// Everything that a peer is given.
#[derive(Debug)]
pub struct Task {
    /// Its folder.
    pub folder: PathBuf,
    /// The database's lines; a line's id is its position.
    pub lines: Vec<Line>,
    /// The chains.
    pub chains: Vec<Chain>,
    bytes: Vec<u8>,
    responses: Vec<(usize, Range<usize>)>,
}

/// A `match` or `softmatch` line.
#[derive(Clone, Debug, Deserialize)]
pub struct Line {
    /// The regular expression.
    #[serde(deserialize_with = "base64")]
    pub pattern: Vec<u8>,
    /// The flag `i`.
    pub caseless: bool,
    /// The flag `s`.
    pub dotall: bool,
    /// Whether a template uses a group.
    pub captures: bool,
}

/// The lines that are tried on the responses to a probe.
#[derive(Clone, Debug, Deserialize)]
pub struct Chain {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The probe.
    pub probe: String,
    lines: Vec<[usize; 2]>,
}

impl Chain {
    /// The line ids in the order in which they are tried.
    pub fn lines(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        self.ranges().flatten()
    }

    /// The same as ranges, one for each probe of the chain.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> + Clone + '_ {
        self.lines.iter().map(|&[start, end]| start..end)
    }
}

/// A response.
#[derive(Clone, Copy, Debug)]
pub struct Response<'t> {
    /// The chain of the probe that drew it.
    pub chain: usize,
    /// The whole text.
    pub bytes: &'t [u8],
}

impl Task {
    /// Reads a task folder.
    ///
    /// # Errors
    /// When a file is missing or not in the protocol's form.
    pub fn read(folder: &Path) -> Result<Self> {
        let lines: Vec<Line> = read_lines(&folder.join("lines.jsonl"))?;
        let chains: Vec<Chain> = read_lines(&folder.join("chains.jsonl"))?;
        let path = folder.join("responses.bin");
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        let number = |at: usize| -> Result<usize> {
            let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk()).context("responses.bin ends too early")?;
            Ok(u32::from_le_bytes(*bytes) as usize)
        };
        let mut responses = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let (chain, len) = (number(at)?, number(at + 4)?);
            at += 8;
            ensure!(chain < chains.len() && at + len <= bytes.len(), "responses.bin is not in its form");
            responses.push((chain, at..at + len));
            at += len;
        }
        Ok(Self { folder: folder.to_owned(), lines, chains, bytes, responses })
    }

    /// Reads another file of the folder.
    ///
    /// # Errors
    /// When that fails.
    pub fn file(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.folder.join(name);
        fs::read(&path).with_context(|| path.display().to_string())
    }

    /// One of its files, kept for good. It starts at a multiple of 64, as tables do that are built into a program.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn leaked(&self, name: &str) -> Result<&'static [u8]> {
        let bytes = self.file(name)?;
        let buffer = vec![0; bytes.len() + 64].leak();
        let start = buffer.as_ptr().align_offset(64);
        let place = &mut buffer[start..][..bytes.len()];
        place.copy_from_slice(&bytes);
        Ok(place)
    }

    /// How many responses there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.responses.len()
    }

    /// Whether there are no responses.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.responses.is_empty()
    }

    /// A response by its position.
    #[must_use]
    pub fn response(&self, index: usize) -> Response<'_> {
        let (chain, range) = &self.responses[index];
        Response { chain: *chain, bytes: &self.bytes[range.clone()] }
    }

    /// The responses.
    pub fn responses(&self) -> impl Iterator<Item = Response<'_>> {
        self.responses.iter().map(|(chain, range)| Response { chain: *chain, bytes: &self.bytes[range.clone()] })
    }
}

fn read_lines<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<T>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let objects = text.lines().map(serde_json::from_str);
    objects.collect::<Result<_, _>>().with_context(|| path.display().to_string())
}

fn base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    base64::engine::general_purpose::STANDARD.decode(text).map_err(serde::de::Error::custom)
}
