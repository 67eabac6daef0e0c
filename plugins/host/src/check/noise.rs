//! Events in any order, possible and impossible, with bytes of any kind: a plugin may answer what it likes, but breaks no rule.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use portprint_core::handshake::{Action, Event, EventKind, Fault, Handshake, Limits, Target};
use portprint_core::session::TlsInfo;
use portprint_tables::Protocol;

use super::choices::{Choices, Random, Script};
use super::mutate::mutate;
use crate::fixture::{Move, Told};
use crate::{Fixture, Plugin};

/// The most events of a session.
const EVENTS: usize = 48;
/// The most random bytes at a time.
const BYTES: usize = 96;

/// What peers say, for sessions to be made of.
#[derive(Debug, Default)]
pub struct Corpus {
    said: Vec<Vec<u8>>,
    requests: Vec<Vec<u8>>,
    tls: Vec<TlsInfo>,
}

impl Corpus {
    /// What peers say in these.
    #[must_use]
    pub fn of(fixtures: &[Fixture]) -> Self {
        let mut corpus = Self::default();
        for fixture in fixtures {
            corpus.said.extend(fixture.said().filter(|bytes| !bytes.is_empty()).map(<[u8]>::to_vec));
            corpus.requests.push(fixture.seen.request.clone());
            corpus.tls.extend(fixture.tls.as_deref().cloned());
            corpus.tls.extend(fixture.moves.iter().filter_map(|one| match one {
                Move::Told(Told::TlsReady(tls)) => Some((**tls).clone()),
                _ => None,
            }));
        }
        corpus.tls.push(TlsInfo::default());
        corpus
    }

    fn bytes(&self, choices: &mut impl Choices) -> Vec<u8> {
        let mut bytes = Vec::new();
        match choices.below(8) {
            0 => {}
            1 => choices.bytes(BYTES, &mut bytes),
            2 => {
                bytes.extend_from_slice(choices.one_of(&self.said).map(Vec::as_slice).unwrap_or_default());
                bytes.truncate(choices.below(bytes.len() + 1));
            }
            3..=5 => {
                bytes.extend_from_slice(choices.one_of(&self.said).map(Vec::as_slice).unwrap_or_default());
                mutate(&mut bytes, &self.said, choices);
            }
            _ => bytes.extend_from_slice(choices.one_of(&self.said).map(Vec::as_slice).unwrap_or_default()),
        }
        bytes
    }

    fn tls(&self, choices: &mut impl Choices) -> Box<TlsInfo> {
        let mut tls = choices.one_of(&self.tls).cloned().unwrap_or_default();
        if choices.once_in(4) {
            let mut text = Vec::new();
            choices.bytes(BYTES, &mut text);
            tls.alpn = Some(String::from_utf8_lossy(&text).into_owned());
            tls.names = vec![String::new(); choices.below(4)];
        }
        Box::new(tls)
    }
}

/// What came of a session.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) steps: u64,
    /// The longest of them.
    pub(super) slowest: Duration,
}

/// One session of random events.
pub(super) fn random_session(plugin: &Plugin, corpus: &Corpus, seed: u64, number: u64) -> Result<Tally, Fault> {
    session(plugin, corpus, &mut Random::new(seed, number))
}

/// Derives a session from any bytes, for a fuzzer: what is told, in which order, and what of the corpus is said, changed, cut or made up.
///
/// # Errors
/// The plugin broke a rule.
pub fn fuzz(plugin: &Plugin, corpus: &Corpus, data: &[u8]) -> Result<(), Fault> {
    session(plugin, corpus, &mut Script(data)).map(|_| ())
}

fn session(plugin: &Plugin, corpus: &Corpus, choices: &mut impl Choices) -> Result<Tally, Fault> {
    let transports = plugin.description().transports;
    let kinds: Vec<_> = [
        (transports.tcp(), Protocol::Tcp, false),
        (transports.udp(), Protocol::Udp, false),
        (transports.tls(), Protocol::Tcp, true),
    ]
    .into_iter()
    .filter(|(is_one, ..)| *is_one)
    .collect();
    let &(_, protocol, inside) = choices.one_of(&kinds).expect("a description names a transport");
    let target = Target {
        host: if choices.once_in(2) { "a.example" } else { "192.0.2.1" },
        address: match choices.once_in(2) {
            true => IpAddr::V6(Ipv6Addr::LOCALHOST),
            false => IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        },
        port: plugin.description().ports.first().copied().unwrap_or(1),
        protocol,
        inside,
        can_secure: !choices.once_in(4),
        limits: Limits::default(),
    };
    let mut session = plugin.open(&target, choices.next().unwrap_or_default())?;
    let mut event = Event {
        kind: EventKind::Start {
            request: choices.one_of(&corpus.requests).cloned().unwrap_or_default(),
            tls: inside.then(|| corpus.tls(choices)),
        },
        bytes: corpus.bytes(choices),
        elapsed: Duration::ZERO,
        is_open: choices.once_in(2),
        is_last: false,
    };
    let events = choices.below(EVENTS);
    let mut tally = Tally::default();
    for step in 1.. {
        let begin = Instant::now();
        let action = session.step(&event)?;
        tally.slowest = tally.slowest.max(begin.elapsed());
        tally.steps = step;
        let is_over = matches!(action, Action::Done(_) | Action::GiveUp);
        let Some(number) = choices.next().filter(|_| !is_over && !event.is_last && step <= events as u64) else {
            return Ok(tally);
        };
        event.kind = kind(number, &action, corpus, choices);
        event.bytes = corpus.bytes(choices);
        event.elapsed += Duration::from_millis(choices.below(3000) as u64);
        event.is_open = !choices.once_in(4);
        event.is_last = choices.once_in(64);
    }
    unreachable!("it ends with its events")
}

/// What happens next: half of the time what could follow the action, otherwise anything.
fn kind(number: u64, action: &Action, corpus: &Corpus, choices: &mut impl Choices) -> EventKind {
    let is_possible = number.is_multiple_of(2);
    match (number / 2 % 11, action) {
        (0..=8, Action::Send(..) | Action::Wait(_)) if is_possible => EventKind::Data,
        (0..=8, Action::Reconnect) if is_possible => EventKind::Connected,
        (0..=8, Action::StartTls { .. }) if is_possible => EventKind::TlsReady(corpus.tls(choices)),
        (0, _) => EventKind::Connected,
        (1, _) => EventKind::Data,
        (2, _) => EventKind::Datagram,
        (3, _) => EventKind::Eof,
        (4, _) => EventKind::Reset,
        (5, _) => EventKind::Refused,
        (6, _) => EventKind::Timeout,
        (7, _) => EventKind::TlsReady(corpus.tls(choices)),
        (8, _) => EventKind::TlsFailed,
        (9, _) => EventKind::Start { request: Vec::new(), tls: None },
        _ => EventKind::Datagram,
    }
}
