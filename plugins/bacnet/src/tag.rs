//! Tags, with which all values of BACnet begin.

use portprint_plugin_sdk::{Reader, Short};

/// A tag with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag<'a> {
    /// A value whose type is known by its number.
    Application(u8, &'a [u8]),
    /// A value that has a number among others.
    Context(u8, &'a [u8]),
    /// What follows, as far as the closing tag, belongs together.
    Open(u8),
    Close(u8),
}

impl<'a> Tag<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Short> {
        /// Application tags: a boolean has its value in the place of the length.
        const BOOLEAN: u8 = 1;
        let first = reader.u8()?;
        let number = match first >> 4 {
            15 => reader.u8()?,
            number => number,
        };
        let is_context = first & 8 != 0;
        let length = match first & 7 {
            6 if is_context => return Ok(Self::Open(number)),
            7 if is_context => return Ok(Self::Close(number)),
            6 | 7 => return Err(Short),
            5 => match reader.u8()? {
                254 => reader.u16()?.into(),
                255 => reader.u32()?,
                length => length.into(),
            },
            _ if number == BOOLEAN && !is_context => 0,
            length => length.into(),
        };
        let value = reader.bytes(usize::try_from(length).map_err(|_| Short)?)?;
        Ok(if is_context { Self::Context(number, value) } else { Self::Application(number, value) })
    }

    /// What belongs to this number, which must come next.
    pub(crate) fn context(reader: &mut Reader<'a>, wanted: u8) -> Result<&'a [u8], Short> {
        match Self::read(reader)? {
            Self::Context(number, value) if number == wanted => Ok(value),
            _ => Err(Short),
        }
    }
}

/// A number of one to four bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Result<u32, Short> {
    if !matches!(bytes.len(), 1..=4) {
        return Err(Short);
    }
    Ok(bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
}
