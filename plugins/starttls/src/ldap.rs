//! LDAP: the root DSE, and the extended operation StartTLS.

use portprint_plugin_sdk::{End, Reader, Short, Talk, text};

use crate::handshake::{Offer, go_over, goodbye, list};

const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// What is asked for.
const ATTRIBUTES: [&str; 2] = ["supportedExtension", "supportedSASLMechanisms"];

/// Messages that are looked at, and how long one may be.
const MOST_MESSAGES: usize = 16;
const MOST_LENGTH: usize = 64 * 1024;

/// Tags of BER that are used.
mod ber {
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const INTEGER: u8 = 0x02;
    pub(super) const STRING: u8 = 0x04;
    pub(super) const ENUMERATED: u8 = 0x0a;
    pub(super) const SEQUENCE: u8 = 0x30;
    pub(super) const SET: u8 = 0x31;
    pub(super) const PRESENT: u8 = 0x87;
    pub(super) const REQUEST_NAME: u8 = 0x80;
    pub(super) const UNBIND: u8 = 0x42;
    pub(super) const SEARCH: u8 = 0x63;
    pub(super) const ENTRY: u8 = 0x64;
    pub(super) const SEARCH_DONE: u8 = 0x65;
    pub(super) const EXTENDED: u8 = 0x77;
    pub(super) const EXTENDED_RESPONSE: u8 = 0x78;
}

const SUCCESS: u8 = 0;
const CONFIDENTIALITY_REQUIRED: u8 = 13;

/// Whether the server has said something in LDAP: a message that holds a response.
pub(crate) fn is_answer(seen: &[u8]) -> bool {
    let read = || -> Result<bool, Short> {
        let mut reader = Reader::new(seen);
        let (tag, _) = head(&mut reader)?;
        let id = value(&mut reader, ber::INTEGER)?;
        // A result of a bind or a search, an entry, or a notice of disconnection.
        Ok(tag == ber::SEQUENCE && id.len() <= 4 && matches!(reader.u8()?, 0x61 | 0x64 | 0x65 | 0x78))
    };
    read().unwrap_or(false)
}

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    talk.send(&search());
    let mut entry = Vec::new();
    let mut is_done = false;
    let mut code = SUCCESS;
    for _ in 0..MOST_MESSAGES {
        let (tag, body) = message(talk, 1).await?;
        match tag {
            ber::ENTRY => {
                entry.extend(attributes(&body)?);
                talk.found.service = "ldap".into();
            }
            ber::SEARCH_DONE => {
                code = result_code(&body)?;
                talk.found.service = "ldap".into();
                is_done = true;
                break;
            }
            _ => return Err(End::Mismatch),
        }
    }
    if !is_done {
        return Err(End::Mismatch);
    }
    let values = |wanted: &str| {
        entry
            .iter()
            .filter(|(name, _): &&(String, Vec<String>)| name.eq_ignore_ascii_case(wanted))
            .flat_map(|(_, values)| values.iter().map(String::as_str))
            .collect::<Vec<_>>()
    };
    let extensions = values("supportedExtension");
    list(talk, "capability", &extensions);
    list(talk, "mechanism", values("supportedSASLMechanisms"));
    if code == CONFIDENTIALITY_REQUIRED {
        talk.found.detail("tls_required", true);
    }
    let offer = if extensions.is_empty() { Offer::Unknown } else { Offer::is(extensions.contains(&START_TLS)) };
    if offer.is_worth_asking(talk) {
        talk.send(&start_tls());
        let (tag, body) = message(talk, 2).await?;
        let agreed = tag == ber::EXTENDED_RESPONSE && result_code(&body)? == SUCCESS;
        if go_over(talk, offer, agreed).await? {
            return Ok(());
        }
    }
    goodbye(talk, &unbind()).await;
    Ok(())
}

