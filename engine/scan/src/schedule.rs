//! Which port may begin: limits for each host and for its neighbourhood, and hosts that are given up.
//!
//! Ports that may not begin yet wait with their host; hosts whose network is full wait with the network. A port that ends wakes one of
//! those that wait for its place, so nothing is searched for and nothing starves. What is remembered of hosts without a port in progress
//! is bounded: the one that has been idle for the longest time is forgotten first, and then begins anew.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;

use crate::Item;

/// How many hosts without a port in progress are remembered.
const REMEMBERED: usize = 65_536;

/// The limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most ports of a host at a time.
    pub(crate) host: usize,
    /// The most ports at a time of a network: a /24 of IPv4, a /64 of IPv6. This machine has no such limit.
    pub(crate) net: usize,
    /// The most time that a host may have ports in progress.
    pub(crate) host_time: Option<Duration>,
    /// A host with so many open ports none of which says anything is given up; 0: never.
    pub(crate) mute_ports: u32,
}

/// A port and where to connect.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) item: Item,
    /// The host; its port is 0.
    pub(crate) address: SocketAddr,
}

/// What becomes of a port.
pub(crate) enum Turn {
    /// It begins, and must end at the moment given, if one is.
    Begins(Job, Option<Instant>),
    /// It waits for its turn.
    Waits,
    /// These are left out: their host is given up.
    LeftOut(Vec<Job>),
}

/// How a port ended, as far as it matters here.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ended {
    /// It is open and was probed.
    pub(crate) is_open: bool,
    /// It said something.
    pub(crate) spoke: bool,
}

/// All hosts in progress.
pub(crate) struct Schedule {
    limits: Limits,
    hosts: HashMap<SocketAddr, HostState>,
    nets: HashMap<Net, NetState>,
    /// Hosts that may begin another port.
    ready: VecDeque<SocketAddr>,
    /// How many ports wait.
    waiting: usize,
    /// Idle hosts with their stamps, in the order in which they became idle. Those whose stamp is another have been in use since.
    idle: VecDeque<(SocketAddr, u64)>,
    stamp: u64,
}

#[derive(Default)]
struct HostState {
    running: usize,
    waiting: VecDeque<Job>,
    /// Whether it is among the ready hosts or those that wait for their network.
    is_queued: bool,
    /// Since when it has had a port in progress.
    busy_since: Option<Instant>,
    /// How long it had before that.
    busy: Duration,
    open: u32,
    spoke: bool,
    given_up: bool,
    stamp: u64,
}

#[derive(Default)]
struct NetState {
    running: usize,
    blocked: VecDeque<SocketAddr>,
}

/// A /24 of IPv4 or a /64 of IPv6.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Net {
    V4([u8; 3]),
    V6([u16; 4]),
}

impl Net {
    fn of(address: IpAddr) -> Option<Self> {
        match address {
            _ if address.is_loopback() => None,
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Some(Self::V4([a, b, c]))
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Some(Self::V6([a, b, c, d]))
            }
        }
    }
}

