//! What a plugin found, for people.

use std::fmt::Write as _;

use portprint_core::handshake::Value;
use portprint_core::session::Found;

use crate::escape;

/// One line for each thing that was found.
pub(super) fn show(out: &mut String, found: &Found) {
    let findings = &found.findings;
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:20} {}", escape::line(value));
    };
    line("service", &findings.service);
    for (name, value) in [
        ("product", &findings.product),
        ("version", &findings.version),
        ("info", &findings.info),
        ("hostname", &findings.hostname),
        ("os", &findings.os),
        ("device", &findings.device),
    ] {
        if let Some(value) = value {
            line(name, value);
        }
    }
    for cpe in &findings.cpe {
        line("cpe", cpe);
    }
    for (key, value) in &findings.details {
        match value {
            Value::Text(text) => line(key, text),
            Value::Integer(number) => line(key, &number.to_string()),
            Value::Bool(yes) => line(key, if *yes { "yes" } else { "no" }),
            Value::Bytes(bytes) => line(key, &escape::payload(bytes)),
        }
    }
    if findings.goes_inside {
        line("inside", "TLS was put over the connection; in a scan the rules ask there");
    }
    if findings.is_partial {
        line("partial", "the conversation ended before everything was asked");
    }
}
