//! What a plugin answered to an event: checked, and copied at once.

use std::time::Duration;

use portprint_core::handshake::{Action, Findings, Limits, Value, Wait};
use portprint_plugin_abi as abi;

use crate::raw::{Given, as_text};

/// The most bytes of a name that TLS is asked for.
const NAME: u64 = 255;
/// The most application protocols that TLS offers, and the most bytes of one, by the TLS standard.
const PROTOCOLS: u64 = 32;
const PROTOCOL: u64 = 255;
/// The most CPEs, and the most details.
const CPES: u64 = 64;
const DETAILS: u64 = 1024;
/// The most bytes of the key of a detail.
const KEY: u64 = 64;

/// What an action may be at this point of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room<'a> {
    pub(crate) limits: &'a Limits,
    /// How many bytes were sent.
    pub(crate) sent: usize,
    /// The services that the plugin named.
    pub(crate) services: &'a [String],
    /// The last event was that TLS is ready.
    pub(crate) is_tls_ready: bool,
}

/// Checks what a step gave, and copies it.
pub(crate) fn read(status: i32, given: Given<'_, abi::Action>, room: &Room<'_>) -> Result<Action, String> {
    match status {
        abi::STATUS_OK => {}
        abi::STATUS_FAILED => return Err("step: PORTPRINT_STATUS_FAILED, it cannot go on".to_owned()),
        abi::STATUS_PANIC => return Err("step: PORTPRINT_STATUS_PANIC, its code panicked".to_owned()),
        status => return Err(format!("step: it gave {status}, which is no PORTPRINT_STATUS_…")),
    }
    let action = given.get();
    if action.reserved != 0 {
        return Err(format!("action: reserved is {}; it must be 0", action.reserved));
    }
    match action.kind {
        abi::ACTION_SEND => {
            let left = room.limits.sent.saturating_sub(room.sent) as u64;
            if action.data.len > left {
                return Err(format!(
                    "action: it sends {} bytes after {}; at most {} in all are allowed",
                    action.data.len, room.sent, room.limits.sent
                ));
            }
            let bytes = given.part(|it| &it.data).bytes("action: data", left)?.to_vec();
            Ok(Action::Send(bytes, (action.wait_ms != 0).then(|| wait(action))))
        }
        abi::ACTION_WAIT => Ok(Action::Wait(wait(action))),
        abi::ACTION_START_TLS => {
            let sni = given.part(|it| &it.sni).text("action: sni", NAME)?;
            let mut alpn = Vec::new();
            for protocol in given.list("action: alpn", |it| (it.alpn, it.alpn_len), PROTOCOLS)? {
                alpn.push(protocol.bytes("action: alpn", PROTOCOL)?.to_vec());
            }
            if alpn.iter().any(Vec::is_empty) {
                return Err("action: alpn has an empty entry".to_owned());
            }
            Ok(Action::StartTls { sni: (!sni.is_empty()).then(|| sni.to_owned()), alpn })
        }
        abi::ACTION_RECONNECT => Ok(Action::Reconnect),
        abi::ACTION_DONE => {
            let result = given.sized("action: result", |it| it.result)?.ok_or("action: result is a null pointer")?;
            findings(result, room)
                .map(|findings| Action::Done(Box::new(findings)))
                .map_err(|what| format!("result: {what}"))
        }
        abi::ACTION_GIVE_UP => Ok(Action::GiveUp),
        kind => Err(format!("action: kind is {kind}, which is not known")),
    }
}

fn wait(action: &abi::Action) -> Wait {
    let time = (action.wait_ms != abi::WAIT_DEFAULT).then(|| Duration::from_millis(action.wait_ms.into()));
    Wait { time, min: usize::try_from(action.min_bytes).unwrap_or(usize::MAX).max(1) }
}

/// How many bytes what was found may still have.
struct Left {
    most: u64,
    left: u64,
}

