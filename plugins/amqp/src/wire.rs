//! Protocol headers, and AMQP 0-9-1.

use portprint_plugin_sdk::{Reader, Short, text};

/// The longest frame that is read.
pub(crate) const MOST_BYTES: usize = 64 * 1024;
/// The most entries that are looked at in a table or a list.
const MOST: usize = 256;
/// How deep tables may lie in each other.
const DEEPEST: usize = 4;

/// What opens a connection: a protocol and its version.
pub(crate) type Header = [u8; 8];

pub(crate) const AMQP_0_9_1: Header = *b"AMQP\x00\x00\x09\x01";
pub(crate) const AMQP_1_0: Header = *b"AMQP\x00\x01\x00\x00";
pub(crate) const SASL_1_0: Header = *b"AMQP\x03\x01\x00\x00";

/// The protocol that a header names.
pub(crate) fn protocol(header: Header) -> Option<&'static str> {
    let [b'A', b'M', b'Q', b'P', rest @ ..] = header else { return None };
    match rest {
        [0 | 2 | 3, 1, 0, 0] => Some("1.0"),
        [0, 0, 9, 1] => Some("0-9-1"),
        [1, 1, 0, 9] | [1, 1, 9, 0 | 1] => Some("0-9"),
        [1, 1, 0, 10] => Some("0-10"),
        [1, 1, 8, 0] | [1, 1, 0, 8] => Some("0-8"),
        _ => None,
    }
}

/// The length of the payload of a frame of AMQP 0-9-1, by its first seven bytes: a method on channel 0.
pub(crate) fn method_frame(head: [u8; 7]) -> Option<usize> {
    let [1, 0, 0, length @ ..] = head else { return None };
    usize::try_from(u32::from_be_bytes(length)).ok().filter(|length| (20..=MOST_BYTES).contains(length))
}

/// The value of a field in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Text(String),
    Bool(bool),
    Table(Table),
    /// What nothing is made of here.
    Other,
}

pub(crate) type Table = Vec<(String, Field)>;

/// How a server of AMQP 0-9-1 introduces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) version: (u8, u8),
    pub(crate) properties: Table,
    pub(crate) mechanisms: Vec<String>,
}

impl Start {
    /// A payload and the byte at its end.
    pub(crate) fn read(frame: &[u8]) -> Result<Self, Short> {
        const FRAME_END: u8 = 0xce;
        let mut reader = Reader::new(frame.strip_suffix(&[FRAME_END]).ok_or(Short)?);
        // connection.start
        if (reader.u16()?, reader.u16()?) != (10, 10) {
            return Err(Short);
        }
        let version = (reader.u8()?, reader.u8()?);
        if !matches!(version, (0, 8..=10) | (8, 0)) {
            return Err(Short);
        }
        let properties = table(&mut part(&mut reader)?, 0)?;
        let mechanisms = text(part(&mut reader)?.rest());
        part(&mut reader)?;
        if !reader.is_empty() {
            return Err(Short);
        }
        let mechanisms = mechanisms.split(' ').filter(|it| !it.is_empty()).take(MOST).map(str::to_owned).collect();
        Ok(Self { version, properties, mechanisms })
    }
}

/// The text of a field.
pub(crate) fn find<'a>(table: &'a Table, name: &str) -> Option<&'a str> {
    table.iter().find_map(|(key, value)| match value {
        Field::Text(text) if key == name => Some(text.as_str()),
        _ => None,
    })
}

/// Bytes with their length before them.
fn part<'a>(reader: &mut Reader<'a>) -> Result<Reader<'a>, Short> {
    let length = usize::try_from(reader.u32()?).map_err(|_| Short)?;
    reader.part(length)
}

/// A table, as far as it can be read: dialects do not agree on what some types are.
fn table(reader: &mut Reader, depth: usize) -> Result<Table, Short> {
    let mut table = Table::new();
    while !reader.is_empty() && table.len() < MOST {
        let length = reader.u8()?;
        let name = text(reader.bytes(length.into())?);
        let value = match reader.u8()? {
            b't' => Field::Bool(reader.u8()? != 0),
            b'S' => Field::Text(text(part(reader)?.rest())),
            b'F' if depth < DEEPEST => Field::Table(self::table(&mut part(reader)?, depth + 1)?),
            kind => match skip(reader, kind) {
                Ok(()) => Field::Other,
                Err(Short) => break,
            },
        };
        table.push((name, value));
    }
    Ok(table)
}

fn skip(reader: &mut Reader, kind: u8) -> Result<(), Short> {
    match kind {
        b'V' => Ok(()),
        b'b' | b'B' => reader.skip(1),
        b'U' | b'u' => reader.skip(2),
        b'I' | b'i' | b'f' => reader.skip(4),
        b'D' => reader.skip(5),
        b'L' | b'l' | b'd' | b'T' => reader.skip(8),
        b'A' | b'F' | b'x' => part(reader).map(|_| ()),
        _ => Err(Short),
    }
}
