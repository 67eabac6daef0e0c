//! Messages of STUN.

use std::net::{IpAddr, SocketAddr};

use portprint_plugin_sdk::{Reader, Short, text};

/// The magic cookie. To servers of RFC 3489 it is a part of the transaction's id.
pub(crate) const MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// How long a header is.
pub(crate) const HEADER: usize = 20;

pub(crate) const BINDING: u16 = 0x001;
pub(crate) const ALLOCATE: u16 = 0x003;
pub(crate) const REFRESH: u16 = 0x004;

/// REQUESTED-TRANSPORT with 253, a protocol number for experiments: no server relays that.
pub(crate) const NO_TRANSPORT: [u8; 8] = [0, 0x19, 0, 4, 253, 0, 0, 0];

/// LIFETIME of no seconds.
pub(crate) const NO_LIFETIME: [u8; 8] = [0, 0x0d, 0, 4, 0, 0, 0, 0];

/// A request with these attributes.
pub(crate) fn request(method: u16, transaction: [u8; 12], attributes: &[u8]) -> Vec<u8> {
    let mut message = method.to_be_bytes().to_vec();
    message.extend_from_slice(&u16::try_from(attributes.len()).unwrap_or_default().to_be_bytes());
    message.extend_from_slice(&MAGIC);
    message.extend_from_slice(&transaction);
    message.extend_from_slice(attributes);
    message
}

/// What the header of an answer to a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) is_error: bool,
    /// How many bytes follow it.
    pub(crate) length: usize,
}

impl Header {
    /// The header of the answer to the request of this method and transaction, and of nothing else.
    pub(crate) fn read(bytes: &[u8], method: u16, transaction: [u8; 12]) -> Result<Self, Short> {
        const SUCCESS: u16 = 0x0100;
        const ERROR: u16 = 0x0110;
        const MOST: usize = 4096;
        let mut reader = Reader::new(bytes);
        let kind = reader.u16()?;
        let length = usize::from(reader.u16()?);
        if reader.array()? != MAGIC || reader.array()? != transaction || length % 4 != 0 || length > MOST {
            return Err(Short);
        }
        let is_error = kind == method | ERROR;
        if is_error || kind == method | SUCCESS { Ok(Self { is_error, length }) } else { Err(Short) }
    }
}

/// What an answer says that is of interest here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Where the request came from, as the server sees it.
    pub(crate) mapped: Option<SocketAddr>,
    /// Where the answer comes from, as the server sees it.
    pub(crate) origin: Option<SocketAddr>,
    /// Where the server listens, too.
    pub(crate) other: Option<SocketAddr>,
    /// Number and reason.
    pub(crate) error: Option<(u16, String)>,
    pub(crate) software: String,
    pub(crate) realm: String,
    pub(crate) has_nonce: bool,
    /// Names of password algorithms.
    pub(crate) algorithms: Vec<String>,
    /// The server that issues tokens.
    pub(crate) third_party: String,
}

impl Answer {
    /// The attributes of a message, all of which have to be whole.
    pub(crate) fn read(body: &[u8], transaction: [u8; 12]) -> Result<Self, Short> {
        let mut answer = Self::default();
        let mut reader = Reader::new(body);
        while !reader.is_empty() {
            let kind = reader.u16()?;
            let length = usize::from(reader.u16()?);
            let value = reader.bytes(length)?;
            reader.skip((4 - length % 4) % 4)?;
            match kind {
                0x0001 => answer.mapped = answer.mapped.or(address(value, None)?),
                0x0020 | 0x8020 => answer.mapped = address(value, Some(transaction))?,
                // SOURCE-ADDRESS and CHANGED-ADDRESS are their names in RFC 3489.
                0x802b => answer.origin = address(value, None)?,
                0x802c => answer.other = address(value, None)?,
                0x0004 => answer.origin = answer.origin.or(address(value, None)?),
                0x0005 => answer.other = answer.other.or(address(value, None)?),
                0x0009 => answer.error = Some(error(value)?),
                0x8022 => answer.software = text(value),
                0x0014 => answer.realm = text(value),
                0x0015 => answer.has_nonce = true,
                0x8002 => answer.algorithms = algorithms(value)?,
                0x802e => answer.third_party = text(value),
                _ => {}
            }
        }
        Ok(answer)
    }
}

/// An address, hidden by the magic cookie and this transaction. None of a family that is unknown.
fn address(value: &[u8], hidden: Option<[u8; 12]>) -> Result<Option<SocketAddr>, Short> {
    let mut mask = [0; 16];
    if let Some(transaction) = hidden {
        mask[..4].copy_from_slice(&MAGIC);
        mask[4..].copy_from_slice(&transaction);
    }
    let mut reader = Reader::new(value);
    reader.skip(1)?;
    let family = reader.u8()?;
    let port = reader.u16()? ^ u16::from_be_bytes([mask[0], mask[1]]);
    let ip = match family {
        1 => IpAddr::from(unmasked(reader.array::<4>()?, &mask)),
        2 => IpAddr::from(unmasked(reader.array::<16>()?, &mask)),
        _ => return Ok(None),
    };
    Ok(Some(SocketAddr::new(ip, port)))
}

fn unmasked<const N: usize>(mut bytes: [u8; N], mask: &[u8; 16]) -> [u8; N] {
    for (byte, mask) in bytes.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    bytes
}

fn error(value: &[u8]) -> Result<(u16, String), Short> {
    let mut reader = Reader::new(value);
    reader.skip(2)?;
    let (class, number) = (reader.u8()? & 7, reader.u8()?);
    if !(3..=6).contains(&class) || number > 99 {
        return Err(Short);
    }
    Ok((u16::from(class) * 100 + u16::from(number), text(reader.rest())))
}

fn algorithms(value: &[u8]) -> Result<Vec<String>, Short> {
    let mut reader = Reader::new(value);
    let mut names = Vec::new();
    while !reader.is_empty() {
        let number = reader.u16()?;
        let length = usize::from(reader.u16()?);
        reader.skip(length)?;
        reader.skip(((4 - length % 4) % 4).min(reader.len()))?;
        names.push(match number {
            1 => "MD5".to_owned(),
            2 => "SHA-256".to_owned(),
            _ => number.to_string(),
        });
    }
    Ok(names)
}

/// Software, its version and the rest: `Coturn-4.6.1 'Gorst'`, `restund v0.4.12 (x86_64/linux)`, `eturnal 1.12.0`.
pub(crate) fn software(text: &str) -> (&str, &str, &str) {
    for (at, separator) in text.char_indices().filter(|&(at, c)| at > 0 && matches!(c, ' ' | '-' | '/')) {
        let after = &text[at + separator.len_utf8()..];
        let after = after.strip_prefix(['v', 'V']).unwrap_or(after);
        if after.starts_with(|c: char| c.is_ascii_digit()) {
            let (version, rest) = after.split_once(' ').unwrap_or((after, ""));
            return (text[..at].trim_end(), version, rest.trim_matches(|c: char| c.is_whitespace() || c == '\''));
        }
    }
    (text, "", "")
}
