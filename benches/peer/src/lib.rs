//! What peers written in Rust share, so that they differ in nothing but the engine: the task folder, the clock, the commands.
//!
//! `PROTOCOL.md` describes what is read and written here.

mod serve;
mod task;

use std::fmt::Write as _;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

pub use serve::{missing, serve};
pub use task::{Chain, Line, Response, Task};

/// An engine that is ready to classify responses.
pub trait Engine {
    /// Classifies one response: all the work that its answer needs, captures included. Says which line matches.
    fn classify(&mut self, chain: usize, response: &[u8]) -> Option<usize>;

    /// Classifies one response and writes its answer.
    fn answer(&mut self, chain: usize, response: &[u8], answer: &mut String);

    /// Classifies every response once. Replaced where an engine can do better with many than with one after the other.
    fn round(&mut self, task: &Task) {
        for response in task.responses() {
            std::hint::black_box(self.classify(response.chain, response.bytes));
        }
    }

    /// Answers every response, a line for each. Replaced where a round's answers are not those of [`Engine::answer`].
    fn answers(&mut self, task: &Task, text: &mut String) {
        for response in task.responses() {
            self.answer(response.chain, response.bytes, text);
            text.push('\n');
        }
    }

    /// Classifies every response once, and says how many nanoseconds each took. Replaced where something else counts than the time to
    /// the answer.
    fn each(&mut self, task: &Task) -> Vec<u64> {
        let mut each = Vec::with_capacity(task.len());
        for response in task.responses() {
            let start = Clock::Elapsed.now();
            std::hint::black_box(self.classify(response.chain, response.bytes));
            each.push(Clock::Elapsed.since(start));
        }
        each
    }

    /// Which clock a round is measured by.
    fn clock(&self) -> Clock {
        Clock::Thread
    }
}

/// What a round's nanoseconds are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// CPU time of the thread, which neighbours on the machine disturb least.
    Thread,
    /// Elapsed time, for engines with several threads.
    Elapsed,
}

impl Clock {
    /// The time on it; where it begins is of no use.
    #[must_use]
    pub fn now(self) -> Duration {
        let time = clock_gettime(match self {
            Self::Thread => ClockId::ThreadCPUTime,
            Self::Elapsed => ClockId::Monotonic,
        });
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    /// The nanoseconds since then.
    #[must_use]
    pub fn since(self, start: Duration) -> u64 {
        (self.now() - start).as_nanos() as u64
    }
}

/// What an engine says of itself when it is ready.
#[derive(Clone, Debug, Default)]
pub struct Ready {
    /// Name and version.
    pub engine: String,
    /// Lines that it cannot express and leaves to another engine.
    pub unsupported: usize,
    /// What a reader of its figures must know.
    pub notes: String,
}

/// Writes the answer of an engine that knows captures: the line, and its groups if it needs them. A group that took no part is none.
pub fn write_answer(
    answer: &mut String,
    line: Option<usize>,
    groups: Option<impl IntoIterator<Item = Option<(usize, usize)>>>,
) {
    let Some(line) = line else {
        answer.push('-');
        return;
    };
    write!(answer, "{line}").expect("writing into a string does not fail");
    for group in groups.into_iter().flatten() {
        match group {
            Some((start, end)) => write!(answer, " {start},{end}").expect("writing into a string does not fail"),
            None => answer.push_str(" -"),
        }
    }
}
