//! What follows the probes: handshakes of plugins, each on connections of its own.
//!
//! Those that something speaks for are all carried out, because they add to what is known. Of those for which only the peer's silence
//! speaks the first in order that knows the peer ends it.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use portprint_tables::Protocol;

use super::exchange::Exchange;
use super::inside::Asking;
use super::{Answer, ConnId, End, Input, Outcome, Session, SessionConfig, Step, ending};
use crate::Scratch;
use crate::handshake::{
    Action, Candidate, Event, EventKind, Evidence, Fault, Findings, HandshakeId, Handshakes, Limits, Wait,
};

/// How many are carried out at a time.
const AT_A_TIME: usize = 6;

/// What a handshake found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The plugin's name.
    pub plugin: String,
    /// Inside TLS.
    pub inside: bool,
    /// What it found.
    pub findings: Findings,
    /// What the rules say of whatever is behind the TLS that its conversation put over the connection.
    pub answer: Option<Answer>,
}

/// A connection on which the peer has greeted, and on which nothing was sent.
#[derive(Debug)]
pub(super) struct Greeted {
    pub(super) conn: ConnId,
    /// Everything that it has brought.
    pub(super) bytes: Vec<u8>,
}

impl Found {
    /// Whether it says what service there is. That TLS is spoken is no service.
    #[must_use]
    pub fn names_service(&self) -> bool {
        !ending::is_tls(&self.findings.service)
    }
}

/// The handshakes of a session.
#[derive(Debug)]
pub(super) struct Shaking {
    /// Why the session would have ended.
    pub(super) cause: Option<Outcome>,
    queue: VecDeque<(usize, Candidate)>,
    running: Vec<Running>,
    done: Vec<(usize, Found)>,
    next: HandshakeId,
    /// How many connections those that only silence speaks for may open besides one each.
    left: usize,
    /// ICMP has said of a datagram of theirs that nobody listens.
    is_refused: bool,
}

/// A handshake in progress.
#[derive(Debug)]
pub(super) struct Running {
    id: HandshakeId,
    /// Its place in the order of candidates.
    rank: usize,
    candidate: Candidate,
    begun: Duration,
    /// When its time is over.
    end: Duration,
    pub(super) conn: Option<ConnId>,
    pub(super) stage: Stage,
    /// What came and was not handed over.
    inbox: Vec<u8>,
    datagrams: VecDeque<Vec<u8>>,
    received: usize,
    has_connected: bool,
    /// Why nothing more will come.
    ended: Option<EventKind>,
    /// It has been told that its time is over.
    is_last: bool,
    /// The way inside TLS that it has found is used for probes.
    pub(super) asking: Option<Box<Asking>>,
}

#[derive(Debug)]
pub(super) enum Stage {
    /// The plugin has been handed an event.
    Stepping {
        since: Duration,
    },
    Connecting {
        until: Duration,
    },
    Securing {
        until: Duration,
    },
    Waiting {
        until: Duration,
        min: usize,
    },
    /// Its conversation is over, and a probe is on its connection.
    Asking(Exchange),
}

impl<'d> Session<'d> {
    /// Uses plugins once the probes have told what they can.
    #[must_use]
    pub fn with_handshakes(mut self, handshakes: Arc<dyn Handshakes>) -> Self {
        self.handshakes = Some(handshakes);
        // Where there is no probe to send, the end was not put off.
        if self.report.as_ref().is_some_and(|report| report.outcome == Outcome::Silent) && self.wants_handshakes(None) {
            self.report = None;
            self.begin_handshakes(None);
            self.begin_what_can_begin(Duration::ZERO);
        }
        self
    }

