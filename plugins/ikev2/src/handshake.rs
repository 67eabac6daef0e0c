//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::request;
use crate::vendor::{self, once};
use crate::wire::{self, Answer, Spi};

/// Whether messages have zeros before them.
#[derive(Clone, Copy)]
enum Framing {
    Plain,
    Marked,
    /// It is not known yet.
    Both,
}

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let mut framing = match talk.port() {
        500 => Framing::Plain,
        4500 => Framing::Marked,
        _ => Framing::Both,
    };
    match second(talk, &mut framing).await {
        // Who knows the first version only need not say anything.
        Ok(()) | Err(End::TimedOut) => {}
        Err(end) if talk.found.service.is_empty() => return Err(end),
        Err(_) => {}
    }
    match first(talk, &mut framing).await {
        Ok(()) => Ok(()),
        Err(End::TimedOut) if !talk.found.service.is_empty() => Ok(()),
        Err(end) => Err(end),
    }
}

/// Version 2.
async fn second(talk: &mut Talk, framing: &mut Framing) -> Result<(), End> {
    const ROUNDS: usize = 3;
    let spis = [talk.random(), talk.random()];
    let random = talk.random();
    let mut group = 14;
    let mut cookie = Vec::new();
    for _ in 0..ROUNDS {
        let Some(messages) = all(spis.map(|spi| request::init(spi, group, random, &cookie))) else { break };
        let datagram = ask(talk, framing, spis, &messages).await?;
        let answer = read(&datagram, spis)?;
        talk.found.service = "isakmp".into();
        if answer.major != 2 {
            // That it does not know this version.
            return Ok(());
        }
        once(&mut talk.found, "protocol_version", "2.0");
        let notifications = answer.notifications();
        let said = |wanted| notifications.iter().find(|(kind, _)| *kind == wanted).map(|(_, data)| *data);
        if let Some(data) = said(wire::COOKIE).filter(|data| !data.is_empty() && cookie.is_empty()) {
            cookie = data.to_vec();
            once(&mut talk.found, "capability", "cookie");
            continue;
        }
        if let Some(&[high, low]) = said(wire::INVALID_KEY_EXCHANGE) {
            let wanted = u16::from_be_bytes([high, low]);
            once(&mut talk.found, "preferred_group", &wire::group_name(wanted));
            if wanted != group {
                group = wanted;
                continue;
            }
        }
        tell_second(talk, &answer);
        break;
    }
    Ok(())
}

fn tell_second(talk: &mut Talk, answer: &Answer) {
    let found = &mut talk.found;
    if let Some(transforms) = answer.of(wire::SA_2).next().and_then(|body| wire::chosen(body).ok()) {
        let names: Vec<_> = transforms.into_iter().map(wire::transform_name).collect();
        found.detail("proposal", names.join(" "));
    }
    for (kind, _) in answer.notifications() {
        let name = match kind {
            0..=8191 => {
                found.detail("error", wire::error_name(kind, true));
                continue;
            }
            16388 | 16389 => "nat-traversal",
            16404 => "multiple-authentication",
            16407 => "redirect",
            16418 => "childless",
            16425 => "quick-crash-detection",
            16430 => "fragmentation",
            16431 => "signature-authentication",
            16438 => "intermediate",
            _ => continue,
        };
        once(found, "capability", name);
    }
    for id in answer.of(wire::VENDOR_2) {
        vendor::tell(found, id);
    }
}

/// Version 1.
async fn first(talk: &mut Talk, framing: &mut Framing) -> Result<(), End> {
    let spis = [talk.random(), talk.random()];
    // Not users with passwords as well: some then take it for theirs alone.
    let datagram = ask(talk, framing, spis, &spis.map(|spi| request::main_mode(spi, &[1, 3]))).await?;
    let answer = read(&datagram, spis)?;
    if answer.major != 1 {
        return Err(End::Mismatch);
    }
    let found = &mut talk.found;
    found.service = "isakmp".into();
    if answer.exchange != wire::MAIN_MODE {
        for (kind, _) in answer.notifications() {
            // A refusal is no proof that this version is in use, but something has to be.
            if found.details.is_empty() {
                once(found, "protocol_version", "1.0");
            }
            found.detail("ikev1_error", wire::error_name(kind, false));
        }
        return Ok(());
    }
    once(found, "protocol_version", "1.0");
    if let Some(attributes) = answer.of(wire::SA_1).next().and_then(|body| wire::chosen_1(body).ok()) {
        let value = |wanted| attributes.iter().find(|(kind, _)| *kind == wanted).map_or(0, |(_, value)| *value);
        if let Some((_, name)) = wire::METHODS.iter().find(|(method, _)| *method == value(3)) {
            found.detail("auth_method", *name);
        }
        let cipher = match (value(1), value(14)) {
            (5, _) => "3DES".to_owned(),
            (7, bits) => format!("AES_CBC_{bits}"),
            (cipher, _) => cipher.to_string(),
        };
        let hash = match value(2) {
            1 => "MD5".to_owned(),
            2 => "SHA1".to_owned(),
            4 => "SHA2_256".to_owned(),
            hash => hash.to_string(),
        };
        found.detail("ikev1_proposal", format!("{cipher} {hash} {}", wire::group_name(value(4))));
    }
    for id in answer.of(wire::VENDOR_1) {
        vendor::tell(found, id);
    }
    Ok(())
}

/// Sends a message, in each of two forms if it is not known which one is right, and waits for the answer to one of them.
async fn ask(talk: &mut Talk, framing: &mut Framing, spis: [Spi; 2], messages: &[Vec<u8>; 2]) -> Result<Vec<u8>, End> {
    // Answers to earlier messages, said again, may come between.
    const MOST: usize = 4;
    let [plain, marked] = messages;
    if matches!(framing, Framing::Plain | Framing::Both) {
        talk.send(plain);
    }
    if matches!(framing, Framing::Marked | Framing::Both) {
        talk.send(&[&wire::NOT_ESP[..], marked].concat());
    }
    for _ in 0..MOST {
        let datagram = talk.datagram().await?;
        if read(&datagram, spis).is_ok() {
            if matches!(framing, Framing::Both) {
                *framing = if Answer::read(&datagram, spis[0]).is_ok() { Framing::Plain } else { Framing::Marked };
            }
            return Ok(datagram);
        }
        if talk.found.service.is_empty() {
            return Err(End::Mismatch);
        }
    }
    Err(End::Mismatch)
}

/// An answer to one of two messages.
fn read(datagram: &[u8], [plain, marked]: [Spi; 2]) -> Result<Answer<'_>, End> {
    Ok(Answer::read(datagram, plain).or_else(|_| Answer::read(datagram, marked))?)
}

fn all(messages: [Option<Vec<u8>>; 2]) -> Option<[Vec<u8>; 2]> {
    let [first, second] = messages;
    Some([first?, second?])
}
