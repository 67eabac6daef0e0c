//! What responses mean for the session: answers, the next probe, TLS, the end.

use portprint_tables::{ProbeId, Protocol};

use super::{
    Ahead, Answer, End, Exchange, Found, Outcome, Plan, PortState, Report, Seen, Session, Stage, Step, Tunnel, level_of,
};
use crate::Scratch;
use alloc::boxed::Box;
use core::time::Duration;

/// Whether this service is TLS or DTLS itself.
pub(super) fn is_tls(service: &str) -> bool {
    matches!(service, TLS | DTLS)
}

/// The services whose hits say that everything is to be asked again inside.
const TLS: &str = "ssl";
const DTLS: &str = "dtls";

impl<'d> Session<'d> {
    /// Lets a turn that ended at `at` count. The next probe; none when the session is over, or begins again inside TLS.
    pub(super) fn decide(
        &mut self,
        exchange: &Exchange,
        end: End,
        at: Duration,
        scratch: &mut Scratch,
    ) -> Option<ProbeId> {
        self.take_in(exchange, end, scratch);
        match end {
            // A peer that has stayed for a shortened wait may still be one that closes in the full one.
            End::TimedOut | End::Settled => self.wrap_possible &= !exchange.has_waited_in_full(at),
            End::Eof | End::Reset => {
                self.was_reset |= end == End::Reset;
                let soon = Duration::from_millis(self.matcher.database().probe(exchange.probe).tcpwrappedms().into());
                let is_soon = at.saturating_sub(exchange.begun()) < soon;
                // What has answered on another connection is no wrapper.
                if exchange.is_null() && !exchange.heard() && is_soon && !self.has_spoken {
                    self.finish(Some(Outcome::Tcpwrapped));
                    return None;
                }
            }
            End::Failed => {
                self.take_in_rest(scratch);
                self.finish(Some(Outcome::Error));
                return None;
            }
        }
        if self.answer().is_some_and(|answer| !answer.soft) {
            return None;
        }
        self.choose()
    }

    /// There is no next probe: the end, unless TLS is to be gone into.
    pub(super) fn after_last(&mut self, now: Duration) {
        // It may have ended without a last probe, and be the plugins' turn.
        if self.report.is_some() || self.shaking.is_some() {
            return;
        }
        let goes_inside = self.tunnel.is_none()
            && self.answer().is_some_and(|answer| {
                !answer.soft
                    && match self.protocol {
                        Protocol::Tcp => self.config.tls && answer.service == TLS,
                        Protocol::Udp => self.config.dtls && answer.service == DTLS,
                    }
            });
        if goes_inside { self.begin_inside(now) } else { self.finish(None) }
    }

    /// Plugins have had their turn: the end, unless all that is known is that one of them has found TLS.
    pub(super) fn after_handshakes(&mut self, now: Duration, cause: Option<Outcome>) {
        let is_outside = self.tunnel.is_none() && self.protocol == Protocol::Tcp && self.config.tls;
        if !is_outside || self.answer().is_some() || !self.has_found_only_tls() {
            return self.conclude(cause);
        }
        self.found = self.take_findings();
        self.begin_inside(now);
    }

    /// Begins again inside TLS. What was learnt outside is kept for the case that there is nothing.
    fn begin_inside(&mut self, now: Duration) {
        self.close_greeted();
        let banner = self.answer().map(|outer| outer.banner.clone());
        let banner = banner.unwrap_or_else(|| core::mem::take(&mut self.first_response));
        let is_shaken = self.shaking.take().is_some();
        self.tunnel = Some(Box::new(Tunnel { banner, is_shaken }));
        self.answers.clear();
        self.first_response.clear();
        self.seen.clear();
        self.ahead = Ahead::default();
        self.has_spoken = false;
        self.refused = 0;
        self.plan = Plan::new(self.matcher.database(), self.protocol, self.port, self.config.intensity, true);
        match self.choose() {
            Some(probe) => self.connect_first(now, Some(probe)),
            None => self.finish(None),
        }
    }

    /// The verdict on what a turn brought.
    pub(super) fn take_in(&mut self, exchange: &Exchange, end: End, scratch: &mut Scratch) {
        let probe = exchange.probe;
        let response = if exchange.heard() { exchange.response() } else { &[] };
        if response.is_empty() {
            return;
        }
        if self.first_response.is_empty() {
            self.first_response = response[..response.len().min(Report::BANNER)].to_vec();
        }
        let verdict = self.matcher.classify(self.protocol, probe, response, scratch);
        if let Some(hit) = verdict.hit {
            let level = level_of(self.matcher.database(), hit.line);
            match self.answers.iter_mut().find(|(of, _)| *of == level) {
                Some((_, answer)) => answer.merge(&hit, probe, response),
                None => self.answers.push((level, Answer::new(&hit, probe, response))),
            }
        }
        if end != End::Reset {
            Seen::add(&mut self.seen, probe, response);
        }
    }

