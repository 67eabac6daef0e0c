//! Messages of SMB 2 and 3, and what they are wrapped in.

use portprint_plugin_sdk::{Reader, Short};

/// How long a header of SMB 2 is.
const HEAD: usize = 64;
const PROTOCOL: &[u8; 4] = b"\xfeSMB";
/// The flag that only answers have.
const FROM_SERVER: u32 = 1;
const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
/// The answer goes on to ask for something.
pub(crate) const MORE_PROCESSING_REQUIRED: u32 = 0xc000_0016;

const DIALECTS: [u16; 5] = [0x0202, 0x0210, 0x0300, 0x0302, 0x0311];

/// Puts a message into the frame of a NetBIOS session, which direct TCP has kept.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    // The length has 24 bits, the type before it is 0.
    let length = u32::try_from(message.len()).unwrap_or(0).to_be_bytes();
    [&length, message].concat()
}

/// Asks for a NetBIOS session with whatever file server there is (RFC 1002, section 4.3.2).
pub(crate) fn session_request() -> Vec<u8> {
    let mut request = vec![0x81, 0, 0, 68];
    for (name, kind) in [(b"*SMBSERVER     ", 0x20), (b"PORTPRINT      ", 0)] {
        request.push(32);
        for byte in name.iter().copied().chain([kind]) {
            request.extend_from_slice(&[b'A' + (byte >> 4), b'A' + (byte & 15)]);
        }
        request.push(0);
    }
    request
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A message of so many bytes.
    Message(usize),
    /// The session that was asked for.
    Session,
    /// There is no session; an error of one byte follows.
    NoSession,
}

pub(crate) fn frame(head: [u8; 4]) -> Result<Frame, Short> {
    const MOST: usize = 64 * 1024;
    let [kind, length @ ..] = head;
    match (kind, length) {
        (0, [high, middle, low]) => {
            let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).map_err(|_| Short)?;
            // No header is shorter than that of SMB 1.
            if (32..=MOST).contains(&length) { Ok(Frame::Message(length)) } else { Err(Short) }
        }
        (0x82, [0, 0, 0]) => Ok(Frame::Session),
        (0x83, [0, 0, 1]) => Ok(Frame::NoSession),
        _ => Err(Short),
    }
}

fn head(command: u16, id: u64) -> Vec<u8> {
    let mut head = PROTOCOL.to_vec();
    head.extend_from_slice(&64_u16.to_le_bytes());
    head.extend_from_slice(&[0; 6]);
    head.extend_from_slice(&command.to_le_bytes());
    // As many credits as are asked for.
    head.extend_from_slice(&8_u16.to_le_bytes());
    head.extend_from_slice(&[0; 8]);
    head.extend_from_slice(&id.to_le_bytes());
    head.resize(HEAD, 0);
    head
}

/// Asks for any dialect from 2.0.2 to 3.1.1.
pub(crate) fn negotiate(client: [u8; 16], salt: [u8; 32]) -> Vec<u8> {
    // SHA-512 is the only hash for the integrity before authentication.
    let integrity = [&[1, 0, 32, 0, 1, 0][..], &salt].concat();
    // AES-128-GCM, AES-128-CCM, AES-256-GCM, AES-256-CCM.
    let encryption = [4, 0, 2, 0, 1, 0, 4, 0, 3, 0];
    let mut message = head(NEGOTIATE, 0);
    message.extend_from_slice(&36_u16.to_le_bytes());
    message.extend_from_slice(&(DIALECTS.len() as u16).to_le_bytes());
    // Signing is possible; and so is every capability, for else the server would not tell of its own.
    message.extend_from_slice(&[1, 0, 0, 0]);
    message.extend_from_slice(&0x7f_u32.to_le_bytes());
    message.extend_from_slice(&client);
    let contexts = (HEAD + 36 + 2 * DIALECTS.len()).next_multiple_of(8);
    message.extend_from_slice(&(contexts as u32).to_le_bytes());
    message.extend_from_slice(&[2, 0, 0, 0]);
    for dialect in DIALECTS {
        message.extend_from_slice(&dialect.to_le_bytes());
    }
    for (kind, context) in [(1, &integrity[..]), (2, &encryption)] {
        message.resize(message.len().next_multiple_of(8), 0);
        message.extend_from_slice(&[kind, 0, context.len() as u8, 0, 0, 0, 0, 0]);
        message.extend_from_slice(context);
    }
    framed(&message)
}

/// Begins to log in with this token.
pub(crate) fn session_setup(token: &[u8]) -> Vec<u8> {
    let mut message = head(SESSION_SETUP, 1);
    message.extend_from_slice(&25_u16.to_le_bytes());
    // Signing is possible.
    message.extend_from_slice(&[0, 1]);
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&(HEAD as u16 + 24).to_le_bytes());
    message.extend_from_slice(&u16::try_from(token.len()).unwrap_or(0).to_le_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(token);
    framed(&message)
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u32,
    message: &'a [u8],
}

impl<'a> Answer<'a> {
    /// Whether this can be a message of SMB 2 or 3 at all.
    pub(crate) fn is_one(message: &[u8]) -> bool {
        message.starts_with(PROTOCOL)
    }

    pub(crate) fn to_negotiate(message: &'a [u8]) -> Result<Self, Short> {
        Self::read(message, NEGOTIATE, 0)
    }

    pub(crate) fn to_session_setup(message: &'a [u8]) -> Result<Self, Short> {
        Self::read(message, SESSION_SETUP, 1)
    }

