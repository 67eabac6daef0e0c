//! The peer of a recorded conversation, played.

use std::time::Duration;

use portprint_core::handshake::{Action, Event, EventKind, Wait};

use super::Delivery;
use crate::fixture::{Fixture, Move, Told, show_action};

/// What a default wait takes in a replay, in which no time passes.
const DEFAULT_WAIT: Duration = Duration::from_secs(5);

/// What comes of an action.
pub(super) enum Answer {
    /// This happens.
    Event(Event),
    /// The conversation is over.
    Over,
}

/// The recording was left: what it has there, and what the plugin did.
pub(super) struct Departure {
    pub(super) recorded: String,
    pub(super) done: String,
}

/// A recording, with two places in it: what the plugin does next, and what it is told next.
///
/// What the peer said in answer to something is not told before that was done, and need not be told whole before the plugin goes on: it
/// may have read enough.
pub(super) struct Peer<'f> {
    moves: &'f [Move],
    delivery: Delivery,
    /// The next thing that the plugin does.
    next_done: usize,
    /// The next thing that it is told.
    next_told: usize,
    /// How many bytes of that it was told.
    taken: usize,
    is_open: bool,
    elapsed: Duration,
}

impl<'f> Peer<'f> {
    pub(super) fn new(fixture: &'f Fixture, delivery: Delivery) -> Self {
        let mut peer = Self {
            moves: &fixture.moves,
            delivery,
            next_done: 0,
            next_told: 0,
            taken: 0,
            is_open: fixture.seen.is_open,
            elapsed: Duration::ZERO,
        };
        peer.next_done = peer.find(0, false);
        peer.next_told = peer.find(0, true);
        peer
    }

    /// Answers an action as the recording does.
    pub(super) fn answer(&mut self, action: &Action) -> Result<Answer, Departure> {
        let event = match action {
            Action::Send(_, wait) => {
                self.pass(action)?;
                match wait {
                    Some(wait) => self.wait(wait)?,
                    None => self.event(EventKind::Timeout, Vec::new()),
                }
            }
            Action::Wait(wait) => self.wait(wait)?,
            Action::Reconnect | Action::StartTls { .. } => {
                self.pass(action)?;
                // What the old connection would still have said is lost.
                self.next_told = self.find(self.next_told.max(self.last_done()), true);
                self.taken = 0;
                self.change()?
            }
            Action::Done(_) | Action::GiveUp => {
                return match self.moves.get(self.next_done) {
                    Some(recorded) => Err(Departure { recorded: recorded.to_string(), done: show_action(action) }),
                    None => Ok(Answer::Over),
                };
            }
        };
        Ok(Answer::Event(event))
    }

    /// The next place, from one on, of what the plugin is told, or of what it does.
    fn find(&self, from: usize, is_told: bool) -> usize {
        let rest = self.moves.get(from..).unwrap_or_default();
        from + rest.iter().position(|it| matches!(it, Move::Told(_)) == is_told).unwrap_or(rest.len())
    }

    /// The place of what the plugin did last.
    fn last_done(&self) -> usize {
        self.moves[..self.next_done].iter().rposition(|it| !matches!(it, Move::Told(_))).unwrap_or_default()
    }

    /// The plugin does what it did when it was recorded.
    fn pass(&mut self, action: &Action) -> Result<(), Departure> {
        let is_same = match (self.moves.get(self.next_done), action) {
            (Some(Move::Connect), Action::Reconnect) => true,
            (Some(Move::Send(recorded)), Action::Send(sent, _)) => recorded == sent,
            (Some(Move::StartTls { sni, alpn }), Action::StartTls { sni: asked, alpn: offered }) => {
                (sni, alpn) == (asked, offered)
            }
            _ => false,
        };
        if !is_same {
            let recorded = self.moves.get(self.next_done).map_or_else(|| "(nothing)".to_owned(), Move::to_string);
            return Err(Departure { recorded, done: show_action(action) });
        }
        self.next_done = self.find(self.next_done + 1, false);
        Ok(())
    }

    /// What it is told next, if it has done what comes before.
    fn told(&self) -> Option<&'f Told> {
        match self.moves.get(self.next_told) {
            Some(Move::Told(told)) if self.next_told < self.next_done => Some(told),
            _ => None,
        }
    }

    fn pass_told(&mut self) {
        self.next_told = self.find(self.next_told + 1, true);
        self.taken = 0;
    }

    /// What becomes of a connection that the plugin opens or puts TLS over. The parser has seen to it that it stands there.
    fn change(&mut self) -> Result<Event, Departure> {
        let kind = match self.told() {
            Some(Told::Connected) => EventKind::Connected,
            Some(Told::Refused) => EventKind::Refused,
            Some(Told::Reset) => EventKind::Reset,
            Some(Told::TlsReady(tls)) => EventKind::TlsReady(tls.clone()),
            Some(Told::TlsFailed) => EventKind::TlsFailed,
            _ => EventKind::Timeout,
        };
        self.pass_told();
        self.is_open = matches!(kind, EventKind::Connected | EventKind::TlsReady(_));
        Ok(self.event(kind, Vec::new()))
    }

    /// What comes of waiting.
    fn wait(&mut self, wait: &Wait) -> Result<Event, Departure> {
        let mut bytes = Vec::new();
        loop {
            let kind = match self.told() {
                Some(Told::Data(data)) => {
                    let count = if self.delivery == Delivery::Bytewise { 1 } else { data.len() };
                    bytes.extend_from_slice(&data[self.taken..][..count]);
                    self.taken += count;
                    if self.taken == data.len() {
                        self.pass_told();
                    }
                    let goes_on = self.delivery == Delivery::Coalesced && matches!(self.told(), Some(Told::Data(_)));
                    if bytes.len() < wait.min || goes_on {
                        continue;
                    }
                    return Ok(self.event(EventKind::Data, bytes));
                }
                Some(Told::Datagram(data)) => {
                    bytes.clone_from(data);
                    EventKind::Datagram
                }
                Some(Told::Eof) => EventKind::Eof,
                Some(Told::Reset) => EventKind::Reset,
                Some(Told::Timeout) => EventKind::Timeout,
                Some(told @ (Told::Connected | Told::Refused | Told::TlsReady(_) | Told::TlsFailed)) => {
                    return Err(Departure { recorded: told.to_string(), done: "(waits)".to_owned() });
                }
                None => {
                    self.elapsed += wait.time.unwrap_or(DEFAULT_WAIT);
                    return Ok(self.event(EventKind::Timeout, bytes));
                }
            };
            self.pass_told();
            match kind {
                EventKind::Eof | EventKind::Reset => self.is_open = false,
                EventKind::Timeout => self.elapsed += wait.time.unwrap_or(DEFAULT_WAIT),
                _ => {}
            }
            return Ok(self.event(kind, bytes));
        }
    }

    fn event(&mut self, kind: EventKind, bytes: Vec<u8>) -> Event {
        self.elapsed += Duration::from_millis(1);
        Event { kind, bytes, elapsed: self.elapsed, is_open: self.is_open, is_last: false }
    }
}
