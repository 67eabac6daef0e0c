//! Our own rules: every line of `probes/` answers at least one example of `probes/examples/`.
//!
//! The first line that matches wins, so a line that answers an example is also one that no line before it hides.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use portprint_core::{Hit, Matcher, Scratch};
use portprint_tables::code::Strategy;
use portprint_tables::{Database, Field, LineId, Protocol, SourceId};
use serde_json::{Value, json};

use crate::databases::{self, THREADS};

/// A file a family, each line one response; `portprint match` reads them as they are.
const EXAMPLES: &str = "probes/examples";

#[test]
fn every_example_is_answered_as_it_says_and_every_line_answers_one() {
    let whole = databases::compiled(&databases::builtin());
    let database = Database::from_bytes(&whole).expect("it was compiled");
    let matcher = Matcher::new(&database);
    let mut scratch = Scratch::new();
    let mut differences = Vec::new();
    let mut without: BTreeSet<LineId> = (0..database.line_count()).map(LineId::new).collect();
    for Example { place, protocol, probe, response, expect, .. } in examples() {
        let Some(sent) = database.find_probe(protocol, probe.as_bytes()) else {
            differences.push(format!("{place}: there is no probe {protocol} {probe}"));
            continue;
        };
        let verdict = matcher.classify(protocol, sent.id(), &response, &mut scratch);
        let found = verdict.hit.as_ref().map(fields);
        without.retain(|line| verdict.hit.as_ref().is_none_or(|hit| hit.line != *line));
        if verdict.gave_up.is_some() || found.as_ref() != Some(&expect) {
            let winner = verdict.hit.as_ref().map(|hit| place_of(&database, hit.line));
            let shown = response.escape_ascii();
            differences
                .push(format!("{place}: expected {expect:?}\n  found {found:?}, {winner:?}\n  {probe} drew {shown}"));
        }
    }
    assert!(differences.is_empty(), "{} examples differ:\n{}", differences.len(), differences.join("\n"));
    let without: Vec<_> = without.into_iter().map(|line| place_of(&database, line)).collect();
    assert!(without.is_empty(), "lines that answer no example in {EXAMPLES}: {without:?}");
}

#[test]
fn every_example_says_where_it_comes_from() {
    for Example { place, from, .. } in examples() {
        let known =
            ["real: ", "written from "].iter().any(|start| from.len() > start.len() + 5 && from.starts_with(start));
        assert!(known, "{place}: from {from:?}");
    }
}

/// Rules of our own must be cheap whatever the response: no line may need a bound.
#[test]
fn every_line_takes_linear_time() {
    let report = databases::compile(&databases::builtin(), THREADS).report;
    assert_eq!(report.bounded_captures, 0);
    let bounded: Vec<_> =
        report.program_lines.iter().filter(|line| line.strategy == Strategy::BoundedProgram).collect();
    assert!(bounded.is_empty(), "{bounded:?}");
    assert!(report.exclude_unresolved.is_empty());
}

#[test]
fn probes_have_names_and_payloads_of_their_own() {
    let whole = databases::compiled(&databases::builtin());
    let database = Database::from_bytes(&whole).expect("it was compiled");
    let mut names = BTreeSet::new();
    let mut payloads = BTreeSet::new();
    for probe in database.probes() {
        let name = String::from_utf8_lossy(probe.name());
        assert!(name.starts_with("pp-"), "{name} has not our prefix");
        assert!(names.insert((probe.protocol(), probe.name())), "{name}: a second probe of this name");
        assert!(payloads.insert((probe.protocol(), probe.payload())), "{name}: a second probe with its payload");
        assert!(!probe.lines().is_empty() || probe.fallback().len() > 0, "{name} has neither lines nor a fallback");
        assert_eq!(probe.sent_as(), probe.id(), "{name}");
        assert_eq!(probe.source().priority(), 0, "{name}: all files are one set of rules");
    }
}

/// What a line must say of a response.
struct Example {
    /// File and line of the example.
    place: String,
    protocol: Protocol,
    probe: String,
    response: Vec<u8>,
    from: String,
    /// Fields without a value are left out.
    expect: BTreeMap<String, Value>,
}

fn examples() -> Vec<Example> {
    let mut files: Vec<_> = fs::read_dir(databases::root().join(EXAMPLES))
        .expect("the folder is in the repository")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    files.iter().flat_map(|file| examples_of(file)).collect()
}

fn examples_of(file: &Path) -> Vec<Example> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let example = |(index, line): (usize, &str)| {
        let place = format!("{}:{}", file.file_name().unwrap_or_default().display(), index + 1);
        let record: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{place}: {error}"));
        let text = |key: &str| record[key].as_str().unwrap_or_else(|| panic!("{place}: {key} is no text")).to_owned();
        let protocol = match text("proto").as_str() {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            other => panic!("{place}: proto {other:?}"),
        };
        let response = BASE64.decode(text("response")).unwrap_or_else(|error| panic!("{place}: response: {error}"));
        let (probe, from) = (text("probe"), text("from"));
        let fields = record["expect"].as_object().unwrap_or_else(|| panic!("{place}: expect is no object"));
        let said = |(_, value): &(&String, &Value)| !value.is_null() && **value != json!([]);
        let expect = fields.iter().filter(said).map(|(key, value)| (key.clone(), value.clone())).collect();
        Example { place, protocol, probe, response, from, expect }
    };
    text.lines().enumerate().map(example).collect()
}

fn place_of(database: &Database<'_>, line: LineId) -> String {
    let row = database.line(line);
    let source = database.source(SourceId::from_u32(u32::from(row.source)));
    format!("{}:{}", String::from_utf8_lossy(source.name()), row.line)
}

/// The fields of a hit, by their names in answers.
fn fields(hit: &Hit<'_>) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::from([
        ("soft".to_owned(), Value::from(hit.soft)),
        ("service".to_owned(), String::from_utf8_lossy(hit.service).into()),
    ]);
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
