//! Recorded conversations with one thing changed, as many as there is time for.

use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

use portprint_core::handshake::{Action, Event, EventKind, Fault, Handshake, Wait};

use super::choices::{Choices, Random};
use super::mutate::mutate;
use crate::fixture::{Fixture, Move, Told};
use crate::{Plugin, Session};

/// The most steps of an execution. What goes on for longer is a loop that the step limit is there for.
const STEPS: usize = 64;

/// What [`hammer`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hammered {
    /// How many conversations were held.
    pub executions: u64,
    /// How many steps they took in all.
    pub steps: u64,
    /// How long it took.
    pub time: Duration,
}

impl Hammered {
    /// How many conversations there were in a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.executions as f64 / self.time.as_secs_f64().max(1e-9)
    }
}

impl fmt::Display for Hammered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (steps, per_second) = (self.steps, self.per_second());
        write!(f, "{} executions, {steps} steps, {per_second:.0} executions/s", self.executions)
    }
}

/// A conversation in which the plugin broke a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HammerError {
    /// Its number: hammering with this one alone does it again.
    pub execution: u64,
    /// The fixture that it was made of.
    pub fixture: String,
    /// What happened.
    pub fault: Fault,
}

impl fmt::Display for HammerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "execution {}, of {}: {}", self.execution, self.fixture, self.fault)
    }
}

impl std::error::Error for HammerError {}

/// Holds recorded conversations with a plugin, in each of which a reply is changed or cut. What it sends and finds is not compared.
///
/// An execution is settled by its number, so one that failed can be repeated.
///
/// # Errors
/// The plugin broke a rule.
pub fn hammer(plugin: &Plugin, fixtures: &[Fixture], executions: Range<u64>) -> Result<Hammered, HammerError> {
    let scenes: Vec<Scene> = fixtures.iter().map(Scene::of).collect();
    let others: Vec<Vec<u8>> =
        fixtures.iter().flat_map(Fixture::said).filter(|bytes| !bytes.is_empty()).map(<[u8]>::to_vec).collect();
    let mut event =
        Event { kind: EventKind::Data, bytes: Vec::new(), elapsed: Duration::ZERO, is_open: true, is_last: false };
    let (begin, first) = (Instant::now(), executions.start);
    let mut hammered = Hammered { executions: 0, steps: 0, time: Duration::ZERO };
    for execution in executions {
        let Some(index) = (execution as usize).checked_rem(scenes.len()) else { break };
        let (fixture, scene) = (&fixtures[index], &scenes[index]);
        let failed = |fault| HammerError { execution, fixture: fixture.name.clone(), fault };
        let session = plugin.open(&fixture.target(), 0).map_err(failed)?;
        let mut random = Random::new(0, execution);
        let victim = random.below(scene.told.len() + 1);
        let piece = if random.once_in(4) { 1 + random.below(16) } else { usize::MAX };
        let mut play = Play { scene, others: &others, random, next: 0, victim, piece, taken: 0, patience: 0 };
        hammered.steps += play.hold(session, &mut event).map_err(failed)?;
        hammered.executions = execution + 1 - first;
    }
    hammered.time = begin.elapsed();
    Ok(hammered)
}

/// A fixture made ready: its events, so that none is built in the loop.
struct Scene {
    start: Event,
    told: Vec<Event>,
}

impl Scene {
    fn of(fixture: &Fixture) -> Self {
        let told = fixture.moves.iter().filter_map(|one| {
            let Move::Told(told) = one else { return None };
            let (kind, bytes): (_, &[u8]) = match told {
                Told::Connected => (EventKind::Connected, &[]),
                Told::Data(bytes) => (EventKind::Data, bytes),
                Told::Datagram(bytes) => (EventKind::Datagram, bytes),
                Told::Eof => (EventKind::Eof, &[]),
                Told::Reset => (EventKind::Reset, &[]),
                Told::Refused => (EventKind::Refused, &[]),
                Told::Timeout => (EventKind::Timeout, &[]),
                Told::TlsReady(tls) => (EventKind::TlsReady(tls.clone()), &[]),
                Told::TlsFailed => (EventKind::TlsFailed, &[]),
            };
            let is_open = !matches!(told, Told::Eof | Told::Reset | Told::Refused | Told::TlsFailed);
            Some(Event { kind, bytes: bytes.to_vec(), elapsed: Duration::ZERO, is_open, is_last: false })
        });
        Self { start: fixture.start(), told: told.collect() }
    }
}

