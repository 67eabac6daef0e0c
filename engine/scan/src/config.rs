//! What may be chosen about a scan.

use std::num::NonZeroU32;
use std::time::Duration;

use portprint_core::session::SessionConfig;

/// How much at a time, and how each port is asked.
#[derive(Clone, Copy, Debug)]
pub struct ScanConfig {
    /// How each port is asked.
    pub session: SessionConfig,
    /// The most ports at a time. Fewer, if the system has not as many descriptors.
    pub concurrency: usize,
    /// The most ports of one host at a time.
    pub host_concurrency: usize,
    /// The most ports at a time of a network: a /24 of IPv4 or a /64 of IPv6. `None`: four hosts' worth. The loopback has no such limit.
    pub net_concurrency: Option<usize>,
    /// The most new connections a second.
    pub rate: Option<NonZeroU32>,
    /// How long a host may take in all. Counted is the time in which any of its ports is in progress: hosts take turns in random order.
    pub host_timeout: Option<Duration>,
    /// A host with so many open ports of which none has said a single byte is given up; its other ports are left out. 0: never.
    pub mute_ports: u32,
    /// Report ports that are not open, too. Those that were not reached when a scan is broken off have no state, and are left out.
    pub all_states: bool,
    /// Tell all that sessions say and are told: [`Event::Moment`](crate::Event::Moment).
    pub record: bool,
}

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            session: SessionConfig::default(),
            concurrency: 1000,
            host_concurrency: 300,
            net_concurrency: None,
            rate: None,
            host_timeout: None,
            mute_ports: 200,
            all_states: false,
            record: false,
        }
    }
}
