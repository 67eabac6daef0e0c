//! What has become of the ports of each host, so that its end can be told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::Event;
use crate::schedule::Job;

/// Hosts in progress.
pub(crate) struct Tallies {
    /// Whether all ports of all hosts will come, so that the last one can be told from the others.
    whole: bool,
    hosts: HashMap<(Option<Arc<str>>, SocketAddr), Tally>,
    /// How many hosts began.
    begun: u64,
}

#[derive(Default)]
struct Tally {
    /// Ports that have not ended. Of hosts that are not whole, those that have come.
    left: u64,
    /// Those of them that are in progress.
    running: u64,
    not_open: usize,
    left_out: usize,
    /// Whether something was told of the host.
    told: bool,
}

impl Tallies {
    pub(crate) fn new(whole: bool) -> Self {
        Self { whole, hosts: HashMap::new(), begun: 0 }
    }

    /// How many hosts began. Those that are not whole begin again when they come back.
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    /// A port has come.
    pub(crate) fn come(&mut self, job: &Job) {
        let (whole, begun) = (self.whole, &mut self.begun);
        let tally = self.hosts.entry(key(job)).or_insert_with(|| {
            *begun += 1;
            Tally { left: if whole { job.item.siblings.into() } else { 0 }, ..Tally::default() }
        });
        tally.left += u64::from(!whole);
    }

    /// A port has begun.
    pub(crate) fn begin(&mut self, job: &Job) {
        if let Some(tally) = self.hosts.get_mut(&key(job)) {
            tally.running += 1;
        }
    }

    /// A port that had begun has ended. Gives the end of its host.
    pub(crate) fn end(&mut self, job: &Job, is_open: bool, told: bool) -> Option<Event> {
        let tally = self.hosts.get_mut(&key(job))?;
        tally.running -= 1;
        tally.left -= 1;
        tally.not_open += usize::from(!is_open);
        tally.told |= told;
        self.ending(job)
    }

    /// A port that had begun is left out after all. Gives the end of its host.
    pub(crate) fn break_off(&mut self, job: &Job) -> Option<Event> {
        self.hosts.get_mut(&key(job))?.running -= 1;
        self.leave_out(job)
    }

    /// A port is left out. Gives the end of its host.
    pub(crate) fn leave_out(&mut self, job: &Job) -> Option<Event> {
        let tally = self.hosts.get_mut(&key(job))?;
        tally.left -= 1;
        tally.left_out += 1;
        self.ending(job)
    }

    /// Every port that has not begun is left out. Gives the ends of the hosts that have none in progress.
    pub(crate) fn give_up(&mut self) -> Vec<Event> {
        let whole = self.whole;
        let mut ends = Vec::new();
        self.hosts.retain(|(given, address), tally| {
            tally.left_out += usize::try_from(tally.left - tally.running).unwrap_or(usize::MAX);
            tally.left = tally.running;
            if tally.left == 0 {
                ends.extend(tally.done(whole, given.as_ref(), *address));
            }
            tally.left > 0
        });
        ends
    }

    fn ending(&mut self, job: &Job) -> Option<Event> {
        let key = key(job);
        if self.hosts.get(&key)?.left > 0 {
            return None;
        }
        let tally = self.hosts.remove(&key)?;
        tally.done(self.whole, key.0.as_ref(), key.1)
    }
}

impl Tally {
    fn done(&self, whole: bool, given: Option<&Arc<str>>, address: SocketAddr) -> Option<Event> {
        (whole || self.told).then(|| Event::HostDone {
            host: name(given, address),
            address,
            not_open: self.not_open,
            left_out: self.left_out,
        })
    }
}

fn key(job: &Job) -> (Option<Arc<str>>, SocketAddr) {
    (job.item.host.given().cloned(), job.address)
}

/// How a host is called.
pub(crate) fn name(given: Option<&Arc<str>>, address: SocketAddr) -> Arc<str> {
    given.cloned().unwrap_or_else(|| address.ip().to_string().into())
}
