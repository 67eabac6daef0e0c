//! What a session and its driver said to each other, told to whoever wants to keep it. A session that is made anew with the same database
//! and configuration, and is told the same, does the same: a recording is a test, and what happened once can be looked at again.

use std::time::Duration;

use portprint_core::Scratch;
use portprint_core::handshake::{self, Fault, HandshakeId, PluginId};
use portprint_core::session::{Action, ConnId, Input, Outcome, Report, Session, SessionConfig, TlsInfo};

use crate::TlsOffer;

/// Something that a session said or was told. Observations ([`Action::Note`]) are left out: nothing depends on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It was made, for the port and with this configuration.
    Begin(SessionConfig),
    /// [`Action::Connect`]
    Connect {
        /// The connection.
        conn: ConnId,
        /// Whether it is to be inside TLS.
        tunnel: bool,
        /// Whether it is for a probe ahead of its turn.
        ahead: bool,
    },
    /// [`Action::Send`]
    Send {
        /// The connection.
        conn: ConnId,
        /// What was sent.
        bytes: Vec<u8>,
    },
    /// [`Action::StartTls`]
    StartTls {
        /// The connection.
        conn: ConnId,
        /// What was asked for.
        offer: TlsOffer,
    },
    /// [`Action::Handshake`]
    Handshake {
        /// Its number.
        id: HandshakeId,
        /// The plugin.
        plugin: PluginId,
        /// What it was told.
        event: Box<handshake::Event>,
    },
    /// [`Action::Forget`]
    Forget(HandshakeId),
    /// What a handshake wants next: [`Session::stepped`].
    Stepped {
        /// When, on the session's clock.
        at: Duration,
        /// Its number.
        id: HandshakeId,
        /// What it said.
        stepped: Result<Box<handshake::Action>, Fault>,
    },
    /// [`Action::Close`]
    Close {
        /// The connection.
        conn: ConnId,
    },
    /// [`Action::Wait`]
    Wait {
        /// The connection on which to say that nothing happened.
        conn: ConnId,
        /// Until when.
        until: Duration,
    },
    /// It was told an [`Input`].
    Input {
        /// When, on the session's clock.
        at: Duration,
        /// The connection.
        conn: ConnId,
        /// [`Input::as_str`]
        word: &'static str,
        /// The bytes of [`Input::Data`].
        bytes: Vec<u8>,
        /// What came with [`Input::Secured`].
        tls_info: Option<Box<TlsInfo>>,
    },
    /// It was told to end: [`Session::abandon`].
    Abandon(Outcome),
    /// [`Action::Done`]
    Done(Box<Report>),
}

impl Moment {
    fn of_action(action: &Action<'_>) -> Option<Self> {
        Some(match action {
            &Action::Connect { conn, tunnel, ahead, .. } => Self::Connect { conn, tunnel, ahead },
            &Action::Send { conn, bytes } => Self::Send { conn, bytes: bytes.to_vec() },
            &Action::Close { conn } => Self::Close { conn },
            &Action::Wait { conn, until } => Self::Wait { conn, until },
            Action::StartTls { conn, sni, alpn } => {
                let offer = TlsOffer { sni: sni.clone(), alpn: alpn.clone(), is_midway: true };
                Self::StartTls { conn: *conn, offer }
            }
            Action::Handshake { id, plugin, event, .. } => {
                Self::Handshake { id: *id, plugin: *plugin, event: event.clone() }
            }
            Action::Forget(id) => Self::Forget(*id),
            Action::Note(_) => return None,
            Action::Done(report) => Self::Done(Box::new((*report).clone())),
        })
    }

    fn of_input(at: Duration, conn: ConnId, input: &Input<'_>) -> Self {
        let bytes = if let Input::Data(bytes) = input { bytes.to_vec() } else { Vec::new() };
        let tls_info = if let Input::Secured(info) = *input { Some(Box::new(info.clone())) } else { None };
        Self::Input { at, conn, word: input.as_str(), bytes, tls_info }
    }
}

/// A session, and what is to be told of it, if anything is.
#[derive(Debug)]
pub(crate) struct Recorded {
    session: Session<'static>,
    moments: Option<Vec<Moment>>,
}

impl Recorded {
    /// A session that has not begun; `config` is its own if it is to be recorded.
    pub(crate) fn new(session: Session<'static>, config: Option<SessionConfig>) -> Self {
        Self { session, moments: config.map(|config| vec![Moment::Begin(config)]) }
    }

    pub(crate) fn next(&mut self) -> Action<'_> {
        let action = self.session.next();
        if let Some(moments) = &mut self.moments {
            moments.extend(Moment::of_action(&action));
        }
        action
    }

    pub(crate) fn handle(&mut self, now: Duration, conn: ConnId, input: Input<'_>, scratch: &mut Scratch) {
        if let Some(moments) = &mut self.moments {
            moments.push(Moment::of_input(now, conn, &input));
        }
        self.session.handle(now, conn, input, scratch);
    }

    pub(crate) fn abandon(&mut self, outcome: Outcome, scratch: &mut Scratch) {
        if let Some(moments) = &mut self.moments {
            moments.push(Moment::Abandon(outcome));
        }
        self.session.abandon(outcome, scratch);
    }

    pub(crate) fn stepped(
        &mut self,
        now: Duration,
        id: HandshakeId,
        stepped: Result<handshake::Action, Fault>,
        scratch: &mut Scratch,
    ) {
        if let Some(moments) = &mut self.moments {
            let stepped = stepped.clone().map(Box::new);
            moments.push(Moment::Stepped { at: now, id, stepped });
        }
        self.session.stepped(now, id, stepped, scratch);
    }

    /// What has come since the last time.
    pub(crate) fn take_moments(&mut self) -> Vec<Moment> {
        self.moments.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
