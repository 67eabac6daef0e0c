//! A scripted peer and a simulated clock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use portprint_codegen::Source;
use portprint_core::handshake::{Handshake, HandshakeId, Handshakes, Limits, Target};
use portprint_core::session::{Action, ConnId, Input, Note, Report, Session, SessionConfig, TlsInfo};
use portprint_core::{Matcher, Scratch};
use portprint_tables::{Database, Field, Protocol};
use tokio::net::TcpSocket;

/// A small database of our own, with every case that the order of probes knows.
const RULES: &str = r"
Exclude T:9100-9107
Probe TCP NULL q||
totalwaitms 6000
tcpwrappedms 3000
match ssh m|^SSH-([\d.]+)-Opend_([\w.]+)\r?\n| p/Opend/ v/$2/ i/protocol $1/ cpe:/a:opend:opend:$2/
match exact m|^EXACT\r\n$| p/Exactd/
softmatch ftp m|^220 [-\w.]+ FTP| i/anonymous/ h/host.example/
match stream m|ABCDEFGH|
match ssl/vault m|^VAULT| p/Vaultd/
Probe TCP Lines q|\r\n\r\n|
rarity 1
ports 21,23
match ftp m|^220 [-\w.]+ FTP.*\r\n500 |s p/Slowd/
match lines m|^lines ok|
Probe TCP Get q|GET / HTTP/1.0\r\n\r\n|
rarity 1
ports 80,8000-8100
match http m|^HTTP/1\.[01] \d\d\d .*\r\nServer: Tinyd/([\w.]+)|s p/Tinyd/ v/$1/
softmatch http m|^HTTP/1\.[01] \d\d\d|
Probe TCP Help q|HELP\r\n|
rarity 3
ports 21
totalwaitms 7500
match ftp m|^220 [-\w.]+ FTP.*\r\n214 help|s p/Helpd/
Probe TCP Rare q|rare|
rarity 8
ports 7777
match rare m|^RARE|
Probe TCP Rarest q|rarest|
rarity 9
ports 7777
fallback Get
match ftp m|^never|
";

pub(super) static SMALL: LazyLock<Database<'static>> = LazyLock::new(|| compile(&[("small", RULES)]));

/// A database from texts in priority order.
pub(super) fn compile(sources: &[(&str, &str)]) -> Database<'static> {
    let sources: Vec<_> = sources
        .iter()
        .map(|(name, text)| Source {
            name: (*name).to_owned(),
            licence: "CC0-1.0".to_owned(),
            text: text.trim_start().as_bytes().to_vec(),
            ..Source::default()
        })
        .collect();
    let compiled = portprint_codegen::compile(&sources).unwrap_or_else(|faults| panic!("{faults}"));
    Database::from_bytes(compiled.database.leak()).expect("what was just compiled can be read")
}

pub(super) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// How a peer behaves. Times count from the event that causes them.
#[derive(Clone)]
pub(super) struct Peer {
    connect: Vec<(Duration, Connect)>,
    greeting: Vec<(Duration, Say)>,
    replies: Vec<Reply>,
    otherwise: Vec<(Duration, Say)>,
    /// It takes up a connection only when the one before is closed.
    is_serial: bool,
    /// It starts anew after each connection: how long it takes to see that one is over, and how long nobody listens then.
    restarts: Option<(Duration, Duration)>,
    /// What is sent so soon after something that was answered is lost.
    pause: Duration,
    /// What it is inside TLS, if it speaks that.
    inside: Option<Box<Peer>>,
}

/// What is said to a payload, and when.
type Reply = (&'static [u8], Vec<(Duration, Say)>);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Connect {
    Accept,
    Refuse,
    /// It is opened and reset before anybody has looked.
    Reset,
    Ignore,
    Unreachable,
}

#[derive(Clone, Debug)]
pub(super) enum Say {
    Bytes(Vec<u8>),
    Eof,
    Reset,
    Fail,
}

impl Peer {
    /// Accepts in a millisecond, and is silent.
    pub(super) fn new() -> Self {
        Self {
            connect: vec![(ms(1), Connect::Accept)],
            greeting: Vec::new(),
            replies: Vec::new(),
            otherwise: Vec::new(),
            is_serial: false,
            restarts: None,
            pause: Duration::ZERO,
            inside: None,
        }
    }

