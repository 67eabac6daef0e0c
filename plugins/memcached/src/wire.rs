//! Lines of the text protocol, datagrams, and packets of the binary protocol.

use portprint_plugin_sdk::{Reader, Short, text};

/// The command `version`.
pub(crate) const VERSION: &[u8] = b"version\r\n";
/// The command `quit`.
pub(crate) const QUIT: &[u8] = b"quit\r\n";

/// What a line answers to `version`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Version(String),
    /// There has to be a login before.
    Unauthenticated,
}

impl Answer {
    /// A line, with its end.
    pub(crate) fn read(line: &[u8]) -> Result<Self, Short> {
        let line = line.strip_suffix(b"\r\n").ok_or(Short)?;
        if line == b"CLIENT_ERROR unauthenticated" {
            return Ok(Self::Unauthenticated);
        }
        let version = line.strip_prefix(b"VERSION ").ok_or(Short)?;
        if !(1..=100).contains(&version.len()) || !version.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(Short);
        }
        Ok(Self::Version(text(version)))
    }
}

/// `version` in a datagram with this number.
pub(crate) fn datagram(id: [u8; 2]) -> Vec<u8> {
    // The first of one datagram.
    let mut datagram = vec![id[0], id[1], 0, 0, 0, 1, 0, 0];
    datagram.extend_from_slice(VERSION);
    datagram
}

/// What is in a datagram that answers this number.
pub(crate) fn payload(datagram: &[u8], id: [u8; 2]) -> Result<&[u8], Short> {
    let mut reader = Reader::new(datagram);
    let head = reader.array::<8>()?;
    if head == [id[0], id[1], 0, 0, 0, 1, 0, 0] { Ok(reader.rest()) } else { Err(Short) }
}

/// Commands of the binary protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Command {
    Quit = 0x07,
    Version = 0x0b,
    Mechanisms = 0x20,
}

/// How long the head of a binary packet is.
pub(crate) const HEAD: usize = 24;

/// A request without a key and a value.
pub(crate) fn request(command: Command, id: [u8; 4]) -> [u8; HEAD] {
    let mut packet = [0; HEAD];
    packet[0] = 0x80;
    packet[1] = command as u8;
    packet[12..16].copy_from_slice(&id);
    packet
}

/// The head of a response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// 0, or what went wrong.
    pub(crate) status: u16,
    /// How many bytes of extras and of the key there are before the value.
    pub(crate) before: usize,
    /// How many bytes there are in all.
    pub(crate) length: usize,
}

impl Response {
    /// The head of the response to a request.
    pub(crate) fn read(head: &[u8], command: Command, id: [u8; 4]) -> Result<Self, Short> {
        const LONGEST: usize = 1024;
        let mut reader = Reader::new(head);
        let (magic, opcode) = (reader.u8()?, reader.u8()?);
        let (key, extras, data_type) = (usize::from(reader.u16()?), usize::from(reader.u8()?), reader.u8()?);
        let (status, length, opaque) = (reader.u16()?, reader.u32()? as usize, reader.array::<4>()?);
        let before = key + extras;
        let is_response = magic == 0x81 && opcode == command as u8 && data_type == 0 && opaque == id;
        if is_response && before <= length && length <= LONGEST {
            Ok(Self { status, before, length })
        } else {
            Err(Short)
        }
    }
}
