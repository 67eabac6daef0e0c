//! How far a scan is, for whoever shows it while the scan runs.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of ports, kept by one [scan](crate::Scanner::run) and read by anybody at any time.
///
/// The counts are each right, but not taken at one moment: between two readings the scan goes on.
#[derive(Debug)]
pub struct Progress {
    /// `UNKNOWN` when nobody can tell.
    total: AtomicU64,
    started: AtomicU64,
    finished: AtomicU64,
    open: AtomicU64,
}

/// More ports than any scan has.
const UNKNOWN: u64 = u64::MAX;

impl Progress {
    /// Nothing has begun, and nobody knows how much there is.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            total: AtomicU64::new(UNKNOWN),
            started: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            open: AtomicU64::new(0),
        }
    }

    /// How many ports there are in all. `None` when that is not known: targets come from a stream.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        Some(self.total.load(Ordering::Relaxed)).filter(|&total| total != UNKNOWN)
    }

    /// How many ports have begun.
    #[must_use]
    pub fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// How many ports will not be looked at again: they have ended, or were left out.
    #[must_use]
    pub fn finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed)
    }

    /// How many ports were found open.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    pub(crate) fn set_total(&self, total: Option<u64>) {
        self.total.store(total.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    pub(crate) fn start(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn finish(&self, ports: u64) {
        self.finished.fetch_add(ports, Ordering::Relaxed);
    }

    pub(crate) fn found_open(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
