//! One session over real connections.

use std::cell::RefCell;
use std::env::consts;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use portprint_core::Scratch;
use portprint_core::handshake::Handshakes;
use portprint_core::session::{Action, ConnId, Heading, Input, Outcome, Report, TlsInfo, fingerprint};
use portprint_tables::{Database, Protocol};
use time::UtcDateTime;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::limit::RateLimit;
use crate::plugins::Plugins;
use crate::recording::Recorded;
use crate::{Cancel, Endpoint, Event, PortMoment, PortNote, PortReport, TlsOffer, Transport};

/// The most that is read at a time: no datagram is longer.
const PIECE: usize = 64 * 1024;

/// How long to wait before trying again when the system has run out of something.
const BACK_OFF: Duration = Duration::from_millis(20);

/// The longest of these waits; each is twice as long as the one before.
const BACK_OFF_MOST: Duration = Duration::from_secs(1);

/// How often an address that the system will not connect from is tried again. It may be that all local ports are in use, and that
/// passes; or that there is no way there, and that does not.
const ADDRESS_RETRIES: u32 = 8;

/// What a session needs of its surroundings.
pub(crate) struct Driver<'a, T> {
    pub(crate) transport: &'a Arc<T>,
    pub(crate) endpoint: Endpoint,
    /// The host's connections for probes ahead of their turn.
    pub(crate) spare: &'a Arc<Semaphore>,
    pub(crate) rate: Option<&'a Arc<RateLimit>>,
    pub(crate) cancel: &'a Cancel,
    /// When the host's time is over.
    pub(crate) deadline: Option<Instant>,
    /// The plugins that the session uses.
    pub(crate) handshakes: Option<&'a Arc<dyn Handshakes>>,
    /// Who is told the session's observations, and what is recorded of it.
    pub(crate) notes: mpsc::Sender<Event>,
}

/// How a port went.
pub(crate) struct Driven {
    pub(crate) report: Report,
    pub(crate) timestamp: SystemTime,
    pub(crate) elapsed: Duration,
}

