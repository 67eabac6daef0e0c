//! How fast, and how many.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Spreads new connections evenly over time.
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    pub(crate) fn new(per_second: Option<std::num::NonZeroU32>) -> Option<Self> {
        let per_second = per_second?;
        Some(Self { interval: Duration::from_secs(1) / per_second.get(), next: Mutex::new(None) })
    }

    /// Takes the next free moment if it has come.
    pub(crate) fn take_now(&self) -> bool {
        let now = Instant::now();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = next.is_none_or(|next| next <= now);
        if is_free {
            *next = Some(now + self.interval);
        }
        is_free
    }

    /// Takes a moment for what cannot wait: it is made up for by those that come after.
    pub(crate) fn owe(&self) {
        self.take_next();
    }

    /// Waits for the next free moment. Callers are served in the order in which they ask; who stops waiting leaves a gap.
    pub(crate) async fn wait(&self) {
        let moment = self.take_next();
        if moment > Instant::now() {
            sleep_until(moment).await;
        }
    }

    fn take_next(&self) -> Instant {
        let now = Instant::now();
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let moment = next.map_or(now, |next| next.max(now));
        *next = Some(moment + self.interval);
        moment
    }
}

/// Descriptors that are left to everything that is not a connection: files, the runtime, a resolver.
const RESERVED: u64 = 64;

/// How many connections this process may hold at a time: as many as the system can be made to allow, less some that the rest needs.
#[must_use]
pub fn available_descriptors() -> usize {
    #[cfg(unix)]
    {
        let limit = rlimit::increase_nofile_limit(u64::MAX)
            .or_else(|_| rlimit::Resource::NOFILE.get_soft())
            .unwrap_or(RESERVED + 256);
        usize::try_from(limit.saturating_sub(RESERVED)).unwrap_or(usize::MAX).max(1)
    }
    #[cfg(not(unix))]
    {
        // Sockets are not counted there.
        usize::try_from(u64::MAX - RESERVED).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept() {
        let limit = RateLimit::new(NonZeroU32::new(10)).expect("a rate was given");
        let start = Instant::now();
        for _ in 0..21 {
            limit.wait().await;
        }
        assert_eq!(start.elapsed().as_millis(), 2000);
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_wait_is_made_up_for() {
        let limit = RateLimit::new(NonZeroU32::new(10)).expect("a rate was given");
        let start = Instant::now();
        for _ in 0..10 {
            limit.wait().await;
            limit.owe();
        }
        limit.wait().await;
        assert_eq!(start.elapsed().as_millis(), 2000);
        limit.owe();
        assert!(!limit.take_now());
    }

    #[test]
    fn descriptors_are_available() {
        assert!(available_descriptors() > 0);
    }
}