    /// Takes in what a plugin wants next, or that it is at fault. The answer to [`Action::Handshake`](super::Action::Handshake).
    pub fn stepped(
        &mut self,
        now: Duration,
        handshake: HandshakeId,
        stepped: Result<Action, Fault>,
        scratch: &mut Scratch,
    ) {
        let Some(shaking) = &mut self.shaking else { return };
        let Some(index) = shaking.running.iter().position(|it| it.id == handshake) else { return };
        if matches!(shaking.running[index].stage, Stage::Stepping { .. }) {
            match stepped {
                Ok(action) => self.carry_out(now, index, action),
                // Who is told of faults is the plugins' own affair.
                Err(_) => self.end_handshake(index, None),
            }
        }
        self.look_at_clock(now, scratch);
    }

    /// Whether plugins may have something to add to a session that would end so.
    pub(super) fn wants_handshakes(&self, cause: Option<Outcome>) -> bool {
        self.handshakes.is_some()
            && self.shaking.is_none()
            && matches!(cause, None | Some(Outcome::Tcpwrapped))
            && (self.protocol == Protocol::Udp || self.connect_time.is_some())
            && !self.excluded
    }

    /// Puts the end off until the handshakes are over.
    pub(super) fn begin_handshakes(&mut self, cause: Option<Outcome>) {
        let queue: VecDeque<_> = self.candidates().into_iter().enumerate().collect();
        let takes_greeted = |first: &(usize, Candidate)| first.1.is_founded && first.1.inside == self.tunnel.is_some();
        if !queue.front().is_some_and(takes_greeted) {
            self.close_greeted();
        }
        let unfounded = queue.iter().filter(|(_, candidate)| !candidate.is_founded).count();
        self.shaking = Some(Box::new(Shaking {
            cause,
            queue,
            running: Vec::new(),
            done: Vec::new(),
            next: HandshakeId::FIRST,
            left: self.config.handshakes.saturating_sub(unfounded),
            is_refused: false,
        }));
    }

    fn candidates(&self) -> Vec<Candidate> {
        let Some(handshakes) = &self.handshakes else { return Vec::new() };
        let answer = self.answer();
        let mut responses: Vec<&[u8]> = self.seen.iter().map(|seen| seen.bytes.as_slice()).collect();
        responses.extend(answer.map(|answer| answer.banner.as_slice()));
        responses.push(&self.first_response);
        responses.retain(|response| !response.is_empty());
        responses.dedup();
        let evidence = Evidence {
            protocol: self.protocol,
            port: self.port,
            service: answer.map(|answer| answer.service.as_str()),
            is_soft: answer.is_some_and(|answer| answer.soft),
            responses: &responses,
            tls: self.tunnel.is_some() || answer.is_some_and(|answer| answer.tls || ending::is_tls(&answer.service)),
            inside: self.tunnel.as_ref().and(self.tls_info.as_deref()),
        };
        let mut candidates = handshakes.candidates(&evidence);
        if self.tunnel.as_ref().is_some_and(|tunnel| tunnel.is_shaken) {
            candidates.retain(|candidate| candidate.inside);
        }
        // Each opens a connection at least.
        let mut left = self.config.handshakes;
        candidates.retain(|candidate| {
            let is_taken = candidate.is_founded || left > 0;
            if !candidate.is_founded {
                left = left.saturating_sub(1);
            }
            is_taken
        });
        candidates
    }

