//! Packets of NTP.

use std::net::Ipv4Addr;

use portprint_plugin_sdk::{Reader, Short, text};

/// A client's request for the time, with random bytes for its own.
pub(crate) fn request(time: [u8; 8]) -> Vec<u8> {
    // The clock is not known to be right; version 4, client.
    let mut packet = vec![0xe3];
    packet.resize(40, 0);
    packet.extend_from_slice(&time);
    packet
}

/// What a server says of the time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Time {
    pub(crate) version: u8,
    /// The clock is not set.
    pub(crate) is_unsynchronized: bool,
    /// How many servers there are to the clock. 0 is for those that want to be left alone.
    pub(crate) stratum: u8,
    reference: [u8; 4],
}

impl Time {
    /// The answer to the request that was sent at this time.
    pub(crate) fn read(datagram: &[u8], time: [u8; 8]) -> Result<Self, Short> {
        const SERVER: u8 = 4;
        let mut reader = Reader::new(datagram);
        let [first, stratum, _, _] = reader.array()?;
        reader.skip(8)?;
        let reference = reader.array()?;
        reader.skip(8)?;
        let origin: [u8; 8] = reader.array()?;
        reader.skip(16)?;
        let version = first >> 3 & 7;
        if first & 7 != SERVER || !(1..=4).contains(&version) || stratum > 16 || origin != time {
            return Err(Short);
        }
        Ok(Self { version, is_unsynchronized: first >> 6 == 3, stratum, reference })
    }

    /// What the time comes from: a kind of clock, or the server above.
    pub(crate) fn reference(&self) -> String {
        if self.stratum > 1 { Ipv4Addr::from(self.reference).to_string() } else { text(&self.reference) }
    }
}

/// A control message that reads the variables of the system.
pub(crate) fn read_variables(sequence: [u8; 2]) -> Vec<u8> {
    // Version 2, control; read variables; all of nobody else.
    let mut packet = vec![0x16, 2];
    packet.extend_from_slice(&sequence);
    packet.extend_from_slice(&[0; 8]);
    packet
}

/// A part of the answer to a control message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) is_error: bool,
    pub(crate) is_last: bool,
    pub(crate) offset: usize,
    pub(crate) data: &'a [u8],
}

impl<'a> Part<'a> {
    /// The answer to the message with this number.
    pub(crate) fn read(datagram: &'a [u8], sequence: [u8; 2]) -> Result<Self, Short> {
        const CONTROL: u8 = 6;
        const ANSWER: u8 = 0x80;
        const ERROR: u8 = 0x40;
        const MORE: u8 = 0x20;
        let mut reader = Reader::new(datagram);
        let [first, flags] = reader.array()?;
        if first & 7 != CONTROL || flags & ANSWER == 0 || flags & 0x1f != 2 || reader.array()? != sequence {
            return Err(Short);
        }
        reader.skip(4)?;
        let (offset, count) = (reader.u16()?, reader.u16()?);
        Ok(Self {
            is_error: flags & ERROR != 0,
            is_last: flags & MORE == 0,
            offset: offset.into(),
            data: reader.bytes(count.into())?,
        })
    }
}

/// Names and values: `version="ntpd 4.2.8p15", stratum=2`.
pub(crate) fn variables(data: &[u8]) -> Vec<(String, String)> {
    let said = text(data);
    let mut variables = Vec::new();
    let mut rest = said.as_str();
    while let Some((name, after)) = rest.split_once('=') {
        // Commas may stand in quotes.
        let quoted = after.strip_prefix('"').and_then(|inside| inside.split_once('"'));
        let (value, after) = match quoted {
            Some((value, after)) => (value, after.split_once(',').map_or("", |(_, after)| after)),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        variables.push((name.trim().to_owned(), value.trim().to_owned()));
        rest = after;
    }
    variables
}
