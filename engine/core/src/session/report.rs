//! What a session found.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use portprint_tables::{Database, Field, LineId, ProbeId};

use super::{Found, Seen};
use crate::Hit;

/// Everything that is known of a port when its session ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether somebody listens there.
    pub state: PortState,
    /// How the conversation ended.
    pub outcome: Outcome,
    /// What matched. Kept whatever the outcome: a port that breaks off after a soft match has one.
    pub answer: Option<Answer>,
    /// Whether the port speaks TLS or DTLS: a line said so, or it was negotiated.
    pub tls: bool,
    /// What was negotiated.
    pub tls_info: Option<Box<TlsInfo>>,
    /// What plugins found, best first. The first that names a service names it; all may tell details.
    pub found: Vec<Found>,
    /// What it said to which probe, until something decided; for [`fingerprint`](super::fingerprint()).
    pub seen: Vec<Seen>,
    /// The first [`Report::BANNER`] bytes of the response that decided, else of the first response.
    pub banner: Vec<u8>,
    /// How many payloads were sent.
    pub probes_sent: u32,
}

/// What a TLS handshake showed of the peer. The texts are the peer's own and may hold anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TlsInfo {
    /// The version that was negotiated, as in `TLSv1.3`.
    pub version: String,
    /// The cipher suite, by the name that IANA registered.
    pub cipher: String,
    /// The application protocol that was agreed on.
    pub alpn: Option<String>,
    /// Whom the certificate names, as in RFC 4514.
    pub subject: Option<String>,
    /// Who signed it.
    pub issuer: Option<String>,
    /// Its subject alternative names: DNS names and addresses.
    pub names: Vec<String>,
    /// Until when it is valid, RFC 3339 in UTC.
    pub not_after: Option<String>,
    /// The SHA-256 of the certificate, in hexadecimal.
    pub sha256: Option<String>,
}

impl Report {
    /// The most bytes in [`Report::banner`].
    pub const BANNER: usize = 512;
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in records.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// Whether a port is open. A closed list.
    PortState {
        /// A connection was established.
        Open = "open",
        /// Nobody listens there.
        Closed = "closed",
        /// No answer, or one that says it cannot be reached.
        Filtered = "filtered",
        /// UDP: nothing came back, which a port that is open may do as well as one that is filtered.
        OpenFiltered = "open|filtered",
    }
}

words! {
    /// How a conversation ended. A closed list.
    Outcome {
        /// A `match` line matched.
        Identified = "identified",
        /// A `softmatch` line matched, and no `match` line.
        Soft = "soft",
        /// The peer spoke, and no line knows what it said.
        Unrecognized = "unrecognized",
        /// The peer said nothing.
        Silent = "silent",
        /// The peer closed every connection without a word, as a TCP wrapper does.
        Tcpwrapped = "tcpwrapped",
        /// A connection was refused.
        Refused = "refused",
        /// The peer said nothing and broke connections off.
        Reset = "reset",
        /// Connecting, or the time that the port or its host is given, took too long.
        Timeout = "timeout",
        /// The database says not to probe this port.
        Excluded = "excluded",
        /// A connection failed in another way, or the scan was broken off.
        Error = "error",
    }
}

/// What matched, after merging: a hard match keeps what a soft match before it said and it does not say itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The service name, printable ASCII. The prefix `ssl/` is taken off, see [`Answer::tls`].
    pub service: String,
    /// Whether the service speaks inside TLS.
    pub tls: bool,
    /// Whether it rests on a `softmatch` line.
    pub soft: bool,
    /// The line that matched.
    pub line: LineId,
    /// The probe that owns the line.
    pub probe: ProbeId,
    /// The probe that was sent; another one when a fallback answered.
    pub sent: ProbeId,
    fields: [Option<String>; Field::ALL.len()],
    pub(super) banner: Vec<u8>,
}

impl Answer {
    pub(super) fn new(hit: &Hit<'_>, sent: ProbeId, response: &[u8]) -> Self {
        let mut answer = Self {
            service: String::new(),
            tls: false,
            soft: true,
            line: hit.line,
            probe: hit.probe,
            sent,
            fields: [const { None }; Field::ALL.len()],
            banner: Vec::new(),
        };
        answer.overlay(hit, sent, response);
        answer
    }

    /// Takes in another hit. A soft one after any other says nothing new.
    pub(super) fn merge(&mut self, hit: &Hit<'_>, sent: ProbeId, response: &[u8]) {
        if self.soft && !hit.soft {
            self.overlay(hit, sent, response);
        }
    }

    fn overlay(&mut self, hit: &Hit<'_>, sent: ProbeId, response: &[u8]) {
        let inside = if hit.soft { None } else { hit.service.strip_prefix(b"ssl/") };
        self.service = printable(inside.unwrap_or(hit.service));
        self.tls = inside.is_some();
        self.soft = hit.soft;
        (self.line, self.probe, self.sent) = (hit.line, hit.probe, sent);
        for (field, value) in hit.fields.iter() {
            self.fields[field as usize] = Some(value.into());
        }
        self.banner = response[..response.len().min(Report::BANNER)].to_vec();
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&str> {
        self.fields[field as usize].as_deref()
    }

    /// The CPEs in nmap's order: application, hardware, operating system.
    pub fn cpe(&self) -> impl Iterator<Item = &str> {
        Field::ALL.into_iter().filter(|field| field.is_cpe()).filter_map(|field| self.get(field))
    }

    /// The name of the source of the line.
    #[must_use]
    pub fn source_name<'d>(&self, database: &Database<'d>) -> &'d [u8] {
        database.source(super::source_of(database, self.line)).name()
    }

    /// The physical line in that source.
    #[must_use]
    pub fn line_number(&self, database: &Database<'_>) -> u32 {
        database.line(self.line).line
    }
}

/// Names in a database may hold any byte.
fn printable(name: &[u8]) -> String {
    name.iter().map(|&byte| if matches!(byte, 0x20..=0x7e) { char::from(byte) } else { '.' }).collect()
}
