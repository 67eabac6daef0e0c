//! Packets of RFC 1006, ISO transport in them, and S7 in that.

use portprint_plugin_sdk::{Reader, Short, text};

/// Bytes of a packet's header.
pub(crate) const HEAD: usize = 4;

/// How many bytes follow the header of a packet. Nothing for what cannot be one.
pub(crate) fn head(bytes: &[u8]) -> Option<usize> {
    /// S7 has no longer ones.
    const MOST: usize = 4096;
    let mut reader = Reader::new(bytes);
    let (version, reserved, length) = (reader.u8().ok()?, reader.u8().ok()?, reader.u16().ok()?);
    let rest = usize::from(length).checked_sub(HEAD)?;
    (version == 3 && reserved == 0 && (3..=MOST).contains(&rest)).then_some(rest)
}

fn packet(parts: &[&[u8]]) -> Vec<u8> {
    let length = HEAD + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut packet = vec![3, 0];
    packet.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    for part in parts {
        packet.extend_from_slice(part);
    }
    packet
}

/// Asks for a connection with what has this TSAP.
pub(crate) fn connection_request(reference: u16, tsap: u16) -> Vec<u8> {
    let ([r0, r1], [t0, t1]) = (reference.to_be_bytes(), tsap.to_be_bytes());
    // No options and class 0; TPDUs of 1024 bytes; the calling TSAP is that of a programming device.
    packet(&[&[0x11, 0xe0, 0, 0, r0, r1, 0, 0xc0, 1, 0x0a, 0xc1, 2, 1, 0, 0xc2, 2, t0, t1]])
}

/// Says goodbye.
pub(crate) fn disconnect_request(ours: u16, theirs: u16) -> Vec<u8> {
    packet(&[&[6, 0x80], &theirs.to_be_bytes(), &ours.to_be_bytes(), &[0]])
}

/// What comes back for a connection request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// With the reference of the other side.
    Confirmed(u16),
    Refused,
}

impl Connection {
    /// A packet without its header.
    pub(crate) fn read(packet: &[u8], reference: u16) -> Result<Self, Short> {
        let mut reader = Reader::new(packet);
        let (length, kind) = (reader.u8()?, reader.u8()?);
        let (to, from, last) = (reader.u16()?, reader.u16()?, reader.u8()?);
        let is_whole = usize::from(length) + 1 == packet.len();
        match kind & 0xf0 {
            // The class that was asked for.
            0xd0 if is_whole && to == reference && last & 0xf0 == 0 => Ok(Self::Confirmed(from)),
            0x80 if is_whole && (to == reference || to == 0) => Ok(Self::Refused),
            _ => Err(Short),
        }
    }
}

/// A whole TPDU with data.
const DATA: [u8; 3] = [2, 0xf0, 0x80];
const PROTOCOL: u8 = 0x32;
const JOB: u8 = 1;
const ACK_DATA: u8 = 3;
const USER_DATA: u8 = 7;
const SETUP_COMMUNICATION: u8 = 0xf0;

fn s7(kind: u8, reference: u16, parameters: &[u8], data: &[u8]) -> Vec<u8> {
    let length = |part: &[u8]| u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes();
    packet(&[
        &DATA,
        &[PROTOCOL, kind, 0, 0],
        &reference.to_be_bytes(),
        &length(parameters),
        &length(data),
        parameters,
        data,
    ])
}

/// Asks to talk: one job at a time, and 480 bytes at a time.
pub(crate) fn setup(reference: u16) -> Vec<u8> {
    s7(JOB, reference, &[SETUP_COMMUNICATION, 0, 0, 1, 0, 1, 1, 0xe0], &[])
}

/// Asks for a part of a system status list.
pub(crate) fn read_szl(reference: u16, id: u16, index: u16) -> Vec<u8> {
    let ([a, b], [c, d]) = (id.to_be_bytes(), index.to_be_bytes());
    s7(USER_DATA, reference, &[0, 1, 0x12, 4, 0x11, 0x44, 1, 0], &[0xff, 9, 0, 4, a, b, c, d])
}

/// Asks for what did not fit into the reply with this number.
pub(crate) fn read_on(reference: u16, sequence: u8) -> Vec<u8> {
    s7(USER_DATA, reference, &[0, 1, 0x12, 8, 0x12, 0x44, 1, sequence, 0, 0, 0, 0], &[0x0a, 0, 0, 0])
}

