//! One probe's turn on one connection: the bytes that came, and how long to go on reading.

use alloc::vec::Vec;
use core::time::Duration;

use portprint_tables::ProbeId;

use super::{ConnId, SessionConfig};

/// From this many bytes on an answer that nothing matches is not waited on any longer.
const LONG: usize = 4096;

/// The times that govern reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How long an answer may take in all.
    pub(super) wait: Duration,
    /// How long a peer that has not said anything (more) is waited for, if shorter.
    pub(super) patience: Option<Duration>,
    /// How long it must be quiet for an answer to be complete.
    pub(super) settle: Duration,
    /// How many of its answers in a row came in one piece.
    pub(super) whole: usize,
}

#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) conn: ConnId,
    pub(super) probe: ProbeId,
    is_null: bool,
    response: Vec<u8>,
    /// How many of the bytes an earlier probe drew.
    kept: usize,
    begun: Duration,
    /// How long the first byte took.
    first_heard: Option<Duration>,
    last_heard: Duration,
    pace: Pace,
    /// Fewer bytes than this are not worth judging.
    judge_from: usize,
    /// When reading on is only to complete an answer: since when.
    settling: Option<Duration>,
    /// Not before this moment may silence count.
    silent_from: Duration,
}

/// What is to be done after bytes came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Read on.
    Read,
    /// See whether a line matches, and then call [`Exchange::judged`].
    Judge,
    /// Nothing more is taken in.
    Full,
}

impl Exchange {
    /// A turn that begins at `now`, on a connection that has brought `response` so far.
    pub(super) fn new(
        conn: ConnId,
        probe: ProbeId,
        is_null: bool,
        response: Vec<u8>,
        now: Duration,
        pace: Pace,
    ) -> Self {
        let kept = response.len();
        Self {
            conn,
            probe,
            is_null,
            response,
            kept,
            begun: now,
            first_heard: None,
            last_heard: now,
            pace,
            judge_from: kept + 1,
            settling: None,
            silent_from: Duration::ZERO,
        }
    }

    /// Silence may count only from this moment on.
    pub(super) fn grant(&mut self, until: Duration) {
        self.silent_from = until;
    }

    /// How long the first byte took.
    pub(super) fn first_heard(&self) -> Duration {
        self.first_heard.unwrap_or_default()
    }

    pub(super) fn last_heard(&self) -> Duration {
        self.last_heard
    }

    pub(super) fn response(&self) -> &[u8] {
        &self.response
    }

    pub(super) fn take_response(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.response)
    }

    /// Whether this turn brought anything.
    pub(super) fn heard(&self) -> bool {
        self.response.len() > self.kept
    }

    pub(super) fn begun(&self) -> Duration {
        self.begun
    }

    /// Whether what came did so in one piece.
    pub(super) fn is_whole(&self) -> bool {
        self.last_heard <= (self.begun + self.first_heard()).saturating_add(self.pace.settle)
    }

    /// Whether all the time that the probe has is over.
    pub(super) fn has_waited_in_full(&self, now: Duration) -> bool {
        now >= self.begun + self.pace.wait
    }

    pub(super) fn is_null(&self) -> bool {
        self.is_null
    }

    /// Takes bytes in, as many as are kept.
    ///
    /// Judging each piece would cost the square of the response's length when it comes byte by byte. So it is judged again only
    /// when it has grown by an eighth; what came since is judged when the peer is quiet, or at the end.
    pub(super) fn receive(&mut self, now: Duration, bytes: &[u8], config: &SessionConfig) -> Next {
        let room = config.max_response.saturating_sub(self.response.len());
        self.response.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.last_heard = now;
        self.first_heard.get_or_insert(now.saturating_sub(self.begun));
        if bytes.len() >= room {
            Next::Full
        } else if self.settling.is_some() {
            Next::Read
        } else if self.response.len() >= self.judge_from {
            Next::Judge
        } else {
            self.settling = Some(now);
            Next::Read
        }
    }

    /// All bytes so far were judged; `matched` says that a line did that acts on the scan.
    pub(super) fn judged(&mut self, now: Duration, matched: bool) {
        let len = self.response.len();
        self.judge_from = len + (len / 8).max(1);
        if self.settling.is_none() && (matched || len >= LONG) {
            self.settling = Some(now);
        }
    }

    /// The quiet after an answer has come and nothing matched it: whether to read on for the rest of the time.
    pub(super) fn read_on(&mut self, now: Duration) -> bool {
        self.settling = None;
        self.response.len() < LONG && now < self.until(false)
    }

    /// Whether the peer is only given the time to complete its answer.
    pub(super) fn is_settling(&self) -> bool {
        self.settling.is_some()
    }

    /// When reading ends unless something comes. `is_talkative` says that the port has answered on another connection.
    pub(super) fn until(&self, is_talkative: bool) -> Duration {
        let end = self.begun + self.pace.wait;
        if let Some(since) = self.settling {
            // A peer that drips is not followed for ever.
            let settle = self.pace.settle;
            return self.last_heard.saturating_add(settle).min(end.max(since.saturating_add(settle)));
        }
        let end = match self.pace.patience {
            // Who speaks first does so when it likes: a banner that looks up its client's name takes seconds.
            Some(patience) if !self.is_null || self.heard() || is_talkative => {
                // Greetings come in pieces that have nothing to do with each other; answers do not.
                let first = self.first_heard.filter(|_| !self.is_null);
                end.min(
                    self.last_heard
                        + first.map_or(patience, |first| patience.min(SessionConfig::rest(first, self.pace.whole))),
                )
            }
            _ => end,
        };
        end.max(self.silent_from)
    }
}
