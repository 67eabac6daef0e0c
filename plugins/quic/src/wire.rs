//! Packets and frames of QUIC.

use portprint_plugin_sdk::{Reader, Short, text};

use crate::crypto::Version;

/// The least size of datagrams that begin a connection.
pub(crate) const DATAGRAM: usize = 1200;

/// What the sides call a connection, as far as it is ours to choose.
pub(crate) type Id = [u8; 8];

/// A version that nobody knows: all of the form 0x?a?a?a?a are reserved for that.
const UNKNOWN: u32 = 0x1a2a_3a4a;

/// Bytes of a packet number.
const NUMBER: usize = 4;
/// What encryption adds.
pub(crate) const TAG: usize = 16;

/// A packet of an unknown version.
pub(crate) fn unknown(destination: Id, source: Id) -> Vec<u8> {
    let mut packet = vec![0xc0];
    packet.extend_from_slice(&UNKNOWN.to_be_bytes());
    packet.push(8);
    packet.extend_from_slice(&destination);
    packet.push(8);
    packet.extend_from_slice(&source);
    packet.resize(DATAGRAM, 0);
    packet
}

/// The header of an Initial packet, up to its number, and frames that fill a datagram together with it.
pub(crate) fn initial(
    version: &Version,
    destination: &[u8],
    source: Id,
    token: &[u8],
    number: u32,
    frames: &[u8],
) -> (Vec<u8>, Vec<u8>) {
    let mut header = vec![0xc0 | version.initial << 4 | 3];
    header.extend_from_slice(&version.number.to_be_bytes());
    header.push(u8::try_from(destination.len()).unwrap_or_default());
    header.extend_from_slice(destination);
    header.push(8);
    header.extend_from_slice(&source);
    header.extend_from_slice(&varint(token.len()));
    header.extend_from_slice(token);
    // The length has two bytes.
    let room = DATAGRAM.saturating_sub(header.len() + 2 + NUMBER + TAG);
    let mut frames = frames.to_vec();
    frames.resize(frames.len().max(room), 0);
    header.extend_from_slice(&varint(frames.len() + NUMBER + TAG));
    header.extend_from_slice(&number.to_be_bytes());
    (header, frames)
}

/// A number of at most 14 bits, in two bytes if it needs more than one.
fn varint(number: usize) -> Vec<u8> {
    match u16::try_from(number).unwrap_or(0x3fff).min(0x3fff) {
        number @ 0..=0x3f => vec![number.to_be_bytes()[1]],
        number => (number | 0x4000).to_be_bytes().to_vec(),
    }
}

/// Part of the TLS handshake, which begins it.
pub(crate) fn crypto_frame(data: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x06, 0];
    frame.extend_from_slice(&varint(data.len()));
    frame.extend_from_slice(data);
    frame
}

/// Closes the connection, without an error.
pub(crate) const CLOSE_FRAME: [u8; 4] = [0x1c, 0, 0, 0];

/// A packet with a long header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// The versions that a server knows.
    Versions(Vec<u32>),
    /// Its bytes from the header on, where its number begins, and the server's id for the connection.
    Initial { bytes: &'a [u8], number_at: usize, source: &'a [u8] },
    /// A token to come again with, and the id to come again to. All but the last 16 bytes, which are a checksum.
    Retry { bytes: &'a [u8], checksum: [u8; TAG], token: &'a [u8], source: &'a [u8] },
    /// Something that is not of interest here.
    Other,
}

/// Takes the next packet from a datagram, if it is to the connection with these ids.
pub(crate) fn packet<'a>(
    reader: &mut Reader<'a>,
    version: &Version,
    destination: &[u8],
    source: Id,
) -> Result<Packet<'a>, Short> {
    const LONGEST_ID: u8 = 20;
    let bytes = reader.rest();
    let first = reader.u8()?;
    let number = reader.u32()?;
    if first & 0x80 == 0 {
        return Err(Short);
    }
    let mut id = || {
        let length = reader.u8()?;
        if length > LONGEST_ID { Err(Short) } else { reader.bytes(length.into()) }
    };
    let (theirs, ours) = (id()?, id()?);
    // From here on the names are the server's: its destination is our source.
    if theirs != source {
        return Err(Short);
    }
    if number == 0 {
        if ours != destination || reader.is_empty() || !reader.len().is_multiple_of(4) {
            return Err(Short);
        }
        let mut versions = Vec::new();
        while !reader.is_empty() {
            versions.push(reader.u32()?);
        }
        return Ok(Packet::Versions(versions));
    }
    if number != version.number || first & 0x40 == 0 {
        return Err(Short);
    }
    let kind = first >> 4 & 3;
    if kind == version.retry {
        let length = reader.len().checked_sub(TAG).ok_or(Short)?;
        let token = reader.bytes(length)?;
        let (bytes, _) = bytes.split_at_checked(bytes.len().saturating_sub(TAG)).ok_or(Short)?;
        return Ok(Packet::Retry { bytes, checksum: reader.array()?, token, source: ours });
    }
    if kind == version.initial {
        let length = read_varint(reader)?;
        reader.skip(usize::try_from(length).map_err(|_| Short)?)?;
    }
    let length = usize::try_from(read_varint(reader)?).map_err(|_| Short)?;
    let number_at = bytes.len() - reader.len();
    reader.skip(length)?;
    if kind != version.initial {
        return Ok(Packet::Other);
    }
    let bytes = bytes.get(..number_at + length).ok_or(Short)?;
    Ok(Packet::Initial { bytes, number_at, source: ours })
}

