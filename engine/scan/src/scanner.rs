//! Scans: ports from targets to sessions, and what they bring home to whoever wants to know.
//!
//! One task hands out ports and collects results; each port in progress is a task of its own. Ports come in random order from the
//! [feed](crate::feed), wait for [their address](crate::resolve) and for [their turn](crate::schedule); how much may wait is bounded, and
//! as long as that is reached nothing more is taken from the feed.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use portprint_core::Matcher;
use portprint_core::handshake::Handshakes;
use portprint_core::session::{Outcome, PortState, Session};
use portprint_tables::Protocol;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::driver::Driver;
use crate::feed::Feed;
use crate::limit::{RateLimit, available_descriptors};
use crate::recording::Recorded;
use crate::resolve::{self, Lookup, Names};
use crate::schedule::{Ended, Job, Limits, Schedule, Turn};
use crate::spare::Spares;
use crate::tally::{self, Tallies};
use crate::{
    Cancel, Direct, Endpoint, Event, Exclusion, HostSkipped, Item, Place, PortReport, Progress, ScanConfig, SkipReason,
    Summary, Targets, Transport,
};

/// How many ports may wait for an address or for their turn.
const WAITING: usize = 65_536;

/// How many observations may wait for their reader before sessions wait for it.
const NOTES: usize = 1024;

/// Scans hosts. It may run any number of times.
#[derive(Debug)]
pub struct Scanner<T = Direct> {
    matcher: Matcher<'static>,
    config: ScanConfig,
    transport: Arc<T>,
    handshakes: Option<Arc<dyn Handshakes>>,
}

impl Scanner<Direct> {
    /// A scanner over this machine's sockets.
    #[must_use]
    pub fn new(matcher: Matcher<'static>, config: ScanConfig) -> Self {
        Self::with_transport(matcher, config, Direct::default())
    }
}

impl<T: Transport> Scanner<T> {
    /// A scanner over another transport.
    #[must_use]
    pub fn with_transport(matcher: Matcher<'static>, config: ScanConfig, transport: T) -> Self {
        Self { matcher, config, transport: Arc::new(transport), handshakes: None }
    }

    /// The same with plugins, for what shows itself only in dialogue.
    #[must_use]
    pub fn with_handshakes(self, handshakes: Arc<dyn Handshakes>) -> Self {
        Self { handshakes: Some(handshakes), ..self }
    }

    /// Scans `targets`, telling `tell` what is found as it is found. When `cancel` is cancelled nothing new begins, and what is in
    /// progress ends with what is known; likewise when the transport fails. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If the system has no thread to read the targets on; or, when the scan [goes on](Targets::go_on) with an earlier one, if a stream
    /// is another one than it was. The scan ends then with what had come before.
    pub async fn run(
        &self,
        targets: Targets,
        cancel: &Cancel,
        progress: &Progress,
        tell: impl FnMut(Event),
    ) -> io::Result<Summary> {
        let (notes, mut noted) = mpsc::channel(NOTES);
        let (cancel, mut fault) = (&cancel.child_token(), pin!(self.transport.fault()));
        let items = targets.into_items();
        progress.set_total(items.total());
        let whole = items.has_whole_hosts() && items.hosts() <= Event::WHOLE_HOSTS;
        let mut run = Run {
            scanner: self,
            concurrency: self.config.concurrency.clamp(1, available_descriptors()),
            rate: RateLimit::new(self.config.rate).map(Arc::new),
            cancel,
            progress,
            exclusion: items.exclusion(),
            names: Names::default(),
            schedule: Schedule::new(limits(&self.config)),
            tallies: Tallies::new(whole),
            spares: Spares::new(self.config.host_concurrency),
            feed: Feed::start(items)
                .map_err(|error| io::Error::new(error.kind(), format!("the targets cannot be read: {error}")))?,
            running: 0,
            tasks: JoinSet::new(),
            notes,
            tell,
            summary: Summary::default(),
        };
        let mut unreadable = None;
        loop {
            run.launch();
            if run.tasks.is_empty() && run.feed.is_over() {
                break;
            }
            let wants_more = run.wants_more();
            tokio::select! {
                biased;
                () = cancel.cancelled(), if !run.summary.cancelled => run.give_up(),
                error = &mut fault, if !cancel.is_cancelled() => {
                    cancel.cancel();
                    (run.tell)(Event::Fault(error));
                }
                Some(note) = noted.recv() => (run.tell)(note),
                Some(done) = run.tasks.join_next() => match done {
                    Ok(done) => {
                        // Its observations were sent before it ended.
                        while let Ok(note) = noted.try_recv() {
                            (run.tell)(note);
                        }
                        run.collect(done);
                    }
                    // A fault of ours, which must not pass for an empty result.
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => unreachable!("no task is ever aborted"),
                    },
                },
                batch = run.feed.more(), if wants_more => match run.feed.take(batch) {
                    Ok(windows) => windows.into_iter().map(Event::Window).for_each(&mut run.tell),
                    Err(error) => unreadable = Some(error),
                },
            }
        }
        run.summary.hosts = run.tallies.begun().min(run.feed.hosts());
        run.summary.cancelled |= cancel.is_cancelled();
        unreadable.map_or(Ok(run.summary), Err)
    }
}

