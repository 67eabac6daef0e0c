//! Messages of IKE.

use portprint_plugin_sdk::{Reader, Short};

/// What each side calls a security association. Cookie is its name in IKEv1.
pub(crate) type Spi = [u8; 8];

/// Before messages on ports that carry ESP, too.
pub(crate) const NOT_ESP: [u8; 4] = [0; 4];

pub(crate) const MAIN_MODE: u8 = 2;
pub(crate) const INFORMATIONAL_1: u8 = 5;
pub(crate) const SA_INIT: u8 = 34;

pub(crate) const SA_1: u8 = 1;
pub(crate) const NOTIFY_1: u8 = 11;
pub(crate) const VENDOR_1: u8 = 13;

pub(crate) const SA_2: u8 = 33;
pub(crate) const KEY_EXCHANGE_2: u8 = 34;
pub(crate) const NONCE_2: u8 = 40;
pub(crate) const NOTIFY_2: u8 = 41;
pub(crate) const VENDOR_2: u8 = 43;

pub(crate) const INVALID_KEY_EXCHANGE: u16 = 17;
pub(crate) const COOKIE: u16 = 16390;
pub(crate) const REDIRECT_SUPPORTED: u16 = 16406;
pub(crate) const FRAGMENTATION: u16 = 16430;
pub(crate) const SIGNATURE_HASHES: u16 = 16431;

/// Of IKEv1: how a peer proves who it is.
pub(crate) const METHODS: [(u16, &str); 3] = [(1, "psk"), (3, "rsa-signature"), (65001, "xauth-psk")];

/// A message of an initiator who knows nothing yet of the other side.
pub(crate) fn message(spi: Spi, version: u8, exchange: u8, flags: u8, payloads: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (at, (_, payload)) in payloads.iter().enumerate() {
        body.extend_from_slice(&[payloads.get(at + 1).map_or(0, |(next, _)| *next), 0]);
        body.extend_from_slice(&u16::try_from(payload.len() + 4).unwrap_or_default().to_be_bytes());
        body.extend_from_slice(payload);
    }
    let mut message = spi.to_vec();
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[payloads.first().map_or(0, |(first, _)| *first), version, exchange, flags]);
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&u32::try_from(body.len() + 28).unwrap_or_default().to_be_bytes());
    message.extend_from_slice(&body);
    message
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    pub(crate) major: u8,
    pub(crate) exchange: u8,
    pub(crate) payloads: Vec<(u8, &'a [u8])>,
}

impl<'a> Answer<'a> {
    /// A message that answers the one with this SPI, and is no echo of it.
    pub(crate) fn read(datagram: &'a [u8], spi: Spi) -> Result<Self, Short> {
        let mut reader = Reader::new(datagram.strip_prefix(&NOT_ESP).unwrap_or(datagram));
        let whole = reader.len();
        let (initiator, responder): (Spi, Spi) = (reader.array()?, reader.array()?);
        let [first, version, exchange, flags] = reader.array()?;
        let number = reader.u32()?;
        let length = reader.u32()?;
        if initiator != spi || usize::try_from(length) != Ok(whole) {
            return Err(Short);
        }
        let major = version >> 4;
        let payloads = payloads(first, reader.rest())?;
        let has = |kinds: [u8; 2]| payloads.iter().any(|(kind, _)| kinds.contains(kind));
        let is_answer = match (major, exchange) {
            // It is the responder's, and an answer.
            (2, SA_INIT) => flags & 0x28 == 0x20 && number == 0 && has([SA_2, NOTIFY_2]),
            (1, MAIN_MODE) => flags & 1 == 0 && number == 0 && responder != [0; 8] && has([SA_1; 2]),
            // Of who does not know IKEv2, too.
            (1, INFORMATIONAL_1) => flags & 1 == 0 && has([NOTIFY_1; 2]),
            _ => false,
        };
        if is_answer { Ok(Self { major, exchange, payloads }) } else { Err(Short) }
    }

    pub(crate) fn of(&self, kind: u8) -> impl Iterator<Item = &'a [u8]> {
        self.payloads.iter().filter(move |(is, _)| *is == kind).map(|(_, body)| *body)
    }

    /// What it notifies of: types, and data.
    pub(crate) fn notifications(&self) -> Vec<(u16, &'a [u8])> {
        let is_second = self.major == 2;
        let kind = if is_second { NOTIFY_2 } else { NOTIFY_1 };
        self.of(kind).filter_map(|body| notification(body, is_second).ok()).collect()
    }
}

/// Payloads, all of which have to be whole.
fn payloads(first: u8, bytes: &[u8]) -> Result<Vec<(u8, &[u8])>, Short> {
    const MOST: usize = 64;
    let mut payloads = Vec::new();
    let mut reader = Reader::new(bytes);
    let mut kind = first;
    while kind != 0 {
        let next = reader.u8()?;
        reader.skip(1)?;
        let length = usize::from(reader.u16()?).checked_sub(4).ok_or(Short)?;
        payloads.push((kind, reader.bytes(length)?));
        if payloads.len() > MOST {
            return Err(Short);
        }
        kind = next;
    }
    // IKEv1 may pad to words.
    if payloads.is_empty() || reader.len() > 3 { Err(Short) } else { Ok(payloads) }
}