impl Driven {
    /// All that is known of the port.
    pub(crate) fn into_report(self, endpoint: &Endpoint, database: &Database<'_>, intensity: u8) -> PortReport {
        let Self { report, timestamp, elapsed } = self;
        let Endpoint { host, address, protocol } = endpoint.clone();
        let utc = UtcDateTime::from(timestamp);
        let heading = Heading {
            port: address.port(),
            protocol,
            intensity,
            version: env!("CARGO_PKG_VERSION"),
            platform: &format!("{}-{}", consts::ARCH, consts::OS),
            date: (utc.month().into(), utc.day()),
            time: utc.unix_timestamp().try_into().unwrap_or_default(),
        };
        let fingerprint = fingerprint(&report, database, &heading);
        PortReport { host, address, protocol, timestamp, elapsed, report, fingerprint }
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl<T: Transport> Driver<'_, T> {
    /// Carries out what the session says until it is done.
    pub(crate) async fn run(&self, mut session: Recorded) -> Driven {
        let timestamp = SystemTime::now();
        let mut clock = Clock::start();
        let mut lines = Lines::<T>::default();
        let mut plugins = Plugins::default();
        let mut stop = pin!(self.stopped());
        loop {
            self.tell(&mut session).await;
            match session.next() {
                Action::Connect { conn, tunnel, ahead: true, .. } => {
                    if let Some(refusal) = self.open_spare(conn, tunnel, &mut lines).await {
                        handle(&mut session, clock.now(), conn, refusal);
                    }
                }
                Action::Connect { conn, tunnel, ahead: false, .. } => {
                    let held = Instant::now();
                    let opened = tokio::select! {
                        opened = self.open(conn, tunnel, &mut lines) => opened.map_err(Instead::Input),
                        outcome = &mut stop => Err(Instead::Stop(outcome)),
                    };
                    clock.hold(held.elapsed());
                    go_on(&mut session, clock.now(), conn, opened);
                }
                Action::Send { conn, bytes } => {
                    let until = Instant::now() + SEND_TIME;
                    let sent = tokio::select! {
                        biased;
                        sent = lines.send(conn, bytes, until) => sent.map_err(Instead::Input),
                        outcome = &mut stop => Err(Instead::Stop(outcome)),
                    };
                    go_on(&mut session, clock.now(), conn, sent);
                }
                Action::Close { conn } => lines.close(conn),
                Action::StartTls { conn, sni, alpn } => self.start_tls(conn, sni, alpn, &mut lines),
                Action::Handshake { id, plugin, inside, event } => {
                    if let Some(handshakes) = self.handshakes {
                        plugins.step(
                            handshakes,
                            &self.endpoint,
                            self.transport.can_secure(Protocol::Tcp),
                            (id, plugin, inside),
                            *event,
                        );
                    }
                }
                Action::Forget(id) => plugins.forget(id),
                Action::Wait { conn, until } => {
                    let mut until = pin!(sleep_until(clock.moment(until)));
                    let waited = tokio::select! {
                        biased;
                        () = poll_fn(|cx| lines.poll(cx, |id, input| handle(&mut session, clock.now(), id, input))) => Ok(()),
                        (id, stepped) = plugins.stepped() => {
                            SCRATCH.with_borrow_mut(|scratch| session.stepped(clock.now(), id, stepped, scratch));
                            Ok(())
                        }
                        outcome = &mut stop => Err(Instead::Stop(outcome)),
                        () = &mut until => Err(Instead::Input(Input::TimedOut)),
                    };
                    go_on(&mut session, clock.now(), conn, waited);
                }
                Action::Note(note) => {
                    let note = PortNote {
                        address: self.endpoint.address,
                        protocol: self.endpoint.protocol,
                        at: clock.now(),
                        note,
                    };
                    // Without a listener there is nobody to tell.
                    let _ = self.notes.send(Event::Note(note)).await;
                }
                Action::Done(report) => {
                    let driven = Driven { report: report.clone(), timestamp, elapsed: clock.start.elapsed() };
                    self.tell(&mut session).await;
                    return driven;
                }
            }
        }
    }

    /// Tells what was recorded of the session.
    async fn tell(&self, session: &mut Recorded) {
        for moment in session.take_moments() {
            let Endpoint { host, address, protocol } = self.endpoint.clone();
            let _ = self.notes.send(Event::Moment(PortMoment { host, address, protocol, moment })).await;
        }
    }

    /// Opens a connection as soon as it may be opened. Otherwise what has failed at once.
    async fn open(&self, conn: ConnId, tunnel: bool, lines: &mut Lines<T>) -> Result<(), Input<'static>> {
        let mut back_off = BACK_OFF;
        let mut address_retries = ADDRESS_RETRIES;
        loop {
            if let Some(rate) = self.rate {
                rate.wait().await;
            }
            match self.begin(conn, tunnel, None, lines).await {
                Ok(()) => return Ok(()),
                Err(error) if is_exhausted(&error) => {}
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable && address_retries > 0 => {
                    address_retries -= 1;
                }
                Err(error) => return Err(connect_input(&error)),
            }
            tokio::time::sleep(back_off).await;
            back_off = (back_off * 2).min(BACK_OFF_MOST);
        }
    }