/// One execution.
struct Play<'a> {
    scene: &'a Scene,
    others: &'a [Vec<u8>],
    random: Random,
    /// The next of the scene's events.
    next: usize,
    /// The one that is changed; 0 is the first event of all.
    victim: usize,
    /// How many bytes come at a time, and how many of the next event have come.
    piece: usize,
    taken: usize,
    /// How often the plugin waited after the end.
    patience: u32,
}

impl Play<'_> {
    fn hold(&mut self, mut session: Session, event: &mut Event) -> Result<u64, Fault> {
        let start = &self.scene.start;
        let mut action = if self.victim == 0 && !start.bytes.is_empty() {
            let mut start = start.clone();
            mutate(&mut start.bytes, self.others, &mut self.random);
            session.step(&start)?
        } else {
            session.step(start)?
        };
        for step in 1..STEPS as u64 {
            event.bytes.clear();
            event.is_last = false;
            match &action {
                Action::Done(_) | Action::GiveUp => return Ok(step),
                Action::Send(_, None) => event.kind = EventKind::Timeout,
                Action::Send(_, Some(wait)) | Action::Wait(wait) => self.wait(*wait, event),
                Action::Reconnect | Action::StartTls { .. } => self.change(&action, event),
            }
            action = session.step(event)?;
            if event.is_last {
                return Ok(step + 1);
            }
        }
        Ok(STEPS as u64)
    }

    /// The plugin changes its connection: the scene goes on where it did.
    fn change(&mut self, action: &Action, event: &mut Event) {
        let is_tls = matches!(action, Action::StartTls { .. });
        let found = self.scene.told[self.next..].iter().position(|it| match it.kind {
            EventKind::TlsReady(_) | EventKind::TlsFailed => is_tls,
            EventKind::Connected | EventKind::Refused => !is_tls,
            _ => false,
        });
        match found {
            Some(further) => {
                let told = &self.scene.told[self.next + further];
                event.kind.clone_from(&told.kind);
                event.is_open = told.is_open;
                self.next += further + 1;
                self.taken = 0;
            }
            None => {
                event.kind = if is_tls { EventKind::TlsFailed } else { EventKind::Refused };
                event.is_open = false;
                self.next = self.scene.told.len();
            }
        }
    }

    /// The plugin waits: it is told what comes next, changed or cut.
    fn wait(&mut self, wait: Wait, event: &mut Event) {
        event.kind = EventKind::Timeout;
        while let Some(told) = self.scene.told.get(self.next) {
            match told.kind {
                EventKind::Data | EventKind::Datagram => {
                    let from = event.bytes.len();
                    let is_victim = self.victim == self.next + 1;
                    let rest = &told.bytes[self.taken..];
                    let is_datagram = told.kind == EventKind::Datagram;
                    let count = if is_datagram { rest.len() } else { rest.len().min(self.piece) };
                    event.bytes.extend_from_slice(&rest[..count]);
                    self.taken += count;
                    if count == rest.len() {
                        self.next += 1;
                        self.taken = 0;
                    }
                    if is_victim {
                        let mut tail = event.bytes.split_off(from);
                        mutate(&mut tail, self.others, &mut self.random);
                        event.bytes.append(&mut tail);
                    }
                    if event.bytes.len() >= wait.min || is_datagram {
                        event.kind.clone_from(&told.kind);
                        return;
                    }
                }
                EventKind::Eof | EventKind::Reset | EventKind::Timeout => {
                    event.kind.clone_from(&told.kind);
                    event.is_open = told.is_open;
                    self.next += 1;
                    return;
                }
                _ => break,
            }
        }
        self.patience += 1;
        match self.patience {
            1 => {}
            2 => {
                event.kind = EventKind::Eof;
                event.is_open = false;
            }
            _ => event.is_last = true,
        }
    }
}
