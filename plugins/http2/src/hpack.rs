//! Headers as HTTP/2 has them: RFC 7541.

use std::collections::VecDeque;

use portprint_plugin_sdk::{Reader, Short};

use crate::huffman;

/// A header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// What both sides know from the beginning: appendix A.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// Headers as they are sent: literals that are not remembered, without Huffman's code.
pub(crate) fn encode(headers: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        match STATIC.iter().position(|known| known.0 == *name) {
            Some(index) => integer(&mut block, 0, 4, index + 1),
            None => {
                block.push(0);
                integer(&mut block, 0, 7, name.len());
                block.extend_from_slice(name.as_bytes());
            }
        }
        integer(&mut block, 0, 7, value.len());
        block.extend_from_slice(value.as_bytes());
    }
    block
}

fn integer(to: &mut Vec<u8>, flags: u8, bits: u32, value: usize) {
    let most = (1 << bits) - 1;
    if value < most {
        to.push(flags | u8::try_from(value).unwrap_or(0));
        return;
    }
    to.push(flags | u8::try_from(most).unwrap_or(u8::MAX));
    let mut rest = value - most;
    while rest >= 128 {
        to.push(u8::try_from(rest % 128).unwrap_or(0) | 0x80);
        rest /= 128;
    }
    to.push(u8::try_from(rest).unwrap_or(0));
}

/// What a server's headers refer to: the same for all of a connection.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The newest comes first.
    entries: VecDeque<Header>,
    size: usize,
    most: usize,
}

impl Decoder {
    /// The size that a table has if nothing else was said, and we say nothing else.
    const DEFAULT: usize = 4096;

    pub(crate) fn new() -> Self {
        Self { entries: VecDeque::new(), size: 0, most: Self::DEFAULT }
    }

    /// The headers of a block.
    pub(crate) fn decode(&mut self, block: &[u8]) -> Result<Vec<Header>, Short> {
        const MOST: usize = 256;
        let mut reader = Reader::new(block);
        let mut headers = Vec::new();
        while !reader.is_empty() {
            let first = reader.u8()?;
            if headers.len() > MOST {
                return Err(Short);
            }
            if first & 0x80 != 0 {
                let index = read_integer(&mut reader, first, 7)?;
                headers.push(self.get(index)?);
            } else if first & 0x40 != 0 {
                let header = self.literal(&mut reader, first, 6)?;
                self.remember(header.clone());
                headers.push(header);
            } else if first & 0x20 != 0 {
                let most = read_integer(&mut reader, first, 5)?;
                if most > Self::DEFAULT {
                    return Err(Short);
                }
                self.most = most;
                self.forget();
            } else {
                headers.push(self.literal(&mut reader, first, 4)?);
            }
        }
        Ok(headers)
    }

    fn literal(&self, reader: &mut Reader<'_>, first: u8, bits: u32) -> Result<Header, Short> {
        let name = match read_integer(reader, first, bits)? {
            0 => string(reader)?,
            index => self.get(index)?.name,
        };
        Ok(Header { name, value: string(reader)? })
    }

    fn get(&self, index: usize) -> Result<Header, Short> {
        let index = index.checked_sub(1).ok_or(Short)?;
        match STATIC.get(index) {
            Some(&(name, value)) => Ok(Header { name: name.into(), value: value.into() }),
            None => self.entries.get(index - STATIC.len()).cloned().ok_or(Short),
        }
    }

    fn remember(&mut self, header: Header) {
        self.size += header.size();
        self.entries.push_front(header);
        self.forget();
    }

    fn forget(&mut self) {
        while self.size > self.most
            && let Some(oldest) = self.entries.pop_back()
        {
            self.size -= oldest.size();
        }
    }
}

impl Header {
    /// What it counts in a table.
    fn size(&self) -> usize {
        self.name.len() + self.value.len() + 32
    }
}

fn read_integer(reader: &mut Reader<'_>, first: u8, bits: u32) -> Result<usize, Short> {
    let most = (1_usize << bits) - 1;
    let mut value = usize::from(first) & most;
    if value < most {
        return Ok(value);
    }
    // Nothing in here is longer than a frame.
    for shift in [0, 7, 14] {
        let byte = reader.u8()?;
        value += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Short)
}

fn string(reader: &mut Reader<'_>) -> Result<Vec<u8>, Short> {
    let first = reader.u8()?;
    let length = read_integer(reader, first, 7)?;
    let bytes = reader.bytes(length)?;
    if first & 0x80 != 0 { huffman::decode(bytes).ok_or(Short) } else { Ok(bytes.to_vec()) }
}
