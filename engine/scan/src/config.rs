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
    /// The most new connections a second.
    pub rate: Option<NonZeroU32>,
    /// How long a host may take in all, from its first connection on.
    pub host_timeout: Option<Duration>,
    /// Report ports that are not open, too.
    pub all_states: bool,
}

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            session: SessionConfig::default(),
            concurrency: 1000,
            host_concurrency: 300,
            rate: None,
            host_timeout: None,
            all_states: false,
        }
    }
}
