//! Probes on their connections: begun in order or ahead of their turn, and counted in order.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use portprint_tables::{ProbeId, Protocol};

use super::exchange::{Exchange, Pace};
use super::handshakes::Greeted;
use super::{ConnId, End, Input, Note, Outcome, Session, SessionConfig, Step};
use crate::Scratch;

/// A probe and its connection.
#[derive(Debug)]
pub(super) struct Turn {
    /// None only to see whether the port is open.
    pub(super) probe: Option<ProbeId>,
    pub(super) conn: ConnId,
    pub(super) stage: Stage,
    /// What it means if it is closed without a word.
    doubt: Doubt,
}

/// Whether a connection that is closed without a word may have been so because of the connections before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    None,
    /// Another one was just over, and the peer had it for itself; a server that starts anew after each client resets what comes too
    /// early.
    Reset,
    /// It was opened beside others, and nothing shows that the peer serves several at a time.
    Any,
}

impl Doubt {
    fn is_raised_by(self, end: End) -> bool {
        match self {
            Self::None => false,
            Self::Reset => end == End::Reset,
            Self::Any => matches!(end, End::Eof | End::Reset),
        }
    }
}

#[derive(Debug)]
pub(super) enum Stage {
    Connecting {
        since: Duration,
    },
    /// Before a connection that was refused is tried again.
    Pausing {
        until: Duration,
    },
    Reading(Exchange),
    /// It ended so, then; its turn to count has not come.
    Over(Exchange, End, Duration),
}

impl Turn {
    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(..))
    }

    fn has_heard(&self) -> bool {
        matches!(&self.stage, Stage::Reading(exchange) if exchange.heard())
    }
}

/// How many probes are sent ahead of their turn, and when; what the peer has shown of its ways.
#[derive(Debug)]
pub(super) struct Ahead {
    /// No more than this many at the next moment.
    burst: usize,
    /// Not before.
    from: Duration,
    /// A connection that was opened ahead has failed.
    is_blocked: bool,
    /// So many probes are sent alone first: connections beside others seem to be closed because of them.
    alone: u32,
    /// Probes that were sent ahead and drew nothing, when nobody had been heard behind them: it may be that the peer never saw them.
    unseen: Vec<ProbeId>,
    /// Probes to be sent again, before all others.
    pub(super) again: VecDeque<ProbeId>,
    /// The first turn's probe is one of them.
    pub(super) is_again: bool,
    /// The connection opened last of those that have brought anything.
    heard: Option<ConnId>,
    /// A turn ahead has an answer that a line matches: what is behind it may never be asked.
    found: Option<ConnId>,
    /// How many probes in a row drew nothing in all their time.
    silent: usize,
    /// How many probes were answered, and the longest that the first byte took.
    answered: usize,
    slowest: Duration,
    /// How many answers in a row came in one piece.
    whole: usize,
}

impl Default for Ahead {
    fn default() -> Self {
        Self {
            burst: Self::FIRST,
            from: Duration::ZERO,
            is_blocked: false,
            alone: 0,
            unseen: Vec::new(),
            again: VecDeque::new(),
            is_again: false,
            heard: None,
            found: None,
            silent: 0,
            answered: 0,
            slowest: Duration::ZERO,
            whole: 0,
        }
    }
}

impl Ahead {
    /// How many probes in a row may stay unanswered alone before others are sent ahead again.
    const ALONE: u32 = 3;
    /// How long to wait for who starts anew after each client: it has nobody else to serve, and answers soon; but it may see late that a
    /// client has gone.
    const ANEW: Duration = Duration::from_millis(500);

    const FIRST: usize = 2;
    const MOST: usize = 16;

    pub(super) fn heard(&mut self, conn: ConnId) {
        self.heard = self.heard.max(Some(conn));
    }

    fn answered(&mut self, exchange: &Exchange) {
        self.answered += 1;
        self.slowest = self.slowest.max(exchange.first_heard());
        self.whole = if exchange.is_whole() { self.whole + 1 } else { 0 };
    }

    /// How long to wait for the first byte, as far as this can be told from those that have come.
    fn rhythm(&self) -> Option<Duration> {
        const ENOUGH: usize = 3;
        (self.answered >= ENOUGH).then(|| SessionConfig::rhythm(self.slowest, self.answered))
    }
}

