//! The conversation.

use std::net::IpAddr;

use portprint_plugin_sdk::{End, Talk};

use crate::software::{self, Software};
use crate::wire::{self, Features, Kind, Stream};

/// The most domains that are tried.
const MOST_TRIES: usize = 3;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let mut kind = Kind::Client;
    let mut domain = match (talk.host(), talk.address()) {
        ("", IpAddr::V4(address)) => address.to_string(),
        ("", IpAddr::V6(address)) => format!("[{address}]"),
        (host, _) => host.to_owned(),
    };
    let mut tried = vec![domain.clone()];
    let mut stream = begin(talk, kind, Some(&domain)).await?;
    found(talk, &stream);
    for _ in 0..MOST_TRIES {
        let Some(error) = &stream.error else { break };
        let other = match error.condition.as_str() {
            "invalid-namespace" if kind == Kind::Client && stream.kind == Some(Kind::Server) => {
                kind = Kind::Server;
                Some(domain.clone())
            }
            "invalid-namespace" => break,
            _ => another(talk, &stream, &tried),
        };
        let Some(other) = other else { break };
        end(talk).await?;
        domain.clone_from(&other);
        tried.push(other);
        stream = begin(talk, kind, Some(&domain)).await?;
        found(talk, &stream);
    }
    if stream.kind == Some(Kind::Server) {
        kind = Kind::Server;
    }
    let is_name = |name: &&String| name.parse::<IpAddr>().is_err();
    if let Some(domain) = stream.from.as_ref().filter(is_name).filter(|_| stream.features.is_some()) {
        talk.found.detail("domain", domain.as_str());
    }
    if let Some(version) = &stream.version {
        talk.found.detail("protocol_version", version.as_str());
    }
    if let Some(features) = stream.features {
        about(talk, features, kind, &domain).await;
    } else if let Some(error) = stream.error {
        talk.found.detail("error", error.condition);
    }
    if talk.found.product.is_empty() && stream.kind != Some(Kind::Component) {
        end(talk).await?;
        let stream = begin(talk, kind, None).await?;
        found(talk, &stream);
    }
    talk.send(wire::END);
    talk.read_to_end(1).await;
    Ok(())
}

/// A domain that has not been tried yet: the server's own, or one of its certificate.
fn another(talk: &Talk, stream: &Stream, tried: &[String]) -> Option<String> {
    let of_certificate = talk.tls().map(|tls| tls.names.as_slice()).unwrap_or_default();
    let mut all = stream.from.iter().chain(of_certificate);
    let found = all.find(|name| !tried.contains(name) && !name.starts_with('*') && name.len() < 256);
    found.cloned()
}

/// Tells what a stream says in whatever way it ends.
fn found(talk: &mut Talk, stream: &Stream) {
    let service = match stream.kind {
        Some(Kind::Client) => "xmpp-client",
        Some(Kind::Server) => "xmpp-server",
        Some(Kind::Component) | None => "jabber",
    };
    if talk.found.service.is_empty() || stream.kind.is_some() {
        talk.found.service = service.into();
    }
    if stream.kind == Some(Kind::Component) {
        talk.found.info = "for components".into();
    }
    let by_node = stream.features.as_ref().and_then(|features| software::by_node(features.software.as_deref()?));
    let by_complaint = || software::by_complaint(&stream.error.as_ref()?.text);
    product(talk, by_node.or_else(by_complaint));
}

fn product(talk: &mut Talk, software: Option<Software>) {
    if let Some((product, cpe)) = software.filter(|_| talk.found.product.is_empty()) {
        talk.found.product = product.into();
        talk.found.cpe = vec![cpe.into()];
    }
}

/// What the features say, and those that there are inside TLS.
async fn about(talk: &mut Talk, mut features: Features, kind: Kind, domain: &str) {
    if !talk.is_inside_tls() {
        let offers_tls = features.has("starttls");
        talk.found.detail("tls_offered", offers_tls);
        talk.found.detail("tls_required", features.requires_tls);
        if offers_tls
            && talk.can_start_tls()
            && let Ok(inside) = secure(talk, kind, domain).await
        {
            found(talk, &inside);
            if let Some(inside) = inside.features {
                features = inside;
            }
        }
    }
    for mechanism in &features.mechanisms {
        talk.found.detail("mechanism", mechanism.as_str());
    }
    for method in &features.compressions {
        talk.found.detail("compression", method.as_str());
    }
    for name in features.names.iter().filter(|name| !matches!(name.as_str(), "starttls" | "mechanisms" | "c")) {
        talk.found.detail("capability", name.as_str());
    }
}

/// Puts TLS over the connection, and begins the stream again.
async fn secure(talk: &mut Talk, kind: Kind, domain: &str) -> Result<Stream, End> {
    const MOST: usize = 1024;
    talk.send(wire::START_TLS);
    let answer = talk.read_until(b">", MOST).await?;
    if !answer.trim_ascii_start().starts_with(b"<proceed") {
        return Err(End::Mismatch);
    }
    talk.start_tls(&[]).await?;
    begin(talk, kind, Some(domain)).await
}

/// Ends the stream, and takes a new connection.
async fn end(talk: &mut Talk) -> Result<(), End> {
    talk.send(wire::END);
    talk.read_to_end(1).await;
    talk.reconnect().await
}

/// Begins a stream, and reads the beginning of the peer's.
async fn begin(talk: &mut Talk, kind: Kind, to: Option<&str>) -> Result<Stream, End> {
    let sent = wire::open(kind, to);
    talk.send(&sent);
    let mut came = Vec::new();
    loop {
        let more = talk.read_some().await;
        let is_over = more.is_err();
        let part = more.as_deref().unwrap_or_default();
        // Nothing is new before a tag ends.
        let is_new = came.is_empty() || is_over || part.contains(&b'>');
        came.extend(part);
        // An echo speaks no XMPP.
        if came.starts_with(&sent) || came.len() > wire::MOST_BYTES {
            return Err(End::Mismatch);
        }
        if !is_new {
            continue;
        }
        match Stream::read(&String::from_utf8_lossy(&came)) {
            Err(_) => return Err(End::Mismatch),
            Ok(Some(stream)) if stream.is_whole => return Ok(stream),
            // Before version 1.0 there are no features, and before a name there is no answer.
            Ok(Some(stream)) if is_over && (stream.has_id || stream.error.is_some() || stream.features.is_some()) => {
                return Ok(stream);
            }
            _ => {}
        }
        more?;
    }
}