fn limits(config: &ScanConfig) -> Limits {
    let host = config.host_concurrency.max(1);
    Limits {
        host,
        net: config.net_concurrency.unwrap_or(host.saturating_mul(4)).max(1),
        host_time: config.host_timeout,
        mute_ports: config.mute_ports,
    }
}

/// A scan in progress.
struct Run<'a, T, F> {
    scanner: &'a Scanner<T>,
    concurrency: usize,
    rate: Option<Arc<RateLimit>>,
    cancel: &'a Cancel,
    progress: &'a Progress,
    exclusion: Arc<Exclusion>,
    feed: Feed,
    names: Names,
    schedule: Schedule,
    tallies: Tallies,
    spares: Spares,
    /// Ports in progress.
    running: usize,
    tasks: JoinSet<Done>,
    notes: mpsc::Sender<Event>,
    tell: F,
    summary: Summary,
}

/// What a task brings home.
enum Done {
    Resolved(Arc<str>, io::Result<SocketAddr>),
    Port(Job, Box<PortReport>),
}

impl<T: Transport, F: FnMut(Event)> Run<'_, T, F> {
    /// Begins as much as may begin now. What has waited goes before what is new.
    fn launch(&mut self) {
        let now = Instant::now();
        while !self.summary.cancelled && self.running < self.concurrency {
            if let Some(turn) = self.schedule.next(now) {
                self.take(turn);
            } else if self.waiting() < WAITING
                && let Some(item) = self.feed.next()
            {
                self.admit(item, now);
            } else {
                return;
            }
        }
    }

    fn waiting(&self) -> usize {
        self.schedule.waiting() + self.names.waiting()
    }

    /// Whether ports are to be taken from the feed.
    fn wants_more(&self) -> bool {
        self.feed.is_empty() && !self.feed.is_over() && self.running < self.concurrency && self.waiting() < WAITING
    }

    /// Takes in a port from the feed.
    fn admit(&mut self, item: Item, now: Instant) {
        if let Some(address) = item.host.address() {
            return self.offer(Job { item, address: SocketAddr::new(address, 0) }, now);
        }
        let Some(name) = item.host.given().cloned() else { return };
        let place = item.place;
        match self.names.look_up(&name, item) {
            Lookup::Found(address, item) => self.offer(Job { item, address }, now),
            Lookup::Skipped => {
                self.progress.finish(1);
                self.done(place);
            }
            Lookup::Waits => self.resolve_next(),
        }
    }

    fn offer(&mut self, job: Job, now: Instant) {
        self.tallies.come(&job);
        let turn = self.schedule.offer(job, now);
        self.take(turn);
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Begins(job, deadline) => self.begin(job, deadline),
            Turn::Waits => {}
            Turn::LeftOut(jobs) => {
                for job in jobs {
                    self.summary.left_out += 1;
                    self.progress.finish(1);
                    self.tallies.leave_out(&job).into_iter().for_each(&mut self.tell);
                    self.done(job.item.place);
                }
            }
        }
    }

    /// Begins a port.
    fn begin(&mut self, job: Job, deadline: Option<Instant>) {
        self.tallies.begin(&job);
        self.running += 1;
        self.progress.start();
        let host = tally::name(job.item.host.given(), job.address);
        let (mut address, protocol, port) = (job.address, job.item.protocol, job.item.port);
        address.set_port(port);
        let (matcher, mut config, record) =
            (self.scanner.matcher, self.scanner.config.session, self.scanner.config.record);
        let (transport, spare) = (self.scanner.transport.clone(), self.spares.of(address.ip()));
        let (rate, cancel, notes) = (self.rate.clone(), self.cancel.clone(), self.notes.clone());
        let handshakes = self.scanner.handshakes.clone();
        self.tasks.spawn(async move {
            let endpoint = Endpoint { host, address, protocol };
            config.tls = transport.can_secure(Protocol::Tcp);
            config.dtls = transport.can_secure(Protocol::Udp);
            let mut session = Session::new(&matcher, config, protocol, port);
            if let Some(handshakes) = &handshakes {
                session = session.with_handshakes(handshakes.clone());
            }
            let session = Recorded::new(session, record.then_some(config));
            let rate = rate.as_ref();
            let driver = Driver {
                transport: &transport,
                endpoint,
                spare: &spare,
                rate,
                cancel: &cancel,
                deadline,
                handshakes: handshakes.as_ref(),
                notes,
            };
            let driven = driver.run(session).await;
            let port = driven.into_report(&driver.endpoint, matcher.database(), config.intensity);
            Done::Port(job, Box::new(port))
        });
    }

    fn resolve_next(&mut self) {
        while let Some(name) = self.names.next() {
            let cancel = self.cancel.clone();
            self.tasks.spawn(async move {
                let found = tokio::select! {
                    found = resolve::resolve(&name) => found,
                    () = cancel.cancelled() => Err(io::ErrorKind::Interrupted.into()),
                };
                Done::Resolved(name, found)
            });
        }
    }

    /// Takes in what a task has brought.
    fn collect(&mut self, done: Done) {
        match done {
            Done::Resolved(..) if self.summary.cancelled => {}
            Done::Resolved(name, found) => {
                let found = found.map_err(SkipReason::Unresolved).and_then(|address| {
                    let is_excluded = self.exclusion.has_address(address.ip());
                    if is_excluded { Err(SkipReason::Excluded(address.ip())) } else { Ok(address) }
                });
                let items = self.names.resolved(&name, found.as_ref().ok().copied());
                match found {
                    Ok(address) => {
                        let now = Instant::now();
                        for item in items {
                            self.offer(Job { item, address }, now);
                        }
                    }
                    Err(reason) => {
                        match reason {
                            SkipReason::Unresolved(_) => self.summary.hosts_skipped += 1,
                            SkipReason::Excluded(_) => self.summary.hosts_excluded += 1,
                        }
                        self.progress.finish(items.len() as u64);
                        (self.tell)(Event::HostSkipped(HostSkipped { host: name, reason }));
                        items.iter().for_each(|item| self.done(item.place));
                    }
                }
                self.resolve_next();
            }
            Done::Port(job, port) => self.end(&job, port),
        }
    }

    /// A port has ended.
    fn end(&mut self, job: &Job, port: Box<PortReport>) {
        self.running -= 1;
        self.progress.finish(1);
        let report = &port.report;
        let is_open = report.state == PortState::Open;
        // That a port was not reached before the scan was broken off says nothing of its state.
        let is_unknown = self.cancel.is_cancelled() && !is_open && report.state != PortState::Closed;
        match report.state {
            _ if is_unknown => self.summary.left_out += 1,
            PortState::Open => {
                self.summary.open += 1;
                self.progress.found_open();
            }
            PortState::Closed => self.summary.closed += 1,
            PortState::Filtered | PortState::OpenFiltered => self.summary.filtered += 1,
        }
        let is_answered = report.answer.is_some() || !report.found.is_empty();
        self.summary.answered += u64::from(is_answered);
        let ended = Ended {
            is_open: is_open && report.outcome != Outcome::Excluded,
            spoke: is_answered || !report.banner.is_empty(),
        };
        if let Some(open) = self.schedule.ended(job.address, ended, Instant::now()) {
            (self.tell)(Event::HostMute { host: port.host.clone(), address: job.address, open });
        }
        let tells = is_open || self.scanner.config.all_states && !is_unknown;
        if tells {
            (self.tell)(Event::Port(port));
        }
        let ended = if is_unknown { self.tallies.break_off(job) } else { self.tallies.end(job, is_open, tells) };
        ended.into_iter().for_each(&mut self.tell);
        self.done(job.item.place);
    }

    /// A port is not looked at again in this scan. One that ended because the scan is cancelled may have had more to say.
    fn done(&mut self, place: Place) {
        if !self.cancel.is_cancelled() {
            (self.tell)(Event::Done(place));
        }
    }

    /// Nothing new begins; what is in progress sees for itself that it must end.
    fn give_up(&mut self) {
        self.summary.cancelled = true;
        let waited = self.feed.end() + self.waiting();
        self.names.give_up();
        self.schedule.give_up();
        let left_out = match self.progress.total() {
            Some(total) => total - self.progress.finished() - self.running as u64,
            None => waited as u64,
        };
        self.summary.left_out += left_out;
        self.progress.finish(left_out);
        self.tallies.give_up().into_iter().for_each(&mut self.tell);
    }
}
