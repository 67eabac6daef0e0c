//! What tells that gRPC is spoken.

use portprint_plugin_sdk::{Reader, Talk};

use crate::handshake::Answer;

/// A method that changes nothing.
pub(crate) const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";

/// A message that is not compressed, and of no bytes: it asks for the server as a whole.
pub(crate) const EMPTY: [u8; 5] = [0; 5];

/// Proxies that say gRPC's errors by themselves to whoever asks in gRPC.
const PROXIES: [&str; 2] = ["envoy", "istio-envoy"];

/// Whether it is an answer of gRPC.
pub(crate) fn is_answer(answer: &Answer) -> bool {
    answer.header("grpc-status").is_some()
        || answer.header("content-type").is_some_and(|kind| {
            let kind = kind.to_ascii_lowercase();
            // "application/grpc-web" is what browsers speak to a proxy.
            kind.strip_prefix("application/grpc").is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';']))
        })
}

/// What these answers say.
pub(crate) fn tell(talk: &mut Talk, answers: [&Answer; 2]) {
    if !answers.iter().any(|answer| is_answer(answer)) {
        return;
    }
    let is_proxy =
        answers.iter().any(|it| it.header("server").is_some_and(|server| PROXIES.contains(&server.as_str())));
    if !is_proxy {
        talk.found.service = "grpc".into();
    }
    let [_, checked] = answers;
    if let Some(status) = checked.header("grpc-status").and_then(|status| status.parse::<u16>().ok()) {
        talk.found.detail("grpc_status", status);
    }
    if let Some(message) = checked.header("grpc-message").filter(|message| !message.is_empty()) {
        talk.found.detail("grpc_message", message);
    }
    if let Some(health) = health(checked.body()) {
        talk.found.detail("health", health);
    }
}

/// The state in a `HealthCheckResponse`.
fn health(body: &[u8]) -> Option<&'static str> {
    const FIELD_1: u8 = 1 << 3;
    let mut reader = Reader::new(body);
    let is_compressed = reader.u8().ok()? != 0;
    let length = reader.u32().ok()?;
    let mut message = reader.part(usize::try_from(length).ok()?).ok()?;
    if is_compressed {
        return None;
    }
    if message.is_empty() {
        return Some("unknown");
    }
    if message.u8().ok()? != FIELD_1 {
        return None;
    }
    Some(match message.u8().ok()? {
        0 => "unknown",
        1 => "serving",
        2 => "not_serving",
        3 => "service_unknown",
        _ => return None,
    })
}
