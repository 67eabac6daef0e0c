//! What is told of one port, the same in every format.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use portprint_core::handshake::Value;
use portprint_core::session::{Answer, Outcome, PortState, TlsInfo};
use portprint_scan::PortReport;
use portprint_tables::{Database, Field, Protocol};

/// The fields of an answer that are one text each, by their names in records.
pub(super) const FIELDS: [(Field, &str); 6] = [
    (Field::Product, "product"),
    (Field::Version, "version"),
    (Field::Info, "info"),
    (Field::Hostname, "hostname"),
    (Field::Os, "os"),
    (Field::Device, "device"),
];

/// One port. No text in it is fit to be shown as it is: each format escapes what it writes.
#[derive(Clone, Debug)]
pub(super) struct Record<'r> {
    /// As it was given.
    pub(super) host: &'r str,
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    pub(super) tls: bool,
    pub(super) timestamp: SystemTime,
    pub(super) state: PortState,
    pub(super) service: Option<&'r str>,
    /// The values of [`FIELDS`].
    pub(super) fields: [Option<&'r str>; FIELDS.len()],
    pub(super) cpe: Vec<&'r str>,
    pub(super) outcome: Outcome,
    pub(super) rule: Option<Rule<'r>>,
    /// The plugin that named the service, or else the first that had something to add.
    pub(super) plugin: Option<&'r str>,
    /// What plugins told that has no field, by their keys.
    pub(super) details: Vec<(&'r str, Vec<&'r Value>)>,
    pub(super) tls_info: Option<&'r TlsInfo>,
    pub(super) banner: &'r [u8],
    /// With the line breaks that nmap puts into it.
    pub(super) fingerprint: Option<&'r str>,
    pub(super) probes_sent: u32,
    pub(super) elapsed: Duration,
}

/// The line that answered.
#[derive(Clone, Debug)]
pub(super) struct Rule<'r> {
    pub(super) soft: bool,
    /// The probe that owns the line.
    pub(super) probe: Cow<'r, str>,
    pub(super) source: Cow<'r, str>,
    /// In that source.
    pub(super) line: u32,
}

impl<'r> Record<'r> {
    pub(super) fn new(database: &Database<'r>, port: &'r PortReport) -> Self {
        let report = &port.report;
        // A line names the service if it is sure; else one that is, of what is behind STARTTLS; else a plugin.
        let behind = report.found.iter().find_map(|found| found.answer.as_ref().filter(|answer| !answer.soft));
        let named = report.found.iter().find(|found| found.names_service());
        let answer = report.answer.as_ref().filter(|answer| !answer.soft).or(behind);
        let answer = answer.or(report.answer.as_ref().filter(|_| named.is_none()));
        let named = named.filter(|_| answer.is_none());
        let service = answer.map(|answer| answer.service.as_str()).filter(|service| !service.is_empty());
        let service = service.or(named.map(|named| named.findings.service.as_str()));
        let is_same = |other: &str| service.is_some_and(|service| service.eq_ignore_ascii_case(other));
        // What is said of another service, TLS for one, is not said of this one.
        let added: Vec<_> = report.found.iter().map(|it| &it.findings).filter(|it| is_same(&it.service)).collect();
        let behind = behind.filter(|behind| is_same(&behind.service));
        let soft = report.answer.as_ref().filter(|soft| is_same(&soft.service));
        let mut cpe: Vec<&str> = answer.into_iter().flat_map(Answer::cpe).collect();
        let others = added.iter().flat_map(|it| it.cpe.iter().map(String::as_str));
        for other in
            behind.into_iter().flat_map(Answer::cpe).chain(others).chain(soft.into_iter().flat_map(Answer::cpe))
        {
            if !cpe.iter().any(|known| part(known) == part(other)) {
                cpe.push(other);
            }
        }
        let mut details: Vec<(&str, Vec<&Value>)> = Vec::new();
        for (key, value) in report.found.iter().flat_map(|it| &it.findings.details) {
            match details.iter_mut().find(|(known, _)| known == key) {
                Some((_, values)) => values.push(value),
                None => details.push((key, vec![value])),
            }
        }
        Self {
            host: &port.host,
            ip: port.address.ip(),
            port: port.address.port(),
            protocol: port.protocol,
            tls: report.tls,
            timestamp: port.timestamp,
            state: report.state,
            service,
            fields: FIELDS.map(|(field, _)| {
                let added = || added.iter().find_map(|findings| findings.get(field));
                let of = |answer: Option<&'r Answer>| answer.and_then(|answer| answer.get(field));
                of(answer).or(of(behind)).or_else(added).or(of(soft))
            }),
            cpe,
            plugin: named.or(report.found.first()).map(|found| found.plugin.as_str()),
            details,
            outcome: report.outcome,
            rule: answer.map(|answer| Rule {
                soft: answer.soft,
                probe: text(database.probe(answer.probe).name()),
                source: text(answer.source_name(database)),
                line: answer.line_number(database),
            }),
            tls_info: report.tls_info.as_deref(),
            banner: &report.banner,
            fingerprint: port.fingerprint.as_deref(),
            probes_sent: report.probes_sent,
            elapsed: port.elapsed,
        }
    }

