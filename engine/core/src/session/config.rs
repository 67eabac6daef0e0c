//! What may be chosen about a session.

use core::time::Duration;

/// How a port is asked. The default is what `nmap -sV` does, but for waits that adapt to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Which probes are worth sending to a port that does not list them: those of this rarity or less. 9 sends all.
    pub intensity: u8,
    /// Probe excluded ports too.
    pub all_ports: bool,
    /// Shorten waits to what the peer's connect time suggests; see [`SessionConfig::ADAPTIVE_FLOOR`].
    pub adaptive: bool,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// The most that any probe waits, whatever the database says.
    pub probe_timeout: Option<Duration>,
    /// How long a peer must have been quiet before its answer counts as complete. `None`: four times its connect time, between
    /// [`SessionConfig::SETTLE_FLOOR`] and [`SessionConfig::SETTLE_CEILING`].
    pub settle: Option<Duration>,
    /// The most bytes of one connection that are kept and judged.
    pub max_response: usize,
    /// How often the first connection is tried again after a timeout.
    pub retries: u32,
    /// Make [`Action::Note`](super::Action::Note)s.
    pub notes: bool,
}

impl SessionConfig {
    /// An adaptive wait is ten times the connect time, and never shorter than this.
    pub const ADAPTIVE_FLOOR: Duration = Duration::from_secs(1);
    /// The least settle time.
    pub const SETTLE_FLOOR: Duration = Duration::from_millis(20);
    /// The greatest settle time.
    pub const SETTLE_CEILING: Duration = Duration::from_millis(500);

    pub(super) fn settle_time(&self, connect_time: Duration) -> Duration {
        self.settle.unwrap_or_else(|| (connect_time * 4).clamp(Self::SETTLE_FLOOR, Self::SETTLE_CEILING))
    }

    pub(super) fn patience(&self, connect_time: Duration) -> Option<Duration> {
        self.adaptive.then(|| (connect_time * 10).max(Self::ADAPTIVE_FLOOR))
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            intensity: 7,
            all_ports: false,
            adaptive: true,
            connect_timeout: Duration::from_secs(5),
            probe_timeout: None,
            settle: None,
            max_response: 64 * 1024,
            retries: 0,
            notes: false,
        }
    }
}
