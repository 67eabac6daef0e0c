//! Messages of RDP's connection sequence.

use portprint_plugin_sdk::{Reader, Short};

/// Of TPKT and of X.224 in an answer to [`request`] that has nothing more.
const SHORTEST: usize = 11;

/// Standard RDP security, which every server of the first versions has.
pub(crate) const RDP: u32 = 0;
pub(crate) const TLS: u32 = 1;
/// CredSSP inside TLS: users prove who they are before there is a session ("network level authentication").
pub(crate) const CREDSSP: u32 = 2;
pub(crate) const RDSTLS: u32 = 4;

/// An X.224 Connection Request that would have these security protocols.
pub(crate) fn request(protocols: u32) -> Vec<u8> {
    let mut message = vec![3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0];
    message.extend_from_slice(&protocols.to_le_bytes());
    message
}

/// How long the message is that begins with this TPKT header.
pub(crate) fn length(head: &[u8]) -> Result<usize, Short> {
    const MOST: usize = 8 * 1024;
    let mut reader = Reader::new(head);
    if reader.u16()? != 0x0300 {
        return Err(Short);
    }
    let length = usize::from(reader.u16()?);
    if (5..=MOST).contains(&length) { Ok(length) } else { Err(Short) }
}

/// An X.224 Connection Confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Confirm {
    pub(crate) source: u16,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server has chosen a protocol, and told what else it can do.
    Selected { protocol: u32, flags: u8 },
    /// There is no protocol that both sides would have.
    Failed { code: u32 },
    /// Not a word about protocols: either an old server, or one of those that speak something else over X.224.
    Nothing,
}

impl Confirm {
    /// The answer to [`request`]. Some choose what nobody asked for.
    pub(crate) fn read(message: &[u8]) -> Result<Self, Short> {
        // Protocols are bits, and so far there are five.
        const MOST: u32 = 1 << 5;
        let mut reader = Reader::new(message);
        reader.skip(4)?;
        let (length, code) = (usize::from(reader.u8()?), reader.u8()?);
        let (destination, source, class) = (reader.u16()?, reader.u16()?, reader.u8()?);
        // The request said that it is from 0.
        if length + 5 != message.len() || code & 0xf0 != 0xd0 || destination != 0 || class != 0 {
            return Err(Short);
        }
        if message.len() == SHORTEST {
            return Ok(Self { source, outcome: Outcome::Nothing });
        }
        let (kind, flags, size, value) = (reader.u8()?, reader.u8()?, reader.u16_le()?, reader.u32_le()?);
        let outcome = match kind {
            2 if value == RDP || value.is_power_of_two() && value < MOST => {
                Outcome::Selected { protocol: value, flags }
            }
            3 if (1..=6).contains(&value) => Outcome::Failed { code: value },
            _ => return Err(Short),
        };
        if size == 8 && reader.is_empty() { Ok(Self { source, outcome }) } else { Err(Short) }
    }
}

/// The protocol's name.
pub(crate) fn protocol_name(protocol: u32) -> &'static str {
    match protocol {
        RDP => "rdp",
        TLS => "tls",
        CREDSSP => "credssp",
        RDSTLS => "rdstls",
        8 => "credssp with early user authorization",
        _ => "entra",
    }
}

/// The failure of a server that has no TLS.
pub(crate) const TLS_NOT_ALLOWED: u32 = 2;

/// What makes a negotiation fail ([MS-RDPBCGR], section 2.2.1.2.2).
pub(crate) fn failure(code: u32) -> &'static str {
    match code {
        1 => "TLS required",
        TLS_NOT_ALLOWED => "TLS not allowed",
        3 => "no certificate",
        4 => "inconsistent flags",
        5 => "CredSSP required",
        _ => "TLS with a certificate of the user required",
    }
}

/// What a version of RDP's core data means ([MS-RDPBCGR], section 2.2.1.4.2).
pub(crate) fn version_name(version: u32) -> String {
    match version {
        0x0008_0001 => "RDP 4.0".into(),
        0x0008_0004 => "RDP 5.0 to 8.1".into(),
        0x0008_0005..=0x0008_00ff => "RDP 10".into(),
        version => format!("{version:#010x}"),
    }
}

/// What a server can do, by bit of its flags.
pub(crate) const CAPABILITIES: [&str; 5] =
    ["extended_client_data", "graphics_pipeline", "", "restricted_admin", "redirected_authentication"];

/// A CredSSP `TSRequest` of version 6 with one token ([MS-CSSP], section 2.2.1).
pub(crate) fn credssp(token: &[u8]) -> Vec<u8> {
    let tokens = der(0x30, &der(0x30, &der(0xa0, &der(0x04, token))));
    der(0x30, &[der(0xa0, &[2, 1, 6]), der(0xa1, &tokens)].concat())
}

/// All of these are shorter than 128 bytes, so that one byte says how long.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag, value.len() as u8], value].concat()
}

