//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Packet};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    // Some send a reset of their own first, some acknowledge alone before theirs.
    const MOST: usize = 4;
    if !(talk.seen().is_empty() && talk.request().is_empty()) {
        talk.reconnect().await?;
    }
    let session = talk.random();
    let reset = wire::hard_reset(session);
    if !talk.is_udp() {
        talk.send(&u16::try_from(reset.len()).unwrap_or_default().to_be_bytes());
    }
    talk.send(&reset);
    for _ in 0..MOST {
        let packet = packet(talk).await?;
        if packet.answers(session) {
            talk.found.service = "openvpn".into();
            // No product: SoftEther VPN, among others, says the same to the bit. Had it a key, the packet would not have passed.
            talk.found.detail("tls_auth", false);
            return Ok(());
        }
        if !packet.is_reset || packet.session == session {
            break;
        }
    }
    Err(End::Mismatch)
}

async fn packet(talk: &mut Talk) -> Result<Packet, End> {
    if talk.is_udp() {
        return Ok(Packet::read(&talk.datagram().await?)?);
    }
    let length = talk.read(2).await?;
    let length = length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
    if !(wire::LEAST..=wire::MOST).contains(&length) {
        return Err(End::Mismatch);
    }
    Ok(Packet::read(&talk.read(length).await?)?)
}
