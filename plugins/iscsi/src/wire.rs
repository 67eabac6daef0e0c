//! Protocol data units of iSCSI.

use portprint_plugin_sdk::{Reader, Short, text};

/// Every PDU begins with so many bytes.
pub(crate) const HEAD: usize = 48;

const LOGIN: u8 = 0x03;
const TEXT: u8 = 0x04;
const LOGOUT: u8 = 0x06;
const LOGIN_RESPONSE: u8 = 0x23;
const TEXT_RESPONSE: u8 = 0x24;
const REJECT: u8 = 0x3f;
/// To be delivered at once, outside the order of commands.
const IMMEDIATE: u8 = 0x40;

/// "For testing": an initiator session id that is random and not an organisation's.
const SESSION: [u8; 6] = [0x80, 0, 0x50, 0x50, 0, 0];

/// A stage of the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Security = 0,
    Operational = 1,
    FullFeature = 3,
}

/// A Login Request that wants to go on from one stage to another.
pub(crate) fn login(tag: u32, status: u32, from: Stage, to: Stage, keys: &[&str]) -> Vec<u8> {
    let flags = 0x80 | (from as u8) << 2 | to as u8;
    let mut pdu = head(LOGIN | IMMEDIATE, flags, tag, keys);
    pdu[8..14].copy_from_slice(&SESSION);
    pdu[28..32].copy_from_slice(&status.to_be_bytes());
    with(pdu, keys)
}

/// A Text Request.
pub(crate) fn ask(tag: u32, status: u32, keys: &[&str]) -> Vec<u8> {
    let mut pdu = head(TEXT | IMMEDIATE, 0x80, tag, keys);
    // No transfer is gone on with.
    pdu[20..24].fill(0xff);
    pdu[28..32].copy_from_slice(&status.to_be_bytes());
    with(pdu, keys)
}

/// A Logout Request that closes the session.
pub(crate) fn logout(tag: u32, status: u32) -> Vec<u8> {
    let mut pdu = head(LOGOUT | IMMEDIATE, 0x80, tag, &[]);
    pdu[28..32].copy_from_slice(&status.to_be_bytes());
    pdu
}

fn head(opcode: u8, flags: u8, tag: u32, keys: &[&str]) -> Vec<u8> {
    let length = keys.iter().map(|key| key.len() + 1).sum::<usize>();
    let mut pdu = vec![0; HEAD];
    (pdu[0], pdu[1]) = (opcode, flags);
    pdu[4..8].copy_from_slice(&u32::try_from(length).unwrap_or(0).to_be_bytes());
    pdu[16..20].copy_from_slice(&tag.to_be_bytes());
    pdu
}

fn with(mut pdu: Vec<u8>, keys: &[&str]) -> Vec<u8> {
    for key in keys {
        pdu.extend_from_slice(key.as_bytes());
        pdu.push(0);
    }
    pdu.resize(pdu.len().next_multiple_of(4), 0);
    pdu
}

/// The beginning of a PDU of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    /// What follows: additional headers, and data with what fills it up to four bytes.
    pub(crate) additional: usize,
    pub(crate) data: usize,
    pub(crate) status_number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With the stage that the login goes on to, if it does, and the status.
    Login {
        to: Option<Stage>,
        status: u16,
    },
    Text,
    /// With the reason.
    Reject {
        reason: u8,
    },
}

impl Head {
    /// The beginning of an answer to the request of this tag.
    pub(crate) fn read(bytes: &[u8], tag: u32) -> Result<Self, Short> {
        const MOST: u32 = 64 * 1024;
        let mut reader = Reader::new(bytes);
        let (opcode, flags, second, third) = (reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?);
        let additional = usize::from(reader.u8()?) * 4;
        let length = reader.u24()?;
        // The session's name.
        reader.skip(8)?;
        let echoed = reader.u32()?;
        reader.skip(4)?;
        let status_number = reader.u32()?;
        // Which commands are expected.
        reader.skip(8)?;
        let status = reader.u16()?;
        reader.skip(10)?;
        let is_last = flags & 0x80 != 0;
        let kind = match opcode {
            LOGIN_RESPONSE => {
                // No version above 0 has ever been; classes of status are 0 to 3.
                if third != 0 || status >> 8 > 3 || flags & 0x30 != 0 {
                    return Err(Short);
                }
                let to = match flags & 3 {
                    1 => Some(Stage::Operational),
                    3 => Some(Stage::FullFeature),
                    _ => None,
                };
                Kind::Login { to: to.filter(|_| is_last), status }
            }
            TEXT_RESPONSE => Kind::Text,
            // The tag is reserved there, and what was rejected comes along instead.
            REJECT if flags == 0x80 && echoed == u32::MAX && (2..=0x0c).contains(&second) && length >= 48 => {
                Kind::Reject { reason: second }
            }
            _ => return Err(Short),
        };
        if !matches!(kind, Kind::Reject { .. }) && echoed != tag || length > MOST {
            return Err(Short);
        }
        let data = usize::try_from(length).map_err(|_| Short)?.next_multiple_of(4);
        Ok(Self { kind, additional, data, status_number })
    }
}

/// The keys and values of a PDU's data.
pub(crate) fn keys(data: &[u8]) -> Vec<(String, String)> {
    data.split(|&byte| byte == 0)
        .filter_map(|pair| {
            let at = pair.iter().position(|&byte| byte == b'=')?;
            let (key, value) = pair.split_at_checked(at)?;
            Some((text(key), text(value.get(1..)?)))
        })
        .collect()
}

/// What a status of a Login Response says, in the words of RFC 7143, section 11.13.5.
pub(crate) fn status(status: u16) -> &'static str {
    match status {
        0x0000 => "success",
        0x0101 => "target moved temporarily",
        0x0102 => "target moved permanently",
        0x0200 => "initiator error",
        0x0201 => "authentication failure",
        0x0202 => "authorization failure",
        0x0203 => "not found",
        0x0204 => "target removed",
        0x0205 => "unsupported version",
        0x0206 => "too many connections",
        0x0207 => "missing parameter",
        0x0208 => "can't include in session",
        0x0209 => "session type not supported",
        0x020a => "session does not exist",
        0x020b => "invalid request during login",
        0x0300 => "target error",
        0x0301 => "service unavailable",
        0x0302 => "out of resources",
        status if status >> 8 == 1 => "redirection",
        status if status >> 8 == 2 => "initiator error",
        _ => "target error",
    }
}
