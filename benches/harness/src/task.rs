//! Writes a task folder: see `PROTOCOL.md`.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use portprint_codegen::ir::Probe;
use serde_json::json;

use crate::corpus::Response;
use crate::database::Database;

/// Writes everything that a peer is given. Only chains that have responses are written.
pub(crate) fn write(folder: &Path, database: &Database, responses: &[Response]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    fs::write(folder.join("nmap-service-probes"), &database.text)?;
    fs::copy(&database.compiled, folder.join("portprint.db"))?;
    write_lines(&folder.join("lines.jsonl"), database)?;

    let mut chains: Vec<(&Probe, usize)> = Vec::new();
    let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
    let mut file = BufWriter::new(File::create(folder.join("responses.bin"))?);
    let mut names = BufWriter::new(File::create(folder.join("responses.txt"))?);
    for response in responses {
        let key = (&*response.protocol, &*response.probe);
        let chain = match numbers.get(&key) {
            Some(&chain) => chain,
            None => {
                let named = |probe: &&Probe| probe.protocol.as_str() == key.0 && probe.name == key.1.as_bytes();
                let probe = database.rules.probes.iter().find(named);
                chains.push((probe.with_context(|| format!("the database has no {} probe {}", key.0, key.1))?, 0));
                numbers.insert(key, chains.len() - 1);
                chains.len() - 1
            }
        };
        chains[chain].1 += 1;
        file.write_all(&u32::try_from(chain)?.to_le_bytes())?;
        file.write_all(&u32::try_from(response.bytes.len())?.to_le_bytes())?;
        file.write_all(&response.bytes)?;
        writeln!(names, "{}", response.name)?;
    }
    file.flush()?;
    names.flush()?;

    let mut file = BufWriter::new(File::create(folder.join("chains.jsonl"))?);
    for (probe, count) in chains {
        let lines = probe.chain.iter().map(|&probe| &database.rules.probes[probe].lines);
        let lines: Vec<_> = lines.filter(|lines| !lines.is_empty()).map(|lines| [lines.start, lines.end]).collect();
        let name = String::from_utf8_lossy(&probe.name);
        let protocol = probe.protocol.as_str();
        let chain = json!({ "protocol": protocol, "probe": name, "lines": lines, "responses": count });
        writeln!(file, "{chain}")?;
    }
    Ok(file.flush()?)
}

fn write_lines(path: &Path, database: &Database) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for (id, line) in database.rules.lines.iter().enumerate() {
        let (probe, syntax) = (&database.rules.probes[line.probe], &line.syntax);
        let line = json!({
            "line": syntax.line,
            "probe": String::from_utf8_lossy(&probe.name),
            "protocol": probe.protocol.as_str(),
            "soft": syntax.soft,
            "pattern": base64::engine::general_purpose::STANDARD.encode(&syntax.pattern.text),
            "caseless": syntax.pattern.caseless,
            "dotall": syntax.pattern.dotall,
            "captures": database.captures(id),
        });
        writeln!(file, "{line}")?;
    }
    Ok(file.flush()?)
}