    /// The session ends early: what was sent ahead of its turn counts as far as it has brought anything.
    pub(super) fn take_in_rest(&mut self, scratch: &mut Scratch) {
        for turn in core::mem::take(&mut self.turns) {
            match turn.stage {
                Stage::Reading(exchange) => {
                    self.take_in(&exchange, End::TimedOut, scratch);
                    self.steps.push_back(Step::Close(turn.conn));
                }
                Stage::Over(exchange, end, _) => self.take_in(&exchange, end, scratch),
                Stage::Connecting { .. } | Stage::Pausing { .. } => self.steps.push_back(Step::Close(turn.conn)),
            }
        }
    }

    /// The next probe, going down the sources; none when the session is over.
    pub(super) fn choose(&mut self) -> Option<ProbeId> {
        let database = *self.matcher.database();
        while let Some(probe) = self.ahead.again.pop_front() {
            let has_service = |service| database.probe(probe).has_service(service);
            if self.config.intensity >= 9 || self.soft_service().is_none_or(has_service) {
                return Some(probe);
            }
        }
        self.ahead.is_again = false;
        loop {
            let soft = self.soft_service();
            if let Some(probe) = self.plan.next(&database, soft) {
                return Some(probe);
            }
            if soft.is_some() || !self.plan.descend(&database) {
                return None;
            }
            if self.answer().is_some_and(|answer| !answer.soft) {
                return None;
            }
        }
    }

    /// The service that steers which probes are sent, as the database has it: its name may hold bytes that an answer does not show.
    pub(super) fn soft_service(&self) -> Option<&'d [u8]> {
        let database = self.matcher.database();
        self.answer().map(|answer| database.service_name(database.line(answer.line).service))
    }

    /// What counts so far: the answer of the first source that has one, of those whose turn has come.
    pub(super) fn answer(&self) -> Option<&Answer> {
        let level = self.plan.level();
        self.answers.iter().filter(|(of, _)| *of <= level).min_by_key(|(of, _)| *of).map(|(_, answer)| answer)
    }

    /// Ends what the probes can tell; `cause` when it is cut short.
    pub(super) fn finish(&mut self, cause: Option<Outcome>) {
        self.close_all();
        if self.wants_handshakes(cause) {
            self.begin_handshakes(cause);
        } else {
            self.close_greeted();
            self.conclude(cause);
        }
    }

    /// Ends the session.
    pub(super) fn conclude(&mut self, cause: Option<Outcome>) {
        let mut found = core::mem::take(&mut self.found);
        found.extend(self.take_findings());
        self.answers.sort_by_key(|(level, _)| *level);
        let answer = core::mem::take(&mut self.answers).into_iter().next().map(|(_, answer)| answer);
        let tunnel = self.tunnel.take();
        let is_tunnel = tunnel.is_some();
        if let Some(outer) = tunnel
            && answer.is_none()
            && self.first_response.is_empty()
        {
            // Nothing is known but that TLS is spoken, which is no service; what said so is still to be seen.
            self.first_response = outer.banner;
        }
        let opened = match self.protocol {
            Protocol::Tcp => self.connect_time.is_some(),
            Protocol::Udp => self.has_spoken || is_tunnel || !found.is_empty(),
        };
        let is_wrapped = self.protocol == Protocol::Tcp && opened && !self.excluded && self.wrap_possible && !is_tunnel;
        let is_found = found.iter().any(Found::names_service);
        let is_wrapped = is_wrapped && !is_found;
        let outcome = match (cause.filter(|cause| !is_found || *cause != Outcome::Tcpwrapped), &answer) {
            (Some(Outcome::Excluded), _) => Outcome::Excluded,
            (Some(_), _) if is_wrapped => Outcome::Tcpwrapped,
            (Some(cause), _) => cause,
            (None, Some(answer)) if answer.soft && !is_found => Outcome::Soft,
            (None, Some(_)) => Outcome::Identified,
            (None, None) if is_found => Outcome::Identified,
            (None, None) if is_tunnel || !self.first_response.is_empty() => Outcome::Unrecognized,
            // To a plugin, which did not know it.
            (None, None) if self.protocol == Protocol::Udp && self.has_spoken => Outcome::Unrecognized,
            (None, None) if is_wrapped => Outcome::Tcpwrapped,
            (None, None) if self.was_reset => Outcome::Reset,
            (None, None) => Outcome::Silent,
        };
        let state = match outcome {
            _ if opened => PortState::Open,
            Outcome::Refused | Outcome::Reset => PortState::Closed,
            Outcome::Silent | Outcome::Excluded if self.protocol == Protocol::Udp => PortState::OpenFiltered,
            _ => PortState::Filtered,
        };
        let banner = match &answer {
            Some(answer) => answer.banner.clone(),
            None => core::mem::take(&mut self.first_response),
        };
        let tls = is_tunnel || answer.as_ref().is_some_and(|answer| answer.tls || is_tls(&answer.service));
        self.report = Some(Report {
            state,
            outcome,
            answer,
            tls,
            tls_info: self.tls_info.take(),
            found,
            banner,
            seen: core::mem::take(&mut self.seen),
            probes_sent: self.probes_sent,
        });
    }
}
