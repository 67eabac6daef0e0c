//! What a scan tells while it runs.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use portprint_core::session::{Note, Report};
use portprint_tables::Protocol;

/// Something that a scan has to tell.
#[derive(Debug)]
pub enum Event {
    /// A port is finished.
    Port(Box<PortReport>),
    /// An observation about a port in progress. Only with [`SessionConfig::notes`](portprint_core::session::SessionConfig::notes).
    Note(PortNote),
    /// A host could not be scanned at all.
    HostSkipped(HostSkipped),
    /// A host is finished; all its ports have been told before.
    HostDone {
        /// As it was given.
        host: Arc<str>,
        /// Its address.
        address: SocketAddr,
        /// How many of its ports were not open.
        not_open: usize,
        /// How many were left out because the scan or the host's time was over.
        left_out: usize,
    },
}

/// What is known of one port.
#[derive(Clone, Debug)]
pub struct PortReport {
    /// The host as it was given.
    pub host: Arc<str>,
    /// Address and port.
    pub address: SocketAddr,
    /// The transport.
    pub protocol: Protocol,
    /// When its session began.
    pub timestamp: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
    /// What the session found.
    pub report: Report,
    /// What the port said, in the text by which nmap asks people to submit services that no rule knows. Only for those.
    pub fingerprint: Option<String>,
}

/// An observation about a port.
#[derive(Clone, Debug)]
pub struct PortNote {
    /// Address and port.
    pub address: SocketAddr,
    /// The transport.
    pub protocol: Protocol,
    /// The time since its session began.
    pub at: Duration,
    /// What was observed.
    pub note: Note,
}

/// A host that could not be scanned.
#[derive(Debug)]
pub struct HostSkipped {
    /// As it was given.
    pub host: Arc<str>,
    /// Why.
    pub reason: io::Error,
}

/// A whole scan in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Hosts that were scanned.
    pub hosts: usize,
    /// Hosts that could not be.
    pub hosts_skipped: usize,
    /// Open ports.
    pub open: usize,
    /// Open ports with an answer.
    pub answered: usize,
    /// Closed ports.
    pub closed: usize,
    /// Ports that did not answer.
    pub filtered: usize,
    /// Ports that were left out because the scan or their host's time was over.
    pub left_out: usize,
    /// Whether the scan was broken off.
    pub cancelled: bool,
}
