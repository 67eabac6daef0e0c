//! The conversation.

use portprint_plugin_ntlm::{self as ntlm, Challenge};
use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Answer, Frame, Negotiated};
use crate::{smb1, spnego};

/// What came, for what was sent.
enum Message {
    Smb2(Vec<u8>),
    Smb1(Vec<u8>),
    /// A session of NetBIOS has to be asked for first.
    NoSession,
}

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    const ATTEMPTS: usize = 4;
    if !talk.request().is_empty() || !talk.seen().is_empty() {
        // What was said there stands in the way.
        talk.reconnect().await?;
    }
    let (mut netbios, mut old) = (false, false);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            talk.reconnect().await?;
        }
        if netbios {
            session(talk).await?;
        }
        if old {
            talk.send(&smb1::negotiate());
        } else {
            let (client, salt) = (talk.random(), talk.random());
            talk.send(&wire::negotiate(client, salt));
        }
        match message(talk).await {
            Ok(Message::NoSession) if !netbios => netbios = true,
            Ok(Message::Smb2(message)) if !old => {
                let answer = Answer::to_negotiate(&message)?;
                if answer.status == 0 {
                    return smb2(talk, &answer).await;
                }
                // No dialect of these.
                found(talk);
                old = true;
            }
            Ok(Message::Smb1(message)) if old => return smb1(talk, &message).await,
            // Who knows SMB 1 alone says nothing to SMB 2, or that this is an error.
            Ok(Message::Smb1(_)) | Err(End::Eof | End::Reset) if !old => old = true,
            Ok(_) => return Err(End::Mismatch),
            Err(end) => return Err(end),
        }
    }
    Err(End::Mismatch)
}

/// Begins a session of NetBIOS, without which there is nothing else to be said on port 139 of some.
async fn session(talk: &mut Talk) -> Result<(), End> {
    talk.send(&wire::session_request());
    if frame(talk).await? != Frame::Session {
        return Err(End::Mismatch);
    }
    talk.found.service = "netbios-ssn".into();
    Ok(())
}

async fn smb2(talk: &mut Talk, answer: &Answer<'_>) -> Result<(), End> {
    let told = Negotiated::read(answer)?;
    found(talk);
    talk.found.detail("protocol_version", wire::dialect_name(told.dialect));
    signing(talk, told.signing_enabled, told.signing_required);
    talk.found.detail("server_id", wire::guid(told.guid));
    for (bit, name) in wire::CAPABILITIES.iter().enumerate() {
        if told.capabilities >> bit & 1 != 0 {
            talk.found.detail("capability", *name);
        }
    }
    if let Some(cipher) = told.cipher.and_then(wire::cipher_name) {
        talk.found.detail("cipher", cipher);
    }
    times(talk, told.system_time, told.boot_time);
    if !mechanisms(talk, told.token) {
        return Ok(());
    }
    talk.send(&wire::session_setup(&spnego::offer(&ntlm::negotiate())));
    let Message::Smb2(message) = self::message(talk).await? else { return Err(End::Mismatch) };
    let answer = Answer::to_session_setup(&message)?;
    if answer.status != wire::MORE_PROCESSING_REQUIRED {
        return Ok(());
    }
    let challenge = Challenge::find(answer.token()?)?;
    names(talk, challenge, Some(told.guid));
    Ok(())
}

async fn smb1(talk: &mut Talk, message: &[u8]) -> Result<(), End> {
    let told = smb1::Negotiated::read(message)?;
    found(talk);
    let dialect = if told.dialect.is_empty() { "none that is known" } else { told.dialect };
    talk.found.detail("protocol_version", format!("SMB 1 ({dialect})"));
    if told.dialect.is_empty() {
        return Ok(());
    }
    signing(talk, told.signing_enabled, told.signing_required);
    talk.found.detail("auth_method", if told.user_level { "user" } else { "share" });
    times(talk, told.system_time, 0);
    if let Some(guid) = told.guid {
        talk.found.detail("server_id", wire::guid(guid));
    }
    if told.guid.is_none() {
        // Whoever logs in here sends a password; there is nothing to be asked before.
        for (key, name) in [("netbios_domain", &told.domain), ("netbios_name", &told.name)] {
            if !name.is_empty() {
                talk.found.detail(key, name.as_str());
            }
        }
        talk.found.hostname.clone_from(&told.name);
        return Ok(());
    }
    if !mechanisms(talk, &told.token) {
        return Ok(());
    }
    talk.send(&smb1::session_setup(told.session_key, &spnego::offer(&ntlm::negotiate())));
    let Message::Smb1(message) = self::message(talk).await? else { return Err(End::Mismatch) };
    let told_more = smb1::SessionSetup::read(&message)?;
    for (key, text) in [("native_os", &told_more.native_os), ("native_lan_manager", &told_more.native_lan_manager)] {
        if !text.is_empty() {
            talk.found.detail(key, text.as_str());
        }
    }
    if told_more.status == wire::MORE_PROCESSING_REQUIRED {
        let challenge = Challenge::find(&told_more.token)?;
        names(talk, challenge, told.guid);
    }
    if let Some(version) = told_more.native_lan_manager.strip_prefix("Samba ") {
        samba(talk);
        version.clone_into(&mut talk.found.version);
        let number = version.split('-').next().unwrap_or_default();
        if number.chars().all(|c| c.is_ascii_digit() || c == '.') {
            talk.found.cpe = vec![format!("cpe:/a:samba:samba:{number}")];
        }
    }
    Ok(())
}

