//! Messages of OPC UA in their binary form.

use portprint_plugin_sdk::{Reader, Short, text};

/// Bytes of a chunk's header.
pub(crate) const HEAD: usize = 8;
/// The most bytes of a message. Those with many certificates are long.
pub(crate) const MOST: usize = 512 * 1024;

/// How long a chunk may be, both ways.
const BUFFER: u32 = 64 * 1024;
const NO_SECURITY: &str = "http://opcfoundation.org/UA/SecurityPolicy#None";

/// Types of messages, by their numbers in the namespace 0.
const OPEN_SECURE_CHANNEL_REQUEST: u16 = 446;
const OPEN_SECURE_CHANNEL_RESPONSE: u32 = 449;
const CLOSE_SECURE_CHANNEL_REQUEST: u16 = 452;
const GET_ENDPOINTS_REQUEST: u16 = 428;
const GET_ENDPOINTS_RESPONSE: u32 = 431;
const SERVICE_FAULT: u32 = 397;

/// What a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Acknowledge,
    Error,
    Open,
    Message,
}

/// The header of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    /// Whether there are more chunks of the message.
    pub(crate) goes_on: bool,
    /// Bytes that follow.
    pub(crate) length: usize,
}

impl Head {
    /// Nothing for what no server sends.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let (kind, length): ([u8; 4], _) = (reader.array().ok()?, reader.u32_le().ok()?);
        let (kind, goes_on) = match &kind {
            b"ACKF" => (Kind::Acknowledge, false),
            b"ERRF" => (Kind::Error, false),
            b"OPNF" => (Kind::Open, false),
            b"MSGF" => (Kind::Message, false),
            b"MSGC" => (Kind::Message, true),
            _ => return None,
        };
        let length = usize::try_from(length).ok()?.checked_sub(HEAD)?;
        (length <= MOST).then_some(Self { kind, goes_on, length })
    }
}

/// What a server is ready for.
pub(crate) fn acknowledge(body: &[u8]) -> Result<u32, Short> {
    /// What a buffer has at least.
    const LEAST: u32 = 1024;
    let mut reader = Reader::new(body);
    let (version, receives, sends) = (reader.u32_le()?, reader.u32_le()?, reader.u32_le()?);
    let (_message, _chunks) = (reader.u32_le()?, reader.u32_le()?);
    if reader.is_empty() && receives >= LEAST && sends >= LEAST { Ok(version) } else { Err(Short) }
}

/// The status code of an error message, and what is said about it.
pub(crate) fn error(body: &[u8]) -> Result<(u32, String), Short> {
    let mut reader = Reader::new(body);
    let (status, reason) = (reader.u32_le()?, string(&mut reader)?);
    if is_bad(status) && reader.is_empty() { Ok((status, reason)) } else { Err(Short) }
}

fn is_bad(status: u32) -> bool {
    status >> 30 == 2
}

/// A message's bytes, written one after the other.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn u16(mut self, number: u16) -> Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn u32(mut self, number: u32) -> Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn string(self, string: &str) -> Self {
        self.u32(string.len().try_into().unwrap_or(u32::MAX)).bytes(string.as_bytes())
    }

    /// A string, a byte string or an array that is not there.
    fn null(self) -> Self {
        self.u32(u32::MAX)
    }

    /// The type of a message, and what all requests begin with.
    fn request(self, kind: u16, handle: u32) -> Self {
        const TIMEOUT_MS: u32 = 10_000;
        /// When: for logs alone, but some want one. 2026-01-01, in 100 ns since 1601.
        const TIMESTAMP: u64 = 134_116_992_000_000_000;
        // A node in namespace 0; then no session, no diagnostics, no audit, and nothing additional.
        self.bytes(&[1, 0])
            .u16(kind)
            .bytes(&[0, 0])
            .bytes(&TIMESTAMP.to_le_bytes())
            .u32(handle)
            .u32(0)
            .null()
            .u32(TIMEOUT_MS)
            .bytes(&[0, 0, 0])
    }

    /// With the header of a chunk.
    fn chunk(self, kind: &[u8; 4]) -> Vec<u8> {
        let length = u32::try_from(HEAD + self.0.len()).unwrap_or(u32::MAX);
        Self(kind.to_vec()).u32(length).bytes(&self.0).0
    }
}

