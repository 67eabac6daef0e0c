//! Properties of a device.

use portprint_plugin_sdk::{Reader, Short, text};

use crate::tag::{Tag, unsigned};

/// A property that is worth asking for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) id: u8,
    /// What it is called in details.
    pub(crate) key: &'static str,
}

pub(crate) const IDENTIFIER: Property = Property { id: 75, key: "instance" };
pub(crate) const VENDOR: Property = Property { id: 121, key: "vendor" };
pub(crate) const MODEL: Property = Property { id: 70, key: "model" };
pub(crate) const FIRMWARE: Property = Property { id: 44, key: "firmware" };

/// All of them, the most important ones first.
pub(crate) const PROPERTIES: [Property; 11] = [
    IDENTIFIER,
    VENDOR,
    MODEL,
    FIRMWARE,
    Property { id: 12, key: "application_software" },
    Property { id: 77, key: "object_name" },
    Property { id: 120, key: "vendor_id" },
    Property { id: 58, key: "location" },
    Property { id: 28, key: "description" },
    Property { id: 98, key: "protocol_version" },
    Property { id: 139, key: "protocol_revision" },
];

/// The value of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Number(u32),
    Text(String),
    /// The instance of an object of this type.
    Object(u16, u32),
}

impl Value {
    /// A value of a type that is needed here.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Short> {
        const UNSIGNED: u8 = 2;
        const STRING: u8 = 7;
        const OBJECT: u8 = 12;
        Ok(match Tag::read(reader)? {
            Tag::Application(UNSIGNED, bytes) => Some(Self::Number(unsigned(bytes)?)),
            Tag::Application(STRING, bytes) => Some(Self::Text(string(bytes)?)),
            Tag::Application(OBJECT, bytes) => {
                let (kind, instance) = object(bytes)?;
                Some(Self::Object(kind, instance))
            }
            Tag::Application(..) => None,
            _ => return Err(Short),
        })
    }
}

/// The type and instance of an object.
pub(crate) fn object(bytes: &[u8]) -> Result<(u16, u32), Short> {
    let number = Reader::new(bytes).u32()?;
    let kind = u16::try_from(number >> 22).map_err(|_| Short)?;
    if bytes.len() == 4 { Ok((kind, number & 0x3f_ffff)) } else { Err(Short) }
}

/// A string behind a byte that says how it is encoded.
fn string(bytes: &[u8]) -> Result<String, Short> {
    let mut reader = Reader::new(bytes);
    Ok(match reader.u8()? {
        // ISO 10646 in two bytes, and in four.
        4 => {
            let units = reader.rest().as_chunks().0.iter().map(|&unit| u16::from_be_bytes(unit));
            trimmed(
                &char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>(),
            )
        }
        3 => {
            let units = reader.rest().as_chunks().0.iter().map(|&unit| u32::from_be_bytes(unit));
            trimmed(&units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>())
        }
        // ISO 8859-1.
        5 => trimmed(&reader.rest().iter().map(|&byte| char::from(byte)).collect::<String>()),
        _ => text(reader.rest()),
    })
}

fn trimmed(string: &str) -> String {
    text(string.as_bytes())
}