/// The next message that answers this one: the tag and the body of its operation.
async fn message(talk: &mut Talk, id: u8) -> Result<(u8, Vec<u8>), End> {
    const HEAD: usize = 2;
    // The length says how long it is itself.
    let of_length = match talk.peek(HEAD).await? {
        [ber::SEQUENCE, length @ 0..=0x7f] if *length >= 5 => 0,
        [ber::SEQUENCE, length @ 0x81..=0x84] => usize::from(*length & 0x7f),
        _ => return Err(End::Mismatch),
    };
    let (_, length) = head(&mut Reader::new(talk.peek(HEAD + of_length).await?))?;
    if length > MOST_LENGTH {
        return Err(End::Mismatch);
    }
    talk.read(HEAD + of_length).await?;
    let message = talk.read(length).await?;
    let mut reader = Reader::new(&message);
    if value(&mut reader, ber::INTEGER)? != [id] {
        return Err(End::Mismatch);
    }
    let (tag, length) = head(&mut reader)?;
    Ok((tag, reader.bytes(length)?.to_vec()))
}

/// Names and values of an entry.
pub(crate) fn attributes(entry: &[u8]) -> Result<Vec<(String, Vec<String>)>, Short> {
    const MOST: usize = 256;
    let mut reader = Reader::new(entry);
    value(&mut reader, ber::STRING)?;
    let mut list = Reader::new(value(&mut reader, ber::SEQUENCE)?);
    let mut attributes = Vec::new();
    while !list.is_empty() && attributes.len() < MOST {
        let mut attribute = Reader::new(value(&mut list, ber::SEQUENCE)?);
        let name = text(value(&mut attribute, ber::STRING)?);
        let mut set = Reader::new(value(&mut attribute, ber::SET)?);
        let mut values = Vec::new();
        while !set.is_empty() && values.len() < MOST {
            values.push(text(value(&mut set, ber::STRING)?));
        }
        attributes.push((name, values));
    }
    Ok(attributes)
}

/// How an operation went: the beginning of an `LDAPResult`.
pub(crate) fn result_code(body: &[u8]) -> Result<u8, Short> {
    let mut reader = Reader::new(body);
    let &[code] = value(&mut reader, ber::ENUMERATED)? else { return Err(Short) };
    // The name that matched, and a message.
    value(&mut reader, ber::STRING)?;
    value(&mut reader, ber::STRING)?;
    Ok(code)
}

/// A tag and a length, in one of the forms that LDAP allows.
fn head(reader: &mut Reader<'_>) -> Result<(u8, usize), Short> {
    let tag = reader.u8()?;
    let length = match reader.u8()? {
        short @ 0..=0x7f => short.into(),
        0x81 => reader.u8()?.into(),
        0x82 => reader.u16()?.into(),
        0x83 => reader.u24()?,
        0x84 => reader.u32()?,
        _ => return Err(Short),
    };
    Ok((tag, usize::try_from(length).map_err(|_| Short)?))
}

/// What stands under this tag.
fn value<'a>(reader: &mut Reader<'a>, wanted: u8) -> Result<&'a [u8], Short> {
    let (tag, length) = head(reader)?;
    if tag == wanted { reader.bytes(length) } else { Err(Short) }
}

/// What is sent is short: its lengths have a byte.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut element = vec![tag];
    match u8::try_from(body.len()) {
        Ok(length @ 0..=0x7f) => element.push(length),
        Ok(length) => element.extend_from_slice(&[0x81, length]),
        Err(_) => element.extend_from_slice(&[0x82, (body.len() >> 8) as u8, body.len() as u8]),
    }
    element.extend(body);
    element
}

pub(crate) fn search() -> Vec<u8> {
    let names: Vec<_> = ATTRIBUTES.iter().map(|name| element(ber::STRING, &[name.as_bytes()])).collect();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let base = element(ber::STRING, &[]);
    let zero = [ber::ENUMERATED, 1, 0];
    let limit = [ber::INTEGER, 1, 0];
    let types_only = [ber::BOOLEAN, 1, 0];
    let filter = element(ber::PRESENT, &[b"objectClass"]);
    let names = element(ber::SEQUENCE, &names);
    let search = element(ber::SEARCH, &[&base, &zero, &zero, &limit, &limit, &types_only, &filter, &names]);
    element(ber::SEQUENCE, &[&[ber::INTEGER, 1, 1], &search])
}

fn start_tls() -> Vec<u8> {
    let name = element(ber::REQUEST_NAME, &[START_TLS.as_bytes()]);
    element(ber::SEQUENCE, &[&[ber::INTEGER, 1, 2], &element(ber::EXTENDED, &[&name])])
}

fn unbind() -> Vec<u8> {
    element(ber::SEQUENCE, &[&[ber::INTEGER, 1, 3], &[ber::UNBIND, 0]])
}
