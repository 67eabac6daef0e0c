//! Which port of which host is next, and when it may begin.
//!
//! One task hands out ports and collects results; each port in progress is a task of its own. Hosts begin in the order given, a new one
//! only when those in progress cannot use all of the concurrency. The ports of the hosts in progress take turns.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use portprint_core::Matcher;
use portprint_core::session::{PortState, Session};
use portprint_tables::Protocol;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::driver::Driver;
use crate::limit::{RateLimit, available_descriptors};
use crate::{
    Cancel, Direct, Endpoint, Event, Host, HostSkipped, Hosts, PortNote, PortReport, PortSet, Progress, ScanConfig,
    Summary, Transport,
};

/// How many names are resolved at a time.
const RESOLVING: usize = 16;

/// How many observations may wait for their reader before sessions wait for it.
const NOTES: usize = 1024;

/// Scans hosts. It may run any number of times.
#[derive(Debug)]
pub struct Scanner<T = Direct> {
    matcher: Matcher<'static>,
    config: ScanConfig,
    transport: Arc<T>,
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
        Self { matcher, config, transport: Arc::new(transport) }
    }

    /// Scans `hosts`, telling `tell` what is found as it is found. When `cancel` is cancelled nothing new begins, and what is in
    /// progress ends with what is known. Must be called within a tokio runtime.
    pub async fn run(&self, hosts: Hosts, cancel: &Cancel, progress: &Progress, tell: impl FnMut(Event)) -> Summary {
        progress.set_total(Some(hosts.iter().map(|(_, ports)| ports.len() as u64).sum()));
        let (notes, mut noted) = mpsc::channel(NOTES);
        let mut run = Run {
            scanner: self,
            concurrency: self.config.concurrency.clamp(1, available_descriptors()),
            rate: RateLimit::new(self.config.rate).map(Arc::new),
            cancel,
            progress,
            pending: hosts.iter().map(|(host, ports)| (host.clone(), ports)).collect(),
            resolving: 0,
            hosts: Vec::new(),
            ready: VecDeque::new(),
            running: 0,
            tasks: JoinSet::new(),
            notes,
            tell,
            summary: Summary::default(),
        };
        loop {
            run.launch();
            if run.tasks.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                () = cancel.cancelled(), if !run.summary.cancelled => run.give_up(),
                Some(note) = noted.recv() => (run.tell)(Event::Note(note)),
                Some(done) = run.tasks.join_next() => match done {
                    Ok(done) => {
                        // Its observations were sent before it ended.
                        while let Ok(note) = noted.try_recv() {
                            (run.tell)(Event::Note(note));
                        }
                        run.collect(done);
                    }
                    // A fault of ours, which must not pass for an empty result.
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => unreachable!("no task is ever aborted"),
                    },
                },
            }
        }
        run.summary.cancelled |= cancel.is_cancelled();
        run.summary
    }
}

/// A scan in progress.
struct Run<'a, T, F> {
    scanner: &'a Scanner<T>,
    concurrency: usize,
    rate: Option<Arc<RateLimit>>,
    cancel: &'a Cancel,
    progress: &'a Progress,
    /// Hosts that have not begun.
    pending: VecDeque<(Host, PortSet)>,
    resolving: usize,
    /// Hosts that have begun.
    hosts: Vec<HostRun>,
    /// Those of them that may begin another port.
    ready: VecDeque<usize>,
    /// Ports in progress.
    running: usize,
    tasks: JoinSet<Done>,
    notes: mpsc::Sender<PortNote>,
    tell: F,
    summary: Summary,
}

struct HostRun {
    host: Arc<str>,
    address: SocketAddr,
    ports: Box<dyn Iterator<Item = u16> + Send>,
    /// How many of them have not begun.
    left: usize,
    running: usize,
    /// Whether it is in the list of ready hosts.
    is_ready: bool,
    deadline: Option<Instant>,
    not_open: usize,
    left_out: usize,
    /// Connections for probes ahead of their turn.
    spare: Arc<Semaphore>,
}

/// What a task brings home.
enum Done {
    Resolved(Host, PortSet, io::Result<SocketAddr>),
    Port(usize, Box<PortReport>),
}