pub(crate) fn hello(url: &str) -> Vec<u8> {
    let most = u32::try_from(MOST).unwrap_or(u32::MAX);
    Writer::default().u32(0).u32(BUFFER).u32(BUFFER).u32(most).u32(0).string(url).chunk(b"HELF")
}

/// Asks for a channel without security.
pub(crate) fn open(request: u32) -> Vec<u8> {
    const LIFETIME_MS: u32 = 60_000;
    Writer::default()
        .u32(0)
        .string(NO_SECURITY)
        .null()
        .null()
        .u32(request)
        .u32(request)
        .request(OPEN_SECURE_CHANNEL_REQUEST, request)
        // Version 0; a new one; without security, and so without a nonce.
        .u32(0)
        .u32(0)
        .u32(1)
        .null()
        .u32(LIFETIME_MS)
        .chunk(b"OPNF")
}

/// A channel that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    id: u32,
    token: u32,
}

impl Channel {
    fn writer(self, request: u32) -> Writer {
        Writer::default().u32(self.id).u32(self.token).u32(request).u32(request)
    }

    pub(crate) fn get_endpoints(self, request: u32, url: &str) -> Vec<u8> {
        self.writer(request).request(GET_ENDPOINTS_REQUEST, request).string(url).null().null().chunk(b"MSGF")
    }

    pub(crate) fn close(self, request: u32) -> Vec<u8> {
        self.writer(request).request(CLOSE_SECURE_CHANNEL_REQUEST, request).chunk(b"CLOF")
    }
}

/// The answer to a request, or the status code with which it failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    Yes(T),
    Fault(u32),
}

/// Reads the answer to [`open`].
pub(crate) fn channel(body: &[u8], request: u32) -> Result<Answer<Channel>, Short> {
    let mut reader = Reader::new(body);
    let id = reader.u32_le()?;
    let policy = string(&mut reader)?;
    let (_certificate, _thumbprint) = (bytes(&mut reader)?, bytes(&mut reader)?);
    let (_sequence, answered) = (reader.u32_le()?, reader.u32_le()?);
    if policy != NO_SECURITY || answered != request {
        return Err(Short);
    }
    if let Some(status) = response(&mut reader, OPEN_SECURE_CHANNEL_RESPONSE, request)? {
        return Ok(Answer::Fault(status));
    }
    let (_version, _channel, token) = (reader.u32_le()?, reader.u32_le()?, reader.u32_le()?);
    Ok(Answer::Yes(Channel { id, token }))
}

/// Takes the header of a chunk of a message off, which comes before its part of the message.
pub(crate) fn chunk(body: &[u8], request: u32) -> Result<&[u8], Short> {
    let mut reader = Reader::new(body);
    let (_channel, _token, _sequence) = (reader.u32_le()?, reader.u32_le()?, reader.u32_le()?);
    if reader.u32_le()? == request { Ok(reader.rest()) } else { Err(Short) }
}

/// What all responses begin with. The status code, if the request failed.
fn response(reader: &mut Reader<'_>, kind: u32, request: u32) -> Result<Option<u32>, Short> {
    let replied = node(reader)?;
    reader.skip(8)?;
    let (handle, status) = (reader.u32_le()?, reader.u32_le()?);
    if handle != request || replied != kind && replied != SERVICE_FAULT {
        return Err(Short);
    }
    if is_bad(status) || replied == SERVICE_FAULT {
        return Ok(Some(status));
    }
    diagnostics(reader, 0)?;
    array(reader, string)?;
    // Something additional: of which type, and in what form.
    node(reader)?;
    if reader.u8()? != 0 {
        bytes(reader)?;
    }
    Ok(None)
}

