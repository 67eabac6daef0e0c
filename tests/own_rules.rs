//! Our own rules: every line of `probes/` answers at least one example of `probes/examples/`.
//!
//! The first line that matches wins, so a line that answers an example is also one that no line before it hides.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use portprint_codegen::find;
use portprint_tables::Database;
use portprint_tables::code::Strategy;
use serde_json::Value;

use crate::databases::{self, THREADS};

/// Every example is answered as it says, every line answers one, and nothing else is wrong with any: `db lint` looks at all of that.
#[test]
fn nothing_is_wrong_with_any_rule_and_its_examples() {
    let run = Command::new(env!("CARGO_BIN_EXE_portprint"))
        .current_dir(databases::root())
        .args(["db", "lint", "probes"])
        .output();
    let run = run.expect("the program can be started");
    let told = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && told.contains(": nothing found"), "{told}");
}

#[test]
fn every_example_says_where_it_comes_from_and_what_is_expected() {
    let files = find::files(&databases::root().join("probes/examples"), "jsonl").expect("it is in the repository");
    let mut count = 0;
    for file in files {
        let text = fs::read_to_string(&file).expect("it can be read");
        for (number, line) in (1..).zip(text.lines()) {
            let place = format!("{}:{number}", file.display());
            let record: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{place}: {error}"));
            let from = record["from"].as_str().unwrap_or_default();
            let known =
                ["real: ", "written from "].iter().any(|start| from.len() > start.len() + 5 && from.starts_with(start));
            assert!(known, "{place}: from {from:?}");
            assert!(record["expect"]["service"].is_string(), "{place}: it expects no service");
            count += 1;
        }
    }
    assert!(count > 1000, "there are {count} examples");
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
