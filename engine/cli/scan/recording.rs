//! The file of `--record`: everything that sessions said and were told, as JSON Lines in the order in which it happened. It is as much
//! as a session needs to be gone through again; `tests/sessions/traces.rs` does that.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use portprint_core::session::{ConnId, Report, SessionConfig};
use portprint_scan::{Moment, PortMoment};
use portprint_tables::Database;
use serde::Serialize;

use crate::exit::Failure;
use crate::{escape, json};

use super::file::LineFile;
use super::jsonl::{boolean, list, number, text, tls_info};
use super::record::FIELDS;

pub(super) struct Recording {
    file: LineFile,
    line: Vec<u8>,
}

impl Recording {
    pub(super) fn open(database: &Database<'_>, path: &Path, goes_on: bool) -> Result<Self, Failure> {
        let mut recording = Self { file: LineFile::open(path, goes_on)?, line: Vec::new() };
        head(&mut recording.line, database);
        recording.file.write(&recording.line)?;
        Ok(recording)
    }

    pub(super) fn file(&mut self) -> &mut LineFile {
        &mut self.file
    }

    pub(super) fn moment(&mut self, moment: &PortMoment) -> Result<(), Failure> {
        let Self { file, line } = self;
        line.clear();
        line.extend_from_slice(b"{\"id\":");
        json::string(line, &id(moment));
        match &moment.moment {
            Moment::Begin(config) => {
                text(line, "begin", &humantime::format_rfc3339_millis(SystemTime::now()).to_string());
                text(line, "ip", &moment.address.ip().to_string());
                number(line, "port", moment.address.port().into());
                text(line, "protocol", moment.protocol.as_str());
                self::config(line, config);
            }
            Moment::Connect { conn, tunnel, ahead } => {
                action(line, "connect", Some(*conn));
                boolean(line, "tunnel", *tunnel);
                boolean(line, "ahead", *ahead);
            }
            Moment::Send { conn, bytes } => {
                action(line, "send", Some(*conn));
                self::bytes(line, bytes);
            }
            Moment::StartTls { conn, offer } => {
                action(line, "start-tls", Some(*conn));
                if let Some(sni) = &offer.sni {
                    text(line, "sni", sni);
                }
                list(line, "alpn", &offer.alpn.iter().map(|name| String::from_utf8_lossy(name)).collect::<Vec<_>>());
            }
            Moment::Handshake { id, plugin, event } => {
                action(line, "handshake", None);
                number(line, "handshake", id.number().into());
                number(line, "plugin", plugin.0.into());
                serialized(line, "event", event)?;
            }
            Moment::Forget(id) => {
                action(line, "forget", None);
                number(line, "handshake", id.number().into());
            }
            Moment::Stepped { at, id, stepped } => {
                text(line, "in", "stepped");
                number(line, "handshake", id.number().into());
                time(line, "at", *at);
                match stepped {
                    Ok(action) => serialized(line, "action", action)?,
                    Err(fault) => text(line, "fault", &fault.what),
                }
            }
            Moment::Close { conn } => action(line, "close", Some(*conn)),
            Moment::Wait { conn, until } => {
                action(line, "wait", Some(*conn));
                time(line, "until", *until);
            }
            Moment::Input { at, conn, word, bytes, tls_info: info } => {
                text(line, "in", word);
                number(line, "conn", conn.number().into());
                time(line, "at", *at);
                if !bytes.is_empty() {
                    self::bytes(line, bytes);
                }
                if let Some(info) = info {
                    tls_info(line, info);
                }
            }
            Moment::Abandon(outcome) => {
                text(line, "in", "abandon");
                text(line, "outcome", outcome.as_str());
            }
            Moment::Done(report) => {
                action(line, "done", None);
                self::report(line, report);
            }
        }
        line.extend_from_slice(b"}\n");
        file.write(line)
    }
}

fn serialized(line: &mut Vec<u8>, name: &str, value: &impl Serialize) -> Result<(), Failure> {
    json::key(line, name);
    serde_json::to_writer(line, value).map_err(|error| Failure::fault(error.to_string()))
}

/// The port as it was given.
fn id(moment: &PortMoment) -> String {
    let PortMoment { host, address, protocol, .. } = moment;
    match address {
        SocketAddr::V6(address) if host.contains(':') => format!("[{host}]:{}/{protocol}", address.port()),
        _ => format!("{host}:{}/{protocol}", address.port()),
    }
}

fn action(line: &mut Vec<u8>, word: &str, conn: Option<ConnId>) {
    text(line, "do", word);
    if let Some(conn) = conn {
        number(line, "conn", conn.number().into());
    }
}

fn time(line: &mut Vec<u8>, name: &str, time: Duration) {
    number(line, name, time.as_nanos().try_into().unwrap_or(u64::MAX));
}

/// Byte by byte, so that text reads as text and nothing is lost.
fn bytes(line: &mut Vec<u8>, bytes: &[u8]) {
    text(line, "bytes", &bytes.iter().map(|byte| char::from(*byte)).collect::<String>());
}

fn config(line: &mut Vec<u8>, config: &SessionConfig) {
    let SessionConfig {
        intensity,
        all_ports,
        adaptive,
        connections,
        tls,
        dtls,
        connect_timeout,
        probe_timeout,
        settle,
        max_response,
        retries,
        handshakes,
        // Nothing depends on it.
        notes: _,
    } = *config;
    json::key(line, "config");
    line.extend_from_slice(b"{\"intensity\":");
    json::number(line, intensity.into());
    boolean(line, "all_ports", all_ports);
    boolean(line, "adaptive", adaptive);
    number(line, "connections", connections as u64);
    boolean(line, "tls", tls);
    boolean(line, "dtls", dtls);
    time(line, "connect_timeout", connect_timeout);
    for (name, limit) in [("probe_timeout", probe_timeout), ("settle", settle)] {
        if let Some(limit) = limit {
            time(line, name, limit);
        }
    }
    number(line, "max_response", max_response as u64);
    number(line, "retries", retries.into());
    number(line, "handshakes", handshakes as u64);
    line.push(b'}');
}

/// The first line of a file, and of what a scan that goes on adds to it.
fn head(out: &mut Vec<u8>, database: &Database<'_>) {
    out.extend_from_slice(b"{\"portprint\":");
    json::string(out, env!("CARGO_PKG_VERSION"));
    json::key(out, "sources");
    out.push(b'[');
    for (index, source) in database.sources().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"name\":");
        json::bytes(out, source.name());
        text(out, "sha256", &escape::hexadecimal(&source.sha256()));
        out.push(b'}');
    }
    out.extend_from_slice(b"]}\n");
}

fn report(line: &mut Vec<u8>, report: &Report) {
    text(line, "state", report.state.as_str());
    text(line, "outcome", report.outcome.as_str());
    boolean(line, "tls", report.tls);
    if let Some(answer) = &report.answer {
        text(line, "service", &answer.service);
        boolean(line, "soft", answer.soft);
        for (field, name) in FIELDS {
            if let Some(value) = answer.get(field) {
                text(line, name, value);
            }
        }
        let cpe: Vec<_> = answer.cpe().collect();
        if !cpe.is_empty() {
            list(line, "cpe", &cpe);
        }
    }
    number(line, "probes_sent", report.probes_sent.into());
}
