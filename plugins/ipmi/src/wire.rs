//! Messages of RMCP, IPMI and ASF.

use portprint_plugin_sdk::{Reader, Short};

/// RMCP version 1.0, without acknowledgement, and what is in it.
const RMCP_ASF: [u8; 4] = [6, 0, 0xff, 6];
const RMCP_IPMI: [u8; 4] = [6, 0, 0xff, 7];
const IPMI_CLASS: u8 = 7;
const ASF_CLASS: u8 = 6;

/// IANA's number of ASF itself.
pub(crate) const ASF: u32 = 4542;

/// Addresses of a controller, and of software at the other end.
const CONTROLLER: u8 = 0x20;
const SOFTWARE: u8 = 0x81;

/// The network function of applications: requests, and answers.
const APPLICATION: u8 = 0x06 << 2;
const APPLICATION_ANSWER: u8 = 0x07 << 2;

pub(crate) const GET_SYSTEM_GUID: u8 = 0x37;
pub(crate) const GET_AUTHENTICATION_CAPABILITIES: u8 = 0x38;
pub(crate) const GET_CIPHER_SUITES: u8 = 0x54;

/// The channel that the question comes over.
pub(crate) const THIS_CHANNEL: u8 = 0x0e;
/// Asks for what IPMI 2.0 added.
pub(crate) const EXTENDED: u8 = 0x80;
/// As an administrator.
pub(crate) const ADMINISTRATOR: u8 = 0x04;

/// What makes the sum of bytes 0.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, &byte| sum.wrapping_sub(byte))
}

/// A command outside of any session. `sequence` has 6 bits.
pub(crate) fn command(sequence: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let mut message = vec![CONTROLLER, APPLICATION];
    message.push(checksum(&message));
    let mut rest = vec![SOFTWARE, sequence << 2, command];
    rest.extend_from_slice(data);
    rest.push(checksum(&rest));
    message.extend_from_slice(&rest);
    let mut packet = RMCP_IPMI.to_vec();
    // No authentication; sequence and session 0.
    packet.extend_from_slice(&[0; 9]);
    packet.push(u8::try_from(message.len()).unwrap_or_default());
    packet.extend_from_slice(&message);
    packet
}

/// The answer to that command: its completion code, and what follows it.
pub(crate) fn answer(packet: &[u8], sequence: u8, command: u8) -> Result<(u8, &[u8]), Short> {
    let mut reader = Reader::new(packet);
    let [version, _, _, class] = reader.array()?;
    if version != RMCP_IPMI[0] || class != IPMI_CLASS {
        return Err(Short);
    }
    // Of no session, and without authentication. The number of the packet does not matter.
    let (session, length) = match reader.u8()? {
        0 => {
            reader.skip(4)?;
            (reader.u32()?, u16::from(reader.u8()?))
        }
        // Some answer in the form of IPMI 2.0, though asked in the older one. The payload is a plain message.
        6 if reader.u8()? == 0 => {
            let session = reader.u32()?;
            reader.skip(4)?;
            (session, reader.u16_le()?)
        }
        _ => return Err(Short),
    };
    if session != 0 {
        return Err(Short);
    }
    let mut message = reader.part(length.into())?;
    // One byte more, where a length would be a bad one for old chips.
    if reader.len() > 1 {
        return Err(Short);
    }
    let head: [u8; 3] = message.array()?;
    let body = message.rest();
    if head[0] != SOFTWARE || head[1] & !3 != APPLICATION_ANSWER || checksum(&head) != 0 || checksum(body) != 0 {
        return Err(Short);
    }
    let [address, number, which, code] = message.array()?;
    if address != CONTROLLER || number >> 2 != sequence || which != command {
        return Err(Short);
    }
    let data = message.bytes(message.len().checked_sub(1).ok_or(Short)?)?;
    Ok((code, data))
}

/// How users may authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capabilities {
    pub(crate) methods: u8,
    status: u8,
    /// IPMI 1.5, and 2.0, as far as it is told.
    pub(crate) versions: Option<(bool, bool)>,
    /// IANA's number of the vendor whose own method there is.
    pub(crate) vendor: u32,
}