/// A message of S7, taken apart as far as all have the same form.
#[derive(Debug)]
struct Message<'a> {
    kind: u8,
    reference: u16,
    error: u16,
    parameters: Reader<'a>,
    data: Reader<'a>,
}

impl<'a> Message<'a> {
    /// A packet without its header.
    fn read(packet: &'a [u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(packet);
        if reader.array()? != DATA || reader.u8()? != PROTOCOL {
            return Err(Short);
        }
        let kind = reader.u8()?;
        let (_reserved, reference, parameters, data) = (reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?);
        let error = if matches!(kind, 2 | ACK_DATA) { reader.u16()? } else { 0 };
        // Some count wrongly; the packet has its own length.
        let is_right = usize::from(parameters) + usize::from(data) == reader.len();
        let parameters = if is_right { reader.part(parameters.into())? } else { reader };
        Ok(Self { kind, reference, error, parameters, data: reader })
    }
}

/// Reads the reply to [`setup`]: how many bytes a message may have, or that it is refused.
pub(crate) fn setup_reply(packet: &[u8], reference: u16) -> Result<Option<u16>, Short> {
    let mut message = Message::read(packet)?;
    if message.kind != ACK_DATA && message.kind != 2 || message.reference != reference {
        return Err(Short);
    }
    if message.error != 0 {
        return Ok(None);
    }
    let (function, _, _, _) =
        (message.parameters.u8()?, message.parameters.u8()?, message.parameters.u16()?, message.parameters.u16()?);
    let size = message.parameters.u16()?;
    if function == SETUP_COMMUNICATION { Ok(Some(size)) } else { Err(Short) }
}

/// A part of a system status list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) sequence: u8,
    pub(crate) is_last: bool,
    pub(crate) bytes: Vec<u8>,
}

/// Reads a reply to [`read_szl`] or [`read_on`]. `None`: the list cannot be had.
pub(crate) fn part(packet: &[u8], reference: u16) -> Result<Option<Part>, Short> {
    let mut message = Message::read(packet)?;
    if message.kind != USER_DATA || message.reference != reference {
        return Err(Short);
    }
    let parameters = &mut message.parameters;
    // Beginning, length, method; "reply" and "CPU functions"; "read SZL".
    let (_, method, group, function) = (parameters.u32()?, parameters.u8()?, parameters.u8()?, parameters.u8()?);
    if method != 0x12 || group & 0x0f != 4 || function != 1 {
        return Err(Short);
    }
    let sequence = parameters.u8()?;
    let (_, is_more, error) = (parameters.u8()?, parameters.u8()? != 0, parameters.u16()?);
    if error != 0 || message.data.u8()? != 0xff {
        return Ok(None);
    }
    let (_size, length) = (message.data.u8()?, message.data.u16()?);
    let bytes = message.data.bytes(length.into())?.to_vec();
    Ok(Some(Part { sequence, is_last: !is_more, bytes }))
}

/// The records of a list that is put together from its parts, each after its index.
pub(crate) fn records(list: &[u8], id: u16) -> Vec<(u16, &[u8])> {
    let mut reader = Reader::new(list);
    let mut records = Vec::new();
    let (Ok(replied), Ok(_index), Ok(length), Ok(_count)) = (reader.u16(), reader.u16(), reader.u16(), reader.u16())
    else {
        return records;
    };
    let Some(length) = usize::from(length).checked_sub(2).filter(|_| replied == id) else { return records };
    // The count is not always right.
    while let Ok(index) = reader.u16()
        && let Ok(record) = reader.bytes(length)
    {
        records.push((index, record));
    }
    records
}

/// What a record of the module's identification says: the order code, and a version where there is one: `V` and three numbers. There are
/// older forms that cannot be told for sure.
pub(crate) fn module(record: &[u8]) -> Result<(String, Option<String>), Short> {
    let mut reader = Reader::new(record);
    let order = text(reader.bytes(20)?);
    let _kind = reader.u16()?;
    let version = match reader.array() {
        Ok([b'V', major, minor, patch]) => Some(format!("{major}.{minor}.{patch}")),
        _ => None,
    };
    Ok((order, version))
}

/// The level of protection that is in force: 1 for none, 2 against writing, 3 against reading.
pub(crate) fn protection(record: &[u8]) -> Result<u16, Short> {
    let mut reader = Reader::new(record);
    let (_by_switch, _by_parameter) = (reader.u16()?, reader.u16()?);
    reader.u16()
}
