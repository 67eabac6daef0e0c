//! Results for people: a table for each host.

use std::collections::HashMap;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use anstyle::Style;
use portprint_core::session::{Answer, Report};
use portprint_scan::PortReport;
use portprint_tables::Field;

use crate::escape;
use crate::output::style;

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
    rows: HashMap<(String, IpAddr), Vec<Row>>,
}

#[derive(Debug)]
struct Row {
    number: u16,
    port: String,
    state: &'static str,
    service: String,
    is_answer: bool,
    version: String,
}

impl Tables {
    pub(super) fn new(verbose: bool, width: Option<usize>) -> Self {
        Self { verbose, width, rows: HashMap::new() }
    }

    /// A port is finished.
    pub(super) fn port(&mut self, port: &PortReport) {
        let key = (port.host.to_string(), port.address.ip());
        let report = &port.report;
        let row = Row {
            number: port.address.port(),
            port: format!("{}/{}", port.address.port(), port.protocol),
            state: report.state.as_str(),
            service: report.answer.as_ref().map_or_else(|| String::from("-"), service),
            is_answer: report.answer.is_some(),
            version: match &report.answer {
                Some(answer) => version(answer, self.verbose),
                None => unanswered(report),
            },
        };
        self.rows.entry(key).or_default().push(row);
    }

    /// A host is finished: its table.
    pub(super) fn host_done(&mut self, host: &str, address: SocketAddr, not_open: usize, left_out: usize) -> String {
        let mut rows = self.rows.remove(&(host.to_owned(), address.ip())).unwrap_or_default();
        rows.sort_by_key(|row| row.number);
        let (strong, faint) = (style::STRONG, style::FAINT);
        let mut out = format!("{strong}{}{strong:#}", escape::message(host));
        let ip = address.ip().to_string();
        if ip != host {
            let _ = write!(out, " ({ip})");
        }
        let mut counts = Vec::new();
        if not_open > 0 {
            counts.push(format!("{} not open", count(not_open)));
        }
        if left_out > 0 {
            counts.push(format!("{} left out", count(left_out)));
        }
        if rows.is_empty() {
            counts.insert(0, String::from("no open port"));
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
        let state = column("STATE", |row| row.state.len(), usize::MAX);
        let service = column("SERVICE", |row| row.service.len(), WIDEST_SERVICE);
        let faint = style::FAINT;
        let _ = writeln!(out, "{faint}{:port$}  {:state$}  {:service$}  VERSION{faint:#}", "PORT", "STATE", "SERVICE");
        for row in rows {
            let (name, rest) = if row.is_answer { (style::GOOD, Style::new()) } else { (faint, faint) };
            let indent = port + 2 + state + 2 + service.max(row.service.len()) + 2;
            let _ = write!(out, "{:port$}  {:state$}  {name}{}{name:#}", row.port, row.state, row.service);
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

fn count(ports: usize) -> String {
    format!("{ports} port{}", if ports == 1 { "" } else { "s" })
}

fn service(answer: &Answer) -> String {
    let tls = if answer.tls { "ssl/" } else { "" };
    let soft = if answer.soft { "?" } else { "" };
    format!("{tls}{}{soft}", answer.service)
}

/// Product, version and the rest, as far as there is any.
fn version(answer: &Answer, verbose: bool) -> String {
    let mut out = String::new();
    for (field, before, after) in [
        (Field::Product, "", ""),
        (Field::Version, "", ""),
        (Field::Info, "(", ")"),
        (Field::Hostname, "[host ", "]"),
        (Field::Os, "[os ", "]"),
        (Field::Device, "[device ", "]"),
    ] {
        if let Some(value) = answer.get(field) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.extend([before, value, after]);
        }
    }
    if verbose {
        for cpe in answer.cpe() {
            out.extend([if out.is_empty() { "" } else { " " }, cpe]);
        }
    }
    out
}

/// Why there is no answer, and how what was said began.
fn unanswered(report: &Report) -> String {
    let mut out = report.outcome.to_string();
    if !report.banner.is_empty() {
        let shown = &report.banner[..report.banner.len().min(BANNER)];
        let more = if shown.len() < report.banner.len() { "..." } else { "" };
        let _ = write!(out, ": {}{more}", escape::payload(shown));
    }
    out
}

/// Breaks a text at spaces so that it fits beside an indentation. Everything in it is ASCII.
fn wrap(text: &str, width: Option<usize>, indent: usize) -> Vec<&str> {
    let Some(width) = width.map(|width| width.saturating_sub(indent)).filter(|&width| width >= 24) else {
        return vec![text];
    };
    let mut lines = Vec::new();
    let mut rest = text;
    while rest.len() > width {
        let Some((first, _)) = rest.split_at_checked(width + 1) else { break };
        let at = first.rfind(' ').filter(|&at| at > 0).unwrap_or(width);
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
