//! What a scan tells while it runs.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use portprint_core::session::{Note, Report};
use portprint_tables::Protocol;

use crate::{Moment, Place, Window};

/// Something that a scan has to tell.
#[derive(Debug)]
pub enum Event {
    /// A port is finished.
    Port(Box<PortReport>),
    /// An observation about a port in progress. Only with [`SessionConfig::notes`](portprint_core::session::SessionConfig::notes).
    Note(PortNote),
    /// What a session said or was told, in order for each port. Only with [`ScanConfig::record`](crate::ScanConfig::record).
    Moment(PortMoment),
    /// A host could not be scanned at all.
    HostSkipped(HostSkipped),
    /// A host has more and more open ports and says nothing; the rest of its ports is left out.
    HostMute {
        /// As it was given.
        host: Arc<str>,
        /// Its address.
        address: SocketAddr,
        /// How many of its ports are open.
        open: u32,
    },
    /// A port is not looked at again, and what was found there has been told before. Ports that end because the scan is cancelled are
    /// not done. For who means to [go on](crate::Targets::go_on) later.
    Done(Place),
    /// Targets of a stream have been read; what is told of their places comes later. Only for who means to go on later.
    Window(Window),
    /// A host is finished; what was found on its ports has been told before.
    ///
    /// That is said of every host, once, if all are known from the beginning, are at most [`Event::WHOLE_HOSTS`], and the scan is not one
    /// shard of many. Otherwise nobody remembers which ports of a host are still to come, and it is said whenever something was told of
    /// the host and nothing of it is in progress any longer: once or several times, each time with the counts since the last time, and
    /// never of a host of which nothing was told.
    HostDone {
        /// As it was given.
        host: Arc<str>,
        /// Its address.
        address: SocketAddr,
        /// How many of its ports were not open.
        not_open: usize,
        /// How many were left out: the scan or the host's time was over, or the host was mute.
        left_out: usize,
    },
    /// The [transport](crate::Transport::fault) has failed. Nothing new begins, as if the scan had been cancelled.
    Fault(io::Error),
}

impl Event {
    /// The most hosts whose end is waited for.
    pub const WHOLE_HOSTS: u64 = 4096;
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

/// A moment of a port's session.
#[derive(Clone, Debug)]
pub struct PortMoment {
    /// The host as it was given.
    pub host: Arc<str>,
    /// Address and port.
    pub address: SocketAddr,
    /// The transport.
    pub protocol: Protocol,
    /// What was said.
    pub moment: Moment,
}

/// A host that could not be scanned.
#[derive(Debug)]
pub struct HostSkipped {
    /// As it was given.
    pub host: Arc<str>,
    /// Why.
    pub reason: SkipReason,
}

/// Why a host was not scanned.
#[derive(Debug)]
pub enum SkipReason {
    /// Its name has no address.
    Unresolved(io::Error),
    /// Its name has an address that is not to be scanned.
    Excluded(IpAddr),
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved(error) => error.fmt(f),
            Self::Excluded(address) => write!(f, "its address {address} is excluded"),
        }
    }
}

/// A whole scan in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Hosts that were scanned. In scans that are too large to remember every host it may be more than that, if they were broken off.
    pub hosts: u64,
    /// Hosts whose name has no address.
    pub hosts_skipped: u64,
    /// Hosts whose name has an address that is excluded.
    pub hosts_excluded: u64,
    /// Open ports.
    pub open: u64,
    /// Open ports with an answer.
    pub answered: u64,
    /// Closed ports.
    pub closed: u64,
    /// Ports that did not answer.
    pub filtered: u64,
    /// Ports that were left out: the scan was over before they were reached or their host's time was, or their host was mute. In a scan
    /// that was broken off, those that no stream had given yet are not among them.
    pub left_out: u64,
    /// Whether the scan was broken off.
    pub cancelled: bool,
}
