//! Packets of AJP, version 1.3.

use portprint_plugin_sdk::{Reader, Short, text};

/// Asks whether anybody is there.
pub(crate) const PING: [u8; 5] = [0x12, 0x34, 0, 1, 10];
/// Says that somebody is.
pub(crate) const PONG: [u8; 5] = [b'A', b'B', 0, 1, 9];

/// Asks for the headers of the first page.
pub(crate) fn head_request(host: &str, port: u16) -> Vec<u8> {
    // A Forward Request, HEAD.
    let mut body = vec![2, 3];
    // It may have been given by address; and longer than a name can be it is none.
    let host = if (1..=255).contains(&host.len()) { host } else { "localhost" };
    for string in ["HTTP/1.1", "/", "192.0.2.1", "192.0.2.1", host] {
        push(&mut body, string);
    }
    body.extend_from_slice(&port.to_be_bytes());
    // Not by TLS; one header, which is Host.
    body.extend_from_slice(&[0, 0, 1, 0xa0, 0x0b]);
    push(&mut body, host);
    body.push(0xff);
    let mut packet = vec![0x12, 0x34];
    packet.extend_from_slice(&u16::try_from(body.len()).unwrap_or(0).to_be_bytes());
    packet.extend(body);
    packet
}

fn push(packet: &mut Vec<u8>, string: &str) {
    packet.extend_from_slice(&u16::try_from(string.len()).unwrap_or(0).to_be_bytes());
    packet.extend_from_slice(string.as_bytes());
    packet.push(0);
}

/// How long a packet is that a container sends, after the four bytes of its header.
pub(crate) fn length(head: &[u8]) -> Result<usize, Short> {
    const MOST: usize = 16 * 1024;
    let mut reader = Reader::new(head);
    let magic = reader.u16()?;
    let length = usize::from(reader.u16()?);
    if magic == 0x4142 && (1..=MOST).contains(&length) { Ok(length) } else { Err(Short) }
}

/// What a container begins its answer with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    pub(crate) status: u16,
    pub(crate) server: String,
    pub(crate) powered_by: String,
}

impl Headers {
    /// A Send Headers packet without its header.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        if reader.u8()? != 4 {
            return Err(Short);
        }
        let mut headers = Self { status: reader.u16()?, ..Self::default() };
        if !(100..=599).contains(&headers.status) {
            return Err(Short);
        }
        string(&mut reader)?;
        for _ in 0..reader.u16()? {
            // Well-known names have a number.
            let code = Reader::new(reader.rest()).u16()?;
            let name = if code >> 8 == 0xa0 {
                reader.skip(2)?;
                if code == 0xa00a { "server".into() } else { String::new() }
            } else {
                string(&mut reader)?.to_ascii_lowercase()
            };
            let value = string(&mut reader)?;
            match name.as_str() {
                "server" => headers.server = value,
                "x-powered-by" => headers.powered_by = value,
                _ => {}
            }
        }
        Ok(headers)
    }
}

fn string(reader: &mut Reader<'_>) -> Result<String, Short> {
    let length = reader.u16()?;
    if length == u16::MAX {
        // There is none.
        return Ok(String::new());
    }
    let value = text(reader.bytes(length.into())?);
    reader.skip(1)?;
    Ok(value)
}
