//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::software;
use crate::wire::{self, Banner, KexInit, KeyReply, message};

/// A server may say a few lines before its identification (RFC 4253, 4.2).
const MOST_LINES: usize = 32;
/// An identification has 255 bytes at most; others have been seen.
const MOST_LINE: usize = 1024;
/// Packets that may come between those that are waited for.
const MOST_PACKETS: usize = 8;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let banner = banner(talk).await?;
    talk.found.service = "ssh".into();
    talk.found.detail("protocol_version", banner.protocol.as_str());
    if !banner.software.is_empty() {
        talk.found.detail("software", banner.software.as_str());
    }
    if !banner.comment.is_empty() {
        talk.found.detail("comment", banner.comment.as_str());
    }
    software::name(&banner, &mut talk.found);
    if !banner.speaks_2() {
        return Ok(());
    }

    talk.send(wire::IDENTIFICATION);
    let packet = packet(talk, message::KEXINIT).await?;
    let offer = KexInit::read(&packet)?;
    tell(talk, &offer);

    let asked = exchange(talk, &offer).await;
    // Said to the server even where the exchange went wrong on our side, so that it does not wait.
    talk.send(&wire::disconnect());
    talk.read(0).await.ok();
    asked
}

/// The identification, after whatever stands before it. Nobody who only repeats has anything to say: it comes before ours is sent.
async fn banner(talk: &mut Talk) -> Result<Banner, End> {
    for _ in 0..MOST_LINES {
        let line = talk.read_line(MOST_LINE).await?;
        if let Some(banner) = Banner::read(&line) {
            return Ok(banner);
        }
        if line.starts_with("SSH-") {
            break;
        }
    }
    Err(End::Mismatch)
}

fn tell(talk: &mut Talk, offer: &KexInit) {
    for (key, names) in [
        ("kex", &offer.kex),
        ("host_key_algorithm", &offer.host_key),
        ("cipher", &offer.cipher_to_client),
        ("mac", &offer.mac_to_client),
        ("compression", &offer.compression_to_client),
    ] {
        for name in names {
            talk.found.detail(key, name.as_str());
        }
    }
    // The same in both directions almost everywhere.
    for (key, one, other) in [
        ("cipher_to_server", &offer.cipher_to_server, &offer.cipher_to_client),
        ("mac_to_server", &offer.mac_to_server, &offer.mac_to_client),
        ("compression_to_server", &offer.compression_to_server, &offer.compression_to_client),
    ] {
        if one != other {
            for name in one {
                talk.found.detail(key, name.as_str());
            }
        }
    }
}

/// As much of a key exchange as shows the host key.
async fn exchange(talk: &mut Talk, offer: &KexInit) -> Result<(), End> {
    let Some((kex, public_value)) = wire::key_exchange(&offer.kex) else { return Ok(()) };
    let cookie = talk.random();
    let mut value = talk.random::<{ wire::MOST_PUBLIC_VALUE }>();
    let value = value.get_mut(..public_value.length()).unwrap_or_default();
    talk.send(&wire::packet(&offer.answer(cookie, kex)));
    talk.send(&wire::packet(&public_value.message(value)));
    let packet = packet(talk, message::KEX_REPLY).await?;
    let reply = KeyReply::read(&packet)?;
    talk.found.detail("host_key", format!("{} {}", reply.algorithm, wire::base64(reply.blob)));
    if let Some(bits) = reply.bits() {
        talk.found.detail("host_key_bits", bits);
    }
    Ok(())
}

/// The payload of the next packet, which is this message.
async fn packet(talk: &mut Talk, wanted: u8) -> Result<Vec<u8>, End> {
    for _ in 0..MOST_PACKETS {
        let length = wire::length(talk.peek(4).await?)?;
        let packet = talk.read(length).await?;
        let payload = wire::payload(&packet)?;
        match payload.first() {
            Some(&kind) if kind == wanted => return Ok(payload.to_vec()),
            Some(&(message::IGNORE | message::DEBUG | message::UNIMPLEMENTED | message::EXT_INFO)) => {}
            Some(&message::DISCONNECT) => return Err(End::Eof),
            _ => return Err(End::Mismatch),
        }
    }
    Err(End::Mismatch)
}
