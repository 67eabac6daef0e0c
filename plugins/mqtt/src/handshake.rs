//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Connack, Meaning, Property, Version};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let five = match connect(talk, Version::V5).await {
        Ok(answer) => Some(answer),
        // Older brokers close at what they do not know.
        Err(End::Eof | End::Reset) => None,
        Err(end) => return Err(end),
    };
    if let Some(answer) = &five {
        talk.found.service = "mqtt".into();
        about(talk, answer);
    }
    if five.as_ref().is_some_and(|answer| answer.version == Version::V3 && answer.meaning() != Meaning::WrongVersion) {
        // It has taken the one for the other.
        talk.found.detail("protocol_version", Version::V3.name());
        return Ok(());
    }
    talk.reconnect().await?;
    match connect(talk, Version::V3).await {
        Ok(answer) => {
            talk.found.service = "mqtt".into();
            if answer.meaning() != Meaning::WrongVersion {
                talk.found.detail("protocol_version", Version::V3.name());
            }
            if five.is_none_or(|five| five.meaning() == Meaning::WrongVersion) {
                access(talk, &answer);
            }
            Ok(())
        }
        // Brokers of MQTT 5 need not know what was before.
        Err(End::Eof | End::Reset | End::TimedOut) if !talk.found.service.is_empty() => Ok(()),
        Err(end) => Err(end),
    }
}

/// What the first answer tells.
fn about(talk: &mut Talk, answer: &Connack) {
    if answer.meaning() == Meaning::WrongVersion {
        return;
    }
    if answer.version == Version::V5 {
        talk.found.detail("protocol_version", Version::V5.name());
    }
    access(talk, answer);
    for property in &answer.properties {
        match property {
            Property::Integer(
                key @ ("retain_available" | "wildcard_available" | "subscription_id_available" | "shared_available"),
                value,
            ) => {
                talk.found.detail(key, *value != 0);
            }
            Property::Integer(key, value) => talk.found.detail(key, *value),
            Property::Text(key, value) => talk.found.detail(key, value.as_str()),
            Property::Other => {}
        }
    }
}

/// Whether the broker lets anybody in.
fn access(talk: &mut Talk, answer: &Connack) {
    match answer.meaning() {
        Meaning::Accepted => talk.found.detail("auth_required", false),
        Meaning::NeedsAuthentication => talk.found.detail("auth_required", true),
        Meaning::WrongVersion | Meaning::Refused => {}
    }
    if answer.code != 0 {
        talk.found.detail("return_code", answer.code);
    }
}

/// Asks for a connection, and gives it back.
async fn connect(talk: &mut Talk, version: Version) -> Result<Connack, End> {
    talk.send(&wire::connect(version));
    let mut known = 2;
    let (head, body) = loop {
        if let Some(lengths) = wire::lengths(talk.peek(known).await?)? {
            break lengths;
        }
        known += 1;
    };
    let packet = talk.read(head + body).await?;
    let answer = Connack::read(packet.get(head..).unwrap_or_default(), version)?;
    if answer.meaning() == Meaning::Accepted {
        talk.send(&wire::DISCONNECT);
    }
    // Now the broker closes. Whoever goes on has not answered the question: four bytes may be a length, too.
    match talk.read_to_end(1).await.as_slice() {
        [] | [wire::DISCONNECT_KIND] => Ok(answer),
        _ => Err(End::Mismatch),
    }
}
