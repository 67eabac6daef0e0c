//! The conversation.

use std::fmt::Write;

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Capabilities, Pong};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let mut is_second = false;
    match capabilities(talk).await {
        Ok(Some(capabilities)) => {
            is_second = capabilities.versions.is_some_and(|(_, second)| second);
            tell(talk, capabilities);
        }
        Ok(None) => found(talk),
        // There may be ASF without IPMI.
        Err(End::TimedOut) => {}
        Err(end) => return Err(end),
    }
    ping(talk).await?;
    if talk.found.device.is_empty() {
        return Ok(());
    }
    // Not every controller tells these without a session.
    if let Ok((0, guid)) = command(talk, wire::GET_SYSTEM_GUID, &[]).await
        && guid.len() == 16
        && guid.iter().any(|&byte| byte != 0)
    {
        let mut text = String::new();
        for byte in guid {
            let _ = write!(text, "{byte:02x}");
        }
        talk.found.detail("system_guid", text);
    }
    if is_second {
        suites(talk).await;
    }
    Ok(())
}

/// How users may authenticate. Nothing, if that is IPMI and does not tell.
async fn capabilities(talk: &mut Talk) -> Result<Option<Capabilities>, End> {
    for channel in [wire::EXTENDED | wire::THIS_CHANNEL, wire::THIS_CHANNEL] {
        let data = [channel, wire::ADMINISTRATOR];
        let (code, data) = command(talk, wire::GET_AUTHENTICATION_CAPABILITIES, &data).await?;
        if code == 0 {
            return Ok(Some(Capabilities::read(&data)?));
        }
    }
    Ok(None)
}

fn found(talk: &mut Talk) {
    talk.found.service = "asf-rmcp".into();
    talk.found.device = "remote management".into();
    talk.found.detail("ipmi", true);
}

fn tell(talk: &mut Talk, capabilities: Capabilities) {
    found(talk);
    let found = &mut talk.found;
    let versions = capabilities.versions.unwrap_or((true, false));
    found.info = match versions {
        (true, true) => "IPMI 1.5, 2.0",
        (false, true) => "IPMI 2.0",
        _ => "IPMI 1.5",
    }
    .into();
    for (is_offered, version) in [(versions.0, "1.5"), (versions.1, "2.0")] {
        if is_offered {
            found.detail("protocol_version", version);
        }
    }
    for method in capabilities.methods() {
        found.detail("auth_method", method);
    }
    found.detail("auth_required", !(capabilities.has_anonymous_login() || capabilities.methods & 1 != 0));
    found.detail("anonymous_login", capabilities.has_anonymous_login());
    found.detail("null_users", capabilities.has_null_users());
    found.detail("named_users", capabilities.has_named_users());
    found.detail("message_authentication", capabilities.authenticates_messages());
    if versions.1 {
        found.detail("channel_key", capabilities.has_channel_key());
    }
    vendor(talk, capabilities.vendor);
}

async fn ping(talk: &mut Talk) -> Result<(), End> {
    // 255 would ask for no answer.
    let [tag] = talk.random().map(|byte| byte & 0x7f);
    talk.send(&wire::ping(tag));
    let pong = match talk.datagram().await {
        Ok(datagram) => Pong::read(&datagram, tag),
        // IPMI can do without.
        Err(End::TimedOut) if !talk.found.service.is_empty() => return Ok(()),
        Err(end) => return Err(end),
    };
    match pong {
        Ok(pong) => {
            talk.found.service = "asf-rmcp".into();
            talk.found.detail("asf_ping", true);
            if talk.found.device.is_empty() {
                talk.found.detail("ipmi", pong.has_ipmi);
            }
            for (has, name) in [(pong.has_secure_rmcp, "secure_rmcp"), (pong.has_dash, "dash")] {
                if has {
                    talk.found.detail("capability", name);
                }
            }
            vendor(talk, pong.vendor);
            Ok(())
        }
        Err(_) if !talk.found.service.is_empty() => Ok(()),
        Err(short) => Err(short.into()),
    }
}

async fn suites(talk: &mut Talk) {
    // Sixteen bytes at a time; there are hardly twenty suites.
    const PIECES: u8 = 6;
    const PIECE: usize = 16;
    let mut records = Vec::new();
    for piece in 0..PIECES {
        let data = [wire::THIS_CHANNEL, 0, wire::EXTENDED | piece];
        let Ok((0, data)) = command(talk, wire::GET_CIPHER_SUITES, &data).await else { break };
        let Some((_channel, piece)) = data.split_first() else { break };
        records.extend_from_slice(piece);
        if piece.len() < PIECE {
            break;
        }
    }
    for suite in wire::suites(&records) {
        talk.found.detail("cipher_suite", suite);
    }
}

/// The answer to a command: completion code, and data.
async fn command(talk: &mut Talk, command: u8, data: &[u8]) -> Result<(u8, Vec<u8>), End> {
    // An answer to an earlier command may still be on its way.
    const MOST: usize = 3;
    let [sequence] = talk.random().map(|byte| byte & 0x3f);
    talk.send(&wire::command(sequence, command, data));
    for _ in 0..MOST {
        let datagram = talk.datagram().await?;
        match wire::answer(&datagram, sequence, command) {
            Ok((code, data)) => return Ok((code, data.to_vec())),
            Err(short) if talk.found.service.is_empty() => return Err(short.into()),
            Err(_) => {}
        }
    }
    Err(End::Mismatch)
}

fn vendor(talk: &mut Talk, number: u32) {
    if number == 0 || number == wire::ASF || talk.found.details.iter().any(|(key, _)| key == "vendor_id") {
        return;
    }
    talk.found.detail("vendor_id", number);
    if let Some(name) = wire::vendor(number) {
        talk.found.detail("vendor", name);
    }
}
