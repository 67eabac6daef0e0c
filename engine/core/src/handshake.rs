//! What a plugin is to the engine: a state machine that identifies a protocol which shows itself only in dialogue.
//!
//! The engine decides when a handshake is worth trying ([`Handshakes::candidates`]), opens its connections and keeps its time; the handshake
//! says what to send and what it has found. It has no socket and no clock, as [`Session`](crate::session::Session) has none.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use portprint_tables::{Field, Protocol};

use crate::session::TlsInfo;

/// One of a set of plugins: its number in the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginId(pub u32);

/// One handshake of a session. Numbers are never used twice in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandshakeId(u32);

impl HandshakeId {
    pub(crate) const FIRST: Self = Self(1);

    /// The number: 1 for the first.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    pub(crate) fn following(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// A set of plugins.
pub trait Handshakes: Send + Sync + fmt::Debug {
    /// Those that are worth trying, best first.
    fn candidates(&self, evidence: &Evidence<'_>) -> Vec<Candidate>;

    /// Begins one.
    ///
    /// # Errors
    /// The plugin is at fault.
    fn open(&self, plugin: PluginId, target: &Target<'_>) -> Result<Box<dyn Handshake>, Fault>;

    /// The name of a plugin.
    fn name(&self, plugin: PluginId) -> &str;

    /// A step of this plugin has not come back in time. Nothing can be done about it but to use the plugin no more.
    fn overdue(&self, plugin: PluginId);
}

/// A plugin that is worth trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub plugin: PluginId,
    /// On connections with TLS over them.
    pub inside: bool,
    /// There is evidence for it in what the peer said. Otherwise all that speaks for it is the peer's silence.
    pub is_founded: bool,
}

/// What is known of a port once its probes have been sent.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The transport.
    pub protocol: Protocol,
    /// The port. It is no evidence, but of two plugins for which nothing speaks the one of this port is tried first.
    pub port: u16,
    /// The service that a line named.
    pub service: Option<&'a str>,
    /// Whether that was a soft match.
    pub is_soft: bool,
    /// What the peer has said, to one probe each. Inside TLS, if that was gone into.
    pub responses: &'a [&'a [u8]],
    /// The port speaks TLS.
    pub tls: bool,
    /// The session has gone into TLS, and this is what was negotiated.
    pub inside: Option<&'a TlsInfo>,
}

/// The port that a handshake is with.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The host as it was given: a name or an address.
    pub host: &'a str,
    /// Its address.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// The transport.
    pub protocol: Protocol,
    /// All connections have TLS over them.
    pub inside: bool,
    /// TLS can be put over a connection later.
    pub can_secure: bool,
    /// What a session may do.
    pub limits: Limits,
}

/// What a handshake may do. One that does more is ended with a [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits {
    /// The most bytes that are sent in all.
    pub sent: usize,
    /// The most bytes that are taken in in all. What comes after is dropped.
    pub received: usize,
    /// The most steps.
    pub steps: u32,
    /// How long it may take in all.
    pub time: Duration,
    /// How long one step may take.
    pub step_time: Duration,
    /// The most bytes of what it has found, all texts together.
    pub findings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sent: 64 * 1024,
            received: 1024 * 1024,
            steps: 1000,
            time: Duration::from_secs(20),
            step_time: Duration::from_secs(2),
            findings: 64 * 1024,
        }
    }
}

/// A conversation of a plugin with one port.
pub trait Handshake: Send {
    /// Takes in what happened and says what to do next. It may take long, or never come back: plugins are other people's code.
    ///
    /// # Errors
    /// The plugin broke a rule; the conversation is over.
    fn step(&mut self, event: &Event) -> Result<Action, Fault>;
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// What came since the last event.
    pub bytes: Vec<u8>,
    /// Since the conversation began.
    pub elapsed: Duration,
    /// There is a connection that can be used.
    pub is_open: bool,
    /// The conversation's time is over: the next action is the last.
    pub is_last: bool,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum EventKind {
    /// The conversation begins. The event's bytes are what the peer has said to this request; if that is empty, by itself.
    Start {
        /// The payload of the probe that drew it.
        request: Vec<u8>,
        /// What was negotiated, where all connections have TLS over them.
        tls: Option<Box<TlsInfo>>,
    },
    /// A connection is open.
    Connected,
    /// Bytes came on a stream.
    Data,
    /// A datagram came.
    Datagram,
    /// The peer closed; what it said before is with the event.
    Eof,
    /// The peer broke off, or the connection failed.
    Reset,
    /// A connection was refused.
    Refused,
    /// A wait, or connecting, is over.
    Timeout,
    /// TLS is established.
    TlsReady(Box<TlsInfo>),
    /// TLS could not be established.
    TlsFailed,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Action {
    /// Send this, and then wait. No wait: go on at once.
    Send(Vec<u8>, Option<Wait>),
    /// Wait.
    Wait(Wait),
    /// Put TLS over the connection.
    StartTls {
        /// The name to ask for; the target's own if there is none.
        sni: Option<String>,
        /// Application protocols to offer.
        alpn: Vec<Vec<u8>>,
    },
    /// Open a connection, closing the one that is open.
    Reconnect,
    /// It is over, and this was found.
    Done(Box<Findings>),
    /// It is over: the peer speaks something else.
    GiveUp,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Wait {
    /// At most so long. `None`: as long as is sensible for this peer.
    pub time: Option<Duration>,
    /// Fewer bytes than this are not worth a step.
    pub min: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Findings {
    /// The protocol. Never empty.
    pub service: String,
    /// The software.
    pub product: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Anything else worth a few words.
    pub info: Option<String>,
    /// The host's name for itself.
    pub hostname: Option<String>,
    /// Its operating system.
    pub os: Option<String>,
    /// The kind of device.
    pub device: Option<String>,
    /// CPE 2.2 URIs.
    pub cpe: Vec<String>,
    /// Everything that has no field, in the plugin's order. The same key may come several times.
    pub details: Vec<(String, Value)>,
    /// There would have been more to learn.
    pub is_partial: bool,
    /// The conversation has just put TLS over its connection, and rules may ask inside.
    pub goes_inside: bool,
}

impl Findings {
    /// The value of a field. CPEs are a list of their own.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&str> {
        match field {
            Field::Product => self.product.as_deref(),
            Field::Version => self.version.as_deref(),
            Field::Info => self.info.as_deref(),
            Field::Hostname => self.hostname.as_deref(),
            Field::Os => self.os.as_deref(),
            Field::Device => self.device.as_deref(),
            _ => None,
        }
    }
}

/// The value of a detail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Integer(i64),
    /// Yes or no.
    Bool(bool),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A plugin broke a rule, or crashed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fault {
    /// The plugin.
    pub plugin: String,
    /// What it did, and which rule that breaks.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin {}: {}", self.plugin, self.what)
    }
}
