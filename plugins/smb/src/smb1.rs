//! Messages of SMB 1, for servers that know nothing newer ([MS-CIFS], sections 2.2.3.1, 2.2.4.52 and 2.2.4.53; [MS-SMB], 2.2.4.5, 2.2.4.6).

use portprint_plugin_ntlm::utf16;
use portprint_plugin_sdk::{Reader, Short, text};

use crate::wire::framed;

/// How long a header of SMB 1 is.
const HEAD: usize = 32;
const PROTOCOL: &[u8; 4] = b"\xffSMB";
const NEGOTIATE: u8 = 0x72;
const SESSION_SETUP: u8 = 0x73;
/// Says that both sides pass on tokens instead of passwords.
const EXTENDED_SECURITY: u32 = 0x8000_0000;
const UNICODE: u16 = 0x8000;

/// The dialects of SMB 1 from the oldest to the newest.
pub(crate) const DIALECTS: [&str; 5] = ["PC NETWORK PROGRAM 1.0", "LANMAN1.0", "LM1.2X002", "LANMAN2.1", "NT LM 0.12"];

fn head(command: u8, id: u16) -> Vec<u8> {
    let mut head = PROTOCOL.to_vec();
    head.extend_from_slice(&[command, 0, 0, 0, 0]);
    // Names in any case; Unicode, statuses of NT, extended security, long names.
    head.push(0x18);
    head.extend_from_slice(&0xc801_u16.to_le_bytes());
    head.resize(HEAD - 2, 0);
    head.extend_from_slice(&id.to_le_bytes());
    head
}

/// Asks for any dialect of SMB 1.
pub(crate) fn negotiate() -> Vec<u8> {
    let names = DIALECTS.iter().flat_map(|name| [b"\x02", name.as_bytes(), b"\0"].concat()).collect::<Vec<_>>();
    let mut message = head(NEGOTIATE, 0);
    message.push(0);
    message.extend_from_slice(&u16::try_from(names.len()).unwrap_or(0).to_le_bytes());
    message.extend(names);
    framed(&message)
}

/// Begins to log in with this token.
pub(crate) fn session_setup(session_key: u32, token: &[u8]) -> Vec<u8> {
    let mut message = head(SESSION_SETUP, 1);
    message.push(12);
    // No further command; buffers of 16 KiB, one request at a time, and no claim to be the only connection of this client.
    message.extend_from_slice(&[0xff, 0, 0, 0, 0, 0x40, 1, 0, 1, 0]);
    message.extend_from_slice(&session_key.to_le_bytes());
    message.extend_from_slice(&u16::try_from(token.len()).unwrap_or(0).to_le_bytes());
    message.extend_from_slice(&[0; 4]);
    // Unicode, large files, NT's commands and statuses.
    message.extend_from_slice(&(EXTENDED_SECURITY | 0x5c).to_le_bytes());
    // What the client runs on, and is: nothing is told.
    let mut bytes = token.to_vec();
    bytes.resize((HEAD + 27 + bytes.len()).next_multiple_of(2) - HEAD - 27, 0);
    bytes.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or(0).to_le_bytes());
    message.extend(bytes);
    framed(&message)
}

/// Whether this can be a message of SMB 1 at all.
pub(crate) fn is_one(message: &[u8]) -> bool {
    message.starts_with(PROTOCOL)
}

/// An answer's status, words and bytes, and whether its texts are in Unicode.
struct Answer<'a> {
    status: u32,
    words: Reader<'a>,
    bytes: &'a [u8],
    /// Where the bytes begin in the message.
    at: usize,
    unicode: bool,
}

fn answer(message: &[u8], command: u8, id: u16) -> Result<Answer<'_>, Short> {
    let mut reader = Reader::new(message);
    let protocol: [u8; 4] = reader.array()?;
    let answered = reader.u8()?;
    let status = reader.u32_le()?;
    let flags = reader.u8()?;
    let more_flags = reader.u16_le()?;
    reader.skip(18)?;
    let answered_id = reader.u16_le()?;
    if &protocol != PROTOCOL || answered != command || flags & 0x80 == 0 || answered_id != id {
        return Err(Short);
    }
    let words = usize::from(reader.u8()?) * 2;
    let words = reader.part(words)?;
    let count = usize::from(reader.u16_le()?);
    // Some count wrong, or send less.
    let bytes = reader.bytes(count.min(reader.len()))?;
    Ok(Answer { status, at: HEAD + 3 + words.len(), words, bytes, unicode: more_flags & UNICODE != 0 })
}

