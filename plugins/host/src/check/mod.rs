//! What `portprint plugin check` looks at: does a plugin keep the rules, whatever it is told?
//!
//! A plugin that crashes takes the process with it. Who checks plugins of others does so in a child process.

mod choices;
mod hammer;
mod mutate;
mod noise;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use portprint_core::handshake::{Action, Event, EventKind, Fault, Handshake, Limits, Target};

use crate::fixture::{Fixture, Transport};
use crate::replay::replay_steps;
use crate::{Delivery, Description, Plugin, Trigger, replay};
pub use hammer::{HammerError, Hammered, hammer};
pub use noise::{Corpus, fuzz};
use noise::{Tally, random_session};

/// How thorough a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckOptions {
    /// How many sessions of random events.
    pub sessions: u64,
    /// What settles them.
    pub seed: u64,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { sessions: 1000, seed: 0 }
    }
}

/// What came of all checks of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// In their order.
    pub checks: Vec<Check>,
}

impl CheckReport {
    /// None failed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.checks.iter().all(|check| check.result.is_ok())
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checks.iter().try_for_each(|check| writeln!(f, "{check}"))
    }
}

/// What came of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// What was seen, or what is wrong.
    pub result: Result<String, String>,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, text) = match &self.result {
            Ok(text) => ("ok  ", text),
            Err(text) => ("FAIL", text),
        };
        write!(f, "{word} {}{}{text}", self.name, if text.is_empty() { "" } else { ": " })
    }
}

/// Loads a plugin and checks it.
#[must_use]
pub fn check_file(file: &Path, fixtures: &[Fixture], options: &CheckOptions) -> CheckReport {
    match Plugin::load(file) {
        Ok(plugin) => check(&plugin, fixtures, options),
        Err(error) => CheckReport { checks: vec![Check { name: "header".to_owned(), result: Err(error.to_string()) }] },
    }
}

/// Checks a plugin. Its header has passed already, or there would be no [`Plugin`].
#[must_use]
pub fn check(plugin: &Plugin, fixtures: &[Fixture], options: &CheckOptions) -> CheckReport {
    let mut checks = Vec::new();
    let mut add = |name: &str, result| checks.push(Check { name: name.to_owned(), result });
    add("header", Ok(format!("{} {}", plugin.description().id, plugin.description().version)));
    add("description", complete(plugin.description()));
    if fixtures.is_empty() {
        add("fixtures", Err("there are none: record a conversation, or write one".to_owned()));
    }
    for fixture in fixtures {
        for delivery in Delivery::ALL {
            let result = replay(plugin, fixture, delivery).map(|()| String::new());
            add(&format!("{}, {delivery}", fixture.name), result.map_err(|error| error.to_string()));
        }
        if let Some(handed_over) = fixture.handed_over() {
            add(&format!("{}, handed over", fixture.name), takes_over(plugin, &handed_over));
        }
    }
    add("close after any step", closed_early(plugin, fixtures));
    add("limits", endless_peers(plugin, fixtures));
    add("random events", noise(plugin, fixtures, options));
    CheckReport { checks }
}

/// What a plugin need not say to be run, but must to be used.
fn complete(description: &Description) -> Result<String, String> {
    let texts = [
        ("version", &description.version),
        ("licence", &description.licence),
        ("summary", &description.summary),
        ("sends", &description.sends),
    ];
    if let Some((name, _)) = texts.into_iter().find(|(_, text)| text.trim().is_empty()) {
        return Err(format!("{name} is empty"));
    }
    if description.triggers.is_empty() {
        return Err("there are no triggers, so it is never run".to_owned());
    }
    let is_inside = |trigger: &Trigger| matches!(trigger, Trigger::Alpn(_));
    if !description.transports.tls() && description.triggers.iter().all(is_inside) {
        return Err("all triggers are of TLS, and PORTPRINT_TRANSPORT_TLS is not among the transports".to_owned());
    }
    Ok(format!("{}, {} triggers", description.transports, description.triggers.len()))
}

/// A conversation that begins on an open connection, after the greeting. A plugin may prefer one of its own.
fn takes_over(plugin: &Plugin, fixture: &Fixture) -> Result<String, String> {
    let first = plugin.open(&fixture.target(), 0).and_then(|mut session| session.step(&fixture.start()));
    match first.map_err(|fault| fault.to_string())? {
        Action::Reconnect => Ok("opens its own".to_owned()),
        _ => replay(plugin, fixture, Delivery::Whole).map(|()| String::new()).map_err(|error| error.to_string()),
    }
}

