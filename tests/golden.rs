//! Golden files: the generated index and the build report, byte for byte.
//!
//! `PORTPRINT_UPDATE_GOLDEN=1` writes them anew, but never in CI; look at the difference before committing it. The index of the small
//! database is compiled into this test too, because what is generated must not only look right. Of nmap's database, whose text stays
//! out of the repository, only counts are compared.

use std::path::Path;
use std::{env, fs};

use portprint_codegen::Source;
use portprint_tables::{Database, FORMAT_VERSION, LineId, LineRow, Protocol};
use similar::TextDiff;

use crate::databases::{self, THREADS};

#[allow(unreachable_pub, clippy::unreadable_literal, reason = "generated, for a library")]
mod mini_index {
    include!("golden/mini.index.rs");
}

#[test]
fn builtin() {
    check("builtin", &databases::builtin());
}

#[test]
fn mini() {
    check("mini", &databases::read(&databases::mini()));
}

#[test]
fn mini_index_is_that_of_its_database() {
    let whole = databases::compiled(&databases::read(&databases::mini()));
    let database = Database::from_bytes(&whole).expect("it was compiled");
    use mini_index as index;
    let shown = Index {
        format_version: index::FORMAT_VERSION,
        source_hash: index::SOURCE_HASH,
        sources: index::SOURCES,
        lines: [index::LINE_COUNT, index::SOFT_LINE_COUNT],
        service_count: index::SERVICE_COUNT,
        probe_count: index::PROBE_COUNT,
        probes: index::PROBES,
    };
    shown.compare(&database);
}

#[test]
fn embedded_index_is_that_of_the_embedded_database() {
    use portprint::index;
    let shown = Index {
        format_version: index::FORMAT_VERSION,
        source_hash: index::SOURCE_HASH,
        sources: index::SOURCES,
        lines: [index::LINE_COUNT, index::SOFT_LINE_COUNT],
        service_count: index::SERVICE_COUNT,
        probe_count: index::PROBE_COUNT,
        probes: index::PROBES,
    };
    shown.compare(&portprint::database());
}

#[test]
fn counts_of_nmap() {
    let Some(path) = databases::nmap() else { return };
    let kept = databases::kept(&databases::read(&path), THREADS);
    let whole = fs::read(kept.whole()).expect("the file was written");
    let database = Database::from_bytes(&whole).expect("it was compiled");
    let soft = soft_lines(&database);
    assert_eq!(database.probe_count(), 187);
    assert_eq!((database.line_count(), database.line_count() - soft, soft), (12_171, 11_968, 203));
    assert_eq!(database.service_count(), 1_249);
    let report = kept.report();
    for line in ["lines: 12171", "lines without automaton: 20"] {
        assert!(report.lines().any(|found| found == line), "{line:?} is not in the report:\n{report}");
    }
    assert_eq!(report.lines().filter(|line| line.contains("backtracking")).count(), 20, "each has its reason");
}

fn check(name: &str, sources: &[Source]) {
    let compiled = databases::compile(sources, THREADS);
    let faults: Vec<String> = [("index.rs", compiled.index.clone()), ("report.txt", compiled.report.to_string())]
        .into_iter()
        .filter_map(|(kind, found)| compare(&format!("tests/golden/{name}.{kind}"), &found).err())
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Compares a golden file with what it should be, or writes it.
fn compare(name: &str, found: &str) -> Result<(), String> {
    let path = databases::root().join(name);
    let golden = read(&path);
    if golden == found {
        return Ok(());
    }
    let update = env::var_os("PORTPRINT_UPDATE_GOLDEN").is_some_and(|value| value == "1");
    if update && env::var_os("CI").is_none() {
        fs::write(&path, found).map_err(|error| format!("{name}: {error}"))?;
        databases::tell(&format!("wrote {name}"));
        return Ok(());
    }
    let diff = TextDiff::from_lines(golden.as_str(), found).unified_diff().header(name, "generated now").to_string();
    let advice = "if that is meant: PORTPRINT_UPDATE_GOLDEN=1 cargo test golden";
    Err(format!("{name} differs; {advice}\n{diff}"))
}

/// The file's text; nothing if it is not there yet.
fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The constants of a generated index.
struct Index {
    format_version: u32,
    source_hash: &'static str,
    sources: &'static [&'static str],
    /// All lines, and the soft ones.
    lines: [usize; 2],
    service_count: usize,
    probe_count: usize,
    probes: &'static [(u32, Protocol, &'static str)],
}

impl Index {
    fn compare(&self, database: &Database<'_>) {
        assert_eq!(self.format_version, FORMAT_VERSION);
        let hash: String = database.section_table().source_hash().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(self.source_hash, hash);
        let sources: Vec<_> =
            database.sources().map(|source| String::from_utf8_lossy(source.name()).into_owned()).collect();
        assert_eq!(self.sources, sources);
        assert_eq!(self.lines, [database.line_count(), soft_lines(database)]);
        assert_eq!(self.service_count, database.service_count());
        assert_eq!((self.probe_count, self.probes.len()), (database.probe_count(), database.probe_count()));
        for (probe, &(id, protocol, name)) in database.probes().zip(self.probes) {
            assert_eq!((probe.id().to_u32(), probe.protocol()), (id, protocol), "{name}");
            assert_eq!(String::from_utf8_lossy(probe.name()), name);
        }
    }
}

fn soft_lines(database: &Database<'_>) -> usize {
    (0..database.line_count()).filter(|&line| database.line(LineId::new(line)).flags & LineRow::SOFT != 0).count()
}
