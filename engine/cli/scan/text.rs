//! Results for people: a table for each host.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;

use anstyle::Style;
use portprint_core::session::{PortState, TlsInfo};
use portprint_tables::{Field, Protocol};

use crate::escape;
use crate::output::style;

use super::outputs::ScanEnd;
use super::outputs::{HostDone, Writer};
use super::per_host::PerHost;
use super::record::{Record, TLS_NAMES, tls_values};
use super::summary::number;

/// How much of an unknown banner is shown.
const BANNER: usize = 48;

/// What a column of services is wide at most before it pushes the next one aside.
const WIDEST_SERVICE: usize = 20;

/// Tables of hosts in progress.
#[derive(Debug)]
pub(super) struct Tables {
    verbose: bool,
    /// Where lines are wrapped, if they are.
    width: Option<usize>,
    rows: PerHost<Row>,
}

#[derive(Debug)]
struct Row {
    order: (Protocol, u16),
    port: String,
    state: PortState,
    service: String,
    is_answer: bool,
    version: String,
}

impl Tables {
    pub(super) fn new(verbose: bool, width: Option<usize>) -> Self {
        Self { verbose, width, rows: PerHost::new() }
    }

    /// The table of a host, which was given as `host`.
    fn table(&self, host: &str, ip: IpAddr, mut rows: Vec<Row>, counts: &[String]) -> String {
        rows.sort_by_key(|row| row.order);
        let (strong, faint) = (style::STRONG, style::FAINT);
        let mut out = format!("{strong}{}{strong:#}", escape::line(host));
        let ip = ip.to_string();
        if ip != host {
            let _ = write!(out, " ({ip})");
        }
        if !counts.is_empty() {
            let _ = write!(out, " {faint}{}{faint:#}", counts.join(", "));
        }
        out.push('\n');
        if !rows.is_empty() {
            self.write_rows(&mut out, &rows);
        }
        out.push('\n');
        out
    }

    fn write_rows(&self, out: &mut String, rows: &[Row]) {
        let column = |header: &str, cell: fn(&Row) -> usize, most: usize| {
            rows.iter().map(cell).filter(|&width| width <= most).max().unwrap_or(0).max(header.len())
        };
        let port = column("PORT", |row| row.port.len(), usize::MAX);
        let state = column("STATE", |row| row.state.as_str().len(), usize::MAX);
        let service = column("SERVICE", |row| row.service.len(), WIDEST_SERVICE);
        let faint = style::FAINT;
        let _ = writeln!(out, "{faint}{:port$}  {:state$}  {:service$}  VERSION{faint:#}", "PORT", "STATE", "SERVICE");
        for row in rows {
            let (name, rest) = if row.is_answer { (style::GOOD, Style::new()) } else { (faint, faint) };
            let shown = if row.state == PortState::Open { Style::new() } else { faint };
            let indent = port + 2 + state + 2 + service.max(row.service.len()) + 2;
            let _ =
                write!(out, "{:port$}  {shown}{:state$}{shown:#}  {name}{}{name:#}", row.port, row.state, row.service);
            for (index, piece) in wrap(&row.version, self.width, indent).into_iter().enumerate() {
                let padding = match index {
                    0 if piece.is_empty() => 0,
                    0 => indent - (port + 2 + state + 2 + row.service.len()),
                    _ => {
                        out.push('\n');
                        indent
                    }
                };
                let _ = write!(out, "{:padding$}{rest}{piece}{rest:#}", "");
            }
            out.push('\n');
        }
    }
}

impl Writer for Tables {
    fn port(&mut self, _: &mut dyn Write, record: &Record<'_>) -> io::Result<()> {
        let row = Row {
            order: (record.protocol, record.port),
            port: format!("{}/{}", record.port, record.protocol),
            state: record.state,
            service: service(record),
            is_answer: record.service.is_some(),
            version: version(record, self.verbose),
        };
        self.rows.push(record.host, record.ip, row);
        Ok(())
    }

