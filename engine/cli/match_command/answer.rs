//! Answers, as JSON for programs and as text for people.

use std::io::Write;

use portprint_core::Hit;
use portprint_tables::{Database, Field, LineId};
use serde_json::value::RawValue;

use crate::escape;
use crate::json;
use crate::output::style;

/// How answers are written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    /// One JSON object a line.
    Json,
    /// One line of text each.
    Text {
        /// With style escapes.
        colour: bool,
    },
}

/// How an answer is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Id<'l> {
    /// As the record says.
    Given(&'l RawValue),
    /// By the number of its line.
    Line(u64),
}

/// What is said of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer<'a> {
    /// A line matched.
    Hit(&'a Hit<'a>),
    /// None did.
    Nothing,
    /// It is no record.
    Bad(&'a str),
}

/// The names of a database, ready to be written.
#[derive(Debug)]
pub(crate) struct Names {
    database: Database<'static>,
    /// With quotes and escapes, by probe id.
    probes: Vec<Vec<u8>>,
    /// Likewise, by the number of the source.
    sources: Vec<Vec<u8>>,
}

impl Names {
    /// Prepares all names.
    pub(crate) fn new(database: &Database<'static>) -> Self {
        let ready = |name: &[u8]| {
            let mut out = Vec::with_capacity(name.len() + 2);
            json::bytes(&mut out, name);
            out
        };
        Self {
            database: *database,
            probes: database.probes().map(|probe| ready(probe.name())).collect(),
            sources: database.sources().map(|source| ready(source.name())).collect(),
        }
    }

    /// Appends an answer and the end of its line.
    pub(crate) fn write(&self, out: &mut Vec<u8>, format: Format, id: Id<'_>, answer: Answer<'_>) {
        match format {
            Format::Json => self.write_json(out, id, answer),
            Format::Text { colour } => {
                let start = out.len();
                self.write_text(out, id, answer);
                if !colour {
                    let plain = anstream::adapter::strip_bytes(&out[start..]).into_vec();
                    out.truncate(start);
                    out.extend_from_slice(&plain);
                }
            }
        }
        out.push(b'\n');
    }

    /// `SOURCE:LINE` of a line.
    pub(crate) fn place(&self, line: LineId) -> String {
        let row = self.database.line(line);
        let source = self.database.source(portprint_tables::SourceId::new(usize::from(row.source)));
        format!("{}:{}", escape::visible(source.name()), row.line)
    }

    fn write_json(&self, out: &mut Vec<u8>, id: Id<'_>, answer: Answer<'_>) {
        out.extend_from_slice(b"{\"id\":");
        match id {
            Id::Given(value) => json::raw(out, value),
            Id::Line(number) => json::number(out, number),
        }
        match answer {
            Answer::Nothing => out.extend_from_slice(b",\"match\":null"),
            Answer::Bad(message) => {
                json::key(out, "error");
                json::string(out, message);
            }
            Answer::Hit(hit) => self.write_hit(out, hit),
        }
        out.push(b'}');
    }

    fn write_hit(&self, out: &mut Vec<u8>, hit: &Hit<'_>) {
        let row = self.database.line(hit.line);
        out.extend_from_slice(b",\"match\":{\"probe\":");
        out.extend_from_slice(&self.probes[hit.probe.index()]);
        json::key(out, "source");
        out.extend_from_slice(&self.sources[usize::from(row.source)]);
        json::key(out, "line");
        json::number(out, u64::from(row.line));
        json::key(out, "soft");
        out.extend_from_slice(if hit.soft { b"true" } else { b"false" });
        if !hit.service.is_empty() {
            json::key(out, "service");
            json::bytes(out, hit.service);
        }
        let mut cpes = 0;
        for (field, value) in hit.fields.iter() {
            if field.is_cpe() {
                if cpes == 0 {
                    json::key(out, "cpe");
                }
                out.push(if cpes == 0 { b'[' } else { b',' });
                cpes += 1;
            } else {
                json::key(out, field.as_str());
            }
            json::string(out, value);
        }
        out.extend_from_slice(if cpes == 0 { b"}" } else { b"]}" });
    }

    fn write_text(&self, out: &mut Vec<u8>, id: Id<'_>, answer: Answer<'_>) {
        let strong = style::STRONG;
        match id {
            Id::Given(value) => {
                let text = serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned());
                put(out, format_args!("{strong}{}{strong:#}: ", one_line(&text)));
            }
            Id::Line(number) => put(out, format_args!("{strong}{number}{strong:#}: ")),
        }
        match answer {
            Answer::Nothing => put(out, format_args!("{0}no match{0:#}", style::FAINT)),
            Answer::Bad(message) => put(out, format_args!("{0}error{0:#}: {1}", style::BAD, one_line(message))),
            Answer::Hit(hit) => {
                put(out, format_args!("{0}{1}{0:#}", style::GOOD, escape::visible(hit.service)));
                if hit.soft {
                    put(out, format_args!(" (soft)"));
                }
                put(out, format_args!("{}", description(hit)));
                let probe = self.database.probe(hit.probe);
                put(
                    out,
                    format_args!(
                        "  {0}[{1} {2}]{0:#}",
                        style::FAINT,
                        escape::visible(probe.name()),
                        self.place(hit.line)
                    ),
                );
            }
        }
    }
}

/// The fields of an answer on one line, each with something before it.
fn description(hit: &Hit<'_>) -> String {
    let mut text = String::new();
    for (field, value) in hit.fields.iter() {
        let (before, after) = match field {
            Field::Product => ("  ", ""),
            Field::Version => (" ", ""),
            Field::Info => (" (", ")"),
            Field::Hostname => ("; hostname ", ""),
            Field::Os => ("; os ", ""),
            Field::Device => ("; device ", ""),
            Field::CpeApplication | Field::CpeHardware | Field::CpeOs => ("; ", ""),
        };
        text.extend([before, value, after]);
    }
    text
}

fn one_line(text: &str) -> String {
    escape::message(text).replace('\n', "\\n")
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("buffers take all bytes");
}