    /// Takes in what happened on the connection of a handshake.
    pub(super) fn handle_handshake(&mut self, now: Duration, conn: ConnId, input: Input<'_>, scratch: &mut Scratch) {
        let Some(shaking) = &mut self.shaking else { return };
        let Some(index) = shaking.running.iter().position(|it| it.conn == Some(conn)) else { return };
        shaking.is_refused |= input == Input::Refused && self.protocol == Protocol::Udp;
        let running = &mut shaking.running[index];
        let event = match (&running.stage, input) {
            (Stage::Connecting { .. }, Input::Connected | Input::Secured(_)) => EventKind::Connected,
            (Stage::Securing { .. }, Input::Secured(info)) => {
                self.tls_info.get_or_insert_with(|| info.clone().into());
                EventKind::TlsReady(info.clone().into())
            }
            (Stage::Connecting { .. } | Stage::Securing { .. }, Input::TimedOut | Input::Held) => return,
            (Stage::Connecting { .. }, Input::Refused) => EventKind::Refused,
            (Stage::Connecting { .. } | Stage::Securing { .. }, Input::TlsFailed) => EventKind::TlsFailed,
            (Stage::Connecting { .. }, Input::Reset | Input::Failed) => EventKind::Reset,
            (Stage::Securing { .. }, Input::Reset | Input::Failed | Input::Eof) => EventKind::TlsFailed,
            (_, Input::Data([]) | Input::Connected | Input::Secured(_) | Input::Held | Input::TimedOut) => return,
            (Stage::Asking(_), Input::Data(bytes)) => return self.hear_inside(now, index, bytes, scratch),
            (Stage::Asking(_), Input::Eof) => return self.end_inside(now, index, End::Eof, scratch),
            (Stage::Asking(_), _) => return self.end_inside(now, index, End::Reset, scratch),
            (_, Input::Data(bytes)) => {
                // A port of datagrams is open when it answers, whoever asked.
                self.has_spoken = true;
                running.take_in(bytes, self.protocol);
                return self.look_at_inbox(now, index);
            }
            (_, Input::Eof) => {
                running.ended.get_or_insert(EventKind::Eof);
                return self.look_at_inbox(now, index);
            }
            (_, Input::Refused) if self.protocol == Protocol::Udp => {
                running.ended.get_or_insert(EventKind::Refused);
                return self.look_at_inbox(now, index);
            }
            (_, Input::Reset | Input::Refused | Input::Failed | Input::TlsFailed) => {
                running.ended.get_or_insert(EventKind::Reset);
                return self.look_at_inbox(now, index);
            }
        };
        if !matches!(event, EventKind::Connected | EventKind::TlsReady(_)) {
            self.close_connection(index);
        }
        self.tell(now, index, event, Vec::new());
    }

    /// Does what is due, and begins what can begin. Over when there is nothing left.
    pub(super) fn look_at_handshakes(&mut self, now: Duration, scratch: &mut Scratch) {
        loop {
            self.begin_what_can_begin(now);
            let Some(shaking) = &mut self.shaking else { return };
            let Some(index) = shaking.running.iter().position(|it| it.due() <= now) else { break };
            match &shaking.running[index].stage {
                Stage::Asking(_) => self.time_is_up_inside(now, index, scratch),
                _ => self.time_is_up(now, index),
            }
        }
    }

    /// Begins what can begin. Over when there is nothing left.
    fn begin_what_can_begin(&mut self, now: Duration) {
        while let Some(shaking) = &mut self.shaking
            && shaking.running.len() < AT_A_TIME
            && let Some((rank, candidate)) = shaking.queue.pop_front()
        {
            self.begin_handshake(now, rank, candidate);
        }
        if let Some(shaking) = &self.shaking
            && shaking.running.is_empty()
        {
            // Whoever has answered anybody is not closed.
            let is_closed = shaking.is_refused && !self.has_spoken;
            let cause = shaking.cause.or(is_closed.then_some(Outcome::Refused));
            self.after_handshakes(now, cause);
        }
    }

    /// When something is due.
    pub(super) fn next_handshake_moment(&self) -> Option<Duration> {
        self.shaking.as_ref()?.running.iter().map(Running::due).min()
    }

    /// Whether plugins have found TLS and no service.
    pub(super) fn has_found_only_tls(&self) -> bool {
        let Some(shaking) = &self.shaking else { return false };
        !shaking.done.is_empty() && !shaking.done.iter().any(|(_, found)| found.names_service())
    }

