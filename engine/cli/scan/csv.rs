//! Results as CSV with a header, one row a port: the fields of a JSON Lines record, flattened.
//!
//! Spreadsheets run cells that begin like a formula, so such a cell gets an apostrophe before it, as OWASP's page on CSV injection
//! says. Texts stand in quotes, because some programs take semicolons and tabs for separators too and would find a formula behind one.

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use csv::{QuoteStyle, WriterBuilder};

use crate::escape;

use super::outputs::Writer;
use super::record::{FIELDS, Record, TLS_NAMES, tls_values};

/// The rows, each of which is written when its port is finished.
#[derive(Debug)]
pub(super) struct Rows;

impl Writer for Rows {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let mut names: Vec<Cow<'_, str>> =
            ["host", "ip", "port", "protocol", "tls", "timestamp", "state", "service"].map(Cow::Borrowed).into();
        names.extend(FIELDS.iter().map(|(_, name)| Cow::Borrowed(*name)));
        names.extend(
            ["cpe", "method", "soft", "outcome", "probe", "source", "line", "plugin", "details"].map(Cow::Borrowed),
        );
        names.extend(TLS_NAMES.iter().map(|name| Cow::Owned(format!("tls_{name}"))));
        names.extend(["banner", "fingerprint", "probes_sent", "ms"].map(Cow::Borrowed));
        row(out, &names)
    }

    fn port(&mut self, out: &mut dyn Write, record: &Record<'_>) -> io::Result<()> {
        let mut cells = vec![
            cell(record.host),
            Cow::Owned(record.ip.to_string()),
            Cow::Owned(record.port.to_string()),
            Cow::Borrowed(record.protocol.as_str()),
            Cow::Owned(record.tls.to_string()),
            Cow::Owned(record.time()),
            Cow::Borrowed(record.state.as_str()),
            cell(record.service.unwrap_or("")),
        ];
        cells.extend(record.fields.map(|value| cell(value.unwrap_or(""))));
        cells.push(owned(&record.cpe.join(" ")));
        cells.push(Cow::Borrowed(record.method()));
        let rule = record.rule.as_ref();
        cells.push(rule.map_or(Cow::Borrowed(""), |rule| Cow::Owned(rule.soft.to_string())));
        cells.push(Cow::Borrowed(record.outcome.as_str()));
        cells.push(rule.map_or(Cow::Borrowed(""), |rule| cell(&rule.probe)));
        cells.push(rule.map_or(Cow::Borrowed(""), |rule| cell(&rule.source)));
        cells.push(rule.map_or(Cow::Borrowed(""), |rule| Cow::Owned(rule.line.to_string())));
        cells.push(cell(record.plugin.unwrap_or("")));
        let details: Vec<_> = record.details().map(|(key, value)| format!("{key}={value}")).collect();
        cells.push(owned(&details.join("; ")));
        match record.tls_info {
            Some(info) => {
                cells.extend(
                    tls_values(info).map(|value| value.map_or(Cow::Borrowed(""), |value| owned(&value.joined()))),
                );
            }
            None => cells.extend([const { Cow::Borrowed("") }; TLS_NAMES.len()]),
        }
        cells.push(owned(&STANDARD.encode(record.banner)));
        cells.push(record.fingerprint_line().map_or(Cow::Borrowed(""), |text| owned(&text)));
        cells.push(Cow::Owned(record.probes_sent.to_string()));
        cells.push(Cow::Owned(record.millis().to_string()));
        row(out, &cells)
    }
}

fn row(out: &mut dyn Write, cells: &[Cow<'_, str>]) -> io::Result<()> {
    let mut line = Vec::new();
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::NonNumeric).from_writer(&mut line);
    writer.write_record(cells.iter().map(|cell| cell.as_bytes()))?;
    writer.flush()?;
    drop(writer);
    out.write_all(&line)?;
    out.flush()
}

/// A foreign text as a cell that no program takes for a formula. A tab or a line end at its start, after which some look for one, is
/// written as an escape like every control character. The wide forms are the same to spreadsheets in East Asian settings.
fn cell(text: &str) -> Cow<'_, str> {
    let text = escape::line(text);
    if text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        return Cow::Owned(format!("'{text}"));
    }
    text
}

fn owned(text: &str) -> Cow<'static, str> {
    Cow::Owned(cell(text).into_owned())
}