/// A way to the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) application_uri: String,
    pub(crate) product_uri: String,
    pub(crate) application_name: String,
    pub(crate) application_type: u32,
    pub(crate) security_mode: u32,
    pub(crate) security_policy: String,
    /// How users prove who they are.
    pub(crate) tokens: Vec<u32>,
}

/// Reads the answer to [`Channel::get_endpoints`].
pub(crate) fn endpoints(message: &[u8], request: u32) -> Result<Answer<Vec<Endpoint>>, Short> {
    let mut reader = Reader::new(message);
    if let Some(status) = response(&mut reader, GET_ENDPOINTS_RESPONSE, request)? {
        return Ok(Answer::Fault(status));
    }
    array(&mut reader, endpoint).map(Answer::Yes)
}

fn endpoint(reader: &mut Reader<'_>) -> Result<Endpoint, Short> {
    let url = string(reader)?;
    let (application_uri, product_uri) = (string(reader)?, string(reader)?);
    let parts = reader.u8()?;
    let _locale = if parts & 1 != 0 { string(reader)? } else { String::new() };
    let application_name = if parts & 2 != 0 { string(reader)? } else { String::new() };
    let application_type = reader.u32_le()?;
    let (_gateway, _profile) = (string(reader)?, string(reader)?);
    array(reader, string)?;
    bytes(reader)?;
    let (security_mode, security_policy) = (reader.u32_le()?, string(reader)?);
    let tokens = array(reader, |reader| {
        let (_policy, kind) = (string(reader)?, reader.u32_le()?);
        let (_issued, _issuer, _security) = (string(reader)?, string(reader)?, string(reader)?);
        Ok(kind)
    })?;
    let (_transport, _level) = (string(reader)?, reader.u8()?);
    Ok(Endpoint {
        url,
        application_uri,
        product_uri,
        application_name,
        application_type,
        security_mode,
        security_policy,
        tokens,
    })
}

fn bytes<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Short> {
    match reader.u32_le()? {
        u32::MAX => Ok(&[]),
        length => reader.bytes(usize::try_from(length).map_err(|_| Short)?),
    }
}

fn string(reader: &mut Reader<'_>) -> Result<String, Short> {
    bytes(reader).map(text)
}

fn array<T>(
    reader: &mut Reader<'_>,
    mut read: impl FnMut(&mut Reader<'_>) -> Result<T, Short>,
) -> Result<Vec<T>, Short> {
    let count = match reader.u32_le()? {
        u32::MAX => 0,
        count => count,
    };
    // No element has less than a byte: a count that is too high ends soon, and nothing is reserved for it.
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(read(reader)?);
    }
    Ok(all)
}

/// The number of a node; 0 for one that has none, and for those of other namespaces.
fn node(reader: &mut Reader<'_>) -> Result<u32, Short> {
    match reader.u8()? {
        0 => reader.u8().map(u32::from),
        1 => {
            let (namespace, number) = (reader.u8()?, reader.u16_le()?);
            Ok(if namespace == 0 { number.into() } else { 0 })
        }
        2 => {
            let (namespace, number) = (reader.u16_le()?, reader.u32_le()?);
            Ok(if namespace == 0 { number } else { 0 })
        }
        _ => Err(Short),
    }
}

/// Passes over what a server may add about errors.
fn diagnostics(reader: &mut Reader<'_>, depth: u8) -> Result<(), Short> {
    const DEEPEST: u8 = 8;
    let parts = reader.u8()?;
    for part in [1, 2, 4, 8] {
        if parts & part != 0 {
            reader.skip(4)?;
        }
    }
    if parts & 0x10 != 0 {
        bytes(reader)?;
    }
    if parts & 0x20 != 0 {
        reader.skip(4)?;
    }
    if parts & 0x40 != 0 {
        if depth == DEEPEST {
            return Err(Short);
        }
        diagnostics(reader, depth + 1)?;
    }
    Ok(())
}