    /// What was found, in the order of candidates.
    pub(super) fn take_findings(&mut self) -> Vec<Found> {
        let Some(shaking) = &mut self.shaking else { return Vec::new() };
        let mut done = core::mem::take(&mut shaking.done);
        done.sort_by_key(|(rank, _)| *rank);
        done.into_iter().map(|(_, found)| found).collect()
    }

    /// Closes everything: the session ends.
    pub(super) fn drop_handshakes(&mut self) {
        while self.shaking.as_ref().is_some_and(|shaking| !shaking.running.is_empty()) {
            self.end_handshake(0, None);
        }
        if let Some(shaking) = &mut self.shaking {
            shaking.queue.clear();
        }
    }

    fn begin_handshake(&mut self, now: Duration, rank: usize, candidate: Candidate) {
        let Some(shaking) = &mut self.shaking else { return };
        let id = shaking.next;
        shaking.next = id.following();
        let greeted = self.greeted.take();
        let (conn, bytes) = greeted.map_or((None, Vec::new()), |greeted| (Some(greeted.conn), greeted.bytes));
        shaking.running.push(Running {
            id,
            rank,
            candidate,
            begun: now,
            end: now + Limits::default().time,
            conn,
            stage: Stage::Stepping { since: now },
            inbox: Vec::new(),
            datagrams: VecDeque::new(),
            received: bytes.len(),
            has_connected: conn.is_some(),
            ended: None,
            is_last: false,
            asking: None,
        });
        let index = shaking.running.len() - 1;
        let (request, bytes) = if conn.is_some() { (Vec::new(), bytes) } else { self.evidence_for(candidate) };
        self.start(now, index, request, bytes);
    }

    /// Holds a conversation once more, so that there is another connection inside.
    pub(super) fn begin_again(&mut self, now: Duration, index: usize) {
        self.close_connection(index);
        let Some(shaking) = &mut self.shaking else { return };
        let Some(running) = shaking.running.get_mut(index) else { return };
        let id = core::mem::replace(&mut running.id, shaking.next);
        shaking.next = shaking.next.following();
        (running.begun, running.received) = (now, 0);
        let candidate = running.candidate;
        self.steps.push_back(Step::Forget(id));
        let (request, bytes) = self.evidence_for(candidate);
        self.start(now, index, request, bytes);
    }

    fn start(&mut self, now: Duration, index: usize, request: Vec<u8>, bytes: Vec<u8>) {
        let inside = self.running(index).is_some_and(|running| running.candidate.inside);
        let tls = if inside { self.tls_info.clone() } else { None };
        self.tell(now, index, EventKind::Start { request, tls }, bytes);
    }

    pub(super) fn running(&mut self, index: usize) -> Option<&mut Running> {
        self.shaking.as_mut()?.running.get_mut(index)
    }

    /// Nobody wants the connection on which the peer has greeted.
    pub(super) fn close_greeted(&mut self) {
        if let Some(greeted) = self.greeted.take() {
            self.steps.push_back(Step::Close(greeted.conn));
        }
    }

    /// What a plugin is shown of what the peer has said: what decided, else the first.
    fn evidence_for(&self, candidate: Candidate) -> (Vec<u8>, Vec<u8>) {
        if !candidate.is_founded {
            return (Vec::new(), Vec::new());
        }
        let database = self.matcher.database();
        match self.answer() {
            Some(answer) => (database.probe(answer.sent).payload().to_vec(), answer.banner.clone()),
            None => self.seen.first().map_or_else(Default::default, |seen| {
                (database.probe(seen.probe).payload().to_vec(), seen.bytes.clone())
            }),
        }
    }

    /// Hands an event to a plugin.
    fn tell(&mut self, now: Duration, index: usize, kind: EventKind, bytes: Vec<u8>) {
        let Some(running) = self.running(index) else { return };
        running.stage = Stage::Stepping { since: now };
        let event = Event {
            kind,
            bytes,
            elapsed: now.saturating_sub(running.begun),
            is_open: running.conn.is_some(),
            is_last: running.is_last,
        };
        let (id, Candidate { plugin, inside, .. }) = (running.id, running.candidate);
        self.steps.push_back(Step::Handshake { id, plugin, inside, event: Box::new(event) });
    }

