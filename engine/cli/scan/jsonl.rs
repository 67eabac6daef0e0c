//! Results as JSON Lines, one record a port. Names and order of the fields are part of the contract; `docs/record.schema.json`
//! documents them.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portprint_core::handshake::Value;
use portprint_core::session::TlsInfo;

use crate::json;

use super::outputs::Writer;
use super::record::{FIELDS, Record, TLS_NAMES, TlsValue, tls_values};

/// The lines, each of which is written when its port is finished.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
}

impl Writer for Lines {
    fn port(&mut self, out: &mut dyn Write, record: &Record<'_>) -> io::Result<()> {
        self.line.clear();
        write(&mut self.line, record);
        out.write_all(&self.line)?;
        // Whoever reads along wants each record when it is known.
        out.flush()
    }
}

/// Appends the record of a port.
fn write(out: &mut Vec<u8>, record: &Record<'_>) {
    out.extend_from_slice(b"{\"host\":");
    json::string(out, record.host);
    text(out, "ip", &record.ip.to_string());
    number(out, "port", record.port.into());
    text(out, "protocol", record.protocol.as_str());
    boolean(out, "tls", record.tls);
    text(out, "timestamp", &record.time());
    text(out, "state", record.state.as_str());
    if let Some(service) = record.service {
        text(out, "service", service);
    }
    for ((_, name), value) in FIELDS.iter().zip(record.fields) {
        if let Some(value) = value {
            text(out, name, value);
        }
    }
    if !record.cpe.is_empty() {
        list(out, "cpe", &record.cpe);
    }
    text(out, "method", record.method());
    if let Some(rule) = &record.rule {
        boolean(out, "soft", rule.soft);
    }
    text(out, "outcome", record.outcome.as_str());
    if let Some(rule) = &record.rule {
        text(out, "probe", &rule.probe);
        text(out, "source", &rule.source);
        number(out, "line", rule.line.into());
    }
    if let Some(plugin) = record.plugin {
        text(out, "plugin", plugin);
    }
    if !record.details.is_empty() {
        details(out, &record.details);
    }
    if let Some(info) = record.tls_info {
        tls_info(out, info);
    }
    if !record.banner.is_empty() {
        text(out, "banner", &STANDARD.encode(record.banner));
    }
    if let Some(fingerprint) = record.fingerprint {
        text(out, "fingerprint", fingerprint);
    }
    number(out, "probes_sent", record.probes_sent.into());
    number(out, "ms", record.millis());
    out.extend_from_slice(b"}\n");
}

/// An object: a value by its type, several of the same key as an array, bytes in base64.
pub(super) fn details(out: &mut Vec<u8>, details: &[(&str, Vec<&Value>)]) {
    json::key(out, "details");
    for (index, (key, values)) in details.iter().enumerate() {
        out.push(if index == 0 { b'{' } else { b',' });
        json::string(out, key);
        out.push(b':');
        match values.as_slice() {
            [value] => detail(out, value),
            values => {
                for (index, value) in values.iter().enumerate() {
                    out.push(if index == 0 { b'[' } else { b',' });
                    detail(out, value);
                }
                out.push(b']');
            }
        }
    }
    out.push(b'}');
}

fn detail(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(value) => json::string(out, value),
        Value::Integer(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Value::Bytes(value) => json::string(out, &STANDARD.encode(value)),
    }
}

pub(super) fn tls_info(out: &mut Vec<u8>, info: &TlsInfo) {
    json::key(out, "tls_info");
    let begin = out.len();
    for (name, value) in TLS_NAMES.into_iter().zip(tls_values(info)) {
        match value {
            Some(TlsValue::Text(value)) => text(out, name, value),
            Some(TlsValue::List(values)) => list(out, name, values),
            None => {}
        }
    }
    // The comma before the first field is the place of the brace.
    match out.get_mut(begin) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}

pub(super) fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    json::key(out, name);
    json::string(out, value);
}

pub(super) fn list(out: &mut Vec<u8>, name: &str, values: &[impl AsRef<str>]) {
    json::key(out, name);
    out.push(b'[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::string(out, value.as_ref());
    }
    out.push(b']');
}

pub(super) fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    json::key(out, name);
    json::number(out, value);
}

pub(super) fn boolean(out: &mut Vec<u8>, name: &str, value: bool) {
    json::key(out, name);
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_json_however_long_it_is() {
        for (values, expected) in [
            (&[][..], r#""alpn":[]"#),
            (&["h2"], r#""alpn":["h2"]"#),
            (&["h2", "http/1.1"], r#""alpn":["h2","http/1.1"]"#),
        ] {
            let mut line = b"{".to_vec();
            list(&mut line, "alpn", values);
            assert!(line.ends_with(expected.as_bytes()), "{}", String::from_utf8_lossy(&line));
        }
    }
}