impl Schedule {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            hosts: HashMap::new(),
            nets: HashMap::new(),
            ready: VecDeque::new(),
            waiting: 0,
            idle: VecDeque::new(),
            stamp: 0,
        }
    }

    /// How many ports wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes in a port.
    pub(crate) fn offer(&mut self, job: Job, now: Instant) -> Turn {
        let address = job.address;
        let host = self.hosts.entry(address).or_default();
        host.check_time(self.limits.host_time, now);
        if host.given_up {
            return Turn::LeftOut(vec![job]);
        }
        if host.waiting.is_empty() && host.running < self.limits.host && self.take_net(address) {
            let deadline = self.begin(address, now);
            return Turn::Begins(job, deadline);
        }
        let host = self.hosts.entry(address).or_default();
        host.waiting.push_back(job);
        self.waiting += 1;
        if host.running < self.limits.host && !host.is_queued {
            host.is_queued = true;
            self.block(address);
        }
        Turn::Waits
    }

    /// The next port of those that waited, if one may begin.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Turn> {
        loop {
            let address = self.ready.pop_front()?;
            let Some(host) = self.hosts.get_mut(&address) else { continue };
            host.is_queued = false;
            host.check_time(self.limits.host_time, now);
            if host.given_up {
                let jobs = self.drain(address);
                self.wake(address);
                return Some(Turn::LeftOut(jobs));
            }
            if host.waiting.is_empty() || host.running >= self.limits.host {
                self.wake(address);
                continue;
            }
            if !self.take_net(address) {
                self.block(address);
                continue;
            }
            let host = self.hosts.entry(address).or_default();
            let job = host.waiting.pop_front().expect("it was not empty");
            self.waiting -= 1;
            let deadline = self.begin(address, now);
            self.queue(address);
            return Some(Turn::Begins(job, deadline));
        }
    }

    /// A port has ended. Gives the number of open ports if its host is given up for being mute.
    pub(crate) fn ended(&mut self, address: SocketAddr, ended: Ended, now: Instant) -> Option<u32> {
        self.release_net(address);
        let host = self.hosts.get_mut(&address)?;
        host.running -= 1;
        host.open += u32::from(ended.is_open);
        host.spoke |= ended.spoke;
        if host.running == 0
            && let Some(since) = host.busy_since.take()
        {
            host.busy += now.saturating_duration_since(since);
        }
        let is_mute = self.limits.mute_ports > 0 && host.open >= self.limits.mute_ports && !host.spoke;
        let told = (is_mute && !host.given_up).then_some(host.open);
        host.given_up |= is_mute;
        if host.running == 0 && host.waiting.is_empty() {
            self.retire(address);
        } else {
            self.queue(address);
        }
        told
    }

    /// Lets go of all ports that wait.
    pub(crate) fn give_up(&mut self) {
        self.waiting = 0;
        self.ready.clear();
        for host in self.hosts.values_mut() {
            host.waiting.clear();
        }
    }

    fn begin(&mut self, address: SocketAddr, now: Instant) -> Option<Instant> {
        let host = self.hosts.entry(address).or_default();
        host.running += 1;
        let since = *host.busy_since.get_or_insert(now);
        self.limits.host_time.map(|time| since + time.saturating_sub(host.busy))
    }

    /// Puts a host among the ready ones if it has something that it may begin.
    fn queue(&mut self, address: SocketAddr) {
        let Some(host) = self.hosts.get_mut(&address) else { return };
        if !host.is_queued && !host.waiting.is_empty() && (host.given_up || host.running < self.limits.host) {
            host.is_queued = true;
            self.ready.push_back(address);
        }
    }

    fn drain(&mut self, address: SocketAddr) -> Vec<Job> {
        let Some(host) = self.hosts.get_mut(&address) else { return Vec::new() };
        let jobs: Vec<_> = std::mem::take(&mut host.waiting).into();
        self.waiting -= jobs.len();
        if host.running == 0 {
            self.retire(address);
        }
        jobs
    }

    /// A host has nothing in progress and nothing that waits: what is known of it is kept only if it may matter later.
    fn retire(&mut self, address: SocketAddr) {
        let Entry::Occupied(mut host) = self.hosts.entry(address) else { return };
        if !host.get().given_up && host.get().open == 0 && self.limits.host_time.is_none() {
            host.remove();
            return;
        }
        self.stamp += 1;
        host.get_mut().stamp = self.stamp;
        self.idle.push_back((address, self.stamp));
        if self.idle.len() > REMEMBERED
            && let Some((oldest, stamp)) = self.idle.pop_front()
            && let Entry::Occupied(host) = self.hosts.entry(oldest)
            && host.get().stamp == stamp
            && host.get().running == 0
            && host.get().waiting.is_empty()
        {
            host.remove();
        }
    }

    /// Takes a place in a host's network, if there is one.
    fn take_net(&mut self, address: SocketAddr) -> bool {
        let Some(net) = Net::of(address.ip()) else { return true };
        let net = self.nets.entry(net).or_default();
        let has_room = net.running < self.limits.net;
        net.running += usize::from(has_room);
        has_room
    }

    /// Makes a host wait for a place in its network, which is full.
    fn block(&mut self, address: SocketAddr) {
        if let Some(net) = Net::of(address.ip()) {
            self.hosts.entry(address).or_default().is_queued = true;
            self.nets.entry(net).or_default().blocked.push_back(address);
        }
    }

    /// Gives a place in a host's network back, and wakes who waits for it.
    fn release_net(&mut self, address: SocketAddr) {
        let Some(key) = Net::of(address.ip()) else { return };
        let Entry::Occupied(mut net) = self.nets.entry(key) else { return };
        net.get_mut().running -= 1;
        if net.get().running == 0 && net.get().blocked.is_empty() {
            net.remove();
        }
        self.wake(address);
    }

    /// Wakes a host that waits for a place in the network of another one, if there is a place.
    fn wake(&mut self, address: SocketAddr) {
        if let Some(net) = Net::of(address.ip()).and_then(|net| self.nets.get_mut(&net))
            && net.running < self.limits.net
        {
            self.ready.extend(net.blocked.pop_front());
        }
    }
}

impl HostState {
    /// Gives the host up if its time is over.
    fn check_time(&mut self, most: Option<Duration>, now: Instant) {
        let busy = self.busy + self.busy_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.given_up |= most.is_some_and(|most| busy >= most);
    }
}

#[cfg(test)]
mod tests;
