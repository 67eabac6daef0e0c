//! Identifications and packets of SSH's transport layer, as they are before keys are taken into use.

use portprint_plugin_sdk::{Reader, Short, text};

/// Ours.
pub(crate) const IDENTIFICATION: &[u8] = b"SSH-2.0-portprint\r\n";

/// The first byte of a payload.
pub(crate) mod message {
    pub(crate) const DISCONNECT: u8 = 1;
    pub(crate) const IGNORE: u8 = 2;
    pub(crate) const UNIMPLEMENTED: u8 = 3;
    pub(crate) const DEBUG: u8 = 4;
    pub(crate) const EXT_INFO: u8 = 7;
    pub(crate) const KEXINIT: u8 = 20;
    pub(crate) const KEX_INIT: u8 = 30;
    pub(crate) const KEX_REPLY: u8 = 31;
}

/// What a server says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Banner {
    pub(crate) protocol: String,
    pub(crate) software: String,
    pub(crate) comment: String,
}

impl Banner {
    /// From a line without its end.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let (protocol, rest) = line.strip_prefix("SSH-")?.split_once('-')?;
        let (major, minor) = protocol.split_once('.')?;
        let is_number =
            |digits: &str| matches!(digits.len(), 1..=2) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(major) || !is_number(minor) || line.contains(|c: char| c.is_control() && c != '\t') {
            return None;
        }
        let (software, comment) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(Self { protocol: protocol.into(), software: software.into(), comment: comment.trim().into() })
    }

    /// Whether the server speaks SSH 2. "1.99" speaks both.
    pub(crate) fn speaks_2(&self) -> bool {
        self.protocol == "1.99" || self.protocol.starts_with("2.")
    }
}

/// How many bytes a packet has in all, from its first four. RFC 4253, 6.1: 35000 have to be understood.
pub(crate) fn length(head: &[u8]) -> Result<usize, Short> {
    let length = Reader::new(head).u32()?;
    if !(12..=35_000).contains(&length) { Err(Short) } else { usize::try_from(length + 4).map_err(|_| Short) }
}

/// What is in a packet.
pub(crate) fn payload(packet: &[u8]) -> Result<&[u8], Short> {
    let mut reader = Reader::new(packet);
    reader.skip(4)?;
    let padding = usize::from(reader.u8()?);
    reader.bytes(reader.len().checked_sub(padding).ok_or(Short)?)
}

/// A packet of this payload.
pub(crate) fn packet(payload: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 8;
    let padding = 4 + (BLOCK - (payload.len() + 5 + 4) % BLOCK) % BLOCK;
    let mut packet = count(payload.len() + padding + 1).to_vec();
    packet.push(u8::try_from(padding).unwrap_or(4));
    packet.extend_from_slice(payload);
    packet.resize(packet.len() + padding, 0);
    packet
}

/// The goodbye.
pub(crate) fn disconnect() -> Vec<u8> {
    const BY_APPLICATION: u32 = 11;
    let mut payload = vec![message::DISCONNECT];
    payload.extend_from_slice(&BY_APPLICATION.to_be_bytes());
    string(&mut payload, b"");
    string(&mut payload, b"");
    packet(&payload)
}

/// The algorithms that a side offers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct KexInit {
    pub(crate) kex: Vec<String>,
    pub(crate) host_key: Vec<String>,
    pub(crate) cipher_to_server: Vec<String>,
    pub(crate) cipher_to_client: Vec<String>,
    pub(crate) mac_to_server: Vec<String>,
    pub(crate) mac_to_client: Vec<String>,
    pub(crate) compression_to_server: Vec<String>,
    pub(crate) compression_to_client: Vec<String>,
}

impl KexInit {
    /// From a payload.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(payload);
        reader.skip(1 + 16)?;
        let offer = Self {
            kex: names(&mut reader)?,
            host_key: names(&mut reader)?,
            cipher_to_server: names(&mut reader)?,
            cipher_to_client: names(&mut reader)?,
            mac_to_server: names(&mut reader)?,
            mac_to_client: names(&mut reader)?,
            compression_to_server: names(&mut reader)?,
            compression_to_client: names(&mut reader)?,
        };
        // Languages, whether a guess follows, and four bytes for later.
        names(&mut reader)?;
        names(&mut reader)?;
        reader.skip(1 + 4)?;
        if offer.kex.is_empty() { Err(Short) } else { Ok(offer) }
    }

    /// The payload that agrees to all of it, with this key exchange.
    pub(crate) fn answer(&self, cookie: [u8; 16], kex: &str) -> Vec<u8> {
        const SHORTEST: &str = "ssh-ed25519";
        let mut host_key: Vec<_> = self.host_key.iter().map(String::as_str).collect();
        host_key.sort_by_key(|&name| name != SHORTEST);
        let mut payload = vec![message::KEXINIT];
        payload.extend_from_slice(&cookie);
        string(&mut payload, kex.as_bytes());
        string(&mut payload, host_key.join(",").as_bytes());
        for names in [
            &self.cipher_to_server,
            &self.cipher_to_client,
            &self.mac_to_server,
            &self.mac_to_client,
            &self.compression_to_server,
            &self.compression_to_client,
        ] {
            string(&mut payload, names.join(",").as_bytes());
        }
        string(&mut payload, b"");
        string(&mut payload, b"");
        payload.extend_from_slice(&[0; 5]);
        payload
    }
}

