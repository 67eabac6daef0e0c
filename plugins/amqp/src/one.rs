//! AMQP 1.0: types, frames, and the few performatives that are needed.

use portprint_plugin_sdk::{Reader, Short, text};

use crate::wire::MOST_BYTES;

const MOST: usize = 256;
const DEEPEST: usize = 6;

/// Types of frames.
const AMQP: u8 = 0;
const SASL: u8 = 1;

/// Performatives.
const OPEN: u64 = 0x10;
const SASL_MECHANISMS: u64 = 0x40;
const SASL_OUTCOME: u64 = 0x44;

/// `close`, without an error.
pub(crate) const CLOSE: [u8; 12] = *b"\0\0\0\x0c\x02\0\0\0\0\x53\x18\x45";

/// `sasl-init` with the mechanism `ANONYMOUS`, and no word about who it is.
pub(crate) const SASL_ANONYMOUS: [u8; 25] = *b"\0\0\0\x19\x02\x01\0\0\0\x53\x41\xc0\x0c\x01\xa3\x09ANONYMOUS";

/// `open`: who connects, and to whom if the host has a name.
pub(crate) fn open(container: &str, host: &str) -> Vec<u8> {
    const LONGEST: usize = 100;
    let mut fields = Vec::new();
    let has_host = !host.is_empty();
    for value in [container, host].into_iter().take(1 + usize::from(has_host)) {
        let value = value.as_bytes().get(..value.len().min(LONGEST)).unwrap_or_default();
        fields.extend([0xa1, u8::try_from(value.len()).unwrap_or_default()]);
        fields.extend_from_slice(value);
    }
    let length = u8::try_from(fields.len() + 1).unwrap_or_default();
    let mut frame = vec![0, 0, 0, 0, 2, AMQP, 0, 0, 0, 0x53, 0x10, 0xc0, length, 1 + u8::from(has_host)];
    frame.append(&mut fields);
    let length = u32::try_from(frame.len()).unwrap_or_default();
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame
}

/// The length of a frame, of which these are the first bytes.
pub(crate) fn length(head: [u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(head)).ok().filter(|length| (8..=MOST_BYTES).contains(length))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(u64),
    /// A string, or a symbol.
    Text(String),
    /// A list, an array, or the keys and values of a map.
    Items(Vec<Value>),
    Described(Box<(Value, Value)>),
    /// What nothing is made of here.
    Other,
}

impl Value {
    fn read(reader: &mut Reader, depth: usize) -> Result<Self, Short> {
        let constructor = reader.u8()?;
        if constructor != 0 {
            return Self::read_as(reader, constructor, depth);
        }
        if depth >= DEEPEST {
            return Err(Short);
        }
        let descriptor = Self::read(reader, depth + 1)?;
        Ok(Self::Described(Box::new((descriptor, Self::read(reader, depth + 1)?))))
    }

    fn read_as(reader: &mut Reader, constructor: u8, depth: usize) -> Result<Self, Short> {
        Ok(match constructor {
            0x40 => Self::Null,
            0x41 => Self::Bool(true),
            0x42 => Self::Bool(false),
            0x43 | 0x44 => Self::Number(0),
            0x45 => Self::Items(Vec::new()),
            0x50 | 0x52 | 0x53 => Self::Number(reader.u8()?.into()),
            0x56 => Self::Bool(reader.u8()? != 0),
            0x60 => Self::Number(reader.u16()?.into()),
            0x70 => Self::Number(reader.u32()?.into()),
            0x80 => Self::Number(reader.u64()?),
            0xa1 | 0xa3 | 0xb1 | 0xb3 => Self::Text(text(part(reader, constructor)?.rest())),
            0xc0 | 0xc1 | 0xd0 | 0xd1 => {
                let mut part = part(reader, constructor)?;
                let count = count(&mut part, constructor)?;
                let mut items = Vec::new();
                for _ in 0..count {
                    deeper(depth)?;
                    items.push(Self::read(&mut part, depth + 1)?);
                }
                Self::Items(items)
            }
            0xe0 | 0xf0 => {
                let mut part = part(reader, constructor)?;
                let count = count(&mut part, constructor)?;
                let of = part.u8()?;
                deeper(depth)?;
                if of == 0 {
                    return Ok(Self::Other);
                }
                let mut items = Vec::new();
                for _ in 0..count {
                    items.push(Self::read_as(&mut part, of, depth + 1)?);
                }
                Self::Items(items)
            }
            _ => {
                match constructor >> 4 {
                    5 => reader.skip(1)?,
                    6 => reader.skip(2)?,
                    7 => reader.skip(4)?,
                    8 => reader.skip(8)?,
                    9 => reader.skip(16)?,
                    0xa | 0xb => part(reader, constructor).map(|_| ())?,
                    _ => return Err(Short),
                }
                Self::Other
            }
        })
    }