/// What the answer to [`negotiate`] tells.
#[derive(Debug, Default)]
pub(crate) struct Negotiated {
    pub(crate) dialect: &'static str,
    /// Users log in, instead of shares having passwords.
    pub(crate) user_level: bool,
    pub(crate) signing_enabled: bool,
    pub(crate) signing_required: bool,
    pub(crate) system_time: u64,
    pub(crate) session_key: u32,
    pub(crate) guid: Option<[u8; 16]>,
    /// With extended security.
    pub(crate) token: Vec<u8>,
    /// Without.
    pub(crate) domain: String,
    pub(crate) name: String,
}

impl Negotiated {
    pub(crate) fn read(message: &[u8]) -> Result<Self, Short> {
        let Answer { mut words, bytes, unicode, .. } = answer(message, NEGOTIATE, 0)?;
        let (count, index) = (words.len(), words.u16_le()?);
        let dialect = DIALECTS.get(usize::from(index)).copied();
        let mut found = Self { dialect: dialect.unwrap_or_default(), ..Self::default() };
        match (count, dialect) {
            // None of these dialects, or one of the first two.
            (2, _) if index == 0xffff || dialect.is_some() => {}
            (26, Some(_)) => found.user_level = words.u16_le()? & 1 != 0,
            (34, Some(_)) => {
                let mode = words.u8()?;
                found.user_level = mode & 1 != 0;
                (found.signing_enabled, found.signing_required) = (mode & 4 != 0, mode & 8 != 0);
                words.skip(12)?;
                found.session_key = words.u32_le()?;
                let capabilities = words.u32_le()?;
                found.system_time = words.u64_le()?;
                words.skip(2)?;
                let challenge = usize::from(words.u8()?);
                let mut bytes = Reader::new(bytes);
                if capabilities & EXTENDED_SECURITY != 0 {
                    found.guid = bytes.array().ok();
                    found.token = bytes.rest().to_vec();
                } else {
                    bytes.skip(challenge.min(bytes.len()))?;
                    (found.domain, found.name) = (string(&mut bytes, unicode), string(&mut bytes, unicode));
                }
            }
            _ => return Err(Short),
        }
        Ok(found)
    }
}

/// What the answer to [`session_setup`] tells.
#[derive(Debug)]
pub(crate) struct SessionSetup {
    pub(crate) status: u32,
    pub(crate) token: Vec<u8>,
    pub(crate) native_os: String,
    pub(crate) native_lan_manager: String,
}

impl SessionSetup {
    pub(crate) fn read(message: &[u8]) -> Result<Self, Short> {
        let Answer { status, mut words, bytes, at, unicode } = answer(message, SESSION_SETUP, 1)?;
        if words.len() != 8 {
            return Ok(Self { status, token: Vec::new(), native_os: String::new(), native_lan_manager: String::new() });
        }
        words.skip(6)?;
        let length = usize::from(words.u16_le()?);
        let mut bytes = Reader::new(bytes);
        let token = bytes.bytes(length)?.to_vec();
        if unicode && (at + length) % 2 != 0 {
            bytes.skip(1)?;
        }
        let (native_os, native_lan_manager) = (string(&mut bytes, unicode), string(&mut bytes, unicode));
        Ok(Self { status, token, native_os, native_lan_manager })
    }
}

/// A text that ends with a NUL, or with the message.
fn string(reader: &mut Reader<'_>, unicode: bool) -> String {
    if !unicode {
        let rest = reader.rest();
        return text(reader.until(0).unwrap_or(rest));
    }
    let mut units = Vec::new();
    while let Ok([low, high]) = reader.array() {
        if (low, high) == (0, 0) {
            break;
        }
        units.extend_from_slice(&[low, high]);
    }
    utf16(&units)
}