    /// Serves one connection after the other.
    pub(super) fn serial(mut self) -> Self {
        self.is_serial = true;
        self
    }

    /// Serves one connection, sees so late that it is over, resets whoever waits then, and refuses whoever comes in the time after that.
    pub(super) fn restarts(mut self, late: u64, away: u64) -> Self {
        self.restarts = Some((ms(late), ms(away)));
        self.serial()
    }

    /// Overhears what is sent in the milliseconds after something that it answered.
    pub(super) fn pauses(mut self, time: u64) -> Self {
        self.pause = ms(time);
        self
    }

    /// Speaks TLS, and is this inside.
    pub(super) fn speaks_tls(mut self, inside: Peer) -> Self {
        self.inside = Some(Box::new(inside));
        self
    }

    /// What happens to the connections in turn; the last goes for all after it.
    pub(super) fn connects(mut self, connect: impl Into<Vec<(Duration, Connect)>>) -> Self {
        self.connect = connect.into();
        self
    }

    /// Speaks on every new connection.
    pub(super) fn greets(self, after: u64, bytes: &[u8]) -> Self {
        self.greeting(after, Say::Bytes(bytes.to_vec()))
    }

    pub(super) fn greeting(mut self, after: u64, say: Say) -> Self {
        self.greeting.push((ms(after), say));
        self
    }

    /// Answers a payload.
    pub(super) fn answers(self, payload: &'static [u8], after: u64, bytes: &[u8]) -> Self {
        self.replies(payload, after, Say::Bytes(bytes.to_vec()))
    }

    pub(super) fn replies(mut self, payload: &'static [u8], after: u64, say: Say) -> Self {
        match self.replies.iter_mut().find(|(to, _)| *to == payload) {
            Some((_, replies)) => replies.push((ms(after), say)),
            None => self.replies.push((payload, vec![(ms(after), say)])),
        }
        self
    }

    /// What it does about any other payload.
    pub(super) fn otherwise(mut self, after: u64, say: Say) -> Self {
        self.otherwise.push((ms(after), say));
        self
    }
}

/// How the network cuts what the peer says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Whole,
    Bytes,
    /// Pieces of any length, some milliseconds apart; the number starts the generator.
    Random(u64),
}

/// What came of a session.
pub(super) struct Played {
    pub(super) report: Report,
    pub(super) took: Duration,
    /// One line an action or an input, with its time in milliseconds. Whole and byte by byte must not be compared.
    pub(super) transcript: String,
    /// How often bytes were judged.
    pub(super) judged: usize,
    database: Database<'static>,
}

impl Played {
    /// The names of the probes in the order in which they had their turn.
    pub(super) fn probes(&self) -> String {
        let mut names = String::new();
        for line in self.transcript.lines() {
            if let Some((_, name)) = line.split_once(" begins ") {
                let _ = write!(names, "{}{name}", if names.is_empty() { "" } else { " " });
            }
        }
        names
    }

    /// The report on one line.
    pub(super) fn summary(&self) -> String {
        let Report { state, outcome, answer, probes_sent, .. } = &self.report;
        let mut out = format!("{state} {outcome}");
        if let Some(answer) = answer {
            let tls = if answer.tls { "ssl/" } else { "" };
            let soft = if answer.soft { "?" } else { "" };
            let _ = write!(out, " {tls}{}{soft}", answer.service);
            for (field, letter) in
                [(Field::Product, 'p'), (Field::Version, 'v'), (Field::Info, 'i'), (Field::Hostname, 'h')]
            {
                if let Some(value) = answer.get(field) {
                    let _ = write!(out, " {letter}={value}");
                }
            }
            for cpe in answer.cpe() {
                let _ = write!(out, " {cpe}");
            }
            let name = |name| String::from_utf8_lossy(name).into_owned();
            let _ = write!(
                out,
                " [{}:{} {}]",
                name(answer.source_name(&self.database)),
                answer.line_number(&self.database),
                name(self.database.probe(answer.probe).name())
            );
        }
        let _ = write!(out, " sent={probes_sent}");
        out
    }
}

