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
//!             // Handshakes come only where plugins are used, and notes where they are asked for.
//!             Action::StartTls { .. } | Action::Handshake { .. } | Action::Forget(_) | Action::Note(_) => continue,
//!             Action::Done(report) => return report.clone(),
//!         };
//!         session.handle(start.elapsed(), conn, input, scratch);
//!     }
//! }
//! ```
//!
//! # Order and waits
//! Probes come in nmap's order ([`plan()`]). A probe other than the first gets a new connection, with one exception: when the NULL probe
//! ends with a banner that decides nothing, the next probe is sent on its connection and judged on banner and reply together.
//!
//! A port without a hit is waited on as long as nmap waits, or, with [`SessionConfig::adaptive`], as long as its connect time makes
//! sensible. A peer that has never said anything keeps nmap's full wait for the NULL probe even so: some look their clients up for
//! seconds before they greet, and who closes in that time is told from who stays (tcpwrapped).
//!
//! # Ahead of their turn
//! A port that is quiet is asked further probes on further connections meanwhile, up to [`SessionConfig::connections`], more with every
//! burst. Their answers are kept, and count when their turn has come and if it does: what the order before them decides is as if they
//! had not been sent. A server that serves one client at a time does not see them before the connections ahead are closed; so the
//! silence of such a connection counts only after a while at the head of the order, unless a later one was served in its place: four times
//! the connect time, between 100 and 500 ms; half of that once sixteen probes in a row have drawn nothing, and as little as 25 ms after
//! 32. A server that serves one client at a time and takes longer than that is found by one connection at a time only. If a connection
//! is closed without a word when nothing was open before it, its probe is sent again, alone. If it is reset so, and nothing has come on
//! any connection, those before it that drew nothing are sent again, too: a server that starts anew after each client resets all who
//! wait, and has not seen what they sent. Where a connection that was opened ahead fails, no more are.
//!
//! # TLS
//! A hard hit on a line whose service is `ssl` (UDP: `dtls`) begins everything again inside TLS, if the driver can
//! ([`SessionConfig::tls`]); so does a plugin that finds TLS where no line matches. What is found inside is the answer. That hit is not:
//! where nothing is found, or the handshake fails, all that is reported of it is that TLS is spoken, and its bytes.
//!
//! # UDP
//! There is no NULL probe, and no end of a connection. A port is open when it answers, closed when ICMP says so before it has answered
//! anything, and otherwise `open|filtered`.
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
mod ending;
mod exchange;
mod fingerprint;
mod handshakes;
mod inside;
mod plan;
mod report;
mod turns;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use portprint_tables::{Database, LineId, ProbeId, Protocol, SourceId};

pub use action::{Action, ConnId, End, Input, Note};
pub use config::SessionConfig;
pub use fingerprint::{Heading, Seen, fingerprint};
pub use handshakes::Found;
pub use plan::plan;
pub use report::{Answer, Outcome, PortState, Report, TlsInfo};

use crate::handshake::{self, HandshakeId, Handshakes, PluginId};
use crate::{Matcher, Scratch};
use exchange::{Exchange, Next};
use handshakes::{Greeted, Shaking};
use plan::{Level, Plan};
use turns::{Ahead, Stage, Turn};

/// The conversation with one port.
#[derive(Debug)]
pub struct Session<'d> {
    matcher: Matcher<'d>,
    config: SessionConfig,
    protocol: Protocol,
    port: u16,
    excluded: bool,
    /// It stands behind the probe of the first turn.
    plan: Plan,
    /// Probes in their order. What came of the first one counts next; the others were begun ahead of their turn.
    turns: VecDeque<Turn>,
    ahead: Ahead,
    steps: VecDeque<Step>,
    next_conn: ConnId,
    connect_time: Option<Duration>,
    retries_left: u32,
    /// How often the connection in progress was refused.
    refused: usize,
    answers: Vec<(Level, Answer)>,
    /// Inside TLS.
    tunnel: Option<Box<Tunnel>>,
    tls_info: Option<Box<TlsInfo>>,
    first_response: Vec<u8>,
    seen: Vec<Seen>,
    /// No byte, no silence of a whole wait: so far everything was closed at once.
    wrap_possible: bool,
    /// It has answered.
    has_spoken: bool,
    was_reset: bool,
    probes_sent: u32,
    /// What a handshake sends at the moment.
    sent: Vec<u8>,
    handshakes: Option<Arc<dyn Handshakes>>,
    /// A connection that a handshake may go on with.
    greeted: Option<Greeted>,
    /// The probes have told what they can, and plugins are at work.
    shaking: Option<Box<Shaking>>,
    /// What plugins found before the session went inside TLS.
    found: Vec<Found>,
    report: Option<Report>,
}

