//! How long classification took: the figures of `--stats`.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Durations of single classifications. Each job has its own; they are added up in the end.
#[derive(Clone, Debug)]
pub(crate) struct Timing {
    bytes: u64,
    sum: Duration,
    /// Nanoseconds, at three digits.
    histogram: Histogram<u64>,
}

impl Timing {
    /// Nothing measured yet.
    pub(crate) fn new() -> Self {
        Self { bytes: 0, sum: Duration::ZERO, histogram: Histogram::new(3).expect("three digits are possible") }
    }

    /// One response of `bytes` bytes.
    pub(crate) fn add(&mut self, bytes: usize, taken: Duration) {
        self.bytes += bytes as u64;
        self.sum += taken;
        self.histogram += u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX);
    }

    /// What another job has measured.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.sum += other.sum;
        self.histogram += &other.histogram;
    }

    /// The line `matching: …`.
    pub(crate) fn line(&self) -> String {
        format!(
            "matching: {} responses, {} bytes, {}, p50 {} ns, p99 {} ns",
            self.histogram.len(),
            self.bytes,
            rate(self.histogram.len(), self.sum),
            self.histogram.value_at_quantile(0.50),
            self.histogram.value_at_quantile(0.99),
        )
    }

    /// The line `total: …`.
    pub(crate) fn total(&self, taken: Duration, jobs: usize) -> String {
        let count = self.histogram.len();
        format!("total: {count} responses, {} bytes, {}, {jobs} jobs", self.bytes, rate(count, taken))
    }
}

fn rate(count: u64, taken: Duration) -> String {
    let seconds = taken.as_secs_f64();
    let rate = if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    format!("{seconds:.6} s, {rate:.0} responses/s")
}
