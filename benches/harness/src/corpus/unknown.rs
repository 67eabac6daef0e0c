//! Which made responses no line knows.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use portprint_core::{Matcher, Scratch};
use portprint_tables::{Database, Protocol};

use super::Response;

/// Keeps those that no line of a compiled database matches, be it softly.
pub(super) fn retain(responses: &mut Vec<Response>, compiled: &Path, probe: &str) -> Result<()> {
    let compiled = fs::read(compiled)?;
    let database = Database::from_bytes(&compiled)?;
    let id = database.find_probe(Protocol::Tcp, probe.as_bytes()).context("a corpus has an unknown probe")?.id();
    let (matcher, mut scratch) = (Matcher::new(&database), Scratch::new());
    responses.retain(|it| matcher.classify(Protocol::Tcp, id, &it.bytes, &mut scratch).hit.is_none());
    Ok(())
}