    fn host_done(&mut self, out: &mut dyn Write, done: &HostDone<'_>) -> io::Result<()> {
        let rows = self.rows.take(done.host, done.ip);
        let mut counts = Vec::new();
        if rows.is_empty() {
            counts.push(String::from("no open port"));
        }
        if done.not_open > 0 {
            counts.push(format!("{} not open", number(done.not_open, "port")));
        }
        if done.left_out > 0 {
            counts.push(format!("{} left out", number(done.left_out, "port")));
        }
        out.write_all(self.table(done.host, done.ip, rows, &counts).as_bytes())?;
        out.flush()
    }

    fn end(&mut self, out: &mut dyn Write, _: &ScanEnd<'_>) -> io::Result<()> {
        for ((host, ip), rows) in self.rows.take_all() {
            out.write_all(self.table(&host, ip, rows, &[]).as_bytes())?;
        }
        Ok(())
    }
}

fn service(record: &Record<'_>) -> String {
    let tls = if record.tls { "ssl/" } else { "" };
    let soft = if record.is_soft() { "?" } else { "" };
    format!("{tls}{}{soft}", escape::line(record.service.unwrap_or("-")))
}

/// Product, version and the rest, as far as there is any; otherwise why there is none.
fn version(record: &Record<'_>, verbose: bool) -> String {
    let mut parts = Vec::new();
    if record.service.is_none() {
        parts.push(unanswered(record));
    }
    for (field, before, after) in [
        (Field::Product, "", ""),
        (Field::Version, "", ""),
        (Field::Info, "(", ")"),
        (Field::Hostname, "[host ", "]"),
        (Field::Os, "[os ", "]"),
        (Field::Device, "[device ", "]"),
    ] {
        if let Some(value) = record.get(field) {
            parts.push(format!("{before}{}{after}", escape::line(value)));
        }
    }
    if verbose {
        parts.extend(record.cpe.iter().map(|cpe| escape::line(cpe).into_owned()));
    }
    if let Some(info) = record.tls_info {
        parts.push(tls(info, verbose));
    }
    let details: Vec<_> = record.details().map(|(key, value)| format!("{key} {value}")).collect();
    if verbose && !details.is_empty() {
        parts.push(format!("[{}]", escape::line(&details.join(", "))));
    }
    parts.join(" ")
}

/// What was negotiated: the version and whom the certificate names, or all of it.
fn tls(info: &TlsInfo, verbose: bool) -> String {
    const SHORT: [&str; 2] = ["version", "subject"];
    let values = TLS_NAMES.into_iter().zip(tls_values(info));
    let shown = values.filter(|(name, _)| verbose || SHORT.contains(name)).filter_map(|(name, value)| {
        let value = value?;
        let label = if SHORT.contains(&name) { String::new() } else { format!("{name} ") };
        Some(format!("{label}{}", escape::line(&value.joined())))
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(", "))
}

/// Why there is no answer, and how what was said began.
fn unanswered(record: &Record<'_>) -> String {
    let mut out = record.outcome.to_string();
    if !record.banner.is_empty() {
        let shown = &record.banner[..record.banner.len().min(BANNER)];
        let more = if shown.len() < record.banner.len() { "..." } else { "" };
        let _ = write!(out, ": {}{more}", escape::payload(shown));
    }
    out
}

/// Breaks a text at spaces so that it fits beside an indentation.
fn wrap(text: &str, width: Option<usize>, indent: usize) -> Vec<&str> {
    let Some(width) = width.map(|width| width.saturating_sub(indent)).filter(|&width| width >= 24) else {
        return vec![text];
    };
    let mut lines = Vec::new();
    let mut rest = text;
    // Where the first character stands that is too many.
    while let Some((end, first_left)) = rest.char_indices().nth(width) {
        let at = rest[..end + first_left.len_utf8()].rfind(' ').filter(|&at| at > 0).unwrap_or(end);
        lines.push(&rest[..at]);
        rest = rest[at..].trim_start();
    }
    lines.push(rest);
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn long_texts_are_broken_at_spaces() {
        let text = "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddddddddddddddddddddddd";
        assert_eq!(wrap(text, None, 10), [text]);
        assert_eq!(wrap(text, Some(20), 10), [text], "too narrow to be worth it");
        assert_eq!(
            wrap(text, Some(34), 10),
            ["aaaaaaaaaa bbbbbbbbbb", "cccccccccc", "dddddddddddddddddddddddd", "dddddd"]
        );
    }
}
