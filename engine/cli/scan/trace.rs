//! What happens on the way: on standard error for people, and every response in a file for `portprint match`.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portprint_core::session::{End, Note};
use portprint_scan::PortNote;
use portprint_tables::{Database, LineId, ProbeId, SourceId};

use crate::exit::Failure;
use crate::{bars, escape, json};

use super::Args;
use super::file::LineFile;

/// How much of a response is shown.
const SHOWN: usize = 96;

/// Whoever wants to know.
pub(super) struct Trace {
    database: Database<'static>,
    show: bool,
    responses: Option<LineFile>,
}

impl Trace {
    /// Opens the file of responses, if there is to be one.
    pub(super) fn open(database: &Database<'static>, args: &Args, goes_on: bool) -> Result<Self, Failure> {
        let responses = args.save_responses.as_deref().map(|path| LineFile::open(path, goes_on)).transpose()?;
        Ok(Self { database: *database, show: args.trace, responses })
    }

    /// Something was observed.
    pub(super) fn note(&mut self, note: &PortNote) -> Result<(), Failure> {
        if self.show {
            // Nobody can be told that standard error is closed.
            let line = self.line(note);
            let _ = bars::suspend(|| writeln!(io::stderr(), "{line}"));
        }
        if let (Note::Ended { probe, response, .. }, Some(file)) = (&note.note, &mut self.responses)
            && !response.is_empty()
        {
            file.write(&record(&self.database, note, *probe, response))?;
        }
        Ok(())
    }

    /// The file that is written, if any.
    pub(super) fn file(&mut self) -> Option<&mut LineFile> {
        self.responses.as_mut()
    }

    fn line(&self, note: &PortNote) -> String {
        let PortNote { address, protocol, at, note } = note;
        let what = match note {
            Note::Begun { conn, probe, wait } => {
                format!("{conn} {}: begins, waits up to {wait:?}", self.probe(*probe))
            }
            Note::Judged { conn, probe, len, hit } => {
                let hit = hit.map_or_else(|| String::from("no line"), |line| self.place(line));
                format!("{conn} {}: {len} bytes match {hit}", self.probe(*probe))
            }
            Note::Ended { conn, probe, response, end } => {
                let shown = escape::payload(&response[..response.len().min(SHOWN)]);
                let more = if response.len() > SHOWN { "..." } else { "" };
                let end = End::as_str(*end);
                format!("{conn} {}: {end} with {} bytes {shown}{more}", self.probe(*probe), response.len())
            }
        };
        format!("{address}/{protocol} {:.3}s {what}", at.as_secs_f64())
    }

    fn probe(&self, probe: ProbeId) -> String {
        escape::visible(self.database.probe(probe).name())
    }

    fn place(&self, line: LineId) -> String {
        let row = self.database.line(line);
        let source = self.database.source(SourceId::new(row.source.into()));
        let kind = if row.flags & portprint_tables::LineRow::SOFT != 0 { "softmatch" } else { "match" };
        let service = self.database.service_name(row.service);
        format!("{}:{} ({kind} {})", escape::visible(source.name()), row.line, escape::visible(service))
    }
}

fn record(database: &Database<'_>, note: &PortNote, probe: ProbeId, response: &[u8]) -> Vec<u8> {
    let name = database.probe(probe).name();
    let mut out = b"{\"id\":".to_vec();
    json::string(&mut out, &format!("{}/{}/{}", note.address, note.protocol, escape::visible(name)));
    json::key(&mut out, "proto");
    json::string(&mut out, note.protocol.as_str());
    json::key(&mut out, "probe");
    json::bytes(&mut out, name);
    json::key(&mut out, "ip");
    json::string(&mut out, &note.address.ip().to_string());
    json::key(&mut out, "port");
    json::number(&mut out, note.address.port().into());
    json::key(&mut out, "response");
    json::string(&mut out, &STANDARD.encode(response));
    out.extend_from_slice(b"}\n");
    out
}
