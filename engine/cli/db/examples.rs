//! Examples of rules: responses with the answers that are expected, and whether every line answers one.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use portprint_codegen::{Compiled, find};
use portprint_core::{Matcher, Scratch};
use portprint_tables::{Database, LineId, SourceId};
use serde_json::{Map, Value};

use crate::context::keep;
use crate::escape;
use crate::exit::Failure;
use crate::match_command::answer::{Answer, Format, Id, Names};
use crate::match_command::probes::Probes;
use crate::match_command::record::{Record, not_a_record};

/// What is not as it should be.
#[derive(Debug)]
pub(super) struct Unanswered {
    /// The file of the line, or of the example.
    pub(super) file: String,
    /// The line in it.
    pub(super) line: u32,
    pub(super) message: String,
    is_line: bool,
}

impl Unanswered {
    /// The word for it in records.
    pub(super) fn kind(&self) -> &'static str {
        if self.is_line { "no-example" } else { "example-differs" }
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", escape::line(&self.file), self.line, self.message)
    }
}

/// Asks the rules for every example.
pub(super) fn check(compiled: Compiled, path: &Path) -> Result<Vec<Unanswered>, Failure> {
    // For the rest of the program's life, which is short.
    let database = Database::from_bytes(keep(&compiled.database)).map_err(|error| Failure::fault(error.to_string()))?;
    let mut asker = Asker {
        matcher: Matcher::new(&database),
        probes: Probes::new(&database),
        names: Names::new(&database),
        scratch: Scratch::new(),
        buffer: Vec::new(),
        without: (0..database.line_count()).map(LineId::new).collect(),
    };
    let mut found = Vec::new();
    for (file, text) in texts(path)? {
        for (line, record) in (1..).zip(text.split(|&byte| byte == b'\n')) {
            if !record.trim_ascii().is_empty()
                && let Err(message) = asker.ask(record)
            {
                found.push(Unanswered { file: file.clone(), line, message, is_line: false });
            }
        }
    }
    found.extend(asker.without.into_iter().map(|line| {
        let row = database.line(line);
        let source = database.source(SourceId::from_u32(u32::from(row.source)));
        Unanswered {
            file: String::from_utf8_lossy(source.name()).into_owned(),
            line: row.line,
            message: "no example is answered by this line".to_owned(),
            is_line: true,
        }
    }));
    Ok(found)
}

/// Where an answer stands, and not what it is.
const PLACE: [&str; 3] = ["probe", "source", "line"];

struct Asker {
    matcher: Matcher<'static>,
    probes: Probes,
    names: Names,
    scratch: Scratch,
    buffer: Vec<u8>,
    /// Lines that have not answered any example.
    without: BTreeSet<LineId>,
}

impl Asker {
    /// Asks for one, and crosses the line that answers off.
    fn ask(&mut self, line: &[u8]) -> Result<(), String> {
        let record = Record::parse(line, &self.probes).map_err(|bad| bad.message)?;
        let mut fields: Map<String, Value> = serde_json::from_slice(line).map_err(|error| not_a_record(&error))?;
        let probe = record.probe.ok_or("no probe: expected the name of the one that drew the response")?;
        let response = record.response(&mut self.buffer).map_err(|bad| bad.message)?;
        let verdict = self.matcher.classify(record.protocol, probe, response, &mut self.scratch);
        if verdict.gave_up.is_some() {
            return Err("a line before the answer has met its limit".to_owned());
        }
        if let Some(hit) = &verdict.hit {
            self.without.remove(&hit.line);
        }
        let mut expected = match fields.remove("expect") {
            None => return Ok(()),
            // No line is to answer.
            Some(Value::Null) => Map::new(),
            Some(Value::Object(fields)) => fields,
            Some(other) => {
                return Err(format!("expect is {}: expected an object, or null for no answer", shown(&other)));
            }
        };
        expected.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
        PLACE.iter().for_each(|key| drop(expected.remove(*key)));
        let mut answered = Map::new();
        if let Some(hit) = &verdict.hit {
            let mut written = Vec::new();
            self.names.write(&mut written, Format::Json, Id::Line(0), Answer::Hit(hit));
            let written: Value = serde_json::from_slice(&written).map_err(|error| error.to_string())?;
            answered
                .extend(written["match"].as_object().into_iter().flatten().map(|(key, it)| (key.clone(), it.clone())));
            PLACE.iter().for_each(|key| drop(answered.remove(*key)));
        }
        if expected == answered {
            return Ok(());
        }
        Err(format!("expected {}, answered {}", shown(&Value::from(expected)), shown(&Value::from(answered))))
    }
}

/// A value inside a message: on one line, and not too long.
fn shown(value: &Value) -> String {
    const MOST: usize = 400;
    let text = value.to_string();
    let end = text.char_indices().nth(MOST).map(|(at, _)| at);
    let cut = end.map_or(text.clone(), |end| format!("{}…", &text[..end]));
    escape::line(&cut).into_owned()
}

/// The text of a file, or of all `*.jsonl` of a folder, with their names.
fn texts(path: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let files = if path.is_dir() { find::files(path, "jsonl") } else { Ok(vec![path.to_owned()]) };
    let files = files.map_err(|error| Failure::file(path.display(), error))?;
    let read = |file: &Path| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        fs::read(file).map(|text| (name, text)).map_err(|error| Failure::file(file.display(), error))
    };
    files.iter().map(|file| read(file)).collect()
}