/// A port that was open a moment ago and refuses a connection may be a server that starts again because of what it was sent: how long
/// to wait before each further try.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

impl Session<'_> {
    /// Opens a connection for the first turn, which is the only one then.
    pub(super) fn connect_first(&mut self, now: Duration, probe: Option<ProbeId>) {
        self.close_all();
        let turn = self.connect(now, probe, false);
        self.turns.push_back(turn);
    }

    fn connect(&mut self, now: Duration, probe: Option<ProbeId>, ahead: bool) -> Turn {
        let conn = self.next_conn;
        self.next_conn = conn.following();
        self.steps.push_back(Step::Connect { conn, tunnel: self.tunnel.is_some(), ahead });
        let doubt = if ahead { Doubt::Any } else { Doubt::None };
        Turn { probe, conn, stage: Stage::Connecting { since: now }, doubt }
    }

    /// Closes all connections and forgets what they were for.
    pub(super) fn close_all(&mut self) {
        self.drop_from(0);
    }

    /// Drops turns that will not count.
    fn drop_from(&mut self, first: usize) {
        while self.turns.len() > first
            && let Some(turn) = self.turns.pop_back()
        {
            self.drop_turn(turn);
        }
    }

    fn drop_turn(&mut self, turn: Turn) {
        if self.ahead.found == Some(turn.conn) {
            self.ahead.found = None;
        }
        match turn.stage {
            Stage::Over(..) => {}
            Stage::Reading(exchange) => {
                self.note_end(&exchange, End::TimedOut);
                self.steps.push_back(Step::Close(turn.conn));
            }
            Stage::Connecting { .. } | Stage::Pausing { .. } => self.steps.push_back(Step::Close(turn.conn)),
        }
    }

    pub(super) fn handle_connecting(&mut self, now: Duration, index: usize, input: Input<'_>, scratch: &mut Scratch) {
        if matches!(input, Input::Reset) && index == 0 && self.tunnel.is_none() {
            // Only what was opened can be reset; a port that is closed refuses. Whether a driver sees the opening before the reset is chance.
            self.handle_connecting(now, index, Input::Connected, scratch);
            if self.report.is_none() {
                self.end_turn(now, index, End::Reset, scratch);
            }
            return;
        }
        let Turn { probe, stage: Stage::Connecting { since }, .. } = &self.turns[index] else { return };
        let (probe, took) = (*probe, now.saturating_sub(*since));
        let opened = self.connect_time.is_some();
        let outcome = match input {
            Input::Connected | Input::Secured(_) => {
                if let Input::Secured(info) = input {
                    self.tls_info.get_or_insert_with(|| info.clone().into());
                }
                // Delays of our own only ever add, and TLS takes longer.
                self.connect_time = Some(self.connect_time.map_or(took, |before| before.min(took)));
                if index == 0 {
                    self.refused = 0;
                }
                return match probe {
                    Some(probe) => self.begin_turn(now, index, probe, Vec::new()),
                    None => self.finish(self.excluded.then_some(Outcome::Excluded)),
                };
            }
            Input::Data(_) | Input::Eof => return,
            Input::Held if index == 0 => return,
            _ if index > 0 => {
                self.ahead.is_blocked |= input != Input::Held;
                self.ahead.from = now + SessionConfig::step(self.connect_time.unwrap_or_default());
                return self.drop_from(index);
            }
            Input::TlsFailed if self.tls_info.is_none() => return self.finish(None),
            Input::TimedOut if !opened && self.retries_left > 0 => {
                self.retries_left -= 1;
                return self.connect_first(now, probe);
            }
            Input::Refused | Input::Reset | Input::TlsFailed if opened && self.refused < PAUSES.len() => {
                self.turns[0].stage = Stage::Pausing { until: now + PAUSES[self.refused] };
                self.refused += 1;
                return;
            }
            Input::TimedOut => Outcome::Timeout,
            Input::Refused => Outcome::Refused,
            Input::Reset => Outcome::Reset,
            Input::Failed | Input::TlsFailed | Input::Held => Outcome::Error,
        };
        if !opened {
            self.wrap_possible = false;
        }
        self.take_in_rest(scratch);
        self.finish(Some(outcome));
    }

    /// `kept` is what the connection has brought before.
    fn begin_turn(&mut self, now: Duration, index: usize, id: ProbeId, kept: Vec<u8>) {
        let rhythm = if self.ahead.is_again { Some(Ahead::ANEW) } else { self.ahead.rhythm() };
        let exchange = self.exchange(now, self.turns[index].conn, id, kept, rhythm);
        let turn = &mut self.turns[index];
        turn.probe = Some(id);
        turn.stage = Stage::Reading(exchange);
    }

    /// Sends a probe's payload on a connection that has brought `kept` before, and begins to read. `rhythm` is how long to
    /// wait for the first byte, where the peer has shown it.
    pub(super) fn exchange(
        &mut self,
        now: Duration,
        conn: ConnId,
        id: ProbeId,
        kept: Vec<u8>,
        rhythm: Option<Duration>,
    ) -> Exchange {
        let probe = self.matcher.database().probe(id);
        let total = Duration::from_millis(probe.totalwaitms().into());
        let connect_time = self.connect_time.unwrap_or_default();
        let pace = Pace {
            wait: self.config.probe_timeout.map_or(total, |limit| limit.min(total)),
            patience: self.config.patience(connect_time, rhythm),
            settle: self.config.settle_time(connect_time),
            whole: self.ahead.whole,
        };
        if !probe.payload().is_empty() {
            self.steps.push_back(Step::Send(conn, id));
            self.probes_sent += 1;
        }
        self.note(|| Note::Begun { conn, probe: id, wait: pace.wait });
        Exchange::new(conn, id, probe.is_null(), kept, now, pace)
    }

    /// When something is due, and the connection on which to say so.
    pub(super) fn next_moment(&self) -> (ConnId, Duration) {
        if let Some(at) = self.next_handshake_moment() {
            return (self.next_conn, at);
        }
        let due = (0..self.turns.len()).filter_map(|index| self.due(index).map(|at| (at, self.turns[index].conn)));
        let look = self.turns.front().and_then(|turn| self.next_look().map(|at| (at, turn.conn)));
        due.chain(look).min().map_or((self.next_conn, Duration::ZERO), |(at, conn)| (conn, at))
    }

    /// When the time of a turn's stage is over. None for what waits for its turn.
    fn due(&self, index: usize) -> Option<Duration> {
        match &self.turns[index].stage {
            Stage::Connecting { since } => Some(*since + self.config.connect_limit(self.tunnel.is_some())),
            Stage::Pausing { until } => Some(*until),
            Stage::Reading(exchange) => {
                // What is ahead of its turn and silent stays open: it may be that the peer serves one client at a time.
                (index == 0 || exchange.heard()).then(|| exchange.until(self.has_spoken))
            }
            Stage::Over(..) => None,
        }
    }

    /// Does what is due.
    pub(super) fn look_at_clock(&mut self, now: Duration, scratch: &mut Scratch) {
        // Each round ends a stage, or moves its end beyond now.
        while self.report.is_none()
            && let Some(index) = (0..self.turns.len()).find(|&index| self.due(index).is_some_and(|at| at <= now))
        {
            match &self.turns[index].stage {
                Stage::Connecting { .. } => self.handle_connecting(now, index, Input::TimedOut, scratch),
                Stage::Pausing { .. } => {
                    let probe = self.turns[index].probe;
                    self.connect_first(now, probe);
                }
                Stage::Reading(exchange) if exchange.is_settling() => self.settle(now, index, scratch),
                Stage::Reading(_) => self.end_turn(now, index, End::TimedOut, scratch),
                Stage::Over(..) => return,
            }
        }
        self.look_at_handshakes(now, scratch);
        self.look_ahead(now);
    }

    /// When probes may be sent ahead of their turn, if they may.
    fn next_look(&self) -> Option<Duration> {
        let front = match &self.turns.front()?.stage {
            // The next probe goes on its connection.
            Stage::Reading(front) if !(front.is_null() && front.heard()) => front,
            _ => return None,
        };
        let is_full = self.turns.len() >= self.config.connections;
        let is_alone = self.ahead.alone > 0 || !self.ahead.again.is_empty();
        if is_full || is_alone || self.ahead.is_blocked || self.ahead.found.is_some() || self.next_ahead().is_none() {
            return None;
        }
        let is_busy = |turn: &Turn| turn.has_heard() || matches!(turn.stage, Stage::Connecting { .. });
        let is_busy = self.turns.iter().skip(1).any(is_busy);
        let quiet = front.last_heard() + SessionConfig::quiet(self.connect_time.unwrap_or_default());
        (!is_busy).then(|| quiet.max(self.ahead.from))
    }

    /// The probe that comes after all turns, as things stand.
    fn next_ahead(&self) -> Option<ProbeId> {
        let mut plan = self.plan.clone();
        self.follow(&mut plan, self.turns.len().saturating_sub(1))
    }

    /// The probe that comes after `skip` others.
    fn follow(&self, plan: &mut super::Plan, skip: usize) -> Option<ProbeId> {
        let database = self.matcher.database();
        let soft = self.soft_service();
        let mut probe = None;
        for _ in 0..=skip {
            probe = plan.next(database, soft);
            while probe.is_none() && self.answers.is_empty() && plan.descend(database) {
                probe = plan.next(database, soft);
            }
        }
        probe
    }

    /// Sends probes ahead of their turn if it is time.
    fn look_ahead(&mut self, now: Duration) {
        if self.report.is_some() || self.next_look().is_none_or(|at| at > now) {
            return;
        }
        let connect_time = self.connect_time.unwrap_or_default();
        // Servers of datagrams drop what comes in bursts: some empty their socket after each answer.
        let (burst, step) = match self.protocol {
            Protocol::Tcp => (self.ahead.burst, SessionConfig::step(connect_time)),
            Protocol::Udp => (1, SessionConfig::DATAGRAM_STEP),
        };
        for _ in 0..burst {
            if self.turns.len() >= self.config.connections {
                break;
            }
            let Some(probe) = self.next_ahead() else { break };
            let turn = self.connect(now, Some(probe), true);
            self.turns.push_back(turn);
        }
        self.ahead.burst = (self.ahead.burst * 2).min(Ahead::MOST);
        self.ahead.from = now + step;
    }

    /// Ends a turn; if it is the first one, what came of it counts.
    pub(super) fn end_turn(&mut self, now: Duration, index: usize, end: End, scratch: &mut Scratch) {
        let acts = index > 0 && self.turns[index].has_heard() && self.judge(index, scratch);
        let turn = &mut self.turns[index];
        let conn = turn.conn;
        let Stage::Reading(exchange) = core::mem::replace(&mut turn.stage, Stage::Pausing { until: now }) else {
            return;
        };
        self.note_end(&exchange, end);
        if exchange.heard() {
            self.ahead.answered(&exchange);
        }
        let is_served = exchange.heard() || self.turns.iter().take(index).any(|turn| !turn.is_over());
        let turn = &mut self.turns[index];
        if turn.doubt == Doubt::Any && end == End::TimedOut && self.ahead.heard.is_none() {
            self.ahead.unseen.push(exchange.probe);
        }
        if is_served || !turn.doubt.is_raised_by(end) {
            turn.doubt = Doubt::None;
        }
        if index == 0 && end == End::TimedOut && !exchange.heard() {
            // It is no better alone.
            self.ahead.alone = self.ahead.alone.saturating_sub(1);
        }
        turn.stage = Stage::Over(exchange, end, now);
        if index == 0 {
            return self.count(now, scratch);
        }
        self.steps.push_back(Step::Close(conn));
        if acts {
            self.ahead.found.get_or_insert(conn);
            self.drop_from(index + 1);
        }
    }

    fn note_end(&mut self, exchange: &Exchange, end: End) {
        let (conn, probe) = (exchange.conn, exchange.probe);
        self.note(|| {
            let response = if exchange.heard() { exchange.response().to_vec() } else { Vec::new() };
            Note::Ended { conn, probe, response, end }
        });
    }

    /// Lets what is over count, turn by turn.
    fn count(&mut self, now: Duration, scratch: &mut Scratch) {
        let mut is_open = true;
        while self.turns.front().is_some_and(Turn::is_over) {
            let Some(Turn { conn, stage: Stage::Over(mut exchange, end, at), doubt, .. }) = self.turns.pop_front()
            else {
                return;
            };
            if doubt != Doubt::None {
                // It is asked again, alone; and if it was opened ahead, so is everything after it. A peer that resets whoever waits
                // has not seen those before it either.
                if doubt == Doubt::Any {
                    self.ahead.alone = Ahead::ALONE;
                }
                self.close_all();
                let mut probe = exchange.probe;
                if doubt == Doubt::Any && end == End::Reset && self.ahead.heard.is_none() {
                    self.ahead.again.extend(self.ahead.unseen.drain(..));
                    self.ahead.again.push_back(probe);
                    self.ahead.is_again = true;
                    probe = self.ahead.again.pop_front().unwrap_or(probe);
                }
                let stage = Stage::Pausing { until: now + PAUSES[0] };
                return self.turns.push_back(Turn { probe: Some(probe), conn, stage, doubt: Doubt::None });
            }
            if self.ahead.found == Some(conn) {
                self.ahead.found = None;
            }
            let is_silent = end == End::TimedOut && !exchange.heard();
            self.ahead.silent = if is_silent { self.ahead.silent + 1 } else { 0 };
            let next = self.decide(&exchange, end, at, scratch);
            // What waited for its turn has been closed already.
            let was_open = core::mem::take(&mut is_open);
            let Some(next) = next else {
                if was_open {
                    self.leave(&mut exchange, end);
                }
                return self.after_last(now);
            };
            self.keep_following(next);
            let is_kept = was_open && exchange.is_null() && matches!(end, End::TimedOut | End::Settled);
            if is_kept && (self.turns.is_empty() || exchange.heard()) {
                // What was sent ahead on another connection was not said after the greeting.
                if let Some(turn) = self.turns.pop_front() {
                    self.drop_turn(turn);
                }
                let stage = Stage::Pausing { until: now };
                self.turns.push_front(Turn { probe: Some(next), conn, stage, doubt: Doubt::None });
                return self.begin_turn(now, 0, next, exchange.take_response());
            }
            if was_open {
                self.steps.push_back(Step::Close(conn));
            }
            if self.turns.is_empty() {
                self.connect_first(now, Some(next));
                if matches!(end, End::TimedOut | End::Settled) || exchange.heard() {
                    self.turns[0].doubt = Doubt::Reset;
                }
                return;
            }
        }
        self.grant(now);
    }

    /// The last turn's connection is closed, unless a plugin may go on with it: nothing was sent on it, and all that came is known.
    fn leave(&mut self, exchange: &mut Exchange, end: End) {
        let is_whole = exchange.response().len() < self.config.max_response;
        let is_open = matches!(end, End::TimedOut | End::Settled) && self.report.is_none();
        if exchange.is_null() && exchange.heard() && is_whole && is_open && self.handshakes.is_some() {
            self.greeted = Some(Greeted { conn: exchange.conn, bytes: exchange.take_response() });
        } else {
            self.steps.push_back(Step::Close(exchange.conn));
        }
    }

    /// The first turn's silence counts a little later if its peer may not have seen it before.
    fn grant(&mut self, now: Duration) {
        let heard = self.ahead.heard;
        let is_stream = self.protocol == Protocol::Tcp;
        let grace = SessionConfig::grace(self.connect_time.unwrap_or_default(), self.ahead.silent);
        if let Some(Turn { conn, stage: Stage::Reading(exchange), .. }) = self.turns.front_mut()
            && is_stream
            && heard.is_none_or(|heard| heard < *conn)
        {
            exchange.grant(now + grace);
        }
    }

    /// Keeps the turns that follow from here on, `next` being the first; drops the others.
    fn keep_following(&mut self, next: ProbeId) {
        let mut plan = self.plan.clone();
        let mut old: VecDeque<Turn> = core::mem::take(&mut self.turns);
        let mut wanted = Some(next);
        while let Some(probe) = wanted
            && let Some(at) = old.iter().position(|turn| turn.probe == Some(probe))
            && let Some(turn) = old.remove(at)
        {
            self.turns.push_back(turn);
            wanted = self.follow(&mut plan, 0);
        }
        for turn in old {
            self.drop_turn(turn);
        }
    }
}