fn read_varint(reader: &mut Reader) -> Result<u64, Short> {
    let first = reader.u8()?;
    let mut number = u64::from(first & 0x3f);
    for _ in 1..1_usize << (first >> 6) {
        number = number << 8 | u64::from(reader.u8()?);
    }
    Ok(number)
}

/// Why a server closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: u64,
    pub(crate) reason: String,
}

/// What came in Initial packets.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    /// The TLS handshake, as far as there are no holes in it.
    pub(crate) handshake: Vec<u8>,
    /// What is behind a hole.
    later: Vec<(usize, Vec<u8>)>,
    pub(crate) close: Option<Close>,
}

impl Arrived {
    /// Takes in the frames of a packet.
    pub(crate) fn take(&mut self, frames: &[u8]) -> Result<(), Short> {
        let mut reader = Reader::new(frames);
        while !reader.is_empty() {
            match read_varint(&mut reader)? {
                // Padding, and a ping.
                0x00 | 0x01 => {}
                kind @ (0x02 | 0x03) => {
                    read_varint(&mut reader)?;
                    read_varint(&mut reader)?;
                    let ranges = read_varint(&mut reader)?;
                    read_varint(&mut reader)?;
                    // One byte each at least: a wrong number ends soon.
                    for _ in 0..ranges {
                        read_varint(&mut reader)?;
                        read_varint(&mut reader)?;
                    }
                    if kind == 0x03 {
                        for _ in 0..3 {
                            read_varint(&mut reader)?;
                        }
                    }
                }
                0x06 => {
                    let offset = usize::try_from(read_varint(&mut reader)?).map_err(|_| Short)?;
                    let length = usize::try_from(read_varint(&mut reader)?).map_err(|_| Short)?;
                    self.put(offset, reader.bytes(length)?)?;
                }
                kind @ (0x1c | 0x1d) => {
                    let code = read_varint(&mut reader)?;
                    if kind == 0x1c {
                        read_varint(&mut reader)?;
                    }
                    let length = usize::try_from(read_varint(&mut reader)?).map_err(|_| Short)?;
                    self.close = Some(Close { code, reason: text(reader.bytes(length)?) });
                }
                // Nothing else is allowed in these packets.
                _ => return Err(Short),
            }
        }
        Ok(())
    }

    fn put(&mut self, offset: usize, data: &[u8]) -> Result<(), Short> {
        const MOST: usize = 8192;
        const MOST_PARTS: usize = 16;
        if offset > MOST || data.len() > MOST || self.later.len() >= MOST_PARTS {
            return Err(Short);
        }
        self.later.push((offset, data.to_vec()));
        // Parts may overlap.
        while let Some(at) = self.later.iter().position(|(offset, _)| *offset <= self.handshake.len()) {
            let (offset, part) = self.later.swap_remove(at);
            let known = self.handshake.len().saturating_sub(offset);
            self.handshake.extend_from_slice(part.get(known..).unwrap_or_default());
        }
        Ok(())
    }
}

/// The name of a version.
pub(crate) fn version_name(version: u32) -> Option<String> {
    match version {
        1 => Some("QUICv1".into()),
        0x6b33_43cf => Some("QUICv2".into()),
        0x709a_50c4 => Some("QUICv2-draft".into()),
        0xff00_0001..=0xff00_00ff => Some(format!("draft-{}", version & 0xff)),
        // Reserved, to find out who cannot cope with what is unknown.
        _ if version & 0x0f0f_0f0f == 0x0a0a_0a0a => None,
        _ => {
            let bytes = version.to_be_bytes();
            // Google's: Q043, Q046, T051.
            if bytes[0].is_ascii_uppercase() && bytes[1..].iter().all(u8::is_ascii_digit) {
                Some(text(&bytes))
            } else {
                Some(format!("0x{version:08x}"))
            }
        }
    }
}