    fn carry_out(&mut self, now: Duration, index: usize, action: Action) {
        let (config, protocol) = (self.config, self.protocol);
        let Some(running) = self.running(index) else { return };
        let is_over = running.is_last && !matches!(action, Action::Done(_));
        let inside = running.candidate.inside;
        match action {
            Action::Done(findings) if findings.goes_inside => self.ask_inside(now, index, *findings),
            Action::Done(findings) => self.end_handshake(index, Some(*findings)),
            Action::GiveUp => self.end_handshake(index, None),
            _ if is_over => self.end_handshake(index, None),
            Action::Send(bytes, wait) => {
                let Some(conn) = running.conn else { return self.tell(now, index, EventKind::Reset, Vec::new()) };
                self.steps.push_back(Step::SendBytes(conn, bytes));
                match wait {
                    Some(wait) => self.wait(now, index, wait),
                    None => self.tell(now, index, EventKind::Timeout, Vec::new()),
                }
            }
            Action::Wait(wait) => self.wait(now, index, wait),
            Action::StartTls { sni, alpn } => match running.conn {
                Some(conn) if config.tls && protocol == Protocol::Tcp && !inside => {
                    running.stage = Stage::Securing { until: now + config.connect_limit(true) };
                    running.inbox.clear();
                    self.steps.push_back(Step::StartTls(conn, sni, alpn));
                }
                _ => {
                    self.close_connection(index);
                    self.tell(now, index, EventKind::TlsFailed, Vec::new());
                }
            },
            // A peer that stays silent is not worth more; one that has answered is.
            Action::Reconnect if !self.may_connect(index) => self.end_handshake(index, None),
            Action::Reconnect => {
                self.close_connection(index);
                let conn = self.next_conn;
                self.next_conn = conn.following();
                self.steps.push_back(Step::Connect { conn, tunnel: inside, ahead: false });
                let until = now + self.config.connect_limit(inside);
                if let Some(running) = self.running(index) {
                    running.conn = Some(conn);
                    running.stage = Stage::Connecting { until };
                }
            }
        }
    }

    /// Whether a handshake may open a connection. Beyond the first it counts, if only silence speaks for the plugin.
    fn may_connect(&mut self, index: usize) -> bool {
        let Some(shaking) = &mut self.shaking else { return false };
        let Some(running) = shaking.running.get_mut(index) else { return false };
        let is_first = !core::mem::replace(&mut running.has_connected, true);
        if !running.candidate.is_founded && running.received == 0 && !is_first {
            match shaking.left.checked_sub(1) {
                Some(left) => shaking.left = left,
                None => return false,
            }
        }
        true
    }

    fn wait(&mut self, now: Duration, index: usize, wait: Wait) {
        let (config, connect_time) = (self.config, self.connect_time.unwrap_or_default());
        let Some(running) = self.running(index) else { return };
        let time = wait.time.unwrap_or_else(|| {
            let time = SessionConfig::handshake_patience(connect_time, running.candidate.is_founded);
            config.probe_timeout.map_or(time, |most| most.min(time))
        });
        running.stage = Stage::Waiting { until: now + time, min: wait.min.max(1) };
        self.look_at_inbox(now, index);
    }

    /// Hands on what has come, if it is enough.
    fn look_at_inbox(&mut self, now: Duration, index: usize) {
        let Some(running) = self.running(index) else { return };
        let &Stage::Waiting { min, .. } = &running.stage else { return };
        if let Some(datagram) = running.datagrams.pop_front() {
            return self.tell(now, index, EventKind::Datagram, datagram);
        }
        if running.inbox.len() >= min {
            let bytes = core::mem::take(&mut running.inbox);
            return self.tell(now, index, EventKind::Data, bytes);
        }
        if let Some(ended) = running.ended.take() {
            let bytes = core::mem::take(&mut running.inbox);
            self.close_connection(index);
            self.tell(now, index, ended, bytes);
        }
    }

