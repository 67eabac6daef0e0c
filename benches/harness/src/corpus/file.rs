//! Corpora of the shared folder: JSON lines, compressed.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use flate2::read::GzDecoder;
use serde_json::Value;

use super::{Expected, Response};

/// The fields that are compared.
const FIELDS: [&str; 7] = ["service", "product", "version", "info", "hostname", "os", "device"];

pub(super) fn read(path: &Path) -> Result<Vec<Response>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| response(&line?).with_context(|| format!("{} is not in its form", path.display()))).collect()
}

fn response(line: &str) -> Result<Response> {
    let record: Value = serde_json::from_str(line)?;
    let text = |key: &str| record[key].as_str().map(str::to_owned).with_context(|| format!("no `{key}`"));
    let mut right = vec![expected(&record["expect"])?];
    if let Some(unlimited) = record.get("expect_nolimit") {
        right.push(expected(unlimited)?);
    }
    Ok(Response {
        name: text("id")?,
        protocol: text("proto")?,
        probe: text("probe")?,
        bytes: base64::engine::general_purpose::STANDARD.decode(text("response")?)?,
        right: Some(right),
    })
}

fn expected(answer: &Value) -> Result<Option<Expected>> {
    if answer.is_null() {
        return Ok(None);
    }
    let line = answer["line"].as_u64().context("no `line`")?.try_into()?;
    let field = |name: &&str| Some(((*name).to_owned(), answer[*name].as_str()?.to_owned()));
    Ok(Some(Expected { line, fields: FIELDS.iter().filter_map(field).collect() }))
}
