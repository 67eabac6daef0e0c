//! The encapsulation of EtherNet/IP, and the item that says who somebody is.

use portprint_plugin_sdk::{Reader, Short, text};

/// Bytes of the encapsulation's header.
pub(crate) const HEAD: usize = 24;

const LIST_IDENTITY: u16 = 0x63;
const IDENTITY_ITEM: u16 = 0x0c;

/// Asks who is there. The context comes back.
pub(crate) fn list_identity(context: [u8; 8]) -> [u8; HEAD] {
    let mut message = [0; HEAD];
    let [command, ..] = LIST_IDENTITY.to_le_bytes();
    message[0] = command;
    message[12..20].copy_from_slice(&context);
    message
}

/// How many bytes follow the header of the reply. Nothing for what cannot be one.
pub(crate) fn head(bytes: &[u8], context: [u8; 8]) -> Option<usize> {
    /// A device has one item, and that is short.
    const MOST: usize = 2048;
    let mut reader = Reader::new(bytes);
    let (command, length) = (reader.u16_le().ok()?, usize::from(reader.u16_le().ok()?));
    let (_session, status) = (reader.u32_le().ok()?, reader.u32_le().ok()?);
    let (returned, _options): ([u8; 8], _) = (reader.array().ok()?, reader.u32_le().ok()?);
    let is_ours = returned == context || returned == [0; 8];
    (command == LIST_IDENTITY && status == 0 && is_ours && (2..=MOST).contains(&length)).then_some(length)
}

/// Who somebody is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) address: [u8; 4],
    pub(crate) port: u16,
    pub(crate) vendor: u16,
    pub(crate) device_type: u16,
    pub(crate) product_code: u16,
    pub(crate) revision: (u8, u8),
    pub(crate) status: u16,
    pub(crate) serial: u32,
    pub(crate) name: String,
}

/// Reads what follows the header of a reply.
pub(crate) fn identity(body: &[u8]) -> Result<Identity, Short> {
    let mut reader = Reader::new(body);
    let count = reader.u16_le()?;
    let mut identity = None;
    for _ in 0..count {
        let (kind, length) = (reader.u16_le()?, reader.u16_le()?);
        let item = reader.part(length.into())?;
        if kind == IDENTITY_ITEM && identity.is_none() {
            identity = Some(identity_item(item)?);
        }
    }
    identity.ok_or(Short)
}

fn identity_item(mut reader: Reader<'_>) -> Result<Identity, Short> {
    const VERSION: u16 = 1;
    const INTERNET: u16 = 2;
    // The socket's address alone has its most significant bytes first.
    let (version, family, port) = (reader.u16_le()?, reader.u16()?, reader.u16()?);
    let address = reader.array()?;
    reader.skip(8)?;
    if version != VERSION || family != INTERNET && family != INTERNET.swap_bytes() {
        return Err(Short);
    }
    let (vendor, device_type, product_code) = (reader.u16_le()?, reader.u16_le()?, reader.u16_le()?);
    let revision = (reader.u8()?, reader.u8()?);
    let (status, serial) = (reader.u16_le()?, reader.u32_le()?);
    let length = reader.u8()?;
    let name = text(reader.bytes(length.into())?);
    // The state, which not all say, is the last.
    if reader.len() > 1 {
        return Err(Short);
    }
    Ok(Identity { address, port, vendor, device_type, product_code, revision, status, serial, name })
}

/// Some of those who have a number with the ODVA.
pub(crate) fn vendor(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "Rockwell Automation",
        26 => "Festo",
        40 => "WAGO",
        47 => "Omron",
        90 => "HMS Industrial Networks",
        108 => "Beckhoff",
        161 => "Mitsubishi Electric",
        243 => "Schneider Electric",
        283 => "Hilscher",
        678 => "Cognex",
        808 => "SICK",
        1251 => "Siemens",
        _ => return None,
    })
}

/// The kind of a device by its profile.
pub(crate) fn device_type(number: u16) -> Option<&'static str> {
    Some(match number {
        0x00 => "generic device",
        0x02 => "AC drive",
        0x03 => "motor overload",
        0x06 => "photoelectric sensor",
        0x07 => "general purpose discrete I/O",
        0x0c => "communications adapter",
        0x0e => "programmable logic controller",
        0x10 => "position controller",
        0x13 => "DC drive",
        0x18 => "human-machine interface",
        0x1b => "pneumatic valve",
        0x22 => "encoder",
        0x23 => "safety discrete I/O",
        0x25 => "CIP motion drive",
        0x2b => "generic device, keyable",
        0x2c => "managed Ethernet switch",
        _ => return None,
    })
}