    fn read(message: &'a [u8], command: u16, id: u64) -> Result<Self, Short> {
        let mut reader = Reader::new(message);
        let protocol: [u8; 4] = reader.array()?;
        let size = reader.u16_le()?;
        reader.skip(2)?;
        let status = reader.u32_le()?;
        let answered = reader.u16_le()?;
        reader.skip(2)?;
        let flags = reader.u32_le()?;
        reader.skip(4)?;
        let answered_id = reader.u64_le()?;
        reader.skip(32)?;
        let is_one = &protocol == PROTOCOL
            && size == 64
            && answered == command
            && flags & FROM_SERVER != 0
            && answered_id == id
            && !reader.is_empty();
        if is_one { Ok(Self { status, message }) } else { Err(Short) }
    }

    fn body(&self) -> Result<Reader<'a>, Short> {
        let mut reader = Reader::new(self.message);
        reader.skip(HEAD)?;
        Ok(reader)
    }

    fn part(&self, offset: u16, length: u16) -> Result<&'a [u8], Short> {
        let mut reader = Reader::new(self.message);
        reader.skip(offset.into())?;
        reader.bytes(length.into())
    }

    /// The token in the answer to [`session_setup`].
    pub(crate) fn token(&self) -> Result<&'a [u8], Short> {
        let mut reader = self.body()?;
        if reader.u16_le()? != 9 {
            return Err(Short);
        }
        reader.skip(2)?;
        self.part(reader.u16_le()?, reader.u16_le()?)
    }
}

/// What the answer to [`negotiate`] tells.
#[derive(Debug)]
pub(crate) struct Negotiated<'a> {
    pub(crate) signing_required: bool,
    pub(crate) signing_enabled: bool,
    pub(crate) dialect: u16,
    pub(crate) guid: [u8; 16],
    pub(crate) capabilities: u32,
    pub(crate) system_time: u64,
    pub(crate) boot_time: u64,
    pub(crate) token: &'a [u8],
    /// The cipher of dialect 3.1.1, by its number.
    pub(crate) cipher: Option<u16>,
}

impl<'a> Negotiated<'a> {
    pub(crate) fn read(answer: &Answer<'a>) -> Result<Self, Short> {
        let mut reader = answer.body()?;
        let size = reader.u16_le()?;
        let mode = reader.u16_le()?;
        let dialect = reader.u16_le()?;
        if size != 65 || !DIALECTS.contains(&dialect) {
            return Err(Short);
        }
        let contexts = reader.u16_le()?;
        let guid = reader.array()?;
        let capabilities = reader.u32_le()?;
        // How much can be sent, read and written at once.
        reader.skip(12)?;
        let (system_time, boot_time) = (reader.u64_le()?, reader.u64_le()?);
        let (offset, length) = (reader.u16_le()?, reader.u16_le()?);
        let contexts_at = reader.u32_le()?;
        let token = if length == 0 { &[] } else { answer.part(offset, length)? };
        let cipher =
            (dialect == 0x0311).then(|| cipher(answer.message, contexts_at, contexts).ok().flatten()).flatten();
        Ok(Self {
            signing_required: mode & 2 != 0,
            signing_enabled: mode & 1 != 0,
            dialect,
            guid,
            capabilities,
            system_time,
            boot_time,
            token,
            cipher,
        })
    }
}

fn cipher(message: &[u8], at: u32, count: u16) -> Result<Option<u16>, Short> {
    const MOST: u16 = 16;
    let mut reader = Reader::new(message);
    reader.skip(usize::try_from(at).map_err(|_| Short)?)?;
    for _ in 0..count.min(MOST) {
        let kind = reader.u16_le()?;
        let length = usize::from(reader.u16_le()?);
        reader.skip(4)?;
        let mut context = reader.part(length)?;
        if kind == 2 && context.u16_le()? == 1 {
            return context.u16_le().map(Some);
        }
        // The last one need not be filled up.
        reader.skip((length.next_multiple_of(8) - length).min(reader.len()))?;
    }
    Ok(None)
}

/// A dialect as people write it.
pub(crate) fn dialect_name(dialect: u16) -> &'static str {
    match dialect {
        0x0202 => "SMB 2.0.2",
        0x0210 => "SMB 2.1",
        0x0300 => "SMB 3.0",
        0x0302 => "SMB 3.0.2",
        _ => "SMB 3.1.1",
    }
}

pub(crate) fn cipher_name(cipher: u16) -> Option<&'static str> {
    Some(match cipher {
        1 => "AES-128-CCM",
        2 => "AES-128-GCM",
        3 => "AES-256-CCM",
        4 => "AES-256-GCM",
        _ => return None,
    })
}

/// What a server can do, by bit.
pub(crate) const CAPABILITIES: [&str; 8] = [
    "dfs",
    "leasing",
    "large_mtu",
    "multi_channel",
    "persistent_handles",
    "directory_leasing",
    "encryption",
    "notifications",
];

/// A GUID as people write it.
pub(crate) fn guid(bytes: [u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let (first, second, third) =
        (u32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
    let [i, j, rest @ ..] = rest;
    let last = rest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{first:08x}-{second:04x}-{third:04x}-{i:02x}{j:02x}-{last}")
}

/// A FILETIME, 100 ns since 1601, as RFC 3339 has it, in whole seconds. Nothing for what no clock says.
pub(crate) fn time(filetime: u64) -> Option<String> {
    const TO_1970: u64 = 11_644_473_600;
    const DAY: u64 = 86_400;
    let seconds = (filetime / 10_000_000).checked_sub(TO_1970)?;
    let (days, rest) = (seconds / DAY, seconds % DAY);
    // Years begin in March here, so that the leap day is the last.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    (year < 10_000).then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}
