//! Examples of rules: responses with the answers that are expected, and whether every line answers one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portprint_codegen::Source;
use portprint_core::{Hit, Matcher, Scratch};
use portprint_tables::{Database, Field, LineId, Protocol, SourceId};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lint::texts;
use crate::context;
use crate::exit::Failure;

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
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

#[derive(Deserialize)]
struct Record {
    #[serde(alias = "protocol")]
    proto: String,
    probe: String,
    response: String,
    expect: Option<Map<String, Value>>,
}

/// Asks the rules for every example.
pub(super) fn check(sources: &[Source], path: &Path) -> Result<Vec<Unanswered>, Failure> {
    let compiled = context::compile(sources)?;
    let database = Database::from_bytes(&compiled.database).map_err(|error| Failure::fault(error.to_string()))?;
    let matcher = Matcher::new(&database);
    let mut scratch = Scratch::new();
    let mut without: BTreeSet<LineId> = (0..database.line_count()).map(LineId::new).collect();
    let mut found = Vec::new();
    for (file, text) in texts(path)? {
        for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            if let Err(message) = ask(&matcher, &mut scratch, line, &mut without) {
                let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
                found.push(Unanswered { file: file.clone(), line, message, is_line: false });
            }
        }
    }
    found.extend(without.into_iter().map(|line| {
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

/// Asks for one, and crosses the line that answers off.
fn ask(
    matcher: &Matcher<'_>,
    scratch: &mut Scratch,
    line: &[u8],
    without: &mut BTreeSet<LineId>,
) -> Result<(), String> {
    let record: Record = serde_json::from_slice(line).map_err(|error| format!("no example: {error}"))?;
    let protocol = match record.proto.as_str() {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        other => return Err(format!("proto is {other:?}; expected \"tcp\" or \"udp\"")),
    };
    let response = STANDARD.decode(&record.response).map_err(|error| format!("response is no base64: {error}"))?;
    let probe = matcher.database().find_probe(protocol, record.probe.as_bytes());
    let probe = probe.ok_or_else(|| format!("there is no {protocol} probe {:?}", record.probe))?;
    let verdict = matcher.classify(protocol, probe.id(), &response, scratch);
    if let Some(hit) = &verdict.hit {
        without.remove(&hit.line);
    }
    let Some(expect) = record.expect else { return Ok(()) };
    let said = |(_, value): &(String, Value)| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    let expected: BTreeMap<String, Value> = expect.into_iter().filter(said).collect();
    let answered = verdict.hit.as_ref().map(fields).unwrap_or_default();
    if expected == answered {
        return Ok(());
    }
    let shown = |fields: &BTreeMap<String, Value>| serde_json::to_string(fields).unwrap_or_default();
    Err(format!("expected {}, answered {}", shown(&expected), shown(&answered)))
}

/// The fields of a hit, by their names in answers.
fn fields(hit: &Hit<'_>) -> BTreeMap<String, Value> {
    let service = String::from_utf8_lossy(hit.service).into_owned();
    let mut fields =
        BTreeMap::from([("soft".to_owned(), hit.soft.into()), ("service".to_owned(), Value::from(service))]);
    let mut cpes = Vec::new();
    for (field, value) in hit.fields.iter() {
        let name = match field {
            Field::Product => "product",
            Field::Version => "version",
            Field::Info => "info",
            Field::Hostname => "hostname",
            Field::Os => "os",
            Field::Device => "device",
            Field::CpeApplication | Field::CpeHardware | Field::CpeOs => {
                cpes.push(Value::from(value));
                continue;
            }
        };
        fields.insert(name.to_owned(), value.into());
    }
    if !cpes.is_empty() {
        fields.insert("cpe".to_owned(), cpes.into());
    }
    fields
}
