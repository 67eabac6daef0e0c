//! Our own rules: every line of `probes/` has examples in `probes/examples.jsonl`, and answers them.
//!
//! The first line that matches wins, so an example that is answered by its line also shows that no line before it hides that line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use portprint_core::{Hit, Matcher, Scratch};
use portprint_tables::code::Strategy;
use portprint_tables::{Database, Field, LineId, Protocol, SourceId};
use serde_json::{Value, json};

use crate::databases::{self, THREADS};

const EXAMPLES: &str = "tests/probes/examples.jsonl";

#[test]
fn every_example_is_answered_by_its_line() {
    let whole = databases::compiled(&databases::builtin());
    let database = Database::from_bytes(&whole).expect("it was compiled");
    let matcher = Matcher::new(&database);
    let mut scratch = Scratch::new();
    let mut differences = Vec::new();
    for Example { place, protocol, probe, response, expect } in examples() {
        let Some(sent) = database.find_probe(protocol, probe.as_bytes()) else {
            differences.push(format!("{}:{}: there is no probe {protocol} {probe}", place.0, place.1));
            continue;
        };
        let verdict = matcher.classify(protocol, sent.id(), &response, &mut scratch);
        let found = verdict.hit.as_ref().map(|hit| (place_of(&database, hit.line), fields(hit)));
        if verdict.gave_up.is_some() || found.as_ref() != Some(&(place.clone(), expect.clone())) {
            let shown = response.escape_ascii();
            differences.push(format!("expected {place:?} {expect:?}\n  found {found:?}\n  {probe} drew {shown}"));
        }
    }
    assert!(differences.is_empty(), "{} examples differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn every_line_has_an_example() {
    let whole = databases::compiled(&databases::builtin());
    let database = Database::from_bytes(&whole).expect("it was compiled");
    let shown: BTreeSet<Place> = examples().into_iter().map(|example| example.place).collect();
    let lines: BTreeSet<Place> =
        (0..database.line_count()).map(|line| place_of(&database, LineId::new(line))).collect();
    let without: Vec<_> = lines.difference(&shown).collect();
    assert!(without.is_empty(), "lines without an example in {EXAMPLES}: {without:?}");
    let without: Vec<_> = shown.difference(&lines).collect();
    assert!(without.is_empty(), "examples of places that are no lines: {without:?}");
}

#[test]
fn every_example_says_where_it_comes_from() {
    for (number, example) in records() {
        let from = example["from"].as_str().unwrap_or_default();
        let known =
            ["real: ", "written from "].iter().any(|start| from.len() > start.len() + 5 && from.starts_with(start));
        assert!(known, "{EXAMPLES}:{number}: from {from:?}");
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
        assert!(names.insert(probe.name()), "{name}: a second probe of this name");
        assert!(payloads.insert((probe.protocol(), probe.payload())), "{name}: a second probe with its payload");
        assert!(!probe.lines().is_empty() || probe.fallback().len() > 0, "{name} has neither lines nor a fallback");
        assert_eq!(probe.sent_as(), probe.id(), "{name}");
        assert_eq!(probe.source().priority(), 0, "{name}: all files are one set of rules");
    }
}

/// File and line.
type Place = (String, u32);

/// What a line must say of a response.
struct Example {
    place: Place,
    protocol: Protocol,
    probe: String,
    response: Vec<u8>,
    /// Fields without a value are left out.
    expect: BTreeMap<String, Value>,
}

fn examples() -> Vec<Example> {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned();
    let example = |(number, record): (usize, Value)| Example {
        place: (text(&record["file"]), u32::try_from(record["line"].as_u64().expect("a number")).expect("it is small")),
        protocol: match record["proto"].as_str() {
            Some("tcp") => Protocol::Tcp,
            Some("udp") => Protocol::Udp,
            other => panic!("{EXAMPLES}:{number}: proto {other:?}"),
        },
        probe: text(&record["probe"]),
        response: BASE64.decode(text(&record["response"])).expect("it is base64"),
        expect: record["expect"]
            .as_object()
            .expect("fields")
            .iter()
            .filter(|(_, value)| !value.is_null() && **value != json!([]))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    };
    records().into_iter().map(example).collect()
}

/// The lines of the file, with their numbers.
fn records() -> Vec<(usize, Value)> {
    let text = fs::read_to_string(databases::root().join(EXAMPLES)).expect("it is in the repository");
    let record = |(index, line)| {
        (index + 1, serde_json::from_str(line).unwrap_or_else(|error| panic!("{EXAMPLES}:{}: {error}", index + 1)))
    };
    text.lines().enumerate().map(record).collect()
}

fn place_of(database: &Database<'_>, line: LineId) -> Place {
    let row = database.line(line);
    let source = database.source(SourceId::from_u32(u32::from(row.source)));
    (String::from_utf8_lossy(source.name()).into_owned(), row.line)
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
