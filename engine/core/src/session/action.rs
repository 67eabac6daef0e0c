//! What a driver and a session say to each other.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use portprint_tables::{LineId, ProbeId, Protocol};

use super::{Report, TlsInfo};
use crate::handshake::{Event, HandshakeId, PluginId};

/// One connection of a session. Numbers are never used twice in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(u32);

impl ConnId {
    pub(super) const FIRST: Self = Self(1);

    pub(super) fn following(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Its number: 1 for the session's first connection.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// What happened on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// It is established.
    Connected,
    /// It is established, and so is TLS over it.
    Secured(&'a TlsInfo),
    /// It was established, but TLS was not: the peer broke off, or did not speak it.
    TlsFailed,
    /// It must not be opened now, because of a limit of the driver's. Only for connections with [`Action::Connect::ahead`]; the session
    /// asks again later.
    Held,
    /// The peer sent these bytes. They may be cut anywhere.
    Data(&'a [u8]),
    /// The peer will send nothing more.
    Eof,
    /// Nobody listens there. On UDP: the system was told so by ICMP.
    Refused,
    /// The peer broke it off. Said of a connection that was being opened, it means that it was open for a moment.
    Reset,
    /// The time that [`Action::Wait`] named has come, or the system gave up on connecting by itself.
    TimedOut,
    /// It failed in any other way: no route, a local rule, an error of the system.
    Failed,
}

impl Input<'_> {
    /// The word for it, without what came with it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Secured(_) => "secured",
            Self::TlsFailed => "tls failed",
            Self::Held => "held",
            Self::Data(_) => "data",
            Self::Eof => "eof",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::TimedOut => "timed out",
            Self::Failed => "failed",
        }
    }
}

/// What the driver is to do next.
#[derive(Debug)]
pub enum Action<'s> {
    /// Open a connection to the session's port, and answer with [`Input::Connected`] or what went wrong. A UDP socket counts as connected
    /// at once.
    Connect {
        /// Its number from now on.
        conn: ConnId,
        /// The transport.
        protocol: Protocol,
        /// TLS, or DTLS, is to be put over it: answer with [`Input::Secured`].
        tunnel: bool,
        /// It is for a probe ahead of its turn: nothing is lost if it is put off with [`Input::Held`].
        ahead: bool,
    },
    /// Send all of this. There is no answer to it unless it fails.
    Send {
        /// Where.
        conn: ConnId,
        /// What.
        bytes: &'s [u8],
    },
    /// Put TLS over an open connection, and answer with [`Input::Secured`] or [`Input::TlsFailed`].
    StartTls {
        /// Which.
        conn: ConnId,
        /// The name to ask for; the host's own if there is none.
        sni: Option<String>,
        /// Application protocols to offer.
        alpn: Vec<Vec<u8>>,
    },
    /// Hand this event to a handshake of a plugin, which begins with its first event, and answer with
    /// [`Session::stepped`](super::Session::stepped). Other actions may be carried out meanwhile: a plugin may take long, or never come back.
    Handshake {
        /// Its number.
        id: HandshakeId,
        /// The plugin.
        plugin: PluginId,
        /// Its connections have TLS over them.
        inside: bool,
        /// What happened.
        event: Box<Event>,
    },
    /// A handshake is over; nothing more comes of it.
    Forget(HandshakeId),
    /// Close the connection; what still arrives on it is ignored.
    Close {
        /// Which.
        conn: ConnId,
    },
    /// Wait until something happens on any open connection; if nothing has at `until`, answer with [`Input::TimedOut`] on `conn`.
    Wait {
        /// The connection on which to say so.
        conn: ConnId,
        /// When, on the clock of [`Session::handle`](super::Session::handle).
        until: Duration,
    },
    /// Nothing to do: an observation, for whoever wants to watch. Only with [`SessionConfig::notes`](super::SessionConfig::notes).
    Note(Note),
    /// The port is finished. Every connection has been closed before.
    Done(&'s Report),
}

/// An observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A probe's turn begins: it has been sent, or listening has begun.
    Begun {
        /// The connection.
        conn: ConnId,
        /// The probe.
        probe: ProbeId,
        /// How long its answer may take in all.
        wait: Duration,
    },
    /// The bytes of a connection were judged.
    Judged {
        /// The connection.
        conn: ConnId,
        /// The probe whose chain was asked.
        probe: ProbeId,
        /// How many bytes there were.
        len: usize,
        /// The line that matched.
        hit: Option<LineId>,
    },
    /// A probe's turn is over.
    Ended {
        /// The connection.
        conn: ConnId,
        /// The probe.
        probe: ProbeId,
        /// Everything that the connection has brought, of which the verdict is a function. Empty when this probe drew nothing.
        response: Vec<u8>,
        /// Why it is over.
        end: End,
    },
}

/// Why a probe's turn is over. A closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The answer was complete: the peer went quiet after it, or the most that is kept had come.
    Settled,
    /// Its time was up.
    TimedOut,
    /// The peer closed.
    Eof,
    /// The peer broke off.
    Reset,
    /// The connection failed in another way.
    Failed,
}

impl End {
    /// The word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::TimedOut => "timed out",
            Self::Eof => "closed",
            Self::Reset => "reset",
            Self::Failed => "failed",
        }
    }
}
