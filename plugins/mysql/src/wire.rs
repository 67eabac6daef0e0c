//! The first packet of a MySQL server.

use portprint_plugin_sdk::{Reader, Short, text};

/// The longest first packet. Most have less than a hundred bytes.
const LONGEST: u32 = 2048;

/// The length of a packet, from its head, if it can be a server's first.
pub(crate) fn length(head: [u8; 4]) -> Option<usize> {
    let [a, b, c, sequence] = head;
    let length = u32::from_le_bytes([a, b, c, 0]);
    (sequence == 0 && (4..=LONGEST).contains(&length)).then_some(length as usize)
}

/// Capabilities that say something of a server's set-up, and what is said of them.
pub(crate) const CAPABILITIES: [(u32, &str); 8] = [
    (1 << 5, "compress"),
    (1 << 7, "local_files"),
    (1 << 19, "plugin_auth"),
    (1 << 20, "connect_attributes"),
    (1 << 22, "expired_passwords"),
    (1 << 23, "session_track"),
    (1 << 26, "zstd_compress"),
    (1 << 28, "multi_factor_authentication"),
];

/// TLS is offered.
pub(crate) const SSL: u32 = 1 << 11;
/// The server speaks protocol 4.1, which is what the capabilities from the 16th on are about.
const PROTOCOL_41: u32 = 1 << 9;
/// The challenge has a second part.
const SECURE_CONNECTION: u32 = 1 << 15;
/// The authentication plugin is named.
const PLUGIN_AUTH: u32 = 1 << 19;

/// A server's first packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum First {
    Greeting(Greeting),
    /// It is not us that the server talks to.
    Refusal {
        code: u16,
        message: String,
    },
}

/// What a server says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) protocol: u8,
    pub(crate) version: String,
    pub(crate) capabilities: u32,
    /// The collation's number, if it is told.
    pub(crate) collation: Option<u8>,
    /// The authentication plugin, if one is named.
    pub(crate) plugin: Option<String>,
}

impl First {
    /// The packet, without its head.
    pub(crate) fn read(packet: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(packet);
        match reader.u8()? {
            10 => Greeting::read(reader).map(Self::Greeting),
            9 => Greeting::read_9(reader).map(Self::Greeting),
            0xff => {
                let code = reader.u16_le()?;
                let message = match reader.rest() {
                    // Servers may put the SQLSTATE before the message.
                    [b'#', rest @ ..] => rest.get(5..).ok_or(Short)?,
                    rest => rest,
                };
                // Errors of the server: 1000 to 1999, and those above 3000. Messages are in the server's language.
                let is_message = message.len() >= 4 && !message.iter().any(|&byte| byte < b' ' || byte == 0x7f);
                if !matches!(code, 1000..2000 | 3000..5000) || !is_message {
                    return Err(Short);
                }
                Ok(Self::Refusal { code, message: text(message) })
            }
            _ => Err(Short),
        }
    }
}

impl Greeting {
    /// Version 10, since MySQL 3.21.
    fn read(mut reader: Reader<'_>) -> Result<Self, Short> {
        let version = version(&mut reader)?;
        // The connection's number, and the first part of the challenge, whose end is a NUL.
        reader.skip(4 + 8)?;
        if reader.u8()? != 0 {
            return Err(Short);
        }
        let mut greeting =
            Self { protocol: 10, version, capabilities: reader.u16_le()?.into(), collation: None, plugin: None };
        if reader.is_empty() {
            return Ok(greeting);
        }
        greeting.collation = Some(reader.u8()?);
        let _status = reader.u16_le()?;
        let upper = reader.u16_le()?;
        let challenge = reader.u8()?;
        // Nothing, or in MariaDB six bytes of nothing and more capabilities.
        if reader.bytes(10)?.iter().take(6).any(|&byte| byte != 0) {
            return Err(Short);
        }
        if greeting.capabilities & PROTOCOL_41 != 0 {
            greeting.capabilities |= u32::from(upper) << 16;
        }
        if greeting.capabilities & SECURE_CONNECTION != 0 {
            let length = usize::from(challenge).saturating_sub(8).max(13);
            // Some servers leave the NUL at its end out.
            reader.skip(length.min(reader.len()))?;
        }
        if greeting.capabilities & PLUGIN_AUTH != 0 {
            let name = reader.until(0).unwrap_or(reader.rest());
            let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
            greeting.plugin = (is_name && !name.is_empty()).then(|| text(name));
        }
        Ok(greeting)
    }

    /// Version 9, before.
    fn read_9(mut reader: Reader<'_>) -> Result<Self, Short> {
        let version = version(&mut reader)?;
        reader.skip(4)?;
        let challenge = reader.until(0)?;
        if !(8..=20).contains(&challenge.len()) || reader.len() > 2 {
            return Err(Short);
        }
        Ok(Self { protocol: 9, version, capabilities: 0, collation: None, plugin: None })
    }
}

/// A version begins with a digit nearly everywhere, but where administrators have set another.
fn version(reader: &mut Reader<'_>) -> Result<String, Short> {
    let version = reader.until(0)?;
    if version.is_empty() || version.len() > 128 || !version.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(Short);
    }
    Ok(text(version))
}
