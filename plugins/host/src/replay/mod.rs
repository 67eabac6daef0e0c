//! Recorded conversations are held again, cut in several ways: whatever the cuts, the same must come of them.

mod difference;
mod peer;

use std::fmt;

use portprint_core::handshake::{Action, Fault, Handshake};

use crate::Plugin;
use crate::fixture::{Ending, Fixture, findings_lines, show_action};
use difference::side_by_side;
use peer::{Answer, Peer};

/// How the bytes of a recording come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As they were recorded.
    Whole,
    /// One at a time. Datagrams stay whole.
    Bytewise,
    /// Those that follow each other at once.
    Coalesced,
}

impl Delivery {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Bytewise, Self::Coalesced];
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "whole",
            Self::Bytewise => "byte by byte",
            Self::Coalesced => "coalesced",
        })
    }
}

/// A replay that did not go as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayError {
    /// The fixture's name.
    pub fixture: String,
    /// How its bytes came.
    pub delivery: Delivery,
    /// The step, from 1 on.
    pub step: usize,
    /// What was wrong.
    pub kind: ReplayErrorKind,
}

/// What can go wrong in a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayErrorKind {
    /// The plugin broke a rule.
    Fault(Fault),
    /// It did something else, or found something else: a text of both sides.
    Differs(String),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, step {}: ", self.fixture, self.delivery, self.step)?;
        match &self.kind {
            ReplayErrorKind::Fault(fault) => fault.fmt(f),
            ReplayErrorKind::Differs(text) => write!(f, "not as recorded\n{text}"),
        }
    }
}

impl std::error::Error for ReplayError {}

/// Holds a recorded conversation with a plugin.
///
/// # Errors
/// It does not send what was recorded, does not find what was, or breaks a rule.
pub fn replay(plugin: &Plugin, fixture: &Fixture, delivery: Delivery) -> Result<(), ReplayError> {
    let mut session = plugin.open(&fixture.target(), 0).map_err(|fault| ReplayError {
        fixture: fixture.name.clone(),
        delivery,
        step: 0,
        kind: ReplayErrorKind::Fault(fault),
    })?;
    replay_session(&mut session, fixture, delivery)
}

/// The same with a session that was opened for [`Fixture::target`], by whatever means.
///
/// # Errors
/// As above.
pub fn replay_session(session: &mut dyn Handshake, fixture: &Fixture, delivery: Delivery) -> Result<(), ReplayError> {
    replay_steps(session, fixture, delivery, usize::MAX).map(|_| ())
}

/// The same, ended after so many steps. Gives how many were taken.
pub(crate) fn replay_steps(
    session: &mut dyn Handshake,
    fixture: &Fixture,
    delivery: Delivery,
    most: usize,
) -> Result<usize, ReplayError> {
    let mut peer = Peer::new(fixture, delivery);
    let mut event = fixture.start();
    for step in 1..=most {
        let error = |kind| ReplayError { fixture: fixture.name.clone(), delivery, step, kind };
        let differs = |recorded: &str, done: &str| error(ReplayErrorKind::Differs(side_by_side(recorded, done)));
        let action = session.step(&event).map_err(|fault| error(ReplayErrorKind::Fault(fault)))?;
        match peer.answer(&action) {
            Ok(Answer::Event(next)) => event = next,
            Ok(Answer::Over) => {
                let is_same = match (&fixture.ending, &action) {
                    (Ending::Found(expected), Action::Done(found)) => expected == found,
                    (Ending::GaveUp, Action::GiveUp) => true,
                    _ => false,
                };
                let expected = match &fixture.ending {
                    Ending::Found(expected) => findings_lines(expected).join("\n"),
                    Ending::GaveUp => "= give-up".to_owned(),
                };
                return if is_same { Ok(step) } else { Err(differs(&expected, &show_action(&action))) };
            }
            Err(departure) => return Err(differs(&departure.recorded, &departure.done)),
        }
    }
    Ok(most)
}
