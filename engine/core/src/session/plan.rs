//! Which probe comes next.
//!
//! Within one source (or several of equal priority): the NULL probe, then the probes that list the port, then the others, each in file
//! order. Rarity and a soft match only filter, and only from where the plan stands: what has been passed is not visited again. The
//! probes of a later source begin when those of the one before have run out.

use alloc::vec::Vec;

use portprint_tables::{Database, PortRange, Probe, ProbeId, Protocol};

/// The position in the order of probes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    protocol: Protocol,
    port: u16,
    intensity: u8,
    /// Inside TLS other ports are listed.
    tunnel: bool,
    level: Level,
    phase: Phase,
    position: usize,
    sent: Vec<ProbeId>,
}

/// The priority of the sources whose probes are being sent.
pub(super) type Level = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Null,
    Matching,
    Nonmatching,
    Over,
}

impl Plan {
    pub(super) fn new(database: &Database<'_>, protocol: Protocol, port: u16, intensity: u8, tunnel: bool) -> Self {
        let level = database.sources().map(|source| source.priority()).min().unwrap_or_default();
        let phase = if protocol == Protocol::Tcp { Phase::Null } else { Phase::Matching };
        Self { protocol, port, intensity, tunnel, level, phase, position: 0, sent: Vec::new() }
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// The next probe of this level. `soft` is the service that matched softly, if one did.
    pub(super) fn next(&mut self, database: &Database<'_>, soft: Option<&[u8]>) -> Option<ProbeId> {
        while self.phase != Phase::Over {
            while self.position < database.probe_count() {
                let probe = database.probe(ProbeId::new(self.position));
                self.position += 1;
                if self.takes(&probe, soft) {
                    self.sent.push(probe.sent_as());
                    return Some(probe.sent_as());
                }
            }
            self.position = 0;
            self.phase = match self.phase {
                Phase::Null => Phase::Matching,
                Phase::Matching => Phase::Nonmatching,
                Phase::Nonmatching | Phase::Over => Phase::Over,
            };
        }
        None
    }

    /// Goes on to the next source; `false` when there is none.
    pub(super) fn descend(&mut self, database: &Database<'_>) -> bool {
        let next = database.sources().map(|source| source.priority()).filter(|&level| level > self.level).min();
        let Some(level) = next else { return false };
        self.level = level;
        self.phase = Phase::Matching;
        self.position = 0;
        true
    }

    fn takes(&self, probe: &Probe<'_>, soft: Option<&[u8]>) -> bool {
        if probe.protocol() != self.protocol || self.sent.contains(&probe.sent_as()) {
            return false;
        }
        if self.phase == Phase::Null || probe.is_null() {
            // Whichever source has it: listening comes before asking.
            return self.phase == Phase::Null && probe.is_null();
        }
        if probe.source().priority() != self.level {
            return false;
        }
        let is_port = |range: PortRange| range.contains(self.port);
        let listed = if self.tunnel { probe.sslports().any(is_port) } else { probe.ports().any(is_port) };
        if listed != (self.phase == Phase::Matching) {
            return false;
        }
        match soft {
            _ if self.intensity >= 9 => true,
            Some(service) => probe.has_service(service),
            None => listed || probe.rarity() <= self.intensity,
        }
    }
}

/// The probes that a port is asked as long as nothing matches, in order.
#[must_use]
pub fn plan(database: &Database<'_>, protocol: Protocol, port: u16, intensity: u8) -> Vec<ProbeId> {
    let mut plan = Plan::new(database, protocol, port, intensity, false);
    let mut probes = Vec::new();
    loop {
        while let Some(probe) = plan.next(database, None) {
            probes.push(probe);
        }
        if !plan.descend(database) {
            return probes;
        }
    }
}