/// What a client's public value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublicValue {
    /// Bytes of X25519: any will do.
    X25519,
    /// A number below a prime of this many bytes. It is kept a byte shorter, so that any will do.
    Group(usize),
}

/// The longest of them.
pub(crate) const MOST_PUBLIC_VALUE: usize = 511;

impl PublicValue {
    pub(crate) fn length(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::Group(prime) => prime - 1,
        }
    }

    /// The payload that sends it.
    pub(crate) fn message(self, value: &mut [u8]) -> Vec<u8> {
        if let (Self::Group(_), Some(first)) = (self, value.first_mut()) {
            // A positive number, without leading zeros.
            *first = *first & 0x7f | 0x40;
        }
        let mut payload = vec![message::KEX_INIT];
        string(&mut payload, value);
        payload
    }
}

/// The first of the server's key exchanges for which a public value can be made without computing.
pub(crate) fn key_exchange(offered: &[String]) -> Option<(&'static str, PublicValue)> {
    const KNOWN: [(&str, PublicValue); 6] = [
        ("curve25519-sha256", PublicValue::X25519),
        ("curve25519-sha256@libssh.org", PublicValue::X25519),
        ("diffie-hellman-group14-sha256", PublicValue::Group(256)),
        ("diffie-hellman-group14-sha1", PublicValue::Group(256)),
        ("diffie-hellman-group16-sha512", PublicValue::Group(512)),
        ("diffie-hellman-group1-sha1", PublicValue::Group(128)),
    ];
    KNOWN.into_iter().find(|(name, _)| offered.iter().any(|offered| offered == name))
}

/// The beginning of the server's answer to a public value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeyReply<'a> {
    /// The kind of the host key.
    pub(crate) algorithm: String,
    /// The host key as it is in files, before base64.
    pub(crate) blob: &'a [u8],
}

impl<'a> KeyReply<'a> {
    /// From a payload.
    pub(crate) fn read(payload: &'a [u8]) -> Result<Self, Short> {
        // Four times RSA of 16384 bits.
        const MOST_KEY: usize = 8 * 1024;
        let mut reader = Reader::new(payload);
        reader.skip(1)?;
        let blob = bytes(&mut reader)?;
        // The server's public value, and its signature.
        bytes(&mut reader)?;
        bytes(&mut reader)?;
        let algorithm = bytes(&mut Reader::new(blob))?;
        if !is_name(algorithm) || blob.len() > MOST_KEY {
            return Err(Short);
        }
        Ok(Self { algorithm: text(algorithm), blob })
    }

    /// How long an RSA key is.
    pub(crate) fn bits(&self) -> Option<u32> {
        if self.algorithm != "ssh-rsa" {
            return None;
        }
        let mut reader = Reader::new(self.blob);
        bytes(&mut reader).ok()?;
        bytes(&mut reader).ok()?;
        let modulus = bytes(&mut reader).ok()?;
        let start = modulus.iter().position(|&byte| byte != 0)?;
        let significant = modulus.get(start..)?;
        u32::try_from(significant.len()).ok()?.checked_mul(8)?.checked_sub(significant.first()?.leading_zeros())
    }
}

fn count(of: usize) -> [u8; 4] {
    u32::try_from(of).unwrap_or(u32::MAX).to_be_bytes()
}

fn string(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend_from_slice(&count(bytes.len()));
    to.extend_from_slice(bytes);
}

/// A `string` of RFC 4251.
fn bytes<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Short> {
    let length = reader.u32()?;
    reader.bytes(usize::try_from(length).map_err(|_| Short)?)
}

/// A `name-list` of RFC 4251.
fn names(reader: &mut Reader<'_>) -> Result<Vec<String>, Short> {
    const MOST: usize = 128;
    let list = bytes(reader)?;
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<_> = list.split(|&byte| byte == b',').collect();
    // An empty name is wrong, but lists that end with a comma are out there.
    if names.len() > MOST || !names.iter().all(|name| name.is_empty() || is_name(name)) {
        return Err(Short);
    }
    Ok(names.into_iter().filter(|name| !name.is_empty()).map(text).collect())
}

fn is_name(name: &[u8]) -> bool {
    matches!(name.len(), 1..=128) && name.iter().all(u8::is_ascii_graphic)
}

/// As in files of host keys.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let is_padding = digit > chunk.len();
            text.push(if is_padding { '=' } else { char::from(DIGITS[(group >> (18 - 6 * digit) & 63) as usize]) });
        }
    }
    text
}
