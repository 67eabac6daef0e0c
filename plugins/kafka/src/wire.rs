//! Kafka's requests and responses.

use portprint_plugin_sdk::{Reader, Short, text};

const METADATA: u16 = 3;
const SASL_HANDSHAKE: u16 = 17;
const API_VERSIONS: u16 = 18;

/// The most requests a broker can list. There are fewer than a hundred.
const MOST_APIS: usize = 1024;
/// The most entries that are looked at in other lists.
const MOST: usize = 64;

/// The client's name and version, as it tells them.
const CLIENT: &str = "portprint";
const CLIENT_VERSION: &str = "1";

/// The longest response that is read.
pub(crate) const MOST_BYTES: usize = 256 * 1024;

/// A request with header version 1, and its length before it.
fn request(key: u16, version: u16, correlation: u32, body: &[u8]) -> Vec<u8> {
    let mut request = vec![0; 4];
    request.extend_from_slice(&key.to_be_bytes());
    request.extend_from_slice(&version.to_be_bytes());
    request.extend_from_slice(&correlation.to_be_bytes());
    string(&mut request, CLIENT);
    request.extend_from_slice(body);
    let length = u32::try_from(request.len() - 4).unwrap_or(u32::MAX);
    request[..4].copy_from_slice(&length.to_be_bytes());
    request
}

fn string(bytes: &mut Vec<u8>, value: &str) {
    bytes.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend_from_slice(value.as_bytes());
}

/// `ApiVersions`, version 3 with header version 2, or version 0.
pub(crate) fn api_versions(version: u16, correlation: u32) -> Vec<u8> {
    let mut body = Vec::new();
    if version >= 3 {
        // The header's tagged fields, of which there are none.
        body.push(0);
        for value in [CLIENT, CLIENT_VERSION] {
            body.push(u8::try_from(value.len() + 1).unwrap_or(u8::MAX));
            body.extend_from_slice(value.as_bytes());
        }
        body.push(0);
    }
    request(API_VERSIONS, version, correlation, &body)
}

/// `SaslHandshake`, version 1.
pub(crate) fn sasl_handshake(mechanism: &str, correlation: u32) -> Vec<u8> {
    let mut body = Vec::new();
    string(&mut body, mechanism);
    request(SASL_HANDSHAKE, 1, correlation, &body)
}

/// `Metadata` for no topics, of a version from 1 to 8.
pub(crate) fn metadata(version: u16, correlation: u32) -> Vec<u8> {
    let mut body = vec![0; 4];
    // No topic is created by asking for it, and nobody wants to know who may do what.
    body.extend_from_slice(match version {
        ..4 => &[],
        4..8 => &[0],
        _ => &[0, 0, 0],
    });
    request(METADATA, version, correlation, &body)
}

/// The length of a response, if it is one that is read.
pub(crate) fn length(bytes: [u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(bytes)).ok().filter(|length| (6..=MOST_BYTES).contains(length))
}

/// What a broker can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Api {
    pub(crate) key: u16,
    pub(crate) min: u16,
    pub(crate) max: u16,
}

/// What a broker says of a feature of KIP-584.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Feature {
    pub(crate) name: String,
    pub(crate) max: u16,
}

/// The answer to `ApiVersions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ApiVersions {
    pub(crate) apis: Vec<Api>,
    pub(crate) features: Vec<Feature>,
    /// The broker does not know the version that was asked for. Some tell which ones they know.
    pub(crate) is_refused: bool,
}

impl ApiVersions {
    /// The body of an answer to a request of this version, after the correlation id. All of it must make sense, but for what follows a
    /// refusal: there brokers do not agree on the encoding.
    pub(crate) fn read(body: &[u8], version: u16) -> Result<Self, Short> {
        const UNSUPPORTED_VERSION: u16 = 35;
        let mut reader = Reader::new(body);
        match reader.u16()? {
            0 => Self::read_apis(reader, version >= 3),
            UNSUPPORTED_VERSION if version > 0 => {
                let answer = Self::read_apis(reader, false).unwrap_or_default();
                Ok(Self { is_refused: true, ..answer })
            }
            _ => Err(Short),
        }
    }

    fn read_apis(mut reader: Reader, is_flexible: bool) -> Result<Self, Short> {
        let count = if is_flexible { compact_count(&mut reader)? } else { count(&mut reader)? };
        if count > MOST_APIS {
            return Err(Short);
        }
        let mut answer = Self::default();
        for _ in 0..count {
            let api = Api { key: reader.u16()?, min: reader.u16()?, max: reader.u16()? };
            if is_flexible {
                skip_tags(&mut reader)?;
            }
            answer.apis.push(api);
        }
        if is_flexible {
            reader.skip(4)?;
            answer.features = features(&mut reader)?;
        }
        let is_sane = answer.apis.iter().all(|api| api.max <= 1000 && api.min <= api.max.saturating_add(1));
        if is_sane && answer.max(API_VERSIONS).is_some() && reader.is_empty() { Ok(answer) } else { Err(Short) }
    }