    /// Opens a connection that nothing is lost without, if that can be done now.
    async fn open_spare(&self, conn: ConnId, tunnel: bool, lines: &mut Lines<T>) -> Option<Input<'static>> {
        let Ok(permit) = self.spare.clone().try_acquire_owned() else { return Some(Input::Held) };
        if self.rate.is_some_and(|rate| !rate.take_now()) {
            return Some(Input::Held);
        }
        match self.begin(conn, tunnel, Some(permit), lines).await {
            Ok(()) => None,
            Err(error) if is_exhausted(&error) || error.kind() == ErrorKind::AddrNotAvailable => Some(Input::Held),
            Err(error) => Some(connect_input(&error)),
        }
    }

    /// Begins to open a connection. An error is one of the first moment, in which those of our own show.
    async fn begin(
        &self,
        conn: ConnId,
        tunnel: bool,
        permit: Option<OwnedSemaphorePermit>,
        lines: &mut Lines<T>,
    ) -> io::Result<()> {
        let mut connecting = Box::pin(self.transport.connect(&self.endpoint));
        let connection = match poll_once(&mut connecting).await {
            Poll::Pending => None,
            Poll::Ready(connected) => Some(connected?),
        };
        let (transport, endpoint, rate) = (self.transport.clone(), self.endpoint.clone(), self.rate.cloned());
        // Another connection for TLS must not wait: the session's time for it runs.
        let opens = move || rate.iter().for_each(|rate| rate.owe());
        let opening = Box::pin(async move {
            let connection = match connection {
                Some(connection) => connection,
                None => connecting.await.map_err(Broken::Connecting)?,
            };
            if !tunnel {
                return Ok((connection, None));
            }
            let (connection, info) = transport
                .secure(&endpoint, connection, TlsOffer::default(), opens)
                .await
                .map_err(|_| Broken::Securing)?;
            Ok((connection, Some(Box::new(info))))
        });
        lines.open.push(Line { conn, state: State::Opening(opening), _permit: permit });
        Ok(())
    }

    /// Begins to put TLS over an open connection.
    fn start_tls(&self, conn: ConnId, sni: Option<String>, alpn: Vec<Vec<u8>>, lines: &mut Lines<T>) {
        let Some(line) = lines.open.iter_mut().find(|line| line.conn == conn) else { return };
        let opening = match std::mem::replace(&mut line.state, State::Ended) {
            State::Open(connection) => {
                let (transport, endpoint) = (self.transport.clone(), self.endpoint.clone());
                let offer = TlsOffer { sni, alpn, is_midway: true };
                Box::pin(async move {
                    let secured = transport.secure(&endpoint, connection, offer, || {}).await;
                    let (connection, info) = secured.map_err(|_| Broken::Securing)?;
                    Ok((connection, Some(Box::new(info))))
                }) as Opening<T>
            }
            State::Ended => Box::pin(std::future::ready(Err(Broken::Securing))),
            State::Opening(opening) => opening,
        };
        line.state = State::Opening(opening);
    }

    /// Comes back when the session must end, with the outcome.
    async fn stopped(&self) -> Outcome {
        tokio::select! {
            () = self.cancel.cancelled() => Outcome::Error,
            () = sleep_until(self.deadline.unwrap_or_else(Instant::now)), if self.deadline.is_some() => Outcome::Timeout,
        }
    }
}

/// How long sending may take. Payloads are small, so a peer that does not even take one in is lost.
const SEND_TIME: Duration = Duration::from_secs(5);

fn handle(session: &mut Recorded, now: Duration, conn: ConnId, input: Input<'_>) {
    SCRATCH.with_borrow_mut(|scratch| session.handle(now, conn, input, scratch));
}

/// What came of an action instead of what it was for.
enum Instead {
    /// The session is to be told this.
    Input(Input<'static>),
    /// The session is to end with this.
    Stop(Outcome),
}

/// Tells the session what came of an action, unless it was carried out.
fn go_on(session: &mut Recorded, now: Duration, conn: ConnId, carried_out: Result<(), Instead>) {
    match carried_out {
        Ok(()) => {}
        Err(Instead::Input(input)) => handle(session, now, conn, input),
        Err(Instead::Stop(outcome)) => abandon(session, outcome),
    }
}

fn abandon(session: &mut Recorded, outcome: Outcome) {
    SCRATCH.with_borrow_mut(|scratch| session.abandon(outcome, scratch));
}

/// The session's time: it stands still while we hold the session back.
struct Clock {
    start: Instant,
    held: Duration,
}

impl Clock {
    fn start() -> Self {
        Self { start: Instant::now(), held: Duration::ZERO }
    }

    fn hold(&mut self, time: Duration) {
        self.held += time;
    }

    fn now(&self) -> Duration {
        self.start.elapsed().saturating_sub(self.held)
    }

    fn moment(&self, at: Duration) -> Instant {
        self.start + self.held + at
    }
}

/// The connections of a session. There are few, so they are searched through.
struct Lines<T: Transport> {
    open: Vec<Line<T>>,
}

struct Line<T: Transport> {
    conn: ConnId,
    state: State<T>,
    /// Given back when it is closed.
    _permit: Option<OwnedSemaphorePermit>,
}

/// A connection, and what TLS showed.
type Opened<T> = (<T as Transport>::Connection, Option<Box<TlsInfo>>);

type Opening<T> = Pin<Box<dyn Future<Output = Result<Opened<T>, Broken>> + Send>>;

enum State<T: Transport> {
    Opening(Opening<T>),
    Open(T::Connection),
    /// Nothing more will come.
    Ended,
}

/// Where opening went wrong.
enum Broken {
    Connecting(io::Error),
    Securing,
}

impl<T: Transport> Default for Lines<T> {
    fn default() -> Self {
        Self { open: Vec::new() }
    }
}

impl<T: Transport> Lines<T> {
    fn close(&mut self, conn: ConnId) {
        self.open.retain(|line| line.conn != conn);
    }

