//! Messages of SNMP version 3.

use std::net::{Ipv4Addr, Ipv6Addr};

use portprint_plugin_sdk::{Reader, Short, text};

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const GET_REQUEST: u8 = 0xa0;
const REPORT: u8 = 0xa8;

/// 1.3.6.1.6.3: where what is reported has its names.
const REPORTED: &[u8] = &[0x2b, 6, 1, 6, 3];

/// A value with its type and length. What is sent is short.
fn put(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut bytes = vec![kind, u8::try_from(body.len()).unwrap_or_default()];
    bytes.extend_from_slice(&body);
    bytes
}

/// A number that is not negative.
fn integer(number: u32) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take(3).take_while(|&&byte| byte == 0).count();
    let bytes = bytes.get(zeros..).unwrap_or_default();
    let sign: &[u8] = if bytes.first().is_some_and(|&byte| byte > 0x7f) { &[0] } else { &[] };
    put(INTEGER, &[sign, bytes])
}

/// The discovery of an engine.
pub(crate) fn discovery(id: u32) -> Vec<u8> {
    let nothing = put(OCTETS, &[]);
    // A report may come, without authentication and encryption; security by users.
    let header = put(SEQUENCE, &[&integer(id), &integer(65507), &put(OCTETS, &[&[4]]), &integer(3)]);
    let zero = integer(0);
    let security = put(SEQUENCE, &[&nothing, &zero, &zero, &nothing, &nothing, &nothing]);
    let request = put(GET_REQUEST, &[&integer(id), &zero, &zero, &put(SEQUENCE, &[])]);
    let scoped = put(SEQUENCE, &[&nothing, &nothing, &request]);
    put(SEQUENCE, &[&integer(3), &header, &put(OCTETS, &[&security]), &scoped])
}

/// The next value of this type.
fn take<'a>(reader: &mut Reader<'a>, kind: u8) -> Result<Reader<'a>, Short> {
    if reader.u8()? != kind {
        return Err(Short);
    }
    let length = match reader.u8()? {
        short @ 0..=0x7f => u32::from(short),
        0x81 => u32::from(reader.u8()?),
        0x82 => u32::from(reader.u16()?),
        0x83 => reader.u24()?,
        0x84 => reader.u32()?,
        _ => return Err(Short),
    };
    reader.part(usize::try_from(length).map_err(|_| Short)?)
}

/// The next number. None is negative here.
fn take_integer(reader: &mut Reader) -> Result<u32, Short> {
    let value = take(reader, INTEGER)?;
    if value.is_empty() || value.len() > 5 {
        return Err(Short);
    }
    let number = value.rest().iter().fold(0, |number: u64, &byte| number << 8 | u64::from(byte));
    u32::try_from(number).map_err(|_| Short)
}

/// What an engine reports of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) engine: Vec<u8>,
    pub(crate) boots: u32,
    pub(crate) time: u32,
    /// The name of what it reports.
    pub(crate) object: Vec<u8>,
}

impl Report {
    /// The report that answers the discovery with this id.
    pub(crate) fn read(datagram: &[u8], id: u32) -> Result<Self, Short> {
        let mut reader = Reader::new(datagram);
        let mut message = take(&mut reader, SEQUENCE)?;
        if !reader.is_empty() || take_integer(&mut message)? != 3 {
            return Err(Short);
        }
        let mut header = take(&mut message, SEQUENCE)?;
        if take_integer(&mut header)? != id {
            return Err(Short);
        }
        take_integer(&mut header)?;
        take(&mut header, OCTETS)?;
        if take_integer(&mut header)? != 3 {
            return Err(Short);
        }
        let mut security = take(&mut take(&mut message, OCTETS)?, SEQUENCE)?;
        let engine = take(&mut security, OCTETS)?.rest().to_vec();
        let (boots, time) = (take_integer(&mut security)?, take_integer(&mut security)?);
        let mut scoped = take(&mut message, SEQUENCE)?;
        take(&mut scoped, OCTETS)?;
        take(&mut scoped, OCTETS)?;
        let mut report = take(&mut scoped, REPORT)?;
        for _ in 0..3 {
            // The number of the request may be any, even a negative one.
            take(&mut report, INTEGER)?;
        }
        let mut variables = take(&mut report, SEQUENCE)?;
        let object = take(&mut take(&mut variables, SEQUENCE)?, OBJECT)?.rest().to_vec();
        // SnmpEngineID has 5 to 32 bytes; some keep to that less.
        let is_report = object.starts_with(REPORTED) && (1..=64).contains(&engine.len());
        if is_report { Ok(Self { engine, boots, time, object }) } else { Err(Short) }
    }
}

/// What the id of an engine tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Engine {
    /// IANA's number of the vendor.
    pub(crate) enterprise: u32,
    /// An address that it is made of.
    pub(crate) address: Option<String>,
    /// A text that an administrator chose.
    pub(crate) text: Option<String>,
}

impl Engine {
    pub(crate) fn read(id: &[u8]) -> Result<Self, Short> {
        const NEW: u32 = 0x8000_0000;
        let mut reader = Reader::new(id);
        let enterprise = reader.u32()?;
        let mut engine = Self { enterprise: enterprise & !NEW, ..Self::default() };
        if enterprise & NEW == 0 {
            return Ok(engine);
        }
        match reader.u8()? {
            1 => engine.address = Some(Ipv4Addr::from(reader.array::<4>()?).to_string()),
            2 => engine.address = Some(Ipv6Addr::from(reader.array::<16>()?).to_string()),
            3 => {
                let mac: Vec<_> = reader.array::<6>()?.iter().map(|byte| format!("{byte:02x}")).collect();
                engine.address = Some(mac.join(":"));
            }
            4 => engine.text = Some(text(reader.rest())),
            _ => {}
        }
        Ok(engine)
    }
}

/// Who has this number of IANA's.
pub(crate) fn vendor(enterprise: u32) -> Option<&'static str> {
    Some(match enterprise {
        2 => "IBM",
        9 => "Cisco",
        11 => "HP",
        42 => "Sun",
        43 => "3Com",
        63 => "Apple",
        171 => "D-Link",
        236 => "Samsung",
        311 => "Microsoft",
        318 => "APC",
        343 => "Intel",
        367 => "Ricoh",
        641 => "Lexmark",
        674 => "Dell",
        890 => "ZyXEL",
        1588 => "Brocade",
        1916 => "Extreme Networks",
        1991 => "Foundry",
        2011 => "Huawei",
        2021 => "UCD-SNMP",
        2435 => "Brother",
        2636 => "Juniper",
        3375 => "F5",
        3417 => "Blue Coat",
        4526 => "Netgear",
        5951 => "Citrix NetScaler",
        6027 => "Force10",
        6486 => "Alcatel-Lucent",
        6876 => "VMware",
        8072 => "net-snmp",
        9148 => "Acme Packet",
        10876 => "Supermicro",
        11863 => "TP-Link",
        12356 => "Fortinet",
        14823 => "Aruba",
        14988 => "MikroTik",
        25461 => "Palo Alto Networks",
        25506 => "H3C",
        30065 => "Arista",
        41112 => "Ubiquiti",
        _ => return None,
    })
}
