//! Results as JSON Lines, one record a port. Names and order of the fields are part of the contract.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portprint_core::session::Answer;
use portprint_scan::PortReport;
use portprint_tables::{Database, Field};

use crate::json;

const FIELDS: [(Field, &str); 6] = [
    (Field::Product, "product"),
    (Field::Version, "version"),
    (Field::Info, "info"),
    (Field::Hostname, "hostname"),
    (Field::Os, "os"),
    (Field::Device, "device"),
];

/// Appends the record of a port.
pub(super) fn write(out: &mut Vec<u8>, database: &Database<'_>, port: &PortReport) {
    let report = &port.report;
    let answer = report.answer.as_ref();
    out.extend_from_slice(b"{\"host\":");
    json::string(out, &port.host);
    text(out, "ip", &port.address.ip().to_string());
    number(out, "port", port.address.port().into());
    text(out, "protocol", port.protocol.as_str());
    boolean(out, "tls", report.tls);
    text(out, "timestamp", &humantime::format_rfc3339_millis(port.timestamp).to_string());
    text(out, "state", report.state.as_str());
    if let Some(answer) = answer {
        write_fields(out, answer);
    }
    text(out, "method", if answer.is_some() { "probed" } else { "none" });
    if let Some(answer) = answer {
        boolean(out, "soft", answer.soft);
    }
    text(out, "outcome", report.outcome.as_str());
    if let Some(answer) = answer {
        json::key(out, "probe");
        json::bytes(out, database.probe(answer.probe).name());
        json::key(out, "source");
        json::bytes(out, answer.source_name(database));
        number(out, "line", answer.line_number(database).into());
    }
    if !report.banner.is_empty() {
        text(out, "banner", &STANDARD.encode(&report.banner));
    }
    number(out, "probes_sent", report.probes_sent.into());
    number(out, "ms", u64::try_from(port.elapsed.as_millis()).unwrap_or(u64::MAX));
    out.extend_from_slice(b"}\n");
}

fn write_fields(out: &mut Vec<u8>, answer: &Answer) {
    if !answer.service.is_empty() {
        text(out, "service", &answer.service);
    }
    for (field, name) in FIELDS {
        if let Some(value) = answer.get(field) {
            text(out, name, value);
        }
    }
    for (index, cpe) in answer.cpe().enumerate() {
        if index == 0 {
            json::key(out, "cpe");
        }
        out.push(if index == 0 { b'[' } else { b',' });
        json::string(out, cpe);
    }
    if answer.cpe().next().is_some() {
        out.push(b']');
    }
}

fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    json::key(out, name);
    json::string(out, value);
}

fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    json::key(out, name);
    json::number(out, value);
}

fn boolean(out: &mut Vec<u8>, name: &str, value: bool) {
    json::key(out, name);
    out.extend_from_slice(if value { b"true" } else { b"false" });
}
