//! Documents.

use portprint_plugin_sdk::{Reader, Short, text};

/// The value of an element, as far as any is of interest here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Number(f64),
    Text(&'a [u8]),
    Bool(bool),
    /// Its bytes.
    Document(&'a [u8]),
    /// An array: a document whose names are numbers.
    Array(&'a [u8]),
    Other,
}

/// A document: names and values in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Document<'a> {
    elements: Vec<(&'a [u8], Value<'a>)>,
}

/// The most elements of a document that are read.
const MOST_ELEMENTS: usize = 1024;

impl<'a> Document<'a> {
    /// The document that these bytes are. The ones in it are only looked at when they are asked for.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(bytes);
        if usize::try_from(reader.u32_le()?) != Ok(bytes.len()) {
            return Err(Short);
        }
        let mut elements = Vec::new();
        loop {
            let kind = reader.u8()?;
            if kind == 0 {
                break;
            }
            let name = reader.until(0)?;
            elements.push((name, value(kind, &mut reader)?));
            if elements.len() > MOST_ELEMENTS {
                return Err(Short);
            }
        }
        if reader.is_empty() { Ok(Self { elements }) } else { Err(Short) }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.elements.iter().find_map(|(it, value)| (*it == name.as_bytes()).then_some(value))
    }

    /// Whether there is a name that begins so.
    pub(crate) fn has_prefix(&self, prefix: &str) -> bool {
        self.elements.iter().any(|(it, _)| it.starts_with(prefix.as_bytes()))
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A number that is a whole one.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        const MOST: f64 = 1e15;
        #[allow(clippy::cast_possible_truncation, reason = "it is whole, and small")]
        self.number(name).filter(|number| number.fract() == 0.0 && number.abs() < MOST).map(|number| number as i64)
    }

    pub(crate) fn bool(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(yes) => Some(*yes),
            Value::Number(number) => Some(*number != 0.0),
            _ => None,
        }
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::Text(bytes) => Some(text(bytes)).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    pub(crate) fn document(&self, name: &str) -> Option<Document<'a>> {
        match self.get(name)? {
            Value::Document(bytes) => Document::read(bytes).ok(),
            _ => None,
        }
    }

    /// The texts of an array.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let Some(Value::Array(bytes)) = self.get(name) else { return Vec::new() };
        let items = Document::read(bytes).unwrap_or_default();
        items
            .elements
            .iter()
            .filter_map(|(_, item)| if let Value::Text(item) = item { Some(text(item)) } else { None })
            .collect()
    }
}

fn value<'a>(kind: u8, reader: &mut Reader<'a>) -> Result<Value<'a>, Short> {
    Ok(match kind {
        0x01 => Value::Number(f64::from_bits(reader.u64_le()?)),
        0x02 | 0x0d | 0x0e => Value::Text(string(reader)?),
        0x03 => Value::Document(document(reader)?),
        0x04 => Value::Array(document(reader)?),
        0x05 => {
            let length = reader.u32_le()? as usize;
            reader.u8()?;
            reader.skip(length)?;
            Value::Other
        }
        0x06 | 0x0a | 0x7f | 0xff => Value::Other,
        0x07 => other(reader, 12)?,
        0x08 => match reader.u8()? {
            byte @ (0 | 1) => Value::Bool(byte == 1),
            _ => return Err(Short),
        },
        0x09 | 0x11 => other(reader, 8)?,
        0x0b => {
            reader.until(0)?;
            reader.until(0)?;
            Value::Other
        }
        0x0c => {
            string(reader)?;
            other(reader, 12)?
        }
        0x0f => {
            document(reader)?;
            Value::Other
        }
        0x10 => Value::Number(f64::from(reader.u32_le()?.cast_signed())),
        #[allow(clippy::cast_precision_loss, reason = "numbers as large as that are of no interest")]
        0x12 => Value::Number(reader.u64_le()?.cast_signed() as f64),
        0x13 => other(reader, 16)?,
        _ => return Err(Short),
    })
}

fn other<'a>(reader: &mut Reader<'a>, length: usize) -> Result<Value<'a>, Short> {
    reader.skip(length)?;
    Ok(Value::Other)
}

fn string<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Short> {
    let length = reader.u32_le()? as usize;
    reader.bytes(length)?.strip_suffix(&[0]).ok_or(Short)
}

/// The bytes of a document, whole.
fn document<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Short> {
    let mut ahead = *reader;
    let length = ahead.u32_le()? as usize;
    reader.bytes(length)
}

/// A document in the making.
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; 4] }
    }

    fn name(&mut self, kind: u8, name: &str) {
        self.bytes.push(kind);
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
    }

    pub(crate) fn integer(mut self, name: &str, value: i32) -> Self {
        self.name(0x10, name);
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn bool(mut self, name: &str, value: bool) -> Self {
        self.name(0x08, name);
        self.bytes.push(value.into());
        self
    }

    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.name(0x02, name);
        let length = u32::try_from(value.len() + 1).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.push(0);
        self
    }

    pub(crate) fn document(mut self, name: &str, value: Self) -> Self {
        self.name(0x03, name);
        self.bytes.extend_from_slice(&value.finish());
        self
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[..4].copy_from_slice(&length.to_le_bytes());
        self.bytes
    }
}
