//! Packets of MQTT.

use portprint_plugin_sdk::{Reader, Short, text};

/// The longest packet that is read.
pub(crate) const MOST_BYTES: usize = 4096;

/// A version of the protocol, as its level in CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V3 = 4,
    V5 = 5,
}

impl Version {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V3 => "3.1.1",
            Self::V5 => "5",
        }
    }
}

/// CONNECT: a clean session, 30 seconds to live, and no client identifier.
pub(crate) fn connect(version: Version) -> Vec<u8> {
    let mut packet = vec![0x10, 12, 0, 4, b'M', b'Q', b'T', b'T', version as u8, 0x02, 0, 30, 0, 0];
    if version == Version::V5 {
        // No properties, either.
        packet[1] += 1;
        packet.push(0);
    }
    packet
}

/// DISCONNECT: all is well.
pub(crate) const DISCONNECT: [u8; 2] = [DISCONNECT_KIND, 0];
/// Its first byte.
pub(crate) const DISCONNECT_KIND: u8 = 0xe0;

/// The lengths of a packet's head and of its body, by its first bytes: more of them are needed if there is nothing yet. Only a CONNACK is
/// expected.
pub(crate) fn lengths(head: &[u8]) -> Result<Option<(usize, usize)>, Short> {
    const CONNACK: u8 = 0x20;
    let mut reader = Reader::new(head);
    match reader.u8() {
        Ok(CONNACK) => {}
        Ok(_) => return Err(Short),
        Err(Short) => return Ok(None),
    }
    let before = reader.len();
    match integer(&mut reader) {
        Ok(body) => {
            let body = usize::try_from(body).map_err(|_| Short)?;
            if (2..=MOST_BYTES).contains(&body) { Ok(Some((1 + before - reader.len(), body))) } else { Err(Short) }
        }
        // It goes on.
        Err(Short) if before < 4 => Ok(None),
        Err(Short) => Err(Short),
    }
}

/// An integer of seven bits in each byte, the least significant first, and four bytes at most.
pub(crate) fn integer(reader: &mut Reader) -> Result<u32, Short> {
    let mut value = 0;
    for shift in [0, 7, 14, 21] {
        let byte = reader.u8()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Short)
}

/// A property of MQTT 5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Property {
    Integer(&'static str, u32),
    Text(&'static str, String),
    /// What nothing is made of here.
    Other,
}

/// The answer to CONNECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connack {
    /// In the encoding of which version it is: brokers that do not know MQTT 5 answer as ever.
    pub(crate) version: Version,
    pub(crate) code: u8,
    pub(crate) properties: Vec<Property>,
}

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Accepted,
    NeedsAuthentication,
    WrongVersion,
    Refused,
}

impl Connack {
    /// The body of a CONNACK that answers a CONNECT of this version.
    pub(crate) fn read(body: &[u8], asked: Version) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        let (flags, code) = (reader.u8()?, reader.u8()?);
        // There was no session before.
        if flags != 0 {
            return Err(Short);
        }
        if reader.is_empty() {
            return match code {
                0..=5 => Ok(Self { version: Version::V3, code, properties: Vec::new() }),
                // Some leave out that there are no properties.
                0x80..=0x9f if asked == Version::V5 => Ok(Self { version: Version::V5, code, properties: Vec::new() }),
                _ => Err(Short),
            };
        }
        // Section 3.2.2.2.
        let is_known = matches!(code, 0 | 0x80..=0x8a | 0x8c | 0x90 | 0x95 | 0x97 | 0x99..=0x9d | 0x9f);
        if asked != Version::V5 || !is_known {
            return Err(Short);
        }
        let length = usize::try_from(integer(&mut reader)?).map_err(|_| Short)?;
        if length != reader.len() {
            return Err(Short);
        }
        let mut properties = Vec::new();
        while !reader.is_empty() {
            properties.push(property(&mut reader)?);
        }
        Ok(Self { version: Version::V5, code, properties })
    }

    pub(crate) fn meaning(&self) -> Meaning {
        match (self.version, self.code) {
            (_, 0) => Meaning::Accepted,
            (Version::V3, 4 | 5) | (Version::V5, 0x86 | 0x87 | 0x8c) => Meaning::NeedsAuthentication,
            (Version::V3, 1) | (Version::V5, 0x84) => Meaning::WrongVersion,
            _ => Meaning::Refused,
        }
    }
}

fn property(reader: &mut Reader) -> Result<Property, Short> {
    use Property::{Integer, Other, Text};
    Ok(match integer(reader)? {
        0x11 => Integer("session_expiry", reader.u32()?),
        0x12 => string(reader).map(|_| Other)?,
        0x13 => Integer("server_keep_alive", reader.u16()?.into()),
        0x15 => Text("auth_method", string(reader)?),
        0x16 | 0x1a => string(reader).map(|_| Other)?,
        0x1c => Text("server_reference", string(reader)?),
        0x1f => Text("reason", string(reader)?),
        0x21 => Integer("receive_maximum", reader.u16()?.into()),
        0x22 => Integer("topic_alias_maximum", reader.u16()?.into()),
        0x24 => Integer("max_qos", reader.u8()?.into()),
        0x25 => Integer("retain_available", reader.u8()?.into()),
        0x26 => Text("user_property", format!("{}={}", string(reader)?, string(reader)?)),
        0x27 => Integer("max_packet_size", reader.u32()?),
        0x28 => Integer("wildcard_available", reader.u8()?.into()),
        0x29 => Integer("subscription_id_available", reader.u8()?.into()),
        0x2a => Integer("shared_available", reader.u8()?.into()),
        _ => return Err(Short),
    })
}

fn string(reader: &mut Reader) -> Result<String, Short> {
    let length = reader.u16()?;
    Ok(text(reader.bytes(length.into())?))
}
