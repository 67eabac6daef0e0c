//! Messages of BACnet/IP.

use portprint_plugin_sdk::{Reader, Short};

use crate::property::{PROPERTIES, Property, Value, object};
use crate::tag::{Tag, unsigned};

/// The type of device objects, and the instance that stands for any.
pub(crate) const DEVICE: u16 = 8;
pub(crate) const ANY: u32 = 0x3f_ffff;

const BACNET_IP: u8 = 0x81;
const UNICAST: u8 = 0x0a;
const BROADCAST: u8 = 0x0b;
const FORWARDED: u8 = 0x04;

const READ_PROPERTY: u8 = 12;
const READ_PROPERTY_MULTIPLE: u8 = 14;
const I_AM: u8 = 0;
const WHO_IS: u8 = 8;

/// An application's message, with its way to go.
fn datagram(expects_reply: bool, message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len() + 6).unwrap_or(u16::MAX);
    let mut datagram = vec![BACNET_IP, UNICAST];
    datagram.extend_from_slice(&length.to_be_bytes());
    datagram.extend_from_slice(&[1, if expects_reply { 4 } else { 0 }]);
    datagram.extend_from_slice(message);
    datagram
}

/// What all requests that are answered begin with: no parts, as many bytes as fit into a datagram; then the object.
fn request(invoke: u8, service: u8, instance: u32) -> Vec<u8> {
    let mut message = vec![0, 5, invoke, service, 0x0c];
    message.extend_from_slice(&(u32::from(DEVICE) << 22 | instance & ANY).to_be_bytes());
    message
}

pub(crate) fn read_property(invoke: u8, instance: u32, property: Property) -> Vec<u8> {
    let mut message = request(invoke, READ_PROPERTY, instance);
    message.extend_from_slice(&[0x19, property.id]);
    datagram(true, &message)
}

pub(crate) fn read_all_properties(invoke: u8, instance: u32) -> Vec<u8> {
    let mut message = request(invoke, READ_PROPERTY_MULTIPLE, instance);
    message.push(0x1e);
    for property in PROPERTIES {
        message.extend_from_slice(&[0x09, property.id]);
    }
    message.push(0x1f);
    datagram(true, &message)
}

pub(crate) fn who_is() -> Vec<u8> {
    datagram(false, &[0x10, WHO_IS])
}

/// What a datagram says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// The answer to the request with this number.
    Properties(u8, Vec<(u32, Value)>),
    /// That request failed, because there is no such object, or otherwise.
    Failed { invoke: u8, has_no_object: bool },
    /// A device tells its instance.
    IAm(u32),
    /// Something that nobody asked for.
    Other,
}

impl Message {
    pub(crate) fn read(datagram: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(datagram);
        let (kind, function, length) = (reader.u8()?, reader.u8()?, reader.u16()?);
        if kind != BACNET_IP || usize::from(length) != datagram.len() {
            return Err(Short);
        }
        match function {
            UNICAST | BROADCAST => {}
            // For whom.
            FORWARDED => reader.skip(6)?,
            _ => return Err(Short),
        }
        if !network(&mut reader)? {
            return Ok(Self::Other);
        }
        let kind = reader.u8()?;
        match kind >> 4 {
            1 => unconfirmed(&mut reader),
            3 if kind & 8 == 0 => {
                let (invoke, service) = (reader.u8()?, reader.u8()?);
                let values = match service {
                    READ_PROPERTY => property(&mut reader)?,
                    READ_PROPERTY_MULTIPLE => properties(&mut reader)?,
                    _ => return Err(Short),
                };
                if reader.is_empty() { Ok(Self::Properties(invoke, values)) } else { Err(Short) }
            }
            5 => {
                const OBJECT: u32 = 1;
                const UNKNOWN_OBJECT: u32 = 31;
                let (invoke, _service) = (reader.u8()?, reader.u8()?);
                let (class, code) = error(&mut reader)?;
                Ok(Self::Failed { invoke, has_no_object: (class, code) == (OBJECT, UNKNOWN_OBJECT) })
            }
            // Rejected, or aborted.
            6 | 7 => {
                let (invoke, _reason) = (reader.u8()?, reader.u8()?);
                if reader.is_empty() { Ok(Self::Failed { invoke, has_no_object: false }) } else { Err(Short) }
            }
            // A part of something.
            2..=4 => Ok(Self::Other),
            // Nobody has requests to us: they are ours that come back.
            _ => Err(Short),
        }
    }
}

