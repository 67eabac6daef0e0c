//! The responses shared out evenly among threads.

use anyhow::Result;
use portprint_bench_peer::{Clock, Engine, Task};
use portprint_core::Scratch;

use crate::classify::Classify;

pub(crate) struct Threads {
    alone: Classify,
    /// One for each thread.
    scratches: Vec<Scratch>,
}

impl Threads {
    pub(crate) fn new(task: &Task, count: usize) -> Result<Self> {
        Ok(Self { alone: Classify::new(task)?, scratches: vec![Scratch::new(); count] })
    }
}

impl Engine for Threads {
    fn classify(&mut self, chain: usize, response: &[u8]) -> Option<usize> {
        self.alone.classify(chain, response)
    }

    fn answer(&mut self, chain: usize, response: &[u8], answer: &mut String) {
        self.alone.answer(chain, response, answer);
    }

    fn round(&mut self, task: &Task) {
        let Classify { matcher, probes, .. } = &self.alone;
        let count = self.scratches.len();
        std::thread::scope(|scope| {
            for (thread, scratch) in self.scratches.iter_mut().enumerate() {
                scope.spawn(move || {
                    for index in (thread..task.len()).step_by(count) {
                        let response = task.response(index);
                        let (protocol, probe) = probes[response.chain];
                        std::hint::black_box(matcher.classify(protocol, probe, response.bytes, scratch));
                    }
                });
            }
        });
    }

    fn clock(&self) -> Clock {
        Clock::Elapsed
    }
}