    /// The value of a field.
    pub(super) fn get(&self, wanted: Field) -> Option<&'r str> {
        FIELDS.iter().zip(self.fields).find(|((field, _), _)| *field == wanted).and_then(|(_, value)| value)
    }

    /// How the answer was found.
    pub(super) fn method(&self) -> &'static str {
        match (&self.rule, self.service) {
            (Some(_), _) => "probed",
            (None, Some(_)) => "plugin",
            (None, None) => "none",
        }
    }

    /// What has no field, as a text for each key.
    pub(super) fn details(&self) -> impl Iterator<Item = (&'r str, String)> {
        self.details.iter().map(|(key, values)| {
            let texts: Vec<_> = values.iter().map(|value| shown(value)).collect();
            (*key, texts.join(", "))
        })
    }

    /// Whether the answer rests on a `softmatch` line.
    pub(super) fn is_soft(&self) -> bool {
        self.rule.as_ref().is_some_and(|rule| rule.soft)
    }

    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn time(&self) -> String {
        humantime::format_rfc3339_millis(self.timestamp).to_string()
    }

    /// The fingerprint on one line.
    pub(super) fn fingerprint_line(&self) -> Option<String> {
        self.fingerprint.map(|text| text.replace("\r\n", "\n").replace("\nSF:", ""))
    }
}

fn shown(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        Value::Integer(number) => Cow::Owned(number.to_string()),
        Value::Bool(yes) => Cow::Borrowed(if *yes { "yes" } else { "no" }),
        Value::Bytes(bytes) => Cow::Owned(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

/// The part of a CPE URI: application, hardware or system.
fn part(cpe: &str) -> Option<&str> {
    cpe.get(..6)
}

/// A value of what was negotiated.
#[derive(Clone, Copy, Debug)]
pub(super) enum TlsValue<'r> {
    Text(&'r str),
    List(&'r [String]),
}

impl TlsValue<'_> {
    /// As one text.
    pub(super) fn joined(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::List(list) => Cow::Owned(list.join(" ")),
        }
    }
}

/// The names of [`tls_values`].
pub(super) const TLS_NAMES: [&str; 8] =
    ["version", "cipher", "alpn", "subject", "issuer", "names", "not_after", "sha256"];

/// What was negotiated, in the order of [`TLS_NAMES`].
pub(super) fn tls_values(info: &TlsInfo) -> [Option<TlsValue<'_>>; TLS_NAMES.len()] {
    fn text(value: Option<&str>) -> Option<TlsValue<'_>> {
        value.filter(|value| !value.is_empty()).map(TlsValue::Text)
    }
    [
        text(Some(&info.version)),
        text(Some(&info.cipher)),
        text(info.alpn.as_deref()),
        text(info.subject.as_deref()),
        text(info.issuer.as_deref()),
        Some(TlsValue::List(&info.names)).filter(|_| !info.names.is_empty()),
        text(info.not_after.as_deref()),
        text(info.sha256.as_deref()),
    ]
}

/// A name as text: what is not UTF-8 is taken byte by byte as U+0000 to U+00FF.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}
