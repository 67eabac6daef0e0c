//! The rules' turn on a connection over which a plugin's conversation has put TLS (STARTTLS).
//!
//! What stands behind it need not be what greets in front of it. So the probes for the service are sent there, those of least rarity
//! first, until a line matches that is no soft one; each on a connection of its own, for which the plugin holds its conversation again.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use portprint_tables::{ProbeId, Protocol};

use super::exchange::{Exchange, Next};
use super::handshakes::Stage;
use super::{Answer, End, Note, Plan, Session};
use crate::Scratch;
use crate::handshake::Findings;

/// The most probes that are sent so. Each costs a connection, and the whole conversation once more.
const MOST: usize = 4;

/// What is asked inside, and what came of it.
#[derive(Debug)]
pub(super) struct Asking {
    /// What the plugin found the first time.
    pub(super) findings: Findings,
    pub(super) answer: Option<Answer>,
    probes: VecDeque<ProbeId>,
}

impl Session<'_> {
    /// A handshake has ended on a connection inside TLS: it is kept for a probe, if there is one to send.
    pub(super) fn ask_inside(&mut self, now: Duration, index: usize, findings: Findings) {
        let known = self.running(index).and_then(|running| running.asking.take());
        let mut asking = known.unwrap_or_else(|| {
            let probes = self.probes_inside(&findings);
            Box::new(Asking { findings, answer: None, probes })
        });
        let probe = asking.probes.pop_front();
        let Some(running) = self.running(index) else { return };
        running.asking = Some(asking);
        let (Some(probe), Some(conn)) = (probe, running.conn) else { return self.end_handshake(index, None) };
        let exchange = self.exchange(now, conn, probe, Vec::new(), None);
        if let Some(running) = self.running(index) {
            running.stage = Stage::Asking(exchange);
        }
    }

    /// The probes for the service that was found.
    fn probes_inside(&self, findings: &Findings) -> VecDeque<ProbeId> {
        let database = self.matcher.database();
        let service = self.soft_service().unwrap_or(findings.service.as_bytes());
        let mut plan = Plan::new(database, Protocol::Tcp, self.port, self.config.intensity, true);
        let mut probes = Vec::new();
        loop {
            while let Some(id) = plan.next(database, Some(service)) {
                let probe = database.probe(id);
                // Who has gone over to TLS says nothing by itself; if it does, that is judged with the first answer.
                if !probe.is_null() && probe.rarity() <= self.config.intensity && probe.has_service(service) {
                    probes.push(id);
                }
            }
            if !plan.descend(database) {
                break;
            }
        }
        probes.sort_by_key(|&id| database.probe(id).rarity());
        probes.truncate(MOST);
        probes.into()
    }

    /// Takes in bytes that came inside.
    pub(super) fn hear_inside(&mut self, now: Duration, index: usize, bytes: &[u8], scratch: &mut Scratch) {
        let config = self.config;
        let next = self.exchange_inside(index).map(|exchange| exchange.receive(now, bytes, &config));
        match next {
            Some(Next::Judge) => {
                let acts = self.judge_inside(index, scratch);
                if let Some(exchange) = self.exchange_inside(index) {
                    exchange.judged(now, acts);
                }
            }
            Some(Next::Full) => self.end_inside(now, index, End::Settled, scratch),
            Some(Next::Read) | None => {}
        }
    }

    /// The time of a probe inside is over, or the peer has gone quiet.
    pub(super) fn time_is_up_inside(&mut self, now: Duration, index: usize, scratch: &mut Scratch) {
        let is_settling = self.exchange_inside(index).is_some_and(|exchange| exchange.is_settling());
        if !is_settling {
            return self.end_inside(now, index, End::TimedOut, scratch);
        }
        let acts = self.judge_inside(index, scratch);
        if !acts
            && let Some(exchange) = self.exchange_inside(index)
            && exchange.read_on(now)
        {
            return exchange.judged(now, false);
        }
        self.end_inside(now, index, End::Settled, scratch);
    }

    /// A probe's turn inside is over. Unless that decides, the next one gets a connection on which the plugin goes the same way.
    pub(super) fn end_inside(&mut self, now: Duration, index: usize, end: End, scratch: &mut Scratch) {
        let Some(running) = self.running(index) else { return };
        let stage = core::mem::replace(&mut running.stage, Stage::Stepping { since: now });
        let (Stage::Asking(mut exchange), Some(mut asking)) = (stage, running.asking.take()) else { return };
        let (conn, probe, response) = (exchange.conn, exchange.probe, exchange.take_response());
        let verdict = self.matcher.classify(Protocol::Tcp, probe, &response, scratch);
        if let Some(hit) = verdict.hit.filter(|_| !response.is_empty()) {
            match &mut asking.answer {
                Some(answer) => answer.merge(&hit, probe, &response),
                None => asking.answer = Some(Answer::new(&hit, probe, &response)),
            }
        }
        self.note(|| Note::Ended { conn, probe, response, end });
        let is_decided = asking.answer.as_ref().is_some_and(|answer| !answer.soft);
        let is_over = is_decided || asking.probes.is_empty();
        if let Some(running) = self.running(index) {
            running.asking = Some(asking);
        }
        if is_over { self.end_handshake(index, None) } else { self.begin_again(now, index) }
    }

    fn exchange_inside(&mut self, index: usize) -> Option<&mut Exchange> {
        match &mut self.running(index)?.stage {
            Stage::Asking(exchange) => Some(exchange),
            _ => None,
        }
    }

    /// Whether a line matches.
    fn judge_inside(&mut self, index: usize, scratch: &mut Scratch) -> bool {
        let matcher = self.matcher;
        let Some(exchange) = self.exchange_inside(index) else { return false };
        let (conn, probe, len) = (exchange.conn, exchange.probe, exchange.response().len());
        let hit = matcher.classify(Protocol::Tcp, probe, exchange.response(), scratch).hit.map(|hit| hit.line);
        self.note(|| Note::Judged { conn, probe, len, hit });
        hit.is_some()
    }
}
