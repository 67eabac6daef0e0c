//! The program's answers, field by field: `portprint match` over every corpus, compared with what the corpus expects.
//!
//! Our own corpus is `data/mini.jsonl` over `data/mini.probes`; its responses are text whose characters stand for the bytes 0 to 255. The
//! others lie beside the checkout. `PORTPRINT_CONFORMANCE_BIN` names a program with nmap's database built in, which is then asked too.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, thread};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::GzDecoder;
use portprint_tables::{Database, LineId, LineRow};
use serde_json::{Map, Value, json};

use crate::databases::{self, tell};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_portprint");
/// The corpora over nmap's database, and how many records each has.
const NMAP_CORPORA: [(&str, usize); 4] = [("open", 30_487), ("recog", 7_992), ("lab", 2_153), ("limits", 104)];

#[test]
fn mini() {
    let corpus = Corpus::mini();
    let db = databases::mini();
    check(&corpus, &Program::new(PROGRAM, Some(&db)), &db);
    check(&corpus, &Program::new(PROGRAM, Some(&compiled(&db))), &db);
}

#[test]
fn every_line_of_mini_answers() {
    let mut expected: Vec<u64> = Corpus::mini()
        .records
        .iter()
        .flat_map(|record| &record.expected)
        .filter_map(|answer| answer.as_ref()?.get("line")?.as_u64())
        .collect();
    expected.sort_unstable();
    expected.dedup();
    let whole = databases::compiled(&databases::read(&databases::mini()));
    let database = Database::from_bytes(&whole).expect("it was compiled");
    let mut lines: Vec<u64> =
        (0..database.line_count()).map(|line| u64::from(database.line(LineId::new(line)).line)).collect();
    lines.sort_unstable();
    assert_eq!(expected, lines, "the corpus has an answer by every line, and only by lines that there are");
}

#[test]
fn edge() {
    let Some(db) = databases::edge() else { return };
    let corpus = Corpus::shared("edge", 69);
    check(&corpus, &Program::new(PROGRAM, Some(&db)), &db);
    check(&corpus, &Program::new(PROGRAM, Some(&compiled(&db))), &db);
}

#[test]
fn open() {
    check_nmap("open");
}

#[test]
fn recog() {
    check_nmap("recog");
}

#[test]
fn lab() {
    check_nmap("lab");
}

#[test]
fn limits() {
    check_nmap("limits");
}

#[test]
fn program_with_nmaps_database_built_in() {
    let Some(path) = env::var_os("PORTPRINT_CONFORMANCE_BIN") else { return };
    let db = databases::nmap().expect("it was built in, so it is there");
    for (name, count) in NMAP_CORPORA {
        check(&Corpus::shared(name, count), &Program::new(&path, None), &db);
    }
}

#[test]
fn jobs_do_not_change_answers() {
    let mini = databases::mini();
    let mut cases = vec![(Corpus::mini(), mini)];
    if let Some(nmap) = databases::nmap() {
        cases.extend(["recog", "lab"].map(|name| (Corpus::nmap(name), nmap.clone())));
    }
    for (corpus, db) in cases {
        let db = compiled(&db);
        let answers = |jobs| Program { jobs, ..Program::new(PROGRAM, Some(&db)) }.answers(&corpus.input);
        let one = answers(1);
        for jobs in [2, 4, 7] {
            assert!(answers(jobs) == one, "{}: other bytes with {jobs} jobs than with one", corpus.name);
        }
    }
}

fn check_nmap(name: &str) {
    let Some(db) = databases::nmap() else { return };
    check(&Corpus::nmap(name), &Program::new(PROGRAM, Some(&compiled(&db))), &db);
}

/// Responses with what must be said of each.
struct Corpus {
    name: String,
    /// As `match` reads it.
    input: Vec<u8>,
    records: Vec<Record>,
}

struct Record {
    id: Value,
    response: Vec<u8>,
    /// The right answers: one, or with and without nmap's limits. Fields without a value are left out.
    expected: Vec<Option<Map<String, Value>>>,
}

impl Corpus {
    fn nmap(name: &str) -> Self {
        let (name, count) = NMAP_CORPORA.into_iter().find(|(known, _)| *known == name).expect("it is in the list");
        Self::shared(name, count)
    }

    /// A corpus beside the checkout, which must have so many records.
    fn shared(name: &str, count: usize) -> Self {
        let path = databases::shared_data().expect("the caller has its database").join(format!("{name}.jsonl.gz"));
        let mut input = Vec::new();
        let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        GzDecoder::new(file).read_to_end(&mut input).expect("it is a gzip file");
        let corpus = Self::new(name, input);
        assert_eq!(corpus.records.len(), count, "records of {}", path.display());
        corpus
    }

    fn mini() -> Self {
        let file = File::open(databases::root().join("tests/data/mini.jsonl")).expect("it is in the repository");
        let mut input = Vec::new();
        for line in BufReader::new(file).lines() {
            let mut record: Value = serde_json::from_str(&line.expect("it is text")).expect("each line is JSON");
            let text = record["text"].as_str().expect("every record has a text");
            let bytes: Vec<u8> = text.chars().map(|byte| u8::try_from(byte).expect("characters are bytes")).collect();
            record["response"] = BASE64.encode(bytes).into();
            writeln!(input, "{record}").expect("buffers take all bytes");
        }
        Self::new("mini", input)
    }

