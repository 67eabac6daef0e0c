//! The conversation.

use std::net::IpAddr;

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Answer, Call};

/// What of the software has a CPE.
const KNOWN: [(&str, &str); 4] = [
    ("asterisk pbx", "cpe:/a:digium:asterisk"),
    ("freeswitch-mod_sofia", "cpe:/a:freeswitch:freeswitch"),
    ("kamailio", "cpe:/a:kamailio:kamailio"),
    ("opensips", "cpe:/a:opensips:opensips"),
];

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if !(talk.seen().is_empty() && talk.request().is_empty()) {
        talk.reconnect().await?;
    }
    let id = u64::from_be_bytes(talk.random());
    let call = Call { id: format!("{id:016x}"), number: 1 };
    let transport = match (talk.is_udp(), talk.is_inside_tls()) {
        (true, _) => "UDP",
        (_, true) => "TLS",
        _ => "TCP",
    };
    let host = host(talk);
    talk.send(&wire::options(&call, transport, &host));
    let answer = answer(talk, &call).await?;
    tell(talk, &answer);
    Ok(())
}

/// Whom to ask for: a name if there is one. With the port, so that no proxy takes it for another server.
fn host(talk: &Talk) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let host = match talk.host() {
        name if !name.is_empty() && name.len() < 254 && name.chars().all(is_name) => name.into(),
        _ => match talk.address() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        },
    };
    format!("{host}:{}", talk.port())
}

/// The final answer, or the last one that says there will be one.
async fn answer(talk: &mut Talk, call: &Call) -> Result<Answer, End> {
    const ANSWERS: usize = 4;
    const LONGEST: usize = 16 * 1024;
    let mut last = None;
    for _ in 0..ANSWERS {
        let read = if talk.is_udp() {
            talk.datagram().await
        } else {
            begins(talk).await?;
            talk.read_until(b"\r\n\r\n", LONGEST).await
        };
        let bytes = match (read, last.take()) {
            (Ok(bytes), _) => bytes,
            (Err(_), Some(before)) => return Ok(before),
            (Err(end), None) => return Err(end),
        };
        let answer = Answer::read(&bytes, call)?;
        talk.found.service = "sip".into();
        if answer.status >= 200 {
            return Ok(answer);
        }
        last = Some(answer);
    }
    last.ok_or(End::Mismatch)
}

/// Goes no further with peers that do not speak SIP at all.
async fn begins(talk: &mut Talk) -> Result<(), End> {
    const START: &[u8] = b"SIP/2.0 ";
    if !talk.found.service.is_empty() || talk.peek(START.len()).await? == START { Ok(()) } else { Err(End::Mismatch) }
}

fn tell(talk: &mut Talk, answer: &Answer) {
    let found = &mut talk.found;
    found.detail("status", format!("{} {}", answer.status, answer.reason).trim_end());
    for method in answer.list("allow") {
        found.detail("capability", method);
    }
    let challenge = match answer.status {
        401 => answer.header("www-authenticate"),
        407 => answer.header("proxy-authenticate"),
        _ => None,
    };
    if matches!(answer.status, 200..300 | 401 | 407) {
        found.detail("auth_required", answer.status > 400);
    }
    if let Some((scheme, realm)) = challenge.and_then(wire::challenge) {
        found.detail("auth_method", scheme);
        found.detail("realm", realm);
    }
    let Some(said) = answer.header("server").or_else(|| answer.header("user-agent")) else { return };
    let (product, version, rest) = wire::software(said);
    found.product = product.into();
    found.version = version.into();
    found.info = rest.into();
    found.detail("software", said);
    if let Some((_, cpe)) = KNOWN.iter().find(|(name, _)| product.eq_ignore_ascii_case(name)) {
        let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
        let number = version.get(..end).unwrap_or_default().trim_end_matches('.');
        found.cpe = vec![format!("{cpe}:{number}").trim_end_matches(':').into()];
    }
}