/// How it became known that TLS is spoken.
#[derive(Debug)]
struct Tunnel {
    /// What a line matched that says so; if a plugin found it, what the peer said first.
    banner: Vec<u8>,
    /// Plugins have had their turn outside.
    is_shaken: bool,
}

#[derive(Debug)]
enum Step {
    Connect { conn: ConnId, tunnel: bool, ahead: bool },
    Send(ConnId, ProbeId),
    SendBytes(ConnId, Vec<u8>),
    StartTls(ConnId, Option<String>, Vec<Vec<u8>>),
    Handshake { id: HandshakeId, plugin: PluginId, inside: bool, event: Box<handshake::Event> },
    Forget(HandshakeId),
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
            port,
            excluded: !config.all_ports && database.is_excluded(protocol, port),
            plan: Plan::new(database, protocol, port, config.intensity, false),
            turns: VecDeque::with_capacity(1),
            ahead: Ahead::default(),
            steps: VecDeque::with_capacity(2),
            next_conn: ConnId::FIRST,
            connect_time: None,
            retries_left: config.retries,
            refused: 0,
            answers: Vec::new(),
            tunnel: None,
            tls_info: None,
            first_response: Vec::new(),
            seen: Vec::new(),
            wrap_possible: true,
            has_spoken: false,
            was_reset: false,
            probes_sent: 0,
            sent: Vec::new(),
            handshakes: None,
            greeted: None,
            shaking: None,
            found: Vec::new(),
            report: None,
        };
        let probe = if session.excluded { None } else { session.choose() };
        if protocol == Protocol::Udp && probe.is_none() {
            // A connection shows nothing there.
            session.finish(session.excluded.then_some(Outcome::Excluded));
        } else {
            session.connect_first(Duration::ZERO, probe);
        }
        session
    }

    /// What to do next. After [`Action::Wait`] and [`Action::Done`] it says the same again until something is handled.
    #[allow(clippy::should_implement_trait, reason = "it never ends, and what it gives borrows from the session")]
    pub fn next(&mut self) -> Action<'_> {
        match self.steps.pop_front() {
            Some(Step::SendBytes(conn, bytes)) => {
                self.sent = bytes;
                return Action::Send { conn, bytes: &self.sent };
            }
            Some(Step::StartTls(conn, sni, alpn)) => return Action::StartTls { conn, sni, alpn },
            Some(Step::Handshake { id, plugin, inside, event }) => {
                return Action::Handshake { id, plugin, inside, event };
            }
            Some(Step::Forget(id)) => return Action::Forget(id),
            Some(Step::Connect { conn, tunnel, ahead }) => {
                return Action::Connect { conn, protocol: self.protocol, tunnel, ahead };
            }
            Some(Step::Send(conn, probe)) => {
                return Action::Send { conn, bytes: self.matcher.database().probe(probe).payload() };
            }
            Some(Step::Close(conn)) => return Action::Close { conn },
            Some(Step::Note(note)) => return Action::Note(note),
            None => {}
        }
        match &self.report {
            Some(report) => Action::Done(report),
            None => {
                let (conn, until) = self.next_moment();
                Action::Wait { conn, until }
            }
        }
    }

    /// Takes in what happened at `now`, the time since the session began. The work is bounded by the bytes handed in, but for judging,
    /// which takes the whole response: a response that comes byte by byte is judged some hundred times, not once for each byte.
    pub fn handle(&mut self, now: Duration, conn: ConnId, input: Input<'_>, scratch: &mut Scratch) {
        if self.report.is_some() {
            return;
        }
        if self.shaking.is_some() {
            self.handle_handshake(now, conn, input, scratch);
            return self.look_at_clock(now, scratch);
        }
        let Some(index) = self.turns.iter().position(|turn| turn.conn == conn && !turn.is_over()) else { return };
        match &mut self.turns[index].stage {
            Stage::Connecting { .. } => self.handle_connecting(now, index, input, scratch),
            Stage::Pausing { .. } | Stage::Over(..) => {}
            Stage::Reading(exchange) => match input {
                Input::Connected | Input::Secured(_) | Input::Held | Input::TimedOut | Input::Data([]) => {}
                Input::Data(bytes) => {
                    self.wrap_possible = false;
                    self.has_spoken = true;
                    self.ahead.heard(conn);
                    match exchange.receive(now, bytes, &self.config) {
                        Next::Read => {}
                        Next::Judge => self.judge_beginning(now, index, scratch),
                        Next::Full => self.end_turn(now, index, End::Settled, scratch),
                    }
                }
                Input::Eof => self.end_turn(now, index, End::Eof, scratch),
                Input::Refused if self.protocol == Protocol::Udp && !self.has_spoken => {
                    self.finish(Some(Outcome::Refused));
                }
                Input::Reset | Input::Refused => self.end_turn(now, index, End::Reset, scratch),
                Input::Failed | Input::TlsFailed => self.end_turn(now, index, End::Failed, scratch),
            },
        }
        self.look_at_clock(now, scratch);
    }

    /// Ends the session from outside with this outcome, keeping what is known.
    pub fn abandon(&mut self, outcome: Outcome, scratch: &mut Scratch) {
        if self.report.is_some() {
            return;
        }
        self.take_in_rest(scratch);
        self.drop_handshakes();
        // Nothing more is opened or sent.
        self.steps.retain(|step| matches!(step, Step::Close(_) | Step::Forget(_) | Step::Note(_)));
        self.wrap_possible = false;
        self.finish(Some(outcome));
    }

    /// Looks whether the answer has begun.
    fn judge_beginning(&mut self, now: Duration, index: usize, scratch: &mut Scratch) {
        let acts = self.judge(index, scratch);
        if let Stage::Reading(exchange) = &mut self.turns[index].stage {
            exchange.judged(now, acts);
        }
    }

    /// The peer has gone quiet after an answer, or after pieces that were not judged yet.
    fn settle(&mut self, now: Duration, index: usize, scratch: &mut Scratch) {
        let acts = self.judge(index, scratch);
        let Stage::Reading(exchange) = &mut self.turns[index].stage else { return };
        if !acts && exchange.read_on(now) {
            exchange.judged(now, false);
        } else {
            self.end_turn(now, index, End::Settled, scratch);
        }
    }

    /// Whether a line matches that acts on the session.
    fn judge(&mut self, index: usize, scratch: &mut Scratch) -> bool {
        let Some(Turn { stage: Stage::Reading(exchange), .. }) = self.turns.get(index) else { return false };
        let (conn, probe, len) = (exchange.conn, exchange.probe, exchange.response().len());
        let hit = self.matcher.classify(self.protocol, probe, exchange.response(), scratch).hit.map(|hit| hit.line);
        self.note(|| Note::Judged { conn, probe, len, hit });
        hit.is_some_and(|line| level_of(self.matcher.database(), line) <= self.plan.level())
    }

    fn note(&mut self, note: impl FnOnce() -> Note) {
        if self.config.notes {
            self.steps.push_back(Step::Note(note()));
        }
    }
}

fn source_of(database: &Database<'_>, line: LineId) -> SourceId {
    SourceId::from_u32(database.line(line).source.into())
}

fn level_of(database: &Database<'_>, line: LineId) -> Level {
    database.source(source_of(database, line)).priority()
}
