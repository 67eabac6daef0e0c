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
    /// The most connections to the port at a time. With more than one, probes are sent ahead of their turn to a port that takes its time;
    /// the answer is the one that their order gives all the same.
    pub connections: usize,
    /// The driver can put TLS on a TCP connection: a port that is found to speak it is asked again inside.
    pub tls: bool,
    /// The same for DTLS on UDP.
    pub dtls: bool,
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
    /// The most handshakes that are tried where nothing speaks for any but the peer's silence.
    pub handshakes: usize,
    /// Make [`Action::Note`](super::Action::Note)s.
    pub notes: bool,
}

impl SessionConfig {
    /// An adaptive wait is ten times the connect time, and never shorter than this where nothing more is known of the peer.
    pub const ADAPTIVE_FLOOR: Duration = Duration::from_secs(1);
    /// A peer that has answered several probes keeps its rhythm: it is waited for twenty times as long as its slowest first byte took, and
    /// never shorter than this, or half of it once it has answered eight.
    pub const RHYTHM_FLOOR: Duration = Duration::from_millis(200);
    /// The least settle time.
    pub const SETTLE_FLOOR: Duration = Duration::from_millis(20);
    /// The greatest settle time.
    pub const SETTLE_CEILING: Duration = Duration::from_millis(500);

    /// A TLS handshake may take so much longer than connecting alone, as nmap has it.
    const HANDSHAKE: Duration = Duration::from_secs(3);

    /// How long connecting may take, with the handshake where there is one.
    pub(super) fn connect_limit(&self, tunnel: bool) -> Duration {
        self.connect_timeout + if tunnel { Self::HANDSHAKE } else { Duration::ZERO }
    }

    /// How long a port must have been quiet before probes are sent ahead of their turn.
    pub(super) fn quiet(connect_time: Duration) -> Duration {
        (connect_time * 4).clamp(Duration::from_millis(200), Duration::from_secs(1))
    }

    /// The time between two bursts of them.
    pub(super) fn step(connect_time: Duration) -> Duration {
        (connect_time * 2).clamp(Duration::from_millis(100), Duration::from_millis(500))
    }

    /// The same between two datagrams.
    pub(super) const DATAGRAM_STEP: Duration = Duration::from_millis(50);

    /// How long a probe that was sent ahead is still waited for when its turn has come: a server that serves one client at a time sees it
    /// only now. The more probes in a row were `silent`, the less likely it is that this one is not.
    pub(super) fn grace(connect_time: Duration, silent: usize) -> Duration {
        let (round_trips, least, most) = match silent {
            0..16 => (4, 100, 500),
            16..32 => (2, 50, 250),
            _ => (2, 25, 250),
        };
        (connect_time * round_trips).clamp(Duration::from_millis(least), Duration::from_millis(most))
    }

    pub(super) fn settle_time(&self, connect_time: Duration) -> Duration {
        self.settle.unwrap_or_else(|| (connect_time * 4).clamp(Self::SETTLE_FLOOR, Self::SETTLE_CEILING))
    }

    /// `rhythm` is how long to wait for the first byte, where the peer has shown it.
    pub(super) fn patience(&self, connect_time: Duration, rhythm: Option<Duration>) -> Option<Duration> {
        let floor = rhythm.map_or(Self::ADAPTIVE_FLOOR, |rhythm| rhythm.min(Self::ADAPTIVE_FLOOR));
        self.adaptive.then(|| (connect_time * 10).max(floor))
    }

    /// How long to wait for the first byte of a peer that has answered so many probes, when none took it longer than `slowest`.
    pub(super) fn rhythm(slowest: Duration, answered: usize) -> Duration {
        let least = if answered < 8 { Self::RHYTHM_FLOOR } else { Self::RHYTHM_FLOOR / 2 };
        (slowest * 20).max(least)
    }

    /// How long an answer to a handshake may take, if it does not say so itself.
    pub(super) fn handshake_patience(connect_time: Duration, is_founded: bool) -> Duration {
        (connect_time * 10).max(if is_founded { Self::ADAPTIVE_FLOOR * 3 } else { Self::ADAPTIVE_FLOOR })
    }

    /// How long more of an answer is waited for that nothing matches, when its first byte took `first` and the peer's last `whole`
    /// answers came in one piece.
    pub(super) fn rest(first: Duration, whole: usize) -> Duration {
        let least = match whole {
            0..8 => Self::RHYTHM_FLOOR,
            8..16 => Self::RHYTHM_FLOOR / 2,
            _ => Self::RHYTHM_FLOOR / 4,
        };
        (first * 20).max(least)
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            intensity: 7,
            all_ports: false,
            adaptive: true,
            connections: 32,
            tls: false,
            dtls: false,
            connect_timeout: Duration::from_secs(5),
            probe_timeout: None,
            settle: None,
            max_response: 64 * 1024,
            retries: 0,
            handshakes: 16,
            notes: false,
        }
    }
}