impl Left {
    fn bytes<'a>(&mut self, field: &str, given: Given<'a, abi::Bytes>) -> Result<&'a [u8], String> {
        let len = given.get().len;
        if len > self.left {
            return Err(format!("{field} has {len} bytes; at most {} in all are allowed", self.most));
        }
        self.left -= len;
        given.bytes(field, len)
    }

    fn text(&mut self, field: &str, given: Given<'_, abi::Bytes>) -> Result<String, String> {
        as_text(field, self.bytes(field, given)?).map(str::to_owned)
    }
}

fn findings(given: Given<'_, abi::Result>, room: &Room<'_>) -> Result<Findings, String> {
    let flags = given.get().flags;
    let known = abi::RESULT_PARTIAL | abi::RESULT_INSIDE;
    if flags & !known != 0 {
        return Err(format!("flags is {flags:#x}; only {known:#x} are known"));
    }
    let goes_inside = flags & abi::RESULT_INSIDE != 0;
    if goes_inside && !room.is_tls_ready {
        return Err("PORTPRINT_RESULT_INSIDE, but the last event was not PORTPRINT_EVENT_TLS_READY".to_owned());
    }
    let most = room.limits.findings as u64;
    let mut left = Left { most, left: most };
    let service = left.text("service", given.part(|it| &it.service))?;
    if !room.services.contains(&service) {
        return Err(format!("service is {service:?}, which the description does not name"));
    }
    let mut optional = |field, part: fn(&abi::Result) -> &abi::Bytes| {
        left.text(field, given.part(part)).map(|text| (!text.is_empty()).then_some(text))
    };
    let mut findings = Findings {
        service,
        product: optional("product", |it| &it.product)?,
        version: optional("version", |it| &it.version)?,
        info: optional("info", |it| &it.info)?,
        hostname: optional("hostname", |it| &it.hostname)?,
        os: optional("os", |it| &it.os)?,
        device: optional("device", |it| &it.device)?,
        cpe: Vec::new(),
        details: Vec::new(),
        is_partial: flags & abi::RESULT_PARTIAL != 0,
        goes_inside,
    };
    for cpe in given.list("cpe", |it| (it.cpe, it.cpe_len), CPES)? {
        let cpe = left.text("cpe", cpe)?;
        if !cpe.starts_with("cpe:/") {
            return Err(format!("cpe is {cpe:?}; it begins with \"cpe:/\""));
        }
        findings.cpe.push(cpe);
    }
    for detail in given.list("details", |it| (it.details, it.details_len), DETAILS)? {
        findings.details.push(self::detail(detail, &mut left)?);
    }
    Ok(findings)
}

fn detail(given: Given<'_, abi::Detail>, left: &mut Left) -> Result<(String, Value), String> {
    let detail = given.get();
    if detail.key.len > KEY {
        return Err(format!("the key of a detail has {} bytes; at most {KEY} are allowed", detail.key.len));
    }
    let key = left.text("the key of a detail", given.part(|it| &it.key))?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if key.is_empty() || !key.bytes().all(is_plain) {
        return Err(format!("the key of a detail is {key:?}; lower case letters, digits and underscores are expected"));
    }
    if detail.reserved != 0 {
        return Err(format!("detail {key}: reserved is {}; it must be 0", detail.reserved));
    }
    let field = || format!("detail {key}");
    let value = match (detail.kind, detail.integer) {
        (abi::DETAIL_STRING, _) => Value::Text(left.text(&field(), given.part(|it| &it.bytes))?),
        (abi::DETAIL_INTEGER, number) => Value::Integer(number),
        (abi::DETAIL_BOOL, bit @ (0 | 1)) => Value::Bool(bit == 1),
        (abi::DETAIL_BOOL, number) => return Err(format!("detail {key}: a bool is {number}; 0 or 1 is expected")),
        (abi::DETAIL_BYTES, _) => Value::Bytes(left.bytes(&field(), given.part(|it| &it.bytes))?.to_vec()),
        (kind, _) => return Err(format!("detail {key}: kind is {kind}, which is not known")),
    };
    Ok((key, value))
}
