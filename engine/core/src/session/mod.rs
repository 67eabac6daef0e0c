//! What to send to a port, and what its replies mean: `nmap -sV` for one port, as a state machine without a socket and a clock.
//!
//! A driver carries out what [`Session::next`] says and tells [`Session::handle`] what came of it, with the time since it began:
//!
//! ```text
//! loop: next() ─► Connect, Send, Close   do it, and ask again
//!                 Wait                   until something happens; handle(now, conn, input); ask again
//!                 Done(report)           over
//! ```
//!
//! The time need not be the wall's. It must not go back, and it may stand still while the driver itself holds an action back, as a
//! rate limit does: the peer is not to pay for that.
//!
//! A driver for one connection at a time that blocks is this short:
//!
//! ```no_run
//! use std::io::{ErrorKind, Read, Write};
//! use std::net::{SocketAddr, TcpStream};
//! use std::time::{Duration, Instant};
//!
//! use portprint_core::session::{Action, Input, Report, Session};
//! use portprint_core::Scratch;
//!
//! fn ask(mut session: Session<'_>, address: SocketAddr, scratch: &mut Scratch) -> Report {
//!     let start = Instant::now();
//!     let mut stream = None;
//!     let mut piece = [0; 4096];
//!     loop {
//!         let (conn, input) = match session.next() {
//!             Action::Connect { conn, .. } => match TcpStream::connect_timeout(&address, Duration::from_secs(5)) {
//!                 Ok(connected) => {
//!                     stream = Some(connected);
//!                     (conn, Input::Connected)
//!                 }
//!                 Err(error) if error.kind() == ErrorKind::ConnectionRefused => (conn, Input::Refused),
//!                 Err(_) => (conn, Input::TimedOut),
//!             },
//!             Action::Send { conn, bytes } => match stream.as_mut().map(|stream| stream.write_all(bytes)) {
//!                 Some(Err(_)) => (conn, Input::Reset),
//!                 _ => continue,
//!             },
//!             Action::Close { .. } => {
//!                 stream = None;
//!                 continue;
//!             }
//!             Action::Wait { conn, until } => {
//!                 let time = until.saturating_sub(start.elapsed()).max(Duration::from_millis(1));
//!                 let Some(stream) = &mut stream else {
//!                     std::thread::sleep(time);
//!                     session.handle(start.elapsed(), conn, Input::TimedOut, scratch);
//!                     continue;
//!                 };
//!                 let read = stream.set_read_timeout(Some(time)).and_then(|()| stream.read(&mut piece));
//!                 match read {
//!                     Ok(0) => (conn, Input::Eof),
//!                     Ok(length) => (conn, Input::Data(&piece[..length])),
//!                     Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
//!                         (conn, Input::TimedOut)
//!                     }
//!                     Err(_) => (conn, Input::Reset),
//!                 }
//!             }
//!             Action::Note(_) => continue,
//!             Action::Done(report) => return report.clone(),
//!         };
//!         session.handle(start.elapsed(), conn, input, scratch);
//!     }
//! }
//! ```
//!
//! # Order and waits
//! Probes come in nmap's order ([`plan()`]). A probe other than the first gets a new connection, with one exception: when the NULL probe
//! ends in silence, the next probe is sent on its connection and judged on banner and reply together.
//!
//! A port without a hit is waited on as long as nmap waits, or, with [`SessionConfig::adaptive`], as long as its connect time makes
//! sensible. A peer that has never said anything to the NULL probe keeps nmap's full wait even so: some look their clients up for
//! seconds before they greet, and who closes in that time is told from who stays (tcpwrapped). The wait is not overlapped with probes
//! on other connections, because a server that serves one client at a time would not see them before it is over.
//!
//! # Settling
//! nmap judges after each read and stops at the first hard hit, so its answer depends on how the network cut the response. Here a
//! first hit only means that the answer has begun. The session reads on until the peer has been quiet for the settle time, has closed,
//! or [`SessionConfig::max_response`] bytes have come; then the whole is judged, once, and that is the verdict. If a beginning matched
//! and the whole does not, there is no hit: the beginning is an accident of the cut, and reading goes on for the rest of the time. The
//! same way of completing ends an answer that nothing matches and that is longer than nmap waits on (4096 bytes).
//!
//! # Several sources
//! As long as probes of a source are left to send, hits of later sources neither end nor steer the session; they are remembered and
//! used if nothing better comes.
//!
//! # Where this is not nmap
//! A write that fails because the peer has just closed or reset is not an end of the port: the reads after it tell what happened. An
//! open port that refuses a later connection is tried twice more before that ends it, so that a server which dies of a probe and
//! starts again is asked to the end. Who stays for a wait that was shortened has not proved that it is not tcpwrapped. A session that
//! is given up ([`Session::abandon`]) is never tcpwrapped.

