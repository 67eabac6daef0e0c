//! Modbus requests and replies in their MBAP frame.

use std::collections::BTreeMap;

use portprint_plugin_sdk::{Reader, text};

/// Bytes before the function code: transaction, protocol, length, unit.
pub(crate) const HEAD: usize = 7;

const READ_HOLDING_REGISTERS: u8 = 0x03;
pub(crate) const REPORT_SERVER_ID: u8 = 0x11;
const ENCAPSULATED: u8 = 0x2b;
const READ_DEVICE_IDENTIFICATION: u8 = 0x0e;
/// In the function code of a reply: the request failed.
const EXCEPTION: u8 = 0x80;

/// A request that is understood, but not here.
pub(crate) const ILLEGAL_FUNCTION: u8 = 1;

pub(crate) const VENDOR: u8 = 0;
pub(crate) const PRODUCT_CODE: u8 = 1;
pub(crate) const REVISION: u8 = 2;
pub(crate) const FIRST_REGULAR: u8 = VENDOR_URL;
const VENDOR_URL: u8 = 3;
pub(crate) const PRODUCT_NAME: u8 = 4;
pub(crate) const MODEL: u8 = 5;
const APPLICATION: u8 = 6;

/// What the objects are called in details; the product's revision has a place of its own.
pub(crate) const OBJECTS: [(u8, &str); 6] = [
    (VENDOR, "vendor"),
    (PRODUCT_CODE, "product_code"),
    (VENDOR_URL, "vendor_url"),
    (PRODUCT_NAME, "product_name"),
    (MODEL, "model"),
    (APPLICATION, "application"),
];

/// Whether an exception is that of a gateway that reaches nobody.
pub(crate) fn is_of_gateway(exception: u8) -> bool {
    matches!(exception, 10 | 11)
}

/// What to read of a device's identification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Basic = 1,
    Regular = 2,
}

/// A request, framed.
pub(crate) fn frame(transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let length = u16::try_from(pdu.len() + 1).unwrap_or(u16::MAX);
    let mut frame = Vec::with_capacity(HEAD + pdu.len());
    frame.extend_from_slice(&transaction.to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.push(unit);
    frame.extend_from_slice(pdu);
    frame
}

/// Asks for a device's identification, from this object on.
pub(crate) fn read_identification(level: Level, object: u8) -> [u8; 4] {
    [ENCAPSULATED, READ_DEVICE_IDENTIFICATION, level as u8, object]
}

/// Asks for the first register.
pub(crate) const READ_REGISTER: [u8; 5] = [READ_HOLDING_REGISTERS, 0, 0, 0, 1];

/// The beginning of a reply: its transaction, and how many bytes follow. Nothing for what cannot be one.
pub(crate) fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    /// A unit, a function code and a byte; a whole frame has 260 bytes at most.
    const LENGTHS: std::ops::RangeInclusive<u16> = 3..=254;
    let mut reader = Reader::new(bytes);
    let (transaction, protocol, length) = (reader.u16().ok()?, reader.u16().ok()?, reader.u16().ok()?);
    let _unit = reader.u8().ok()?;
    (protocol == 0 && LENGTHS.contains(&length)).then(|| (transaction, usize::from(length) - 1))
}

/// What a reply says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Exception(u8),
    Identification(Identification),
    ServerId(Vec<u8>),
    Registers,
}

/// Objects of a device's identification.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Identification {
    /// Whether the device has the regular objects, too.
    pub(crate) is_regular: bool,
    /// The object to go on with.
    pub(crate) next: Option<u8>,
    pub(crate) objects: BTreeMap<u8, String>,
}

impl Reply {
    /// What stands behind the unit in a reply to a request of this function. Nothing if it is none.
    pub(crate) fn read(function: u8, pdu: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(pdu);
        let replied = reader.u8().ok()?;
        if replied == function | EXCEPTION {
            // Some say first which of the encapsulated services it was.
            if function == ENCAPSULATED && pdu.get(1..) == Some(&[READ_DEVICE_IDENTIFICATION, ILLEGAL_FUNCTION]) {
                return Some(Self::Exception(ILLEGAL_FUNCTION));
            }
            let code = reader.u8().ok()?;
            return (matches!(code, 1..=8 | 10 | 11) && reader.is_empty()).then_some(Self::Exception(code));
        }
        if replied != function {
            return None;
        }
        match function {
            ENCAPSULATED => Identification::read(reader).map(Self::Identification),
            REPORT_SERVER_ID => {
                let count = usize::from(reader.u8().ok()?);
                (count > 0 && count == reader.len()).then(|| Self::ServerId(reader.rest().to_vec()))
            }
            READ_HOLDING_REGISTERS => {
                let count = reader.u8().ok()?;
                (count == 2 && reader.len() == 2).then_some(Self::Registers)
            }
            _ => None,
        }
    }
}

impl Identification {
    fn read(mut reader: Reader<'_>) -> Option<Self> {
        let (kind, level, conformity) = (reader.u8().ok()?, reader.u8().ok()?, reader.u8().ok()?);
        let (more, next, count) = (reader.u8().ok()?, reader.u8().ok()?, reader.u8().ok()?);
        if kind != READ_DEVICE_IDENTIFICATION || !matches!(level, 1..=4) || !matches!(more, 0 | 0xff) {
            return None;
        }
        let mut objects = BTreeMap::new();
        for _ in 0..count {
            let (object, length) = (reader.u8().ok()?, reader.u8().ok()?);
            objects.insert(object, text(reader.bytes(length.into()).ok()?));
        }
        // The top bit: objects can be asked for one by one, too.
        let is_regular = matches!(conformity & 0x7f, 2 | 3);
        Some(Self { is_regular, next: (more == 0xff).then_some(next), objects })
    }
}

/// What `libmodbus` says of itself in Report Server ID: its version.
pub(crate) fn libmodbus(server_id: &[u8]) -> Option<String> {
    let version = server_id.strip_prefix(b"\xb4\xffLMB")?;
    let is_version = version.first()?.is_ascii_digit() && version.iter().all(|it| it.is_ascii_digit() || *it == b'.');
    is_version.then(|| text(version))
}

/// The text at the end of what a device says of itself in Report Server ID. What stands before it is each vendor's own.
pub(crate) fn server_text(server_id: &[u8]) -> String {
    const LEAST: usize = 4;
    let is_text = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let begin = server_id.iter().rposition(|byte| !is_text(byte)).map_or(0, |at| at + 1);
    server_id.get(begin..).filter(|it| it.len() >= LEAST).map(text).unwrap_or_default()
}
