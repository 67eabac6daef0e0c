//! The bound: how long the processor takes to look at every byte of a response. Its answers mean nothing and are not compared.
//!
//! `portprint-bench-memchr TASK`

use std::env;
use std::path::Path;

use anyhow::{Context as _, Result};
use portprint_bench_peer::{Engine, Ready, Task, serve};

fn main() -> Result<()> {
    let task = Task::read(Path::new(&env::args().nth(1).context("which task?")?))?;
    serve(&task, |task| Ok((Absent::new(task), ready())))
}

fn ready() -> Ready {
    Ready {
        engine: "memchr 2".into(),
        unsupported: 0,
        notes: "looks for the byte that is rarest in all responses, on to the response's end".into(),
    }
}

struct Absent(u8);

impl Absent {
    /// The rarest byte; in most corpora there is one that never stands anywhere.
    fn new(task: &Task) -> Self {
        let mut counts = [0usize; 256];
        task.responses().flat_map(|response| response.bytes).for_each(|&byte| counts[usize::from(byte)] += 1);
        Self((0..=u8::MAX).min_by_key(|&byte| counts[usize::from(byte)]).expect("there are 256 bytes"))
    }
}

impl Engine for Absent {
    fn classify(&mut self, _: usize, response: &[u8]) -> Option<usize> {
        // From the front, to the end.
        memchr::memchr_iter(self.0, response).fold(None, |_, at| Some(at))
    }

    fn answer(&mut self, _: usize, _: &[u8], answer: &mut String) {
        answer.push('-');
    }
}
