//! What is kept of hosts until they are finished, for formats that tell of a host as a whole.

use std::collections::HashMap;
use std::net::IpAddr;

/// A host as it was given, and its address.
pub(super) type Key = (String, IpAddr);

/// Items of hosts in progress.
#[derive(Debug)]
pub(super) struct PerHost<T> {
    hosts: HashMap<Key, Kept<T>>,
    seen: u64,
}

#[derive(Debug)]
struct Kept<T> {
    /// Which host it was, counted from the first.
    number: u64,
    items: Vec<T>,
}

impl<T> PerHost<T> {
    pub(super) fn new() -> Self {
        Self { hosts: HashMap::new(), seen: 0 }
    }

    pub(super) fn push(&mut self, host: &str, ip: IpAddr, item: T) {
        let kept = self.hosts.entry((host.to_owned(), ip)).or_insert_with(|| {
            self.seen += 1;
            Kept { number: self.seen, items: Vec::new() }
        });
        kept.items.push(item);
    }

    /// What was kept of a host, which is forgotten.
    pub(super) fn take(&mut self, host: &str, ip: IpAddr) -> Vec<T> {
        self.hosts.remove(&(host.to_owned(), ip)).map_or_else(Vec::new, |kept| kept.items)
    }

    /// All hosts that are left, in the order in which they came.
    pub(super) fn take_all(&mut self) -> Vec<(Key, Vec<T>)> {
        let mut hosts: Vec<_> = self.hosts.drain().collect();
        hosts.sort_by_key(|(_, kept)| kept.number);
        hosts.into_iter().map(|(key, kept)| (key, kept.items)).collect()
    }
}