impl Capabilities {
    pub(crate) fn read(data: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(data);
        reader.skip(1)?;
        let (methods, status, versions) = (reader.u8()?, reader.u8()?, reader.u8()?);
        let [low, middle, high] = reader.array()?;
        let is_extended = methods & EXTENDED != 0;
        Ok(Self {
            methods,
            status,
            versions: is_extended.then_some((versions & 1 != 0, versions & 2 != 0)),
            vendor: u32::from_le_bytes([low, middle, high, 0]),
        })
    }

    /// The names of what is offered.
    pub(crate) fn methods(self) -> impl Iterator<Item = &'static str> {
        const METHODS: [(u8, &str); 5] =
            [(0x01, "none"), (0x02, "md2"), (0x04, "md5"), (0x10, "password"), (0x20, "oem")];
        METHODS.into_iter().filter(move |(bit, _)| self.methods & bit != 0).map(|(_, name)| name)
    }

    pub(crate) fn has_anonymous_login(self) -> bool {
        self.status & 0x01 != 0
    }

    pub(crate) fn has_null_users(self) -> bool {
        self.status & 0x02 != 0
    }

    pub(crate) fn has_named_users(self) -> bool {
        self.status & 0x04 != 0
    }

    /// Users are asked for a password once, if at all; not with each message.
    pub(crate) fn authenticates_messages(self) -> bool {
        self.status & 0x10 == 0
    }

    /// A key of two parts: the user's is not enough.
    pub(crate) fn has_channel_key(self) -> bool {
        self.status & 0x20 != 0
    }
}

/// The ids of the cipher suites in what Get Channel Cipher Suites gave.
pub(crate) fn suites(records: &[u8]) -> Vec<u8> {
    let mut suites = Vec::new();
    let mut reader = Reader::new(records);
    while let Ok(start) = reader.u8() {
        // A standard suite; one of a vendor has the vendor after its id. What follows, algorithms, begins with other bits.
        if start == 0xc0 || start == 0xc1 {
            let Ok(id) = reader.u8() else { break };
            if start == 0xc0 {
                suites.push(id);
            } else if reader.skip(3).is_err() {
                break;
            }
        }
    }
    suites
}

/// Asks who is there.
pub(crate) fn ping(tag: u8) -> Vec<u8> {
    let mut packet = RMCP_ASF.to_vec();
    packet.extend_from_slice(&ASF.to_be_bytes());
    packet.extend_from_slice(&[0x80, tag, 0, 0]);
    packet
}

/// The answer to a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pong {
    /// IANA's number of the vendor; [`ASF`] if there is none.
    pub(crate) vendor: u32,
    pub(crate) has_ipmi: bool,
    pub(crate) has_secure_rmcp: bool,
    pub(crate) has_dash: bool,
}

impl Pong {
    /// The answer to the ping with this tag.
    pub(crate) fn read(packet: &[u8], tag: u8) -> Result<Self, Short> {
        let mut reader = Reader::new(packet);
        let [version, _, _, class] = reader.array()?;
        if version != RMCP_ASF[0] || class != ASF_CLASS || reader.u32()? != ASF {
            return Err(Short);
        }
        if reader.u8()? != 0x40 || reader.u8()? != tag {
            return Err(Short);
        }
        reader.skip(1)?;
        if reader.u8()? != 16 || reader.len() < 16 {
            return Err(Short);
        }
        let vendor = reader.u32()?;
        reader.skip(4)?;
        let (entities, interactions) = (reader.u8()?, reader.u8()?);
        Ok(Self {
            vendor,
            has_ipmi: entities & 0x80 != 0,
            has_secure_rmcp: interactions & 0x80 != 0,
            has_dash: interactions & 0x20 != 0,
        })
    }
}

/// Who has this number of IANA's.
pub(crate) fn vendor(number: u32) -> Option<&'static str> {
    Some(match number {
        2 => "IBM",
        11 => "HP",
        42 => "Sun",
        119 => "NEC",
        343 => "Intel",
        674 => "Dell",
        2011 => "Huawei",
        5771 => "Cisco",
        7244 => "Quanta",
        10368 => "Fujitsu",
        10876 => "Supermicro",
        19046 => "Lenovo",
        47196 => "HPE",
        _ => return None,
    })
}