fn found(talk: &mut Talk) {
    if talk.found.service.is_empty() {
        talk.found.service = "microsoft-ds".into();
    }
}

fn samba(talk: &mut Talk) {
    // By whatever port: a session of NetBIOS is what it calls it.
    talk.found.service = "netbios-ssn".into();
    talk.found.product = "Samba smbd".into();
    talk.found.cpe = vec!["cpe:/a:samba:samba".into()];
}

fn signing(talk: &mut Talk, enabled: bool, required: bool) {
    talk.found.detail("signing_enabled", enabled || required);
    talk.found.detail("signing_required", required);
}

fn times(talk: &mut Talk, system: u64, boot: u64) {
    for (key, time) in [("system_time", system), ("boot_time", boot)] {
        if let Some(time) = wire::time(time) {
            talk.found.detail(key, time);
        }
    }
}

/// Tells the mechanisms, and whether NTLMSSP can be one.
fn mechanisms(talk: &mut Talk, token: &[u8]) -> bool {
    let mechanisms = spnego::mechanisms(token).collect::<Vec<_>>();
    for name in &mechanisms {
        talk.found.detail("mechanism", *name);
    }
    mechanisms.is_empty() || mechanisms.contains(&"NTLMSSP")
}

fn names(talk: &mut Talk, challenge: Challenge, guid: Option<[u8; 16]>) {
    let kind = if challenge.dns_forest.is_empty() { "workgroup" } else { "domain" };
    // A server that is in none says its own name.
    if !challenge.netbios_domain.is_empty() && challenge.netbios_domain != challenge.netbios_name {
        talk.found.info = format!("{kind}: {}", challenge.netbios_domain);
    }
    if challenge.windows().is_some() {
        talk.found.product = "Microsoft Windows SMB".into();
        talk.found.os = "Windows".into();
        talk.found.cpe = vec!["cpe:/o:microsoft:windows".into()];
    } else if guid.is_some_and(|guid| is_sambas(guid, &challenge.netbios_name)) {
        samba(talk);
    }
    challenge.tell(&mut talk.found);
}

/// Samba makes its name its GUID: in lower case, with NULs after it.
fn is_sambas(guid: [u8; 16], name: &str) -> bool {
    let mut expected = [0; 16];
    for (byte, of_name) in expected.iter_mut().zip(name.bytes()) {
        *byte = of_name.to_ascii_lowercase();
    }
    !name.is_empty() && guid == expected
}

async fn frame(talk: &mut Talk) -> Result<Frame, End> {
    let head = talk.read(4).await?;
    let head = <[u8; 4]>::try_from(head).map_err(|_| End::Mismatch)?;
    Ok(wire::frame(head)?)
}

async fn message(talk: &mut Talk) -> Result<Message, End> {
    match frame(talk).await? {
        Frame::NoSession => match talk.read(1).await?.as_slice() {
            [0x80..=0x83 | 0x8f] => Ok(Message::NoSession),
            _ => Err(End::Mismatch),
        },
        Frame::Session => Err(End::Mismatch),
        Frame::Message(length) => {
            let magic = talk.peek(4).await?;
            if !Answer::is_one(magic) && !smb1::is_one(magic) {
                return Err(End::Mismatch);
            }
            let message = talk.read(length).await?;
            Ok(if smb1::is_one(&message) { Message::Smb1(message) } else { Message::Smb2(message) })
        }
    }
}
