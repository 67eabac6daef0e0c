//! The rules of all sources with everything resolved: typed positions instead of names, chains instead of fallbacks.

mod resolve;

use std::ops::Range;

use portprint_tables::{PortRange, Protocol};

use crate::parse;

pub use resolve::resolve;

/// All rules, sources in priority order.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// For each source its priority; sources that extend the one before share its priority.
    pub priorities: Vec<usize>,
    /// How many probes each source declares, and how many lines it has.
    pub counts: Vec<(usize, usize)>,
    /// The probes, in priority order and then in file order.
    pub probes: Vec<Probe>,
    /// The lines, in the order of their probes and then in file order.
    pub lines: Vec<Line>,
    /// The service names, in the order of their first use.
    pub services: Vec<Vec<u8>>,
    /// What is excluded from probing.
    pub exclude: Vec<Exclude>,
    /// Names in `Exclude` that only a table of services could resolve; nothing comes of them.
    pub exclude_unresolved: Vec<Vec<u8>>,
}

/// A probe.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The source that declares it (the first one, when others extend it).
    pub source: usize,
    /// The physical line of its declaration.
    pub line: u32,
    /// TCP or UDP; TCP for the NULL probe.
    pub protocol: Protocol,
    /// The name.
    pub name: Vec<u8>,
    /// What is sent.
    pub payload: Vec<u8>,
    /// The flag `no-payload`.
    pub no_payload: bool,
    /// 1..=9.
    pub rarity: u8,
    /// Milliseconds.
    pub totalwaitms: u32,
    /// Milliseconds.
    pub tcpwrappedms: u32,
    /// Ports where its services are usual.
    pub ports: Vec<PortRange>,
    /// The same inside TLS.
    pub sslports: Vec<PortRange>,
    /// Its lines, by position in [`Rules::lines`].
    pub lines: Range<usize>,
    /// Its fallbacks, by position in [`Rules::probes`].
    pub fallback: Vec<usize>,
    /// The probes whose lines are tried on a response to it, in order.
    pub chain: Vec<usize>,
    /// The probe that is sent in its place, or itself.
    pub sent_as: usize,
}

impl Probe {
    /// Whether this is a NULL probe.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.payload.is_empty()
    }
}

/// A line.
#[derive(Clone, Debug)]
pub struct Line {
    /// The source that it stands in.
    pub source: usize,
    /// Its probe, by position in [`Rules::probes`].
    pub probe: usize,
    /// Its service name, by position in [`Rules::services`].
    pub service: usize,
    /// What it says.
    pub syntax: parse::Line,
}

/// Ports that are never probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exclude {
    /// Whether TCP ports are meant.
    pub tcp: bool,
    /// Whether UDP ports are meant.
    pub udp: bool,
    /// Which.
    pub ports: PortRange,
}