    fn new(name: &str, input: Vec<u8>) -> Self {
        let records = input.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(Record::new).collect();
        Self { name: name.to_owned(), input, records }
    }
}

impl Record {
    fn new(line: &[u8]) -> Self {
        let record: Value = serde_json::from_slice(line).expect("each line is JSON");
        let answers = ["expect", "expect_nolimit"].into_iter().filter_map(|key| record.get(key));
        Self {
            id: record["id"].clone(),
            response: BASE64.decode(record["response"].as_str().expect("a text")).expect("it is base64"),
            expected: answers.map(expected).collect(),
        }
    }
}

/// What a corpus expects, without its empty fields.
fn expected(answer: &Value) -> Option<Map<String, Value>> {
    let fields = answer.as_object()?.iter().filter(|(_, value)| !value.is_null() && **value != json!([]));
    Some(fields.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// A way to ask.
struct Program {
    path: PathBuf,
    db: Option<PathBuf>,
    jobs: usize,
}

impl Program {
    fn new(path: impl AsRef<Path>, db: Option<&Path>) -> Self {
        Self { path: path.as_ref().to_owned(), db: db.map(Path::to_owned), jobs: databases::THREADS }
    }

    /// The answers to the records of `input`, as they come out. Nothing else must come out.
    fn answers(&self, input: &[u8]) -> Vec<u8> {
        let mut command = Command::new(&self.path);
        if let Some(db) = &self.db {
            command.arg("--db").arg(db);
        }
        command.args(["match", "--jobs", &self.jobs.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        let mut stdin = child.stdin.take().expect("it is piped");
        let output = thread::scope(|scope| {
            // A program that ends early closes its input; how it ended is seen below.
            scope.spawn(move || stdin.write_all(input).is_ok());
            child.wait_with_output().expect("it was started")
        });
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && messages.is_empty(), "{command:?}: {}\n{messages}", output.status);
        output.stdout
    }
}

/// Compares all answers with what is expected; `source` is the file that the rules come from.
fn check(corpus: &Corpus, program: &Program, source: &Path) {
    const SHOWN: usize = 5;
    let whole = databases::compiled(&databases::read(source));
    let owners = Owners::new(&Database::from_bytes(&whole).expect("it was compiled"));
    let source = source.file_name().expect("it is a file").to_str().expect("its name is text");
    let output = program.answers(&corpus.input);
    let answers: Vec<&[u8]> = output.split_inclusive(|&byte| byte == b'\n').collect();
    assert_eq!(answers.len(), corpus.records.len(), "{}: one line out for each line in", corpus.name);
    let differences: Vec<String> = corpus
        .records
        .iter()
        .zip(answers)
        .filter_map(|(record, answer)| {
            let fault = compare(record, answer, source, &owners).err()?;
            let response = &record.response[..record.response.len().min(400)];
            Some(format!("{}: {fault}\n  response {}", record.id, response.escape_ascii()))
        })
        .collect();
    let count = corpus.records.len();
    tell(&format!("{} {}/{count}", corpus.name, count - differences.len()));
    let shown = &differences[..differences.len().min(SHOWN)];
    assert!(differences.is_empty(), "{} of {count} differ, the first:\n{}", differences.len(), shown.join("\n"));
}

/// What is wrong with an answer.
fn compare(record: &Record, answer: &[u8], source: &str, owners: &Owners) -> Result<(), String> {
    let shown = || answer.escape_ascii().to_string();
    let mut answer: Map<String, Value> =
        serde_json::from_slice(answer).map_err(|error| format!("{error}: {}", shown()))?;
    if answer.remove("id") != Some(record.id.clone()) {
        return Err(format!("another id: {}", shown()));
    }
    let found = match answer.remove("match") {
        Some(Value::Null) if answer.is_empty() => None,
        Some(Value::Object(fields)) if answer.is_empty() => Some(owners.without_owner(fields, source)?),
        _ => return Err(format!("neither a match nor none: {}", shown())),
    };
    if record.expected.contains(&found) {
        Ok(())
    } else {
        Err(format!("expected {:?}\n  found {found:?}", record.expected))
    }
}

/// Which probe owns a line.
struct Owners(HashMap<u64, String>);

impl Owners {
    fn new(database: &Database<'_>) -> Self {
        let lines = (0..database.line_count()).map(|line| database.line(LineId::new(line)));
        let owner = |row: LineRow| String::from_utf8_lossy(database.probe(row.owner()).name()).into_owned();
        Self(lines.map(|row| (u64::from(row.line), owner(row))).collect())
    }

    /// The fields of an answer without those that corpora do not have; these must be right.
    fn without_owner(&self, mut fields: Map<String, Value>, source: &str) -> Result<Map<String, Value>, String> {
        if fields.remove("source").as_ref().and_then(Value::as_str) != Some(source) {
            return Err(format!("not of {source}: {fields:?}"));
        }
        let owner = fields.get("line").and_then(Value::as_u64).and_then(|line| self.0.get(&line));
        match (fields.remove("probe"), owner) {
            (Some(Value::String(found)), Some(owner)) if found == *owner => Ok(fields),
            (found, owner) => Err(format!("by the probe {found:?}, but the line is of {owner:?}: {fields:?}")),
        }
    }
}

/// The compiled form of a database file, in a file.
fn compiled(source: &Path) -> PathBuf {
    databases::kept(&databases::read(source), databases::THREADS).whole()
}