fn notification(body: &[u8], is_second: bool) -> Result<(u16, &[u8]), Short> {
    let mut reader = Reader::new(body);
    if !is_second {
        reader.skip(4)?;
    }
    reader.skip(1)?;
    let spi = reader.u8()?;
    let kind = reader.u16()?;
    reader.skip(spi.into())?;
    Ok((kind, reader.rest()))
}

/// A proposal that was chosen, as its transforms: type, id, bits of the key.
pub(crate) fn chosen(body: &[u8]) -> Result<Vec<(u8, u16, u16)>, Short> {
    let mut reader = Reader::new(body);
    reader.skip(6)?;
    let spi = reader.u8()?;
    let count = reader.u8()?;
    reader.skip(spi.into())?;
    let mut transforms = Vec::new();
    for _ in 0..count {
        reader.skip(2)?;
        let length = usize::from(reader.u16()?).checked_sub(4).ok_or(Short)?;
        let mut transform = reader.part(length)?;
        let kind = transform.u8()?;
        transform.skip(1)?;
        let id = transform.u16()?;
        let bits = attributes(transform)?.into_iter().find(|(kind, _)| *kind == 14).map_or(0, |(_, bits)| bits);
        transforms.push((kind, id, bits));
    }
    Ok(transforms)
}

/// The attributes of the first transform that IKEv1 chose.
pub(crate) fn chosen_1(body: &[u8]) -> Result<Vec<(u16, u16)>, Short> {
    let mut reader = Reader::new(body);
    // What it is for, the proposal, the transform.
    reader.skip(8 + 6)?;
    let spi = reader.u8()?;
    reader.skip(1)?;
    reader.skip(spi.into())?;
    reader.skip(2)?;
    let length = usize::from(reader.u16()?).checked_sub(4).ok_or(Short)?;
    let mut transform = reader.part(length)?;
    transform.skip(4)?;
    attributes(transform)
}

/// Types and values. Of long values there is 0.
fn attributes(mut reader: Reader) -> Result<Vec<(u16, u16)>, Short> {
    const SHORT: u16 = 0x8000;
    let mut attributes = Vec::new();
    while !reader.is_empty() {
        let kind = reader.u16()?;
        let value = reader.u16()?;
        if kind & SHORT == 0 {
            reader.skip(value.into())?;
        }
        attributes.push((kind & !SHORT, if kind & SHORT == 0 { 0 } else { value }));
    }
    Ok(attributes)
}

/// The name of a transform in IANA's registry.
pub(crate) fn transform_name((kind, id, bits): (u8, u16, u16)) -> String {
    let name = match (kind, id) {
        (1, 3) => "ENCR_3DES",
        (1, 12) => "ENCR_AES_CBC",
        (1, 20) => "ENCR_AES_GCM_16",
        (1, 28) => "ENCR_CHACHA20_POLY1305",
        (2, 2) => "PRF_HMAC_SHA1",
        (2, 5) => "PRF_HMAC_SHA2_256",
        (2, 6) => "PRF_HMAC_SHA2_384",
        (2, 7) => "PRF_HMAC_SHA2_512",
        (3, 0) => "NONE",
        (3, 2) => "AUTH_HMAC_SHA1_96",
        (3, 12) => "AUTH_HMAC_SHA2_256_128",
        (3, 13) => "AUTH_HMAC_SHA2_384_192",
        (3, 14) => "AUTH_HMAC_SHA2_512_256",
        (4, group) => return group_name(group),
        _ => return format!("{kind}:{id}"),
    };
    if bits == 0 { name.into() } else { format!("{name}_{bits}") }
}

/// The name of a group.
pub(crate) fn group_name(group: u16) -> String {
    match group {
        1 => "modp768".into(),
        2 => "modp1024".into(),
        5 => "modp1536".into(),
        14 => "modp2048".into(),
        15 => "modp3072".into(),
        16 => "modp4096".into(),
        17 => "modp6144".into(),
        18 => "modp8192".into(),
        19 => "ecp256".into(),
        20 => "ecp384".into(),
        21 => "ecp521".into(),
        31 => "curve25519".into(),
        32 => "curve448".into(),
        _ => format!("group {group}"),
    }
}

/// The name of a notification about an error; both versions have the same numbers for these.
pub(crate) fn error_name(kind: u16, is_second: bool) -> String {
    match (kind, is_second) {
        (5, _) => "INVALID_MAJOR_VERSION".into(),
        (7, true) => "INVALID_SYNTAX".into(),
        (14, _) => "NO_PROPOSAL_CHOSEN".into(),
        (16, false) => "PAYLOAD_MALFORMED".into(),
        (17, true) => "INVALID_KE_PAYLOAD".into(),
        (24, _) => "AUTHENTICATION_FAILED".into(),
        _ => format!("notification {kind}"),
    }
}