/// Passes over the network's part. Whether a message for us stands behind it.
fn network(reader: &mut Reader<'_>) -> Result<bool, Short> {
    const NETWORK_MESSAGE: u8 = 0x80;
    const RESERVED: u8 = 0x50;
    const DESTINATION: u8 = 0x20;
    const SOURCE: u8 = 0x08;
    let (version, control) = (reader.u8()?, reader.u8()?);
    if version != 1 || control & RESERVED != 0 {
        return Err(Short);
    }
    for part in [DESTINATION, SOURCE] {
        if control & part != 0 {
            reader.skip(2)?;
            let length = reader.u8()?;
            reader.skip(length.into())?;
        }
    }
    if control & DESTINATION != 0 {
        // How often it may be passed on.
        reader.skip(1)?;
    }
    Ok(control & NETWORK_MESSAGE == 0)
}

fn unconfirmed(reader: &mut Reader<'_>) -> Result<Message, Short> {
    if reader.u8()? != I_AM {
        return Ok(Message::Other);
    }
    let device = Value::read(reader)?;
    // How long messages may be, whether they may be cut, and the vendor's number.
    Value::read(reader)?;
    Value::read(reader)?;
    Value::read(reader)?;
    match device {
        Some(Value::Object(DEVICE, instance)) if reader.is_empty() => Ok(Message::IAm(instance)),
        _ => Err(Short),
    }
}

fn error(reader: &mut Reader<'_>) -> Result<(u32, u32), Short> {
    const ENUMERATED: u8 = 9;
    match (Tag::read(reader)?, Tag::read(reader)?) {
        (Tag::Application(ENUMERATED, class), Tag::Application(ENUMERATED, code)) => {
            Ok((unsigned(class)?, unsigned(code)?))
        }
        _ => Err(Short),
    }
}

/// The object that is answered for: a device.
fn device(reader: &mut Reader<'_>) -> Result<(), Short> {
    let (kind, _instance) = object(Tag::context(reader, 0)?)?;
    if kind == DEVICE { Ok(()) } else { Err(Short) }
}

/// The rest of an answer with one property.
fn property(reader: &mut Reader<'_>) -> Result<Vec<(u32, Value)>, Short> {
    device(reader)?;
    let property = unsigned(Tag::context(reader, 1)?)?;
    if Tag::read(reader)? != Tag::Open(3) {
        return Err(Short);
    }
    let value = Value::read(reader)?;
    if Tag::read(reader)? != Tag::Close(3) {
        return Err(Short);
    }
    Ok(value.map(|value| (property, value)).into_iter().collect())
}

/// The rest of an answer with several of them, or with the reason why there is none.
fn properties(reader: &mut Reader<'_>) -> Result<Vec<(u32, Value)>, Short> {
    device(reader)?;
    if Tag::read(reader)? != Tag::Open(1) {
        return Err(Short);
    }
    let mut values = Vec::new();
    loop {
        let property = match Tag::read(reader)? {
            Tag::Context(2, property) => unsigned(property)?,
            Tag::Close(1) => return Ok(values),
            _ => return Err(Short),
        };
        match Tag::read(reader)? {
            Tag::Open(4) => {
                values.extend(Value::read(reader)?.map(|value| (property, value)));
                if Tag::read(reader)? != Tag::Close(4) {
                    return Err(Short);
                }
            }
            Tag::Open(5) => {
                error(reader)?;
                if Tag::read(reader)? != Tag::Close(5) {
                    return Err(Short);
                }
            }
            _ => return Err(Short),
        }
    }
}