/// How many beginnings of a conversation are broken off.
const PREFIXES: usize = 512;

/// Sessions that are broken off: whatever a plugin holds, it gives back.
fn closed_early(plugin: &Plugin, fixtures: &[Fixture]) -> Result<String, String> {
    let mut sessions = 0_u64;
    for (fixture, delivery) in fixtures.iter().flat_map(|one| Delivery::ALL.map(|delivery| (one, delivery))) {
        for most in 0..PREFIXES {
            let mut session = plugin.open(&fixture.target(), 0).map_err(|fault| fault.to_string())?;
            sessions += 1;
            // What goes wrong in the replay is told there.
            match replay_steps(&mut session, fixture, delivery, most) {
                Ok(steps) if steps == most => {}
                _ => break,
            }
        }
    }
    Ok(format!("{sessions} sessions"))
}

/// Peers that never come to an end, which must not lead a plugin over its limits.
fn endless_peers(plugin: &Plugin, fixtures: &[Fixture]) -> Result<String, String> {
    let mut steps = 0;
    for fixture in fixtures {
        let said: Vec<u8> = fixture.said().flatten().copied().collect();
        let flood: Vec<u8> = said.iter().copied().chain(*b"\0").cycle().take(16 * 1024).collect();
        for (name, bytes) in [("says nothing", &[][..]), ("sends single bytes", &flood[..1]), ("floods", &flood)] {
            steps += endless(plugin, fixture, bytes)
                .map_err(|fault| format!("a peer that {name}, after {}: {fault}", fixture.name))?;
        }
    }
    Ok(format!("{steps} steps"))
}

/// A conversation with a peer that always says the same.
fn endless(plugin: &Plugin, fixture: &Fixture, bytes: &[u8]) -> Result<u64, Fault> {
    let target = Target { limits: Limits::default(), ..fixture.target() };
    let mut session = plugin.open(&target, 0)?;
    let mut event = fixture.start();
    let mut received = 0;
    for step in 1.. {
        let action = session.step(&event)?;
        if event.is_last {
            return Ok(step);
        }
        let kind = match action {
            Action::Done(_) | Action::GiveUp => return Ok(step),
            Action::Reconnect => EventKind::Connected,
            Action::StartTls { .. } => EventKind::TlsReady(Box::default()),
            Action::Send(_, None) => EventKind::Timeout,
            Action::Send(_, Some(wait)) | Action::Wait(wait) => match fixture.transport {
                _ if bytes.is_empty() => EventKind::Timeout,
                Transport::Udp => EventKind::Datagram,
                _ if bytes.len() < wait.min => EventKind::Timeout,
                _ => EventKind::Data,
            },
        };
        let is_told = matches!(kind, EventKind::Data | EventKind::Datagram);
        received += if is_told { bytes.len() } else { 0 };
        event = Event {
            bytes: if is_told { bytes.to_vec() } else { Vec::new() },
            kind,
            elapsed: event.elapsed + Duration::from_millis(1),
            is_open: true,
            is_last: received >= target.limits.received,
        };
    }
    unreachable!("the steps are limited")
}

/// No step takes longer: one that does does more than compute in memory.
const SLOWEST: Duration = Duration::from_millis(100);

fn noise(plugin: &Plugin, fixtures: &[Fixture], options: &CheckOptions) -> Result<String, String> {
    let corpus = Corpus::of(fixtures);
    let mut all = Tally::default();
    for number in 0..options.sessions {
        let session = || {
            random_session(plugin, &corpus, options.seed, number)
                .map_err(|fault| format!("session {number} of seed {}: {fault}", options.seed))
        };
        let mut tally = session()?;
        // On a machine that is busy a step may be slow by chance, but not again and again.
        for _ in 0..5 {
            if tally.slowest > SLOWEST {
                tally.slowest = tally.slowest.min(session()?.slowest);
            }
        }
        all.steps += tally.steps;
        all.slowest = all.slowest.max(tally.slowest);
    }
    if all.slowest > SLOWEST {
        return Err(format!("a step took {:?}; more than a few milliseconds are not allowed", all.slowest));
    }
    Ok(format!("{} sessions, {} steps, the slowest of {:?}", options.sessions, all.steps, all.slowest))
}