    /// The time of a stage is over, or of the whole handshake.
    fn time_is_up(&mut self, now: Duration, index: usize) {
        let Some(running) = self.running(index) else { return };
        match &running.stage {
            Stage::Stepping { .. } => {
                let plugin = running.candidate.plugin;
                if let Some(handshakes) = &self.handshakes {
                    handshakes.overdue(plugin);
                }
                self.end_handshake(index, None);
            }
            Stage::Connecting { .. } | Stage::Securing { .. } => {
                running.is_last |= running.is_out_of_time(now);
                self.close_connection(index);
                self.tell(now, index, EventKind::Timeout, Vec::new());
            }
            Stage::Waiting { .. } => {
                running.is_last |= running.is_out_of_time(now);
                let bytes = core::mem::take(&mut running.inbox);
                self.tell(now, index, EventKind::Timeout, bytes);
            }
            Stage::Asking(_) => {}
        }
    }

    fn close_connection(&mut self, index: usize) {
        let Some(running) = self.running(index) else { return };
        running.inbox.clear();
        running.datagrams.clear();
        running.ended = None;
        if let Some(conn) = running.conn.take() {
            self.steps.push_back(Step::Close(conn));
        }
    }

    pub(super) fn end_handshake(&mut self, index: usize, findings: Option<Findings>) {
        self.close_connection(index);
        let Some(shaking) = &mut self.shaking else { return };
        let Running { id, rank, candidate, asking, .. } = shaking.running.remove(index);
        self.steps.push_back(Step::Forget(id));
        // What was found before the rules asked stays, however their asking ends.
        let (findings, answer) = match asking {
            Some(asking) => (Some(asking.findings), asking.answer),
            None => (findings, None),
        };
        let Some(findings) = findings else { return };
        let plugin = self.handshakes.as_ref().map(|it| String::from(it.name(candidate.plugin))).unwrap_or_default();
        shaking.done.push((rank, Found { plugin, inside: candidate.inside, findings, answer }));
        if !candidate.is_founded {
            // Who comes later in the order does not count any more.
            shaking.queue.retain(|(other, it)| *other < rank || it.is_founded);
            while let Some(shaking) = &self.shaking
                && let Some(later) = shaking.running.iter().position(|it| it.rank > rank && !it.candidate.is_founded)
            {
                self.end_handshake(later, None);
            }
        }
    }
}

impl Running {
    /// What is kept is bounded; a peer that says more than that has said enough.
    fn take_in(&mut self, bytes: &[u8], protocol: Protocol) {
        let room = Limits::default().received.saturating_sub(self.received);
        let kept = &bytes[..bytes.len().min(room)];
        self.received += kept.len();
        match protocol {
            Protocol::Tcp => self.inbox.extend_from_slice(kept),
            Protocol::Udp if !kept.is_empty() => self.datagrams.push_back(kept.to_vec()),
            Protocol::Udp => {}
        }
        if kept.len() < bytes.len() {
            self.ended = Some(EventKind::Eof);
        }
    }

    fn is_out_of_time(&self, now: Duration) -> bool {
        now >= self.end
    }

    fn due(&self) -> Duration {
        match &self.stage {
            // A plugin in a process of its own is ended there: its first step waits for a process, for the plugin to open, and for itself.
            Stage::Stepping { since } => *since + Limits::default().step_time * 4,
            Stage::Connecting { until } | Stage::Securing { until } | Stage::Waiting { until, .. } => {
                (*until).min(self.end)
            }
            Stage::Asking(exchange) => exchange.until(true).min(self.end),
        }
    }
}
