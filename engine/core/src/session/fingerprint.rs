//! The text by which nmap asks people to submit services that no rule knows ("SF"): what a port said to each probe.
//!
//! Programs that read nmap's output know it, so its form is kept to the byte: the header, one entry a probe, what is escaped and how
//! lines are wrapped.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use portprint_tables::{Database, ProbeId, Protocol};

use super::{Outcome, Report};

/// What a port said to a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The probe that was sent.
    pub probe: ProbeId,
    /// How long the response was.
    pub len: usize,
    /// Its first [`Seen::SHOWN`] bytes.
    pub bytes: Vec<u8>,
}

impl Seen {
    /// The most bytes of a response that a fingerprint shows.
    pub const SHOWN: usize = 900;

    /// Notes a response, unless those before it fill the text already.
    pub(super) fn add(list: &mut Vec<Self>, probe: ProbeId, response: &[u8]) {
        // A byte takes at least one character.
        if list.iter().map(|seen| seen.bytes.len()).sum::<usize>() <= LONGEST {
            let bytes = response[..response.len().min(Self::SHOWN)].to_vec();
            list.push(Self { probe, len: response.len(), bytes });
        }
    }
}

/// No entry is added to a text that is longer than this.
const LONGEST: usize = 2200;

/// What the first line says of the scan.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// The port.
    pub port: u16,
    /// The transport.
    pub protocol: Protocol,
    /// The intensity of the scan.
    pub intensity: u8,
    /// The version of the program.
    pub version: &'a str,
    /// What it was built for.
    pub platform: &'a str,
    /// When the port was asked: month and day of month, from 1.
    pub date: (u8, u8),
    /// The same in seconds since 1970.
    pub time: u64,
}

/// The fingerprint of a port, wrapped as nmap does; none if it said nothing or a `match` line knows it.
#[must_use]
pub fn fingerprint(report: &Report, database: &Database<'_>, heading: &Heading<'_>) -> Option<String> {
    /// From this intensity on, soft matches have one.
    const FULL: u8 = 7;
    let is_shown = match report.outcome {
        Outcome::Identified | Outcome::Excluded => false,
        Outcome::Unrecognized => true,
        _ => heading.intensity >= FULL && report.answer.as_ref().is_none_or(|answer| answer.soft),
    };
    if report.seen.is_empty() || !is_shown {
        return None;
    }
    let mut out = Wrapped(String::new());
    let Heading { port, protocol, intensity, version, platform, date: (month, day), time } = heading;
    let name = match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    };
    let tls = if report.tls { "%T=SSL" } else { "" };
    let _ =
        write!(out, "SF-Port{port}-{name}:V={version}{tls}%I={intensity}%D={month}/{day}%Time={time:X}%P={platform}");
    for seen in &report.seen {
        if out.0.len() > LONGEST {
            break;
        }
        let probe = database.probe(seen.probe);
        let _ = write!(out, "%r({},{:X},\"", probe.name().escape_ascii(), seen.len);
        for (index, &byte) in seen.bytes.iter().enumerate() {
            out.byte(byte, seen.bytes.get(index + 1).copied());
        }
        let _ = out.write_str("\")");
    }
    out.0.push(';');
    Some(out.0)
}

/// A text that goes on in a new line where nmap's does.
struct Wrapped(String);

impl Wrapped {
    fn byte(&mut self, byte: u8, next: Option<u8>) {
        let _ = match byte {
            0 if next.is_some_and(|next| next.is_ascii_digit()) => self.write_str("\\x00"),
            0 => self.write_str("\\0"),
            b'\\' | b'?' | b'"' | b'[' | b']' | b'(' | b')' | b'.' | b'*' | b'+' | b'$' | b'^' | b'|' => {
                write!(self, "\\{}", char::from(byte))
            }
            b'\r' => self.write_str("\\r"),
            b'\n' => self.write_str("\\n"),
            b'\t' => self.write_str("\\t"),
            0x21..=0x7e => self.write_char(char::from(byte)),
            _ => write!(self, "\\x{byte:02x}"),
        };
    }
}

impl Write for Wrapped {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        text.chars().for_each(|char| {
            if self.0.len() % 75 == 74 {
                self.0.push_str("\nSF:");
            }
            self.0.push(char);
        });
        Ok(())
    }
}
