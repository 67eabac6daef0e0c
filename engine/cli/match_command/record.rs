//! A line of the input as a record.

use std::borrow::Cow;
use std::fmt;

use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, DecodeSliceError, alphabet};
use portprint_tables::{ProbeId, Protocol};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::escape;

use super::probes::Probes;

/// Standard base64; the padding may be left out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A record whose fields are understood.
#[derive(Debug)]
pub(crate) struct Record<'l> {
    /// What the answer is to be called.
    pub(crate) id: Option<&'l RawValue>,
    /// Over which protocol the response came.
    pub(crate) protocol: Protocol,
    /// The probe that drew it; none: not known.
    pub(crate) probe: Option<ProbeId>,
    response: Cow<'l, str>,
}

/// Why a line is no record.
#[derive(Debug)]
pub(crate) struct BadRecord<'l> {
    /// Its id, if the JSON could be read.
    pub(crate) id: Option<&'l RawValue>,
    /// What is wrong with it.
    pub(crate) message: String,
}

impl<'l> Record<'l> {
    /// Reads a line, all but the response itself.
    pub(crate) fn parse(line: &'l [u8], probes: &Probes) -> Result<Self, BadRecord<'l>> {
        let unreadable = |message| BadRecord { id: None, message };
        let text = std::str::from_utf8(line)
            .map_err(|error| unreadable(format!("not UTF-8: byte {} of the line", error.valid_up_to() + 1)))?;
        if text.trim_ascii().is_empty() {
            return Err(unreadable("the line is empty".to_owned()));
        }
        let fields: Fields<'l> = serde_json::from_str(text).map_err(|error| unreadable(not_a_record(&error)))?;
        let bad = |message| BadRecord { id: fields.id, message };

        let protocol = match optional_string("proto", fields.proto.or(fields.protocol)).map_err(bad)? {
            None => return Err(bad("no proto: expected \"tcp\" or \"udp\"".to_owned())),
            Some(name) if name == "tcp" => Protocol::Tcp,
            Some(name) if name == "udp" => Protocol::Udp,
            Some(name) => {
                return Err(bad(format!("unknown proto {}: expected \"tcp\" or \"udp\"", escape::quote(&name))));
            }
        };
        let probe = match optional_string("probe", fields.probe).map_err(bad)? {
            None => None,
            Some(name) => Some(probes.find(protocol, &name).map_err(bad)?),
        };
        let response = match fields.response {
            None => return Err(bad("no response: expected a string of base64".to_owned())),
            Some(value) => string(value).ok_or_else(|| bad("response is not a string".to_owned()))?,
        };
        Ok(Self { id: fields.id, protocol, probe, response })
    }

    /// Decodes the response into the beginning of `buffer`, which grows as needed and keeps its size.
    pub(crate) fn response<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], BadRecord<'l>> {
        let enough = base64::decoded_len_estimate(self.response.len());
        if buffer.len() < enough {
            buffer.resize(enough, 0);
        }
        match BASE64.decode_slice(self.response.as_bytes(), buffer) {
            Ok(len) => Ok(&buffer[..len]),
            Err(error) => {
                let message = format!("response is not base64: {}", fault(error, &self.response));
                Err(BadRecord { id: self.id, message })
            }
        }
    }
}

/// What is wrong with a line that is no record.
pub(crate) fn not_a_record(error: &serde_json::Error) -> String {
    // The record is one line, so the position that matters is the column.
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let kind = if error.is_data() { "not a record" } else { "not JSON" };
    format!("{kind}: {} at column {}", escape::message(text), error.column())
}

fn fault(error: DecodeSliceError, response: &str) -> String {
    match error {
        DecodeSliceError::DecodeError(DecodeError::InvalidByte(at, _)) => {
            // Where nothing else was wrong before it, a character begins there.
            let found: String = response.get(at..).into_iter().flat_map(str::chars).take(1).collect();
            format!("character {} at offset {at}", escape::quote(&found))
        }
        DecodeSliceError::DecodeError(DecodeError::InvalidLength(len)) => format!("its length of {len} characters"),
        DecodeSliceError::DecodeError(DecodeError::InvalidPadding) => "its padding".to_owned(),
        other => other.to_string(),
    }
}

/// `null` is as good as nothing.
fn optional_string<'l>(field: &str, value: Option<&'l RawValue>) -> Result<Option<Cow<'l, str>>, String> {
    match value {
        None => Ok(None),
        Some(value) if value.get() == "null" => Ok(None),
        Some(value) => string(value).map(Some).ok_or_else(|| format!("{field} is not a string")),
    }
}

/// The value of a JSON string; borrowed when it has no escapes, as is usual.
fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(value.get()).ok().map(Cow::Owned)
}

/// The fields that matter, as they are written. Of several with one name the last counts.
#[derive(Debug, Default)]
struct Fields<'l> {
    id: Option<&'l RawValue>,
    proto: Option<&'l RawValue>,
    protocol: Option<&'l RawValue>,
    probe: Option<&'l RawValue>,
    response: Option<&'l RawValue>,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key()? {
            let field = match key {
                Key::Id => &mut fields.id,
                Key::Proto => &mut fields.proto,
                Key::Protocol => &mut fields.protocol,
                Key::Probe => &mut fields.probe,
                Key::Response => &mut fields.response,
                Key::Other => {
                    map.next_value::<de::IgnoredAny>()?;
                    continue;
                }
            };
            *field = Some(map.next_value()?);
        }
        Ok(fields)
    }
}

enum Key {
    Id,
    Proto,
    Protocol,
    Probe,
    Response,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                Ok(match name {
                    "id" => Key::Id,
                    "proto" => Key::Proto,
                    "protocol" => Key::Protocol,
                    "probe" => Key::Probe,
                    "response" => Key::Response,
                    _ => Key::Other,
                })
            }
        }

        deserializer.deserialize_identifier(KeyVisitor)
    }
}
