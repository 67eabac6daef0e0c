//! Frames of HTTP/2.

use portprint_plugin_sdk::{Reader, Short};

/// What a client begins with.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The head of a frame.
pub(crate) const HEAD: usize = 9;

/// We do not say that more is allowed.
const MOST_PAYLOAD: u32 = 16 * 1024;

/// Types of frames.
pub(crate) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const CONTINUATION: u8 = 9;
}

pub(crate) mod flag {
    pub(crate) const ACK: u8 = 1;
    pub(crate) const END_STREAM: u8 = 1;
    pub(crate) const END_HEADERS: u8 = 4;
    pub(super) const PADDED: u8 = 8;
    pub(super) const PRIORITY: u8 = 0x20;
}

/// The head of a frame, without what is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) length: usize,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
}

impl Head {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(bytes);
        let length = reader.u24()?;
        let (kind, flags) = (reader.u8()?, reader.u8()?);
        let stream = reader.u32()? & 0x7fff_ffff;
        if length > MOST_PAYLOAD {
            return Err(Short);
        }
        Ok(Self { length: usize::try_from(length).map_err(|_| Short)?, kind, flags, stream })
    }

    /// Whether it is what a server has to begin with.
    pub(crate) fn is_first(self) -> bool {
        self.kind == kind::SETTINGS && self.flags == 0 && self.stream == 0 && self.length.is_multiple_of(6)
    }

    pub(crate) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// A frame as it is sent.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes()[1..].to_vec();
    frame.extend_from_slice(&[kind, flags]);
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Our settings: nothing is to be pushed.
pub(crate) fn settings() -> Vec<u8> {
    frame(kind::SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 0])
}

/// The goodbye: no error.
pub(crate) fn goaway() -> Vec<u8> {
    frame(kind::GOAWAY, 0, 0, &[0; 8])
}

/// A server's settings, by their numbers. What no server may say is an error.
pub(crate) fn read_settings(payload: &[u8]) -> Result<Vec<(u16, u32)>, Short> {
    const MOST: usize = 64;
    let mut reader = Reader::new(payload);
    let mut settings = Vec::new();
    while !reader.is_empty() {
        let (id, value) = (reader.u16()?, reader.u32()?);
        let is_possible = match id {
            // A server may not have things pushed to it, but some say what they would do as a client.
            2 | 8 => value <= 1,
            4 => value <= 0x7fff_ffff,
            5 => (0x4000..=0x00ff_ffff).contains(&value),
            _ => true,
        };
        if !is_possible || settings.len() == MOST {
            return Err(Short);
        }
        settings.push((id, value));
    }
    Ok(settings)
}

/// The detail that holds a setting.
pub(crate) fn setting_key(id: u16) -> Option<&'static str> {
    Some(match id {
        1 => "header_table_size",
        2 => "enable_push",
        3 => "max_concurrent_streams",
        4 => "initial_window_size",
        5 => "max_frame_size",
        6 => "max_header_list_size",
        8 => "enable_connect_protocol",
        _ => return None,
    })
}

/// The part of a `HEADERS` frame that is a block of headers.
pub(crate) fn header_block(head: Head, payload: &[u8]) -> Result<&[u8], Short> {
    let mut reader = Reader::new(payload);
    let padding = if head.has(flag::PADDED) { reader.u8()?.into() } else { 0 };
    if head.has(flag::PRIORITY) {
        reader.skip(5)?;
    }
    reader.bytes(reader.len().checked_sub(padding).ok_or(Short)?)
}

/// The part of a `DATA` frame that is data.
pub(crate) fn data(head: Head, payload: &[u8]) -> Result<&[u8], Short> {
    let mut reader = Reader::new(payload);
    let padding = if head.has(flag::PADDED) { reader.u8()?.into() } else { 0 };
    reader.bytes(reader.len().checked_sub(padding).ok_or(Short)?)
}

/// The last stream that a server which goes away has looked at.
pub(crate) fn last_stream(goaway: &[u8]) -> Result<u32, Short> {
    Ok(Reader::new(goaway).u32()? & 0x7fff_ffff)
}

/// Whether this is the beginning of a record of TLS: an alert, or a hello.
pub(crate) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15 | 0x16, 3, ..])
}
