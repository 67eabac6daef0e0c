//! One session over real connections.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use portprint_core::Scratch;
use portprint_core::session::{Action, ConnId, Input, Outcome, Report, Session};
use portprint_tables::Protocol;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::limit::RateLimit;
use crate::{Cancel, PortNote, Transport};

/// The most that is read at a time.
const PIECE: usize = 16 * 1024;

/// How long to wait before trying again when the system has run out of something.
const BACK_OFF: Duration = Duration::from_millis(20);

/// The longest of these waits; each is twice as long as the one before.
const BACK_OFF_MOST: Duration = Duration::from_secs(1);

/// How often an address that the system will not connect from is tried again. It may be that all local ports are in use, and that
/// passes; or that there is no way there, and that does not.
const ADDRESS_RETRIES: u32 = 8;

/// What a session needs of its surroundings.
pub(crate) struct Driver<'a, T> {
    pub(crate) transport: &'a T,
    pub(crate) address: SocketAddr,
    pub(crate) rate: Option<&'a RateLimit>,
    pub(crate) cancel: &'a Cancel,
    /// When the host's time is over.
    pub(crate) deadline: Option<Instant>,
    /// Who is told the session's observations.
    pub(crate) notes: mpsc::Sender<PortNote>,
}

/// How a port went.
pub(crate) struct Driven {
    pub(crate) report: Report,
    pub(crate) timestamp: SystemTime,
    pub(crate) elapsed: Duration,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl<T: Transport> Driver<'_, T> {
    /// Carries out what the session says until it is done.
    pub(crate) async fn run(&self, mut session: Session<'static>) -> Driven {
        let timestamp = SystemTime::now();
        let mut clock = Clock::start();
        let mut lines = Lines::<T>::default();
        let mut stop = pin!(self.stopped());
        loop {
            match session.next() {
                Action::Connect { conn, .. } => {
                    let held = Instant::now();
                    let opened = tokio::select! {
                        opened = self.open(conn, &mut lines) => Ok(opened),
                        outcome = &mut stop => Err(outcome),
                    };
                    clock.hold(held.elapsed());
                    match opened {
                        Ok(Some(input)) => handle(&mut session, clock.now(), conn, input),
                        Ok(None) => {}
                        Err(outcome) => abandon(&mut session, outcome),
                    }
                }
                Action::Send { conn, bytes } => {
                    let until = Instant::now() + SEND_TIME;
                    if let Err(input) = lines.send(conn, bytes, until).await {
                        handle(&mut session, clock.now(), conn, input);
                    }
                }
                Action::Close { conn } => lines.close(conn),
                Action::Wait { conn, until } => {
                    let mut until = pin!(sleep_until(clock.moment(until)));
                    let ended = tokio::select! {
                        biased;
                        () = poll_fn(|cx| lines.poll(cx, |id, input| handle(&mut session, clock.now(), id, input))) => None,
                        outcome = &mut stop => Some(Err(outcome)),
                        () = &mut until => Some(Ok(conn)),
                    };
                    match ended {
                        None => {}
                        Some(Ok(conn)) => handle(&mut session, clock.now(), conn, Input::TimedOut),
                        Some(Err(outcome)) => abandon(&mut session, outcome),
                    }
                }
                Action::Note(note) => {
                    let note = PortNote { address: self.address, protocol: Protocol::Tcp, at: clock.now(), note };
                    // Without a listener there is nobody to tell.
                    let _ = self.notes.send(note).await;
                }
                Action::Done(report) => {
                    return Driven { report: report.clone(), timestamp, elapsed: clock.start.elapsed() };
                }
            }
        }
    }

    /// Opens a connection as soon as it may be opened. What is decided at once is returned.
    async fn open(&self, conn: ConnId, lines: &mut Lines<T>) -> Option<Input<'static>> {
        let mut back_off = BACK_OFF;
        let mut address_retries = ADDRESS_RETRIES;
        loop {
            if let Some(rate) = self.rate {
                rate.wait().await;
            }
            let mut connecting = Box::pin(self.transport.connect(self.address));
            match poll_once(&mut connecting).await {
                Poll::Pending => {
                    lines.open.push((conn, Line::Connecting(connecting)));
                    return None;
                }
                Poll::Ready(Ok(connection)) => {
                    lines.open.push((conn, Line::Connected(connection)));
                    return Some(Input::Connected);
                }
                Poll::Ready(Err(error)) if is_exhausted(&error) => {}
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::AddrNotAvailable && address_retries > 0 => {
                    address_retries -= 1;
                }
                Poll::Ready(Err(error)) => return Some(connect_input(&error)),
            }
            tokio::time::sleep(back_off).await;
            back_off = (back_off * 2).min(BACK_OFF_MOST);
        }
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

fn handle(session: &mut Session<'_>, now: Duration, conn: ConnId, input: Input<'_>) {
    SCRATCH.with_borrow_mut(|scratch| session.handle(now, conn, input, scratch));
}

fn abandon(session: &mut Session<'_>, outcome: Outcome) {
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

/// The connections of a session. There are one or two, so they are searched through.
struct Lines<T: Transport> {
    open: Vec<(ConnId, Line<T>)>,
}

enum Line<T: Transport> {
    Connecting(Pin<Box<dyn Future<Output = io::Result<T::Connection>> + Send>>),
    Connected(T::Connection),
    /// Nothing more will come.
    Ended,
}

impl<T: Transport> Default for Lines<T> {
    fn default() -> Self {
        Self { open: Vec::new() }
    }
}

impl<T: Transport> Lines<T> {
    fn close(&mut self, conn: ConnId) {
        self.open.retain(|(id, _)| *id != conn);
    }

    async fn send(&mut self, conn: ConnId, bytes: &[u8], until: Instant) -> Result<(), Input<'static>> {
        let Some((_, Line::Connected(connection))) = self.open.iter_mut().find(|(id, _)| *id == conn) else {
            return Ok(());
        };
        match timeout_at(until, connection.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            // The peer is gone; what it said before, and how it went, is still to be read.
            Ok(Err(error)) if is_gone(&error) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Input::Failed),
        }
    }

    /// Hands on what has happened on one of the connections.
    fn poll(&mut self, cx: &mut Context<'_>, mut handle: impl FnMut(ConnId, Input<'_>)) -> Poll<()> {
        for (conn, line) in &mut self.open {
            match line {
                Line::Ended => {}
                Line::Connecting(connecting) => {
                    let Poll::Ready(result) = connecting.as_mut().poll(cx) else { continue };
                    let input = match result {
                        Ok(connection) => {
                            *line = Line::Connected(connection);
                            Input::Connected
                        }
                        Err(error) => {
                            *line = Line::Ended;
                            connect_input(&error)
                        }
                    };
                    handle(*conn, input);
                    return Poll::Ready(());
                }
                Line::Connected(connection) => {
                    let mut space = [const { MaybeUninit::uninit() }; PIECE];
                    let mut piece = ReadBuf::uninit(&mut space);
                    let Poll::Ready(result) = Pin::new(connection).poll_read(cx, &mut piece) else { continue };
                    let input = match result {
                        Ok(()) if piece.filled().is_empty() => Input::Eof,
                        Ok(()) => Input::Data(piece.filled()),
                        Err(error) if is_gone(&error) => Input::Reset,
                        Err(_) => Input::Failed,
                    };
                    if !matches!(input, Input::Data(_)) {
                        *line = Line::Ended;
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
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Input::Reset,
        ErrorKind::TimedOut => Input::TimedOut,
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