/// How many bytes of a DER sequence there are in all, from its first four.
pub(crate) fn sequence(head: &[u8]) -> Result<usize, Short> {
    const MOST: usize = 16 * 1024;
    let mut reader = Reader::new(head);
    if reader.u8()? != 0x30 {
        return Err(Short);
    }
    let length = match reader.u8()? {
        length @ ..=0x7f => 2 + usize::from(length),
        0x81 => 3 + usize::from(reader.u8()?),
        0x82 => 4 + usize::from(reader.u16()?),
        _ => return Err(Short),
    };
    if (4..=MOST).contains(&length) { Ok(length) } else { Err(Short) }
}

/// The version that a server's `TSRequest` begins with.
pub(crate) fn credssp_version(message: &[u8]) -> Option<u8> {
    let at = message.iter().position(|&byte| byte == 0xa0)?;
    match message.get(at..at + 5)? {
        [0xa0, 3, 2, 1, version] => Some(*version),
        _ => None,
    }
}

/// An MCS Connect Initial, with which a session would be set up ([MS-RDPBCGR], section 2.2.1.3; the parameters are those of its example).
pub(crate) fn connect_initial() -> Vec<u8> {
    let mut core = vec![0x01, 0xc0, 132, 0, 4, 0, 8, 0];
    // 1024 x 768, 8 bits, the usual keys, an American keyboard, and a client that has no name.
    core.extend_from_slice(&[0, 4, 0, 3, 0x01, 0xca, 0x03, 0xaa, 9, 4, 0, 0, 0x28, 0x0a, 0, 0]);
    core.resize(core.len() + 32, 0);
    core.extend_from_slice(&[4, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0]);
    core.resize(core.len() + 64, 0);
    // Any encryption; no channels.
    let security = [0x02, 0xc0, 12, 0, 0x1b, 0, 0, 0, 0, 0, 0, 0];
    let network = [0x03, 0xc0, 8, 0, 0, 0, 0, 0];
    let blocks = [&core[..], &security, &network].concat();
    let request = [b"\0\x08\0\x10\0\x01\xc0\0Duca".to_vec(), per(blocks.len()), blocks].concat();
    let conference = [b"\0\x05\0\x14\x7c\0\x01".to_vec(), per(request.len()), request].concat();
    let mut body = vec![4, 1, 1, 4, 1, 1, 1, 1, 0xff];
    body.extend_from_slice(
        b"\x30\x19\x02\x01\x22\x02\x01\x02\x02\x01\0\x02\x01\x01\x02\x01\0\x02\x01\x01\x02\x02\xff\xff\x02\x01\x02",
    );
    body.extend_from_slice(
        b"\x30\x19\x02\x01\x01\x02\x01\x01\x02\x01\x01\x02\x01\x01\x02\x01\0\x02\x01\x01\x02\x02\x04\x20\x02\x01\x02",
    );
    body.extend_from_slice(
        b"\x30\x1c\x02\x02\xff\xff\x02\x02\xfc\x17\x02\x02\xff\xff\x02\x01\x01\x02\x01\0\x02\x01\x01\x02\x02\xff\xff\x02\x01\x02",
    );
    body.extend(long(&[4], &conference));
    let data = [vec![2, 0xf0, 0x80], long(&[0x7f, 0x65], &body)].concat();
    let [high, low] = u16::try_from(data.len() + 4).unwrap_or(0).to_be_bytes();
    [vec![3, 0, high, low], data].concat()
}

/// A length of PER in two bytes.
fn per(length: usize) -> Vec<u8> {
    (0x8000 | u16::try_from(length).unwrap_or(0)).to_be_bytes().to_vec()
}

/// BER with a length in two bytes.
fn long(tag: &[u8], value: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(value.len()).unwrap_or(0).to_be_bytes();
    [tag, &[0x82, high, low], value].concat()
}

/// What an MCS Connect Response tells: the server's version of RDP, and how it would encrypt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) version: Option<u32>,
    pub(crate) encryption_level: Option<u32>,
}

impl Response {
    pub(crate) fn read(message: &[u8]) -> Result<Self, Short> {
        const KEY: &[u8] = b"McDn";
        let mut reader = Reader::new(message);
        reader.skip(4)?;
        if reader.array()? != [2, 0xf0, 0x80, 0x7f, 0x66] {
            return Err(Short);
        }
        // What stands between is T.125's and T.124's; Microsoft's part begins with a key.
        let rest = reader.rest();
        let at = rest.windows(KEY.len()).position(|window| window == KEY).ok_or(Short)?;
        reader.skip(at + KEY.len())?;
        // A length of one byte, or of two.
        if reader.u8()? & 0x80 != 0 {
            reader.skip(1)?;
        }
        let mut response = Self::default();
        while let (Ok(kind), Ok(length)) = (reader.u16_le(), reader.u16_le()) {
            let mut block = reader.part(usize::from(length).checked_sub(4).ok_or(Short)?)?;
            match kind {
                0x0c01 => response.version = block.u32_le().ok(),
                0x0c02 => {
                    block.skip(4)?;
                    response.encryption_level = block.u32_le().ok();
                }
                _ => {}
            }
        }
        if response == Self::default() { Err(Short) } else { Ok(response) }
    }
}
