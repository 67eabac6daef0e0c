//! Frames of the native protocol.

use portprint_plugin_sdk::{Reader, Short, text};

/// Requests.
pub(crate) const STARTUP: u8 = 0x01;
pub(crate) const OPTIONS: u8 = 0x05;
pub(crate) const QUERY: u8 = 0x07;

/// Responses.
pub(crate) const ERROR: u8 = 0x00;
pub(crate) const READY: u8 = 0x02;
pub(crate) const AUTHENTICATE: u8 = 0x03;
pub(crate) const SUPPORTED: u8 = 0x06;
pub(crate) const RESULT: u8 = 0x08;

/// The number of a request: one that all versions have.
const STREAM: u8 = 0x2a;

/// How long the head of a frame is. Streams have had two bytes since version 3.
pub(crate) const fn head_length(version: u8) -> usize {
    if version < 3 { 8 } else { 9 }
}

/// A request.
pub(crate) fn request(version: u8, opcode: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![version, 0];
    if version >= 3 {
        frame.push(0);
    }
    frame.extend_from_slice(&[STREAM, opcode]);
    frame.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(body);
    frame
}

/// The head of a response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) flags: u8,
    pub(crate) opcode: u8,
    pub(crate) length: usize,
}

/// The version of a response, from its first byte.
pub(crate) fn version(first: u8) -> Option<u8> {
    let version = first & 0x7f;
    (first & 0x80 != 0 && matches!(version, 1..=6 | 0x41 | 0x42)).then_some(version)
}

impl Head {
    /// A head, which is as long as its version says.
    pub(crate) fn read(head: &[u8]) -> Result<Self, Short> {
        const LONGEST: usize = 64 * 1024;
        let mut reader = Reader::new(head);
        let version = version(reader.u8()?).ok_or(Short)?;
        let flags = reader.u8()?;
        let stream = if version < 3 { u16::from(reader.u8()?) } else { reader.u16()? };
        let (opcode, length) = (reader.u8()?, reader.u32()? as usize);
        // Errors may come before the number of the request is known.
        let is_ours = stream == u16::from(STREAM) || (opcode == ERROR && stream == 0);
        if is_ours && opcode <= 0x10 && flags & 0xe0 == 0 && length <= LONGEST {
            Ok(Self { flags, opcode, length })
        } else {
            Err(Short)
        }
    }

    /// The body without what may come before it: an identifier, and warnings.
    pub(crate) fn body<'a>(&self, body: &'a [u8]) -> Result<Reader<'a>, Short> {
        const TRACING: u8 = 2;
        const WARNING: u8 = 8;
        let mut reader = Reader::new(body);
        if self.flags & TRACING != 0 {
            reader.skip(16)?;
        }
        if self.flags & WARNING != 0 {
            list(&mut reader)?;
        }
        Ok(reader)
    }
}

pub(crate) fn string(reader: &mut Reader<'_>) -> Result<String, Short> {
    let length = reader.u16()?;
    reader.bytes(length.into()).map(text)
}

fn list(reader: &mut Reader<'_>) -> Result<Vec<String>, Short> {
    let count = reader.u16()?;
    (0..count).map(|_| string(reader)).collect()
}

/// The body of `SUPPORTED`: names, and what there is of each.
pub(crate) fn supported(mut reader: Reader<'_>) -> Result<Vec<(String, Vec<String>)>, Short> {
    let count = reader.u16()?;
    let options =
        (0..count).map(|_| Ok((string(&mut reader)?, list(&mut reader)?))).collect::<Result<Vec<_>, Short>>()?;
    let has_cql = options.iter().any(|(name, values)| name == "CQL_VERSION" && !values.is_empty());
    if has_cql && reader.is_empty() { Ok(options) } else { Err(Short) }
}

/// The body of `ERROR`: its code, and the message.
pub(crate) fn error(mut reader: Reader<'_>) -> Result<(u32, String), Short> {
    let (code, message) = (reader.u32()?, string(&mut reader)?);
    if message.is_empty() || code > 0xffff { Err(Short) } else { Ok((code, message)) }
}

/// The body of `STARTUP`.
pub(crate) fn startup(cql: &str) -> Vec<u8> {
    let mut body = vec![0, 1];
    for text in ["CQL_VERSION", cql] {
        body.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
        body.extend_from_slice(text.as_bytes());
    }
    body
}

/// The body of `QUERY`, to be answered by any one node.
pub(crate) fn query(version: u8, cql: &str) -> Vec<u8> {
    let mut body = u32::try_from(cql.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    body.extend_from_slice(cql.as_bytes());
    body.extend_from_slice(&[0, 1]);
    if version > 1 {
        body.push(0);
    }
    body
}

/// The names and values of the first row in a `RESULT`, all of which have to be texts.
pub(crate) fn row(mut reader: Reader<'_>) -> Result<Vec<(String, String)>, Short> {
    const ROWS: u32 = 2;
    const GLOBAL_TABLE: u32 = 1;
    const MORE_PAGES: u32 = 2;
    const MOST_COLUMNS: u32 = 16;
    if reader.u32()? != ROWS {
        return Err(Short);
    }
    let (flags, count) = (reader.u32()?, reader.u32()?);
    if count > MOST_COLUMNS {
        return Err(Short);
    }
    if flags & MORE_PAGES != 0 {
        let length = reader.u32()? as usize;
        reader.skip(length)?;
    }
    if flags & GLOBAL_TABLE != 0 {
        string(&mut reader)?;
        string(&mut reader)?;
    }
    let mut names = Vec::new();
    for _ in 0..count {
        if flags & GLOBAL_TABLE == 0 {
            string(&mut reader)?;
            string(&mut reader)?;
        }
        names.push(string(&mut reader)?);
        // ASCII, "text" and "varchar"
        if !matches!(reader.u16()?, 0x01 | 0x0a | 0x0d) {
            return Err(Short);
        }
    }
    if reader.u32()? == 0 {
        return Err(Short);
    }
    names
        .into_iter()
        .map(|name| {
            let value = match reader.u32()?.cast_signed() {
                ..0 => String::new(),
                length => text(reader.bytes(length.cast_unsigned() as usize)?),
            };
            Ok((name, value))
        })
        .collect()
}