    async fn send(&mut self, conn: ConnId, bytes: &[u8], until: Instant) -> Result<(), Input<'static>> {
        let Some(Line { state: State::Open(connection), .. }) = self.open.iter_mut().find(|line| line.conn == conn)
        else {
            return Ok(());
        };
        let sending = async {
            connection.write_all(bytes).await?;
            connection.flush().await
        };
        match timeout_at(until, sending).await {
            Ok(Ok(())) => Ok(()),
            // The peer is gone; what it said before, and how it went, is still to be read.
            Ok(Err(error)) if is_gone(&error) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Input::Failed),
        }
    }

    /// Hands on what has happened on one of the connections.
    fn poll(&mut self, cx: &mut Context<'_>, mut handle: impl FnMut(ConnId, Input<'_>)) -> Poll<()> {
        for Line { conn, state, .. } in &mut self.open {
            match state {
                State::Ended => {}
                State::Opening(opening) => {
                    let Poll::Ready(result) = opening.as_mut().poll(cx) else { continue };
                    let (next, info) = match result {
                        Ok((connection, info)) => (State::Open(connection), Ok(info)),
                        Err(broken) => (State::Ended, Err(broken)),
                    };
                    *state = next;
                    match &info {
                        Ok(None) => handle(*conn, Input::Connected),
                        Ok(Some(info)) => handle(*conn, Input::Secured(info)),
                        Err(Broken::Connecting(error)) => handle(*conn, connect_input(error)),
                        Err(Broken::Securing) => handle(*conn, Input::TlsFailed),
                    }
                    return Poll::Ready(());
                }
                State::Open(connection) => {
                    let mut space = [const { MaybeUninit::uninit() }; PIECE];
                    let mut piece = ReadBuf::uninit(&mut space);
                    let Poll::Ready(result) = Pin::new(connection).poll_read(cx, &mut piece) else { continue };
                    let input = match result {
                        Ok(()) if piece.filled().is_empty() => Input::Eof,
                        Ok(()) => Input::Data(piece.filled()),
                        Err(error) => read_input(&error),
                    };
                    if !matches!(input, Input::Data(_)) {
                        *state = State::Ended;
                    }
                    handle(*conn, input);
                    return Poll::Ready(());
                }
            }
        }
        Poll::Pending
    }
}

/// The first poll of a future, and nothing more.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

fn connect_input(error: &io::Error) -> Input<'static> {
    match error.kind() {
        ErrorKind::ConnectionRefused => Input::Refused,
        ErrorKind::TimedOut => Input::TimedOut,
        // It was opened, and broken off before we looked.
        _ if is_gone(error) => Input::Reset,
        _ => Input::Failed,
    }
}

/// What an error of reading means.
fn read_input(error: &io::Error) -> Input<'static> {
    match error.kind() {
        ErrorKind::ConnectionRefused => Input::Refused,
        // TLS that ends without a farewell, or goes wrong: the peer says nothing more that can be understood.
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => Input::Eof,
        _ if is_gone(error) => Input::Reset,
        _ => Input::Failed,
    }
}

/// Whether the peer broke the connection off.
fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionRefused
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
    )
}

/// Whether the system has run out of descriptors or memory, which is no fault of the peer and passes.
fn is_exhausted(error: &io::Error) -> bool {
    if error.kind() == ErrorKind::OutOfMemory {
        return true;
    }
    #[cfg(unix)]
    {
        // ENFILE and EMFILE have the same numbers on all Unix systems; ENOBUFS has not.
        const ENOBUFS: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 105 } else { 55 };
        matches!(error.raw_os_error(), Some(23 | 24 | ENOBUFS))
    }
    #[cfg(windows)]
    {
        // WSAEMFILE, WSAENOBUFS
        matches!(error.raw_os_error(), Some(10024 | 10055))
    }
    #[cfg(not(any(unix, windows)))]
    {
        false
    }
}