mod action;
mod config;
mod exchange;
mod plan;
mod report;

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use portprint_tables::{Database, LineId, ProbeId, Protocol, SourceId};

pub use action::{Action, ConnId, End, Input, Note};
pub use config::SessionConfig;
pub use plan::plan;
pub use report::{Answer, Outcome, PortState, Report, TlsInfo};

use crate::{Matcher, Scratch};
use exchange::{Exchange, Next, Pace};
use plan::{Level, Plan};

/// The conversation with one port.
#[derive(Debug)]
pub struct Session<'d> {
    matcher: Matcher<'d>,
    config: SessionConfig,
    protocol: Protocol,
    excluded: bool,
    plan: Plan,
    stage: Stage,
    steps: VecDeque<Step>,
    /// The connection in use; inputs of others are late.
    conn: ConnId,
    connect_time: Option<Duration>,
    retries_left: u32,
    /// How often the connection in progress was refused.
    refused: usize,
    answers: Vec<(Level, Answer)>,
    first_response: Vec<u8>,
    /// No byte, no silence of a whole wait: so far everything was closed at once.
    wrap_possible: bool,
    was_reset: bool,
    probes_sent: u32,
}

#[derive(Debug)]
enum Stage {
    /// For this probe's turn; without one only to see whether the port is open.
    Connecting {
        probe: Option<ProbeId>,
        since: Duration,
    },
    /// Before a connection that was refused is tried again.
    Pausing {
        probe: Option<ProbeId>,
        until: Duration,
    },
    Reading(Exchange),
    Done(Report),
}

/// A port that was open a moment ago and refuses a connection may be a server that starts again because of what it was sent: how long
/// to wait before each further try.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

#[derive(Debug)]
enum Step {
    Connect(ConnId),
    Send(ConnId, ProbeId),
    Close(ConnId),
    Note(Note),
}

impl<'d> Session<'d> {
    /// A conversation with `port` that has not begun.
    #[must_use]
    pub fn new(matcher: &Matcher<'d>, config: SessionConfig, protocol: Protocol, port: u16) -> Self {
        let database = matcher.database();
        let mut session = Self {
            matcher: *matcher,
            config,
            protocol,
            excluded: !config.all_ports && database.is_excluded(protocol, port),
            plan: Plan::new(database, protocol, port, config.intensity),
            stage: Stage::Connecting { probe: None, since: Duration::ZERO },
            steps: VecDeque::with_capacity(2),
            conn: ConnId::FIRST,
            connect_time: None,
            retries_left: config.retries,
            refused: 0,
            answers: Vec::new(),
            first_response: Vec::new(),
            wrap_possible: true,
            was_reset: false,
            probes_sent: 0,
        };
        let probe = if session.excluded { None } else { session.choose() };
        session.stage = Stage::Connecting { probe, since: Duration::ZERO };
        session.steps.push_back(Step::Connect(session.conn));
        session
    }

