//! The conversation.

use std::time::Duration;

use portprint_plugin_sdk::{End, Reader, Talk};

use crate::crypto::{self, Keys, Side, VERSIONS, Version};
use crate::tls;
use crate::wire::{self, Arrived, Close, Id, Packet};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    // Some say nothing to what they do not know.
    let versions = match versions(talk).await {
        Err(End::TimedOut) => Vec::new(),
        versions => versions?,
    };
    found(talk, &versions);
    let version = if versions.is_empty() {
        VERSIONS.first()
    } else {
        VERSIONS.iter().find(|version| versions.contains(&version.number))
    };
    let Some(version) = version else { return Ok(()) };
    for (alpn, name) in [("h3", "HTTP/3"), ("doq", "DNS over QUIC"), ("hq-interop", "HTTP/0.9")] {
        match handshake(talk, version, alpn).await? {
            Reply::Hello(cipher) => {
                talk.found.detail("alpn", alpn);
                talk.found.detail("http3", alpn == "h3");
                talk.found.detail("cipher", tls::cipher_name(cipher));
                talk.found.info = name.into();
                return Ok(());
            }
            Reply::Closed(Close { code: tls::NO_APPLICATION_PROTOCOL, .. }) => {}
            Reply::Closed(Close { code, reason }) => {
                // There may be HTTP/3 for those who know the host's name, say.
                talk.found.detail("error", format!("0x{code:x} {reason}").trim_end());
                return Ok(());
            }
            Reply::Versions => return Ok(()),
        }
    }
    talk.found.detail("http3", false);
    Ok(())
}

/// Names the service, if there is a version at all and nothing was known before.
fn found(talk: &mut Talk, versions: &[u32]) {
    const MOST: usize = 32;
    if versions.is_empty() || !talk.found.service.is_empty() {
        return;
    }
    talk.found.service = "quic".into();
    for name in versions.iter().take(MOST).filter_map(|&version| wire::version_name(version)) {
        talk.found.detail("protocol_version", name);
    }
}

/// The versions that the server says it knows.
async fn versions(talk: &mut Talk) -> Result<Vec<u32>, End> {
    let (destination, source) = (talk.random(), talk.random());
    talk.send(&wire::unknown(destination, source));
    let datagram = talk.datagram().await?;
    let mut reader = Reader::new(&datagram);
    // Any version of ours will do: there is none in this packet.
    match wire::packet(&mut reader, &VERSIONS[0], &destination, source)? {
        Packet::Versions(versions) => Ok(versions),
        _ => Err(End::Mismatch),
    }
}

/// What a server says to a ClientHello.
enum Reply {
    /// It agrees, on this cipher suite.
    Hello(u16),
    Closed(Close),
    /// It does not know this version after all.
    Versions,
}

/// Begins a handshake that offers one application protocol, and closes it when the server has answered.
async fn handshake(talk: &mut Talk, version: &Version, alpn: &str) -> Result<Reply, End> {
    const DATAGRAMS: usize = 8;
    let source: Id = talk.random();
    let first: Id = talk.random();
    let hello = tls::client_hello(talk.random(), talk.random(), talk.host(), alpn, version.parameters, source);
    let hello = wire::crypto_frame(&hello);
    let mut destination = first.to_vec();
    let mut keys = Keys::new(version, &destination, Side::Server).ok_or(End::Mismatch)?;
    let mut arrived = Arrived::default();
    let mut is_retry = false;
    talk.send(&sealed(version, (&destination, &destination), source, &[], 0, &hello)?);
    for _ in 0..DATAGRAMS {
        let datagram = talk.datagram().await?;
        let mut reader = Reader::new(&datagram);
        let mut is_ours = false;
        while !reader.is_empty() {
            let packet = match wire::packet(&mut reader, version, &destination, source) {
                Ok(packet) => packet,
                // What follows may be of a later stage, or fill the datagram.
                Err(_) if is_ours || !talk.found.service.is_empty() => break,
                Err(short) => return Err(short.into()),
            };
            match packet {
                Packet::Versions(versions) => {
                    found(talk, &versions);
                    return Ok(Reply::Versions);
                }
                Packet::Retry { bytes, checksum, token, source: id } => {
                    if is_retry || token.is_empty() || !crypto::is_retry(version, &destination, bytes, checksum) {
                        break;
                    }
                    is_retry = true;
                    found(talk, &[version.number]);
                    talk.found.detail("capability", "retry");
                    destination = id.to_vec();
                    keys = Keys::new(version, &destination, Side::Server).ok_or(End::Mismatch)?;
                    talk.send(&sealed(version, (&destination, &destination), source, token, 1, &hello)?);
                    break;
                }
                Packet::Initial { bytes, number_at, source: id } => {
                    // The keys are made of our own id: nobody else's packets open.
                    let Ok(frames) = keys.open(bytes, number_at) else {
                        if talk.found.service.is_empty() {
                            return Err(End::Mismatch);
                        }
                        break;
                    };
                    is_ours = true;
                    found(talk, &[version.number]);
                    arrived.take(&frames)?;
                    if let Some(close) = arrived.close.take() {
                        return Ok(Reply::Closed(close));
                    }
                    if let Some(cipher) = tls::server_hello(&arrived.handshake)? {
                        close(talk, version, (&destination, id), source).await?;
                        return Ok(Reply::Hello(cipher));
                    }
                }
                Packet::Other => {}
            }
        }
    }
    Err(End::Mismatch)
}

/// An Initial packet. Its keys come from the first of two ids of the server, and it goes to the second.
fn sealed(
    version: &Version,
    (first, destination): (&[u8], &[u8]),
    source: Id,
    token: &[u8],
    number: u32,
    frames: &[u8],
) -> Result<Vec<u8>, End> {
    let keys = Keys::new(version, first, Side::Client).ok_or(End::Mismatch)?;
    let packet = wire::initial(version, destination, source, token, number, frames);
    keys.seal(packet, number).ok_or(End::Mismatch)
}

/// Says goodbye, and waits for nothing.
async fn close(talk: &mut Talk, version: &Version, ids: (&[u8], &[u8]), source: Id) -> Result<(), End> {
    talk.send(&sealed(version, ids, source, &[], 2, &wire::CLOSE_FRAME)?);
    talk.set_patience(Duration::from_millis(1));
    match talk.datagram().await {
        Err(End::Limit) => Err(End::Limit),
        _ => Ok(()),
    }
}