    /// The texts in it: one, or several of a list.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Text(text) => vec![text],
            Self::Items(items) => items.iter().filter_map(Self::text).collect(),
            _ => Vec::new(),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key, in a map.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let Self::Items(items) = self else { return None };
        let mut pairs = items.chunks_exact(2);
        pairs.find_map(|pair| match pair {
            [key, value] if key.text() == Some(name) => value.text(),
            _ => None,
        })
    }
}

fn deeper(depth: usize) -> Result<(), Short> {
    if depth < DEEPEST { Ok(()) } else { Err(Short) }
}

/// Bytes with their length before them: one byte of it, or four.
fn part<'a>(reader: &mut Reader<'a>, constructor: u8) -> Result<Reader<'a>, Short> {
    let length = if is_short(constructor) { reader.u8()?.into() } else { reader.u32()? };
    reader.part(usize::try_from(length).map_err(|_| Short)?)
}

/// How many items there are.
fn count(reader: &mut Reader, constructor: u8) -> Result<usize, Short> {
    let count = if is_short(constructor) { reader.u8()?.into() } else { reader.u32()? };
    usize::try_from(count).ok().filter(|&count| count <= MOST).ok_or(Short)
}

fn is_short(constructor: u8) -> bool {
    matches!(constructor >> 4, 0xa | 0xc | 0xe)
}

/// What comes in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Performative {
    /// The mechanisms that a server offers.
    Mechanisms(Vec<String>),
    /// Whether the server is content.
    Outcome(bool),
    Open(Open),
    /// Another one.
    Other,
}

/// Who opens a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) container: String,
    pub(crate) capabilities: Vec<String>,
    pub(crate) product: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) platform: Option<String>,
}

impl Performative {
    /// A frame.
    pub(crate) fn read(frame: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(frame);
        reader.skip(4)?;
        let offset = usize::from(reader.u8()?) * 4;
        let kind = reader.u8()?;
        reader.skip(2)?;
        reader.skip(offset.checked_sub(8).ok_or(Short)?)?;
        let Value::Described(described) = Value::read(&mut reader, 0)? else { return Err(Short) };
        let (descriptor, Value::Items(fields)) = *described else { return Err(Short) };
        let code = match descriptor {
            Value::Number(code) => code,
            Value::Text(name) => match name.as_str() {
                "amqp:open:list" => OPEN,
                "amqp:sasl-mechanisms:list" => SASL_MECHANISMS,
                "amqp:sasl-outcome:list" => SASL_OUTCOME,
                _ => return Err(Short),
            },
            _ => return Err(Short),
        };
        let first = fields.first();
        match (kind, code) {
            (SASL, SASL_MECHANISMS) => {
                Ok(Self::Mechanisms(first.ok_or(Short)?.texts().into_iter().map(str::to_owned).collect()))
            }
            (SASL, SASL_OUTCOME) => Ok(Self::Outcome(first == Some(&Value::Number(0)))),
            (AMQP, OPEN) => {
                let container = first.and_then(Value::text).ok_or(Short)?.to_owned();
                let properties = fields.get(9);
                let property = |name| properties.and_then(|it| it.get(name)).map(str::to_owned);
                let capabilities = fields.get(7).map(Value::texts).unwrap_or_default();
                Ok(Self::Open(Open {
                    container,
                    capabilities: capabilities.into_iter().map(str::to_owned).collect(),
                    product: property("product"),
                    version: property("version"),
                    platform: property("platform"),
                }))
            }
            _ => Ok(Self::Other),
        }
    }
}