    /// What to do next. After [`Action::Wait`] and [`Action::Done`] it says the same again until something is handled.
    #[allow(clippy::should_implement_trait, reason = "it never ends, and what it gives borrows from the session")]
    pub fn next(&mut self) -> Action<'_> {
        match self.steps.pop_front() {
            Some(Step::Connect(conn)) => return Action::Connect { conn, protocol: self.protocol },
            Some(Step::Send(conn, probe)) => {
                return Action::Send { conn, bytes: self.matcher.database().probe(probe).payload() };
            }
            Some(Step::Close(conn)) => return Action::Close { conn },
            Some(Step::Note(note)) => return Action::Note(note),
            None => {}
        }
        match &self.stage {
            Stage::Connecting { since, .. } => {
                Action::Wait { conn: self.conn, until: *since + self.config.connect_timeout }
            }
            Stage::Pausing { until, .. } => Action::Wait { conn: self.conn, until: *until },
            Stage::Reading(exchange) => Action::Wait { conn: self.conn, until: exchange.until() },
            Stage::Done(report) => Action::Done(report),
        }
    }

    /// Takes in what happened at `now`, the time since the session began. The work is bounded by the bytes handed in, but for judging,
    /// which takes the whole response: a response that comes byte by byte is judged some hundred times, not once for each byte.
    pub fn handle(&mut self, now: Duration, conn: ConnId, input: Input<'_>, scratch: &mut Scratch) {
        if conn != self.conn {
            return;
        }
        match &mut self.stage {
            Stage::Done(_) => {}
            Stage::Connecting { probe, since } => {
                let (probe, since) = (*probe, *since);
                self.handle_connecting(now, probe, since, input);
            }
            Stage::Pausing { probe, .. } => {
                let probe = *probe;
                if input == Input::TimedOut {
                    self.connect(now, probe);
                }
            }
            Stage::Reading(exchange) => match input {
                Input::Connected | Input::Data([]) => {}
                Input::Data(bytes) => {
                    self.wrap_possible = false;
                    match exchange.receive(now, bytes, &self.config) {
                        Next::Read => {}
                        Next::Judge => self.judge_beginning(now, scratch),
                        Next::Full => self.end_turn(now, End::Settled, scratch),
                    }
                }
                Input::TimedOut if exchange.is_settling() => self.settle(now, scratch),
                Input::TimedOut => self.end_turn(now, End::TimedOut, scratch),
                Input::Eof => self.end_turn(now, End::Eof, scratch),
                Input::Reset | Input::Refused => self.end_turn(now, End::Reset, scratch),
                Input::Failed => self.end_turn(now, End::Failed, scratch),
            },
        }
    }

    /// Ends the session from outside with this outcome, keeping what is known.
    pub fn abandon(&mut self, outcome: Outcome, scratch: &mut Scratch) {
        if matches!(self.stage, Stage::Done(_)) {
            return;
        }
        self.take_in(End::TimedOut, scratch);
        self.wrap_possible = false;
        self.finish(Some(outcome));
    }

    fn handle_connecting(&mut self, now: Duration, probe: Option<ProbeId>, since: Duration, input: Input<'_>) {
        let opened = self.connect_time.is_some();
        let outcome = match input {
            Input::Connected => {
                let took = now.saturating_sub(since);
                // Delays of our own only ever add.
                self.connect_time = Some(self.connect_time.map_or(took, |before| before.min(took)));
                self.refused = 0;
                return match probe {
                    Some(probe) => self.begin_turn(now, probe, Vec::new()),
                    None => self.finish(self.excluded.then_some(Outcome::Excluded)),
                };
            }
            Input::TimedOut if !opened && self.retries_left > 0 => {
                self.retries_left -= 1;
                return self.connect(now, probe);
            }
            Input::Refused | Input::Reset if opened && self.refused < PAUSES.len() => {
                self.stage = Stage::Pausing { probe, until: now + PAUSES[self.refused] };
                self.refused += 1;
                return;
            }
            Input::TimedOut => Outcome::Timeout,
            Input::Refused => Outcome::Refused,
            Input::Reset => Outcome::Reset,
            Input::Failed => Outcome::Error,
            Input::Data(_) | Input::Eof => return,
        };
        if !opened {
            self.wrap_possible = false;
        }
        self.finish(Some(outcome));
    }

    /// Closes the connection in use and asks for another one.
    fn connect(&mut self, now: Duration, probe: Option<ProbeId>) {
        self.steps.push_back(Step::Close(self.conn));
        self.conn = self.conn.following();
        self.steps.push_back(Step::Connect(self.conn));
        self.stage = Stage::Connecting { probe, since: now };
    }

    /// `kept` is what the connection has brought before.
    fn begin_turn(&mut self, now: Duration, id: ProbeId, kept: Vec<u8>) {
        let probe = self.matcher.database().probe(id);
        let total = Duration::from_millis(probe.totalwaitms().into());
        let connect_time = self.connect_time.unwrap_or_default();
        let pace = Pace {
            wait: self.config.probe_timeout.map_or(total, |limit| limit.min(total)),
            patience: self.config.patience(connect_time),
            settle: self.config.settle_time(connect_time),
        };
        if !probe.payload().is_empty() {
            self.steps.push_back(Step::Send(self.conn, id));
            self.probes_sent += 1;
        }
        self.note(|session| Note::Begun { conn: session.conn, probe: id, wait: pace.wait });
        self.stage = Stage::Reading(Exchange::new(self.conn, id, probe.is_null(), kept, now, pace));
    }

    /// Looks whether the answer has begun.
    fn judge_beginning(&mut self, now: Duration, scratch: &mut Scratch) {
        let acts = self.judge(scratch);
        if let Stage::Reading(exchange) = &mut self.stage {
            exchange.judged(now, acts);
        }
    }

    /// The peer has gone quiet after an answer, or after pieces that were not judged yet.
    fn settle(&mut self, now: Duration, scratch: &mut Scratch) {
        let acts = self.judge(scratch);
        let Stage::Reading(exchange) = &mut self.stage else { return };
        if !acts && exchange.read_on(now) {
            exchange.judged(now, false);
        } else {
            self.end_turn(now, End::Settled, scratch);
        }
    }

    /// Whether a line matches that acts on the session.
    fn judge(&mut self, scratch: &mut Scratch) -> bool {
        let Stage::Reading(exchange) = &self.stage else { return false };
        let (conn, probe, len) = (exchange.conn, exchange.probe, exchange.response().len());
        let hit = self.matcher.classify(self.protocol, probe, exchange.response(), scratch).hit.map(|hit| hit.line);
        self.note(|_| Note::Judged { conn, probe, len, hit });
        hit.is_some_and(|line| level_of(self.matcher.database(), line) <= self.plan.level())
    }

    /// Ends the turn, and goes on with the next probe or finishes.
    fn end_turn(&mut self, now: Duration, end: End, scratch: &mut Scratch) {
        self.take_in(end, scratch);
        let Stage::Reading(exchange) = &mut self.stage else { return };
        match end {
            // A peer that has stayed for a shortened wait may still be one that closes in the full one.
            End::TimedOut | End::Settled => self.wrap_possible &= !exchange.has_waited_in_full(now),
            End::Eof | End::Reset => {
                self.was_reset |= end == End::Reset;
                let soon = Duration::from_millis(self.matcher.database().probe(exchange.probe).tcpwrappedms().into());
                if exchange.is_null() && !exchange.heard() && now.saturating_sub(exchange.begun()) < soon {
                    return self.finish(Some(Outcome::Tcpwrapped));
                }
            }
            End::Failed => return self.finish(Some(Outcome::Error)),
        }
        if self.answer().is_some_and(|answer| !answer.soft) {
            return self.finish(None);
        }
        let Some(next) = self.choose() else { return self.finish(None) };
        match &mut self.stage {
            Stage::Reading(exchange) if exchange.is_null() && matches!(end, End::TimedOut | End::Settled) => {
                let kept = exchange.take_response();
                self.begin_turn(now, next, kept);
            }
            _ => self.connect(now, Some(next)),
        }
    }

    /// The verdict on what this turn brought.
    fn take_in(&mut self, end: End, scratch: &mut Scratch) {
        let Stage::Reading(exchange) = &self.stage else { return };
        let (conn, probe) = (exchange.conn, exchange.probe);
        let response = if exchange.heard() { exchange.response() } else { &[] };
        if !response.is_empty() {
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
        }
        if self.config.notes {
            let response = response.to_vec();
            self.steps.push_back(Step::Note(Note::Ended { conn, probe, response, end }));
        }
    }

    /// The next probe, going down the sources; none when the session is over.
    fn choose(&mut self) -> Option<ProbeId> {
        let database = *self.matcher.database();
        loop {
            // The service's name in the database may hold bytes that an answer does not show.
            let soft = self.answer().map(|answer| database.service_name(database.line(answer.line).service));
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

    /// What counts so far: the answer of the first source that has one, of those whose turn has come.
    fn answer(&self) -> Option<&Answer> {
        let level = self.plan.level();
        self.answers.iter().filter(|(of, _)| *of <= level).min_by_key(|(of, _)| *of).map(|(_, answer)| answer)
    }

    /// Ends the session; `cause` when it is cut short.
    fn finish(&mut self, cause: Option<Outcome>) {
        self.steps.push_back(Step::Close(self.conn));
        self.answers.sort_by_key(|(level, _)| *level);
        let answer = core::mem::take(&mut self.answers).into_iter().next().map(|(_, answer)| answer);
        let opened = self.connect_time.is_some();
        let asked = opened && !self.excluded;
        let outcome = match (cause, &answer) {
            (Some(Outcome::Excluded), _) => Outcome::Excluded,
            (Some(_), _) if asked && self.wrap_possible => Outcome::Tcpwrapped,
            (Some(cause), _) => cause,
            (None, Some(answer)) if answer.soft => Outcome::Soft,
            (None, Some(_)) => Outcome::Identified,
            (None, None) if !self.first_response.is_empty() => Outcome::Unrecognized,
            (None, None) if self.wrap_possible && matches!(self.stage, Stage::Reading(_)) => Outcome::Tcpwrapped,
            (None, None) if self.was_reset => Outcome::Reset,
            (None, None) => Outcome::Silent,
        };
        let state = match outcome {
            _ if opened => PortState::Open,
            Outcome::Refused | Outcome::Reset => PortState::Closed,
            _ => PortState::Filtered,
        };
        let banner = match &answer {
            Some(answer) => answer.banner.clone(),
            None => core::mem::take(&mut self.first_response),
        };
        let tls = answer.as_ref().is_some_and(|answer| answer.tls);
        let probes_sent = self.probes_sent;
        self.stage = Stage::Done(Report { state, outcome, answer, tls, tls_info: None, banner, probes_sent });
    }

    fn note(&mut self, note: impl FnOnce(&Self) -> Note) {
        if self.config.notes {
            let note = note(self);
            self.steps.push_back(Step::Note(note));
        }
    }
}

fn source_of(database: &Database<'_>, line: LineId) -> SourceId {
    SourceId::from_u32(database.line(line).source.into())
}

fn level_of(database: &Database<'_>, line: LineId) -> Level {
    database.source(source_of(database, line)).priority()
}
