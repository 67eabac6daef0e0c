//! The responses shared out among threads, a chunk at a time, as `portprint match --jobs` does.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use portprint_bench_peer::{Clock, Engine, Task};
use portprint_core::Scratch;

use crate::classify::Classify;

/// Responses that a thread takes at a time: a thread that a neighbour of the machine holds up then does less, and the others wait for one
/// chunk at most.
const CHUNK: usize = 256;

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
        let next = &AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for scratch in &mut self.scratches {
                scope.spawn(move || {
                    loop {
                        let start = next.fetch_add(CHUNK, Ordering::Relaxed);
                        let end = task.len().min(start + CHUNK);
                        if start >= end {
                            break;
                        }
                        for index in start..end {
                            let response = task.response(index);
                            let (protocol, probe) = probes[response.chain];
                            std::hint::black_box(matcher.classify(protocol, probe, response.bytes, scratch));
                        }
                    }
                });
            }
        });
    }

    fn clock(&self) -> Clock {
        Clock::Elapsed
    }
}
