//! Lines and probes by the names that people give them.

use portprint_tables::{Database, LineId, Probe, ProbeId, Protocol, SourceId};

use crate::escape;
use crate::exit::Failure;
use crate::match_command::probes::Probes;

/// The source that a line stands in and its physical line there, as `SOURCE:LINE`.
pub(super) fn place(database: &Database<'_>, line: LineId) -> String {
    let row = database.line(line);
    format!("{}:{}", escape::visible(source_name(database, line)), row.line)
}

/// A probe as `tcp GetRequest`.
pub(super) fn probe_name(probe: &Probe<'_>) -> String {
    format!("{} {}", probe.protocol(), escape::visible(probe.name()))
}

/// Lines with this physical number, in all sources or in one.
pub(super) fn lines(database: &Database<'_>, source: Option<&str>, number: u32) -> Vec<LineId> {
    all_lines(database)
        .filter(|line| database.line(*line).line == number)
        .filter(|line| source.is_none_or(|source| source_name(database, *line) == source.as_bytes()))
        .collect()
}

/// All lines.
pub(super) fn all_lines(database: &Database<'_>) -> impl Iterator<Item = LineId> + use<> {
    (0..database.line_count()).map(LineId::new)
}

/// Fails unless there is a source of this name.
pub(super) fn check_source(database: &Database<'_>, name: &str) -> Result<(), Failure> {
    if database.sources().any(|source| source.name() == name.as_bytes()) {
        return Ok(());
    }
    let known: Vec<_> = database.sources().map(|source| escape::visible(source.name())).collect();
    Err(Failure::usage(format!("unknown source {}; there are: {}", escape::quote(name), known.join(", "))))
}

/// The probes that `NAME`, `tcp:NAME` or `udp:NAME` means: one, or one for each protocol.
pub(super) fn find_probes(database: &Database<'static>, text: &str) -> Result<Vec<ProbeId>, Failure> {
    let index = Probes::new(database);
    if let Some(name) = text.strip_prefix("tcp:") {
        index.find(Protocol::Tcp, name).map(|probe| vec![probe])
    } else if let Some(name) = text.strip_prefix("udp:") {
        index.find(Protocol::Udp, name).map(|probe| vec![probe])
    } else {
        index.find_any(text)
    }
    .map_err(Failure::usage)
}

fn source_name<'d>(database: &Database<'d>, line: LineId) -> &'d [u8] {
    database.source(SourceId::new(usize::from(database.line(line).source))).name()
}