/// A generator that is good enough to cut.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Plays a session on `port` with the small database.
pub(super) fn play(peer: &Peer, port: u16) -> Played {
    play_with(&SMALL, SessionConfig::default(), peer, port, Cut::Whole)
}

/// One probe after another.
pub(super) fn play_with(
    database: &Database<'static>,
    config: SessionConfig,
    peer: &Peer,
    port: u16,
    cut: Cut,
) -> Played {
    play_over(database, SessionConfig { connections: 1, ..config }, peer, (Protocol::Tcp, port), cut)
}

/// As the configuration says, over either transport.
pub(super) fn play_over(
    database: &Database<'static>,
    config: SessionConfig,
    peer: &Peer,
    (protocol, port): (Protocol, u16),
    cut: Cut,
) -> Played {
    play_plugins(database, config, peer, (protocol, port), cut, None)
}

/// The same with plugins.
pub(super) fn play_plugins(
    database: &Database<'static>,
    config: SessionConfig,
    peer: &Peer,
    (protocol, port): (Protocol, u16),
    cut: Cut,
    plugins: Option<Arc<dyn Handshakes>>,
) -> Played {
    let config = SessionConfig { notes: true, ..config };
    let mut session = Session::new(&Matcher::new(database), config, protocol, port);
    if let Some(plugins) = &plugins {
        session = session.with_handshakes(plugins.clone());
    }
    let mut handshakes: BTreeMap<HandshakeId, Box<dyn Handshake>> = BTreeMap::new();
    let mut scratch = Scratch::default();
    let mut play = Play {
        peer,
        cut,
        now: Duration::ZERO,
        connections: 0,
        events: BTreeMap::new(),
        planned: 0,
        served: None,
        answered: None,
        queue: Vec::new(),
        restart: None,
        inside: BTreeSet::new(),
    };
    let (mut transcript, mut judged) = (String::new(), 0);
    let secured = TlsInfo { version: "TLSv1.3".to_owned(), ..TlsInfo::default() };
    let name = |probe| String::from_utf8_lossy(database.probe(probe).name()).into_owned();
    for _ in 0..1_000_000 {
        let now = play.now.as_millis();
        match session.next() {
            Action::Connect { conn, tunnel, .. } => {
                let tls = if tunnel { " with TLS" } else { "" };
                let _ = writeln!(transcript, "{now} {conn} connect{tls}");
                play.connect(conn, tunnel);
            }
            Action::Send { conn, bytes } => {
                let _ = writeln!(transcript, "{now} {conn} send {}", bytes.escape_ascii());
                play.send(conn, bytes);
            }
            Action::Close { conn } => {
                let _ = writeln!(transcript, "{now} {conn} close");
                play.close(conn);
            }
            Action::Note(Note::Begun { conn, probe, .. }) => {
                let _ = writeln!(transcript, "{now} {conn} begins {}", name(probe));
            }
            Action::Note(Note::Judged { .. }) => judged += 1,
            Action::Note(Note::Ended { conn, probe, end, .. }) => {
                let _ = writeln!(transcript, "{now} {conn} ends {} {}", name(probe), end.as_str());
            }
            Action::Wait { conn, until } => {
                let (conn, input) = play.wait(conn, until);
                let shown = match &input {
                    Happens::Connected => "connected".to_owned(),
                    Happens::Secured => "secured".to_owned(),
                    Happens::NoTls => "no TLS".to_owned(),
                    Happens::Refused => "refused".to_owned(),
                    Happens::TimedOut => "timed out".to_owned(),
                    Happens::Unreachable | Happens::Say(Say::Fail) => "failed".to_owned(),
                    Happens::Say(Say::Eof) => "eof".to_owned(),
                    Happens::Say(Say::Reset) => "reset".to_owned(),
                    Happens::Say(Say::Bytes(bytes)) => format!("{} bytes", bytes.len()),
                };
                let _ = writeln!(transcript, "{} {conn} {shown}", play.now.as_millis());
                let input = match &input {
                    Happens::Connected => Input::Connected,
                    Happens::Secured => Input::Secured(&secured),
                    Happens::NoTls => Input::TlsFailed,
                    Happens::Refused => Input::Refused,
                    Happens::TimedOut => Input::TimedOut,
                    Happens::Unreachable | Happens::Say(Say::Fail) => Input::Failed,
                    Happens::Say(Say::Eof) => Input::Eof,
                    Happens::Say(Say::Reset) => Input::Reset,
                    Happens::Say(Say::Bytes(bytes)) => Input::Data(bytes),
                };
                session.handle(play.now, conn, input, &mut scratch);
            }
            Action::StartTls { conn, .. } => {
                let _ = writeln!(transcript, "{now} {conn} start TLS");
                play.secure(conn);
            }
            Action::Handshake { id, plugin, inside, event } => {
                let plugins = plugins.as_ref().expect("there are no handshakes without plugins");
                let (kind, bytes) = (&event.kind, event.bytes.escape_ascii());
                let inside_word = if inside { " inside" } else { "" };
                let _ = writeln!(transcript, "{now} {}{inside_word} hears {kind:?} {bytes}", plugins.name(plugin));
                let handshake = handshakes.entry(id).or_insert_with(|| {
                    let target = Target {
                        host: "peer.example",
                        address: Ipv4Addr::LOCALHOST.into(),
                        port,
                        protocol,
                        inside,
                        can_secure: config.tls,
                        limits: Limits::default(),
                    };
                    plugins.open(plugin, &target).expect("the tests' plugins can be opened")
                });
                let stepped = handshake.step(&event);
                session.stepped(play.now, id, stepped, &mut scratch);
            }
            Action::Forget(id) => {
                let _ = handshakes.remove(&id);
            }
            Action::Done(report) => {
                let report = report.clone();
                return Played { report, took: play.now, transcript, judged, database: *database };
            }
        }
    }
    panic!("the session does not end:\n{}", transcript.lines().take(100).collect::<Vec<_>>().join("\n"));
}

