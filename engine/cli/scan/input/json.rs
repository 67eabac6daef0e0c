//! Records in JSON: masscan's `-oD` and `-oJ`, naabu's, our own, zmap's.

use std::collections::VecDeque;
use std::net::IpAddr;

use portprint_scan::{Host, Hosts, Target};
use serde_json::Value;

use super::line::{OpenPorts, domain_name, one};

/// Reads a record, and appends its open ports.
pub(super) fn record(text: &str, out: &mut VecDeque<Target>) -> Result<(), String> {
    let record: Value = serde_json::from_str(text).map_err(|error| format!("the record is not JSON: {error}"))?;
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let mut ports = OpenPorts::default();
    if let Some(list) = record.get("ports").and_then(Value::as_array) {
        // masscan -oJ; a record with a banner instead of a status is of an open port.
        for port in list {
            if is_open(port.get("status")) {
                ports.add(protocol(port, "proto")?, &number(port.get("port"))?)?;
            }
        }
    } else if text("rec_type").is_some() {
        // masscan -oD
        if is_open(record.get("data").and_then(|data| data.get("status"))) {
            ports.add(protocol(&record, "proto")?, &number(record.get("port"))?)?;
        }
    } else if record.get("saddr").is_some() {
        // zmap
        let failed = record.get("success").is_some_and(|success| *success == 0 || *success == false);
        if !failed {
            ports.add("tcp", &number(record.get("sport"))?)?;
        }
    } else if is_open(record.get("state")) {
        // naabu, and our own
        ports.add(protocol(&record, "protocol")?, &number(record.get("port"))?)?;
    }
    let address = text("ip").or(text("saddr")).filter(|address| !address.is_empty());
    let name = text("host").filter(|name| !name.is_empty());
    let hosts = match (name, address) {
        (Some(name), Some(address)) => {
            let address: IpAddr = address
                .parse()
                .map_err(|_| format!("'{}' is not an address; expected one in ip", address.escape_debug()))?;
            Hosts::One(Host::with_name(domain_name(name)?, address))
        }
        (Some(host), None) | (None, Some(host)) => one(host)?,
        (None, None) => {
            return Err(String::from(
                "the record names no host; expected ip or host, as masscan, naabu and zmap write it",
            ));
        }
    };
    out.extend(ports.target(hosts));
    Ok(())
}

/// Whether a port is open. Who says nothing writes open ones only.
fn is_open(status: Option<&Value>) -> bool {
    status.is_none_or(|status| status == "open")
}

/// The transport under a name, TCP if there is none.
fn protocol<'v>(value: &'v Value, name: &str) -> Result<&'v str, String> {
    match value.get(name) {
        None => Ok("tcp"),
        Some(Value::String(protocol)) => Ok(protocol),
        Some(_) => Err(format!("{name} is not a text; expected \"tcp\" or \"udp\"")),
    }
}

/// The digits of a port: a number, a text, or what older versions of naabu write.
fn number(port: Option<&Value>) -> Result<String, String> {
    match port {
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::String(number)) => Ok(number.clone()),
        Some(Value::Object(port)) if port.contains_key("Port") => number(port.get("Port")),
        _ => Err(String::from("the record has no port; expected a number in port")),
    }
}
