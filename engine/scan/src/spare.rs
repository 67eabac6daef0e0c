//! Connections to a host for probes ahead of their turn: as many as it may have ports in progress, and no more.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use tokio::sync::Semaphore;

/// The hosts in progress.
#[derive(Debug)]
pub(crate) struct Spares {
    per_host: usize,
    hosts: HashMap<IpAddr, Weak<Semaphore>>,
    /// When the map has grown so far, hosts that are done are forgotten.
    sweep_at: usize,
}

impl Spares {
    const SWEEP: usize = 1024;

    pub(crate) fn new(per_host: usize) -> Self {
        Self { per_host: per_host.min(Semaphore::MAX_PERMITS), hosts: HashMap::new(), sweep_at: Self::SWEEP }
    }

    /// The host's connections. They are forgotten when nobody holds them.
    pub(crate) fn of(&mut self, host: IpAddr) -> Arc<Semaphore> {
        if let Some(known) = self.hosts.get(&host).and_then(Weak::upgrade) {
            return known;
        }
        if self.hosts.len() >= self.sweep_at {
            self.hosts.retain(|_, host| host.strong_count() > 0);
            self.sweep_at = Self::SWEEP.max(2 * self.hosts.len());
        }
        let new = Arc::new(Semaphore::new(self.per_host));
        self.hosts.insert(host, Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_in_progress_are_kept_and_others_forgotten() {
        let mut spares = Spares::new(2);
        let address = |number: u32| IpAddr::from(number.to_be_bytes());
        let kept = spares.of(address(0));
        let permit = kept.clone().try_acquire_owned().unwrap();
        for number in 1..10_000 {
            spares.of(address(number));
        }
        assert!(spares.hosts.len() <= 2 * Spares::SWEEP);
        assert_eq!(spares.of(address(0)).available_permits(), 1, "it is the same one");
        drop(permit);
        assert_eq!(kept.available_permits(), 2);
    }
}