struct Play<'a> {
    peer: &'a Peer,
    cut: Cut,
    now: Duration,
    connections: usize,
    /// By time, and of equal times in the order in which they were planned.
    events: BTreeMap<(Duration, usize), (ConnId, Happens)>,
    planned: usize,
    /// The connection that a serial peer serves, and those that wait, with what was sent on them.
    served: Option<ConnId>,
    answered: Option<Duration>,
    queue: Vec<(ConnId, Vec<Vec<u8>>)>,
    /// When a peer that starts anew goes away, and when it is back.
    restart: Option<(Duration, Duration)>,
    /// Connections inside TLS.
    inside: BTreeSet<ConnId>,
}

enum Happens {
    Connected,
    Secured,
    NoTls,
    Refused,
    Unreachable,
    TimedOut,
    Say(Say),
}

impl<'a> Play<'a> {
    /// The peer as it is on this connection.
    fn peer(&self, conn: ConnId) -> &'a Peer {
        match &self.peer.inside {
            Some(inside) if self.inside.contains(&conn) => inside,
            _ => self.peer,
        }
    }

    fn connect(&mut self, conn: ConnId, tunnel: bool) {
        let (after, connect) = self.peer.connect[self.connections.min(self.peer.connect.len() - 1)];
        self.connections += 1;
        let at = self.now + after;
        match self.restart {
            Some((away, _)) if self.now < away => {
                self.plan(at.min(away), conn, Happens::Connected);
                return self.plan(away, conn, Happens::Say(Say::Reset));
            }
            Some((_, back)) if self.now < back => return self.plan(at, conn, Happens::Refused),
            _ => {}
        }
        match connect {
            Connect::Accept if tunnel && self.peer.inside.is_none() => self.plan(at, conn, Happens::NoTls),
            Connect::Accept => {
                if tunnel {
                    self.inside.insert(conn);
                }
                self.plan(at, conn, if tunnel { Happens::Secured } else { Happens::Connected });
                if self.peer.is_serial && self.served.is_some() {
                    self.queue.push((conn, Vec::new()));
                } else {
                    self.served = Some(conn);
                    self.say(at, conn, &self.peer(conn).greeting);
                }
            }
            Connect::Refuse => self.plan(at, conn, Happens::Refused),
            Connect::Reset => self.plan(at, conn, Happens::Say(Say::Reset)),
            Connect::Unreachable => self.plan(at, conn, Happens::Unreachable),
            Connect::Ignore => {}
        }
    }

    /// TLS over an open connection.
    fn secure(&mut self, conn: ConnId) {
        let speaks_tls = self.peer.inside.is_some();
        if speaks_tls {
            self.inside.insert(conn);
        }
        self.plan(self.now, conn, if speaks_tls { Happens::Secured } else { Happens::NoTls });
    }

    fn send(&mut self, conn: ConnId, payload: &[u8]) {
        if let Some((_, sent)) = self.queue.iter_mut().find(|(queued, _)| *queued == conn) {
            return sent.push(payload.to_vec());
        }
        if self.peer.restarts.is_some() && self.served != Some(conn) {
            return;
        }
        let peer = self.peer(conn);
        let replies = peer.replies.iter().find(|(to, _)| *to == payload);
        if self.answered.is_some_and(|answered| self.now < answered + peer.pause) {
            return;
        }
        self.answered = replies.map(|_| self.now).or(self.answered);
        self.say(self.now, conn, replies.map_or(&peer.otherwise, |(_, replies)| replies));
    }

    fn close(&mut self, conn: ConnId) {
        self.events.retain(|_, event| event.0 != conn);
        self.queue.retain(|(queued, _)| *queued != conn);
        if self.peer.is_serial && self.served == Some(conn) {
            self.served = None;
            if let Some((late, away)) = self.peer.restarts {
                let gone = self.now + late;
                self.restart = Some((gone, gone + away));
                for (waiting, _) in std::mem::take(&mut self.queue) {
                    self.plan(gone, waiting, Happens::Say(Say::Reset));
                }
            }
            if !self.queue.is_empty() {
                let (next, sent) = self.queue.remove(0);
                self.served = Some(next);
                self.say(self.now, next, &self.peer(next).greeting);
                for payload in sent {
                    self.send(next, &payload);
                }
            }
        }
    }

    fn plan(&mut self, at: Duration, conn: ConnId, happens: Happens) {
        self.planned += 1;
        self.events.insert((at, self.planned), (conn, happens));
    }

    fn say(&mut self, from: Duration, conn: ConnId, script: &[(Duration, Say)]) {
        let mut earliest = from;
        for (after, say) in script {
            let mut at = earliest.max(from + *after);
            match (say, self.cut) {
                (Say::Bytes(bytes), Cut::Bytes) => {
                    for byte in bytes {
                        self.plan(at, conn, Happens::Say(Say::Bytes(vec![*byte])));
                    }
                }
                (Say::Bytes(bytes), Cut::Random(seed)) => {
                    let mut random = Random(seed);
                    let mut rest = bytes.as_slice();
                    while !rest.is_empty() {
                        let (piece, after) = rest.split_at(1 + random.below(rest.len()));
                        self.plan(at, conn, Happens::Say(Say::Bytes(piece.to_vec())));
                        at += ms(random.below(8) as u64);
                        rest = after;
                    }
                }
                _ => self.plan(at, conn, Happens::Say(say.clone())),
            }
            earliest = at;
        }
    }

    fn wait(&mut self, conn: ConnId, until: Duration) -> (ConnId, Happens) {
        match self.events.first_entry() {
            Some(event) if event.key().0 <= until => {
                self.now = self.now.max(event.key().0);
                event.remove()
            }
            _ => {
                self.now = self.now.max(until);
                (conn, Happens::TimedOut)
            }
        }
    }
}

/// A port of this machine that refuses connections: it is taken, so that no other socket of the test gets it, and nobody listens.
pub(super) fn nobody() -> u16 {
    let socket = TcpSocket::new_v4().expect("there is a descriptor");
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("there is a free port");
    let port = socket.local_addr().expect("a bound socket has an address").port();
    std::mem::forget(socket);
    port
}

/// A port of this machine that takes no datagrams: its socket is there, so that no other gets it, and hears only somebody else.
pub(super) fn nobody_takes() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    socket.connect((Ipv4Addr::LOCALHOST, 9)).expect("it needs nobody there");
    let port = socket.local_addr().expect("a bound socket has an address").port();
    std::mem::forget(socket);
    port
}