impl<T: Transport, F: FnMut(Event)> Run<'_, T, F> {
    /// Begins as much as may begin now.
    fn launch(&mut self) {
        while !self.summary.cancelled && self.running < self.concurrency {
            if let Some(index) = self.ready.pop_front() {
                self.hosts[index].is_ready = false;
                self.launch_port(index);
                self.queue_or_end(index);
            } else if self.resolving < RESOLVING
                && let Some((host, ports)) = self.pending.pop_front()
            {
                match host.address {
                    Some(address) => self.begin_host(&host, &ports, SocketAddr::new(address, 0)),
                    None => self.resolve(host, ports),
                }
            } else {
                return;
            }
        }
    }

    fn resolve(&mut self, host: Host, ports: PortSet) {
        self.resolving += 1;
        let cancel = self.cancel.clone();
        self.tasks.spawn(async move {
            let found = tokio::select! {
                found = tokio::net::lookup_host((&*host.given, 0)) => found.and_then(|mut addresses| {
                    addresses.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
                }),
                () = cancel.cancelled() => Err(io::ErrorKind::Interrupted.into()),
            };
            Done::Resolved(host, ports, found)
        });
    }

    fn begin_host(&mut self, host: &Host, ports: &PortSet, address: SocketAddr) {
        self.summary.hosts += 1;
        self.hosts.push(HostRun {
            host: host.given.clone(),
            address,
            ports: Box::new(ports.iter()),
            left: ports.len(),
            running: 0,
            is_ready: false,
            deadline: self.scanner.config.host_timeout.map(|time| Instant::now() + time),
            not_open: 0,
            left_out: 0,
            spare: Arc::new(Semaphore::new(self.scanner.config.host_concurrency)),
        });
        self.queue_or_end(self.hosts.len() - 1);
    }

    /// Puts a host among the ready ones if it may begin another port, and tells when it is finished.
    fn queue_or_end(&mut self, index: usize) {
        let host = &mut self.hosts[index];
        if host.left > 0 {
            if !host.is_ready && host.running < self.scanner.config.host_concurrency.max(1) {
                host.is_ready = true;
                self.ready.push_back(index);
            }
        } else if host.running == 0 {
            let done = Event::HostDone {
                host: host.host.clone(),
                address: host.address,
                not_open: host.not_open,
                left_out: host.left_out,
            };
            self.summary.left_out += host.left_out;
            self.progress.finish(host.left_out as u64);
            (self.tell)(done);
        }
    }

    fn launch_port(&mut self, index: usize) {
        let host = &mut self.hosts[index];
        if host.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return host.leave_out_rest();
        }
        let Some(port) = host.ports.next() else { return host.leave_out_rest() };
        host.left -= 1;
        host.running += 1;
        self.running += 1;
        self.progress.start();
        let mut address = host.address;
        address.set_port(port);
        let (host, deadline, spare) = (host.host.clone(), host.deadline, host.spare.clone());
        let (matcher, mut config) = (self.scanner.matcher, self.scanner.config.session);
        let protocol = Protocol::Tcp;
        let transport = self.scanner.transport.clone();
        let (rate, cancel, notes) = (self.rate.clone(), self.cancel.clone(), self.notes.clone());
        self.tasks.spawn(async move {
            let endpoint = Endpoint { host, address, protocol };
            config.tls = transport.can_secure(Protocol::Tcp);
            config.dtls = transport.can_secure(Protocol::Udp);
            let session = Session::new(&matcher, config, protocol, port);
            let rate = rate.as_deref();
            let driver =
                Driver { transport: &transport, endpoint, spare: &spare, rate, cancel: &cancel, deadline, notes };
            let driven = driver.run(session).await;
            let port = driven.into_report(&driver.endpoint, matcher.database(), config.intensity);
            Done::Port(index, Box::new(port))
        });
    }

    /// Takes in what a task has brought.
    fn collect(&mut self, done: Done) {
        match done {
            Done::Resolved(host, ports, found) => {
                self.resolving -= 1;
                match found {
                    _ if self.summary.cancelled => {}
                    Ok(address) => self.begin_host(&host, &ports, address),
                    Err(reason) => {
                        self.summary.hosts_skipped += 1;
                        (self.tell)(Event::HostSkipped(HostSkipped { host: host.given, reason }));
                    }
                }
            }
            Done::Port(index, port) => {
                self.running -= 1;
                self.progress.finish(1);
                let host = &mut self.hosts[index];
                host.running -= 1;
                match port.report.state {
                    PortState::Open => {
                        self.summary.open += 1;
                        self.progress.found_open();
                    }
                    PortState::Closed => self.summary.closed += 1,
                    PortState::Filtered | PortState::OpenFiltered => self.summary.filtered += 1,
                }
                self.summary.answered += usize::from(port.report.answer.is_some());
                host.not_open += usize::from(port.report.state != PortState::Open);
                if port.report.state == PortState::Open || self.scanner.config.all_states {
                    (self.tell)(Event::Port(port));
                }
                self.queue_or_end(index);
            }
        }
    }

    /// Nothing new begins; what is in progress sees for itself that it must end.
    fn give_up(&mut self) {
        self.summary.cancelled = true;
        self.summary.left_out += self.pending.drain(..).map(|(_, ports)| ports.len()).sum::<usize>();
        for index in std::mem::take(&mut self.ready) {
            self.hosts[index].leave_out_rest();
            self.queue_or_end(index);
        }
        for host in &mut self.hosts {
            host.leave_out_rest();
        }
    }
}

impl HostRun {
    fn leave_out_rest(&mut self) {
        self.left_out += self.left;
        self.left = 0;
    }
}