    /// The highest version of a request.
    pub(crate) fn max(&self, key: u16) -> Option<u16> {
        self.apis.iter().find(|api| api.key == key).map(|api| api.max)
    }

    /// The version of `Metadata` to ask in: the highest before the encoding changed.
    pub(crate) fn metadata_version(&self) -> Option<u16> {
        let api = self.apis.iter().find(|api| api.key == METADATA)?;
        let version = api.max.min(8);
        (version >= api.min.max(1)).then_some(version)
    }

    pub(crate) fn has_sasl_handshake(&self) -> bool {
        self.apis.iter().any(|api| api.key == SASL_HANDSHAKE && api.min <= 1 && api.max >= 1)
    }
}

/// The tagged fields of an `ApiVersions` response; of them, the features that the broker supports.
fn features(reader: &mut Reader) -> Result<Vec<Feature>, Short> {
    const SUPPORTED: u32 = 0;
    let mut features = Vec::new();
    for _ in 0..tags(reader)? {
        let (tag, mut field) = tag(reader)?;
        if tag != SUPPORTED {
            continue;
        }
        for _ in 0..compact_count(&mut field)?.min(MOST) {
            let name = text(compact_bytes(&mut field)?);
            let (_, max) = (field.u16()?, field.u16()?);
            skip_tags(&mut field)?;
            features.push(Feature { name, max });
        }
    }
    Ok(features)
}

/// The answer to `SaslHandshake`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SaslHandshake {
    pub(crate) error: u16,
    pub(crate) mechanisms: Vec<String>,
}

impl SaslHandshake {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        let error = reader.u16()?;
        let mut mechanisms = Vec::new();
        for _ in 0..count(&mut reader)?.min(MOST) {
            mechanisms.push(text(bytes(&mut reader)?.ok_or(Short)?));
        }
        Ok(Self { error, mechanisms })
    }

    /// Whether the listener wants SASL: it goes on with the mechanism that was asked for, or has others only. (There are brokers that
    /// want none and refuse a mechanism in one breath with offering it.)
    pub(crate) fn is_needed(&self, asked: &str) -> bool {
        const UNSUPPORTED_MECHANISM: u16 = 33;
        let has_it = self.mechanisms.iter().any(|mechanism| mechanism == asked);
        !self.mechanisms.is_empty() && (self.error == 0 || (self.error == UNSUPPORTED_MECHANISM && !has_it))
    }
}

/// A broker, as others are told to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broker {
    pub(crate) id: u32,
    pub(crate) host: String,
    pub(crate) port: u32,
}

/// The answer to `Metadata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) brokers: Vec<Broker>,
    pub(crate) cluster: Option<String>,
    pub(crate) controller: i32,
}

impl Metadata {
    pub(crate) fn read(body: &[u8], version: u16) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        if version >= 3 {
            reader.skip(4)?;
        }
        let mut brokers = Vec::new();
        for _ in 0..count(&mut reader)? {
            let id = reader.u32()?;
            let host = text(bytes(&mut reader)?.ok_or(Short)?);
            let port = reader.u32()?;
            bytes(&mut reader)?;
            if brokers.len() < MOST {
                brokers.push(Broker { id, host, port });
            }
        }
        let cluster = if version >= 2 { bytes(&mut reader)?.map(text) } else { None };
        let controller = i32::from_be_bytes(reader.array()?);
        Ok(Self { brokers, cluster, controller })
    }
}

/// The length of an array. Each entry has bytes of its own, so that nothing is read for what is not there.
fn count(reader: &mut Reader) -> Result<usize, Short> {
    usize::try_from(reader.u32()?).ok().filter(|&count| count <= reader.len()).ok_or(Short)
}

/// A string, or nothing.
fn bytes<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Short> {
    match reader.u16()? {
        0xffff => Ok(None),
        length => reader.bytes(length.into()).map(Some),
    }
}

/// An integer of seven bits in each byte, the least significant first.
pub(crate) fn varint(reader: &mut Reader) -> Result<u32, Short> {
    let mut value = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = reader.u8()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Short)
}

/// The length of a compact array.
fn compact_count(reader: &mut Reader) -> Result<usize, Short> {
    let count = varint(reader)?.checked_sub(1).ok_or(Short)?;
    usize::try_from(count).ok().filter(|&count| count <= reader.len()).ok_or(Short)
}

/// A compact string.
fn compact_bytes<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Short> {
    let count = compact_count(reader)?;
    reader.bytes(count)
}

/// How many tagged fields there are.
fn tags(reader: &mut Reader) -> Result<usize, Short> {
    usize::try_from(varint(reader)?).ok().filter(|&count| count <= reader.len()).ok_or(Short)
}

/// A tagged field: its tag and what is in it.
fn tag<'a>(reader: &mut Reader<'a>) -> Result<(u32, Reader<'a>), Short> {
    let tag = varint(reader)?;
    let length = usize::try_from(varint(reader)?).map_err(|_| Short)?;
    Ok((tag, reader.part(length)?))
}

fn skip_tags(reader: &mut Reader) -> Result<(), Short> {
    for _ in 0..tags(reader)? {
        tag(reader)?;
    }
    Ok(())
}
