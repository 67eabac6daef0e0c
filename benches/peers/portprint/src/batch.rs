//! All responses given to the engine at once.

use anyhow::Result;
use portprint_bench_peer::{Engine, Task};
use portprint_core::Query;

use crate::classify::{Classify, write_verdict};

pub(crate) struct Batch<'t> {
    alone: Classify,
    queries: Vec<Query<'t>>,
}

impl<'t> Batch<'t> {
    pub(crate) fn new(task: &'t Task) -> Result<Self> {
        let alone = Classify::new(task)?;
        let query = |index| {
            let response = task.response(index);
            let (protocol, probe) = alone.probes[response.chain];
            Query { protocol, probe: Some(probe), response: response.bytes }
        };
        let queries = (0..task.len()).map(query).collect();
        Ok(Self { alone, queries })
    }
}

impl Engine for Batch<'_> {
    fn classify(&mut self, chain: usize, response: &[u8]) -> Option<usize> {
        self.alone.classify(chain, response)
    }

    fn answer(&mut self, chain: usize, response: &[u8], answer: &mut String) {
        self.alone.answer(chain, response, answer);
    }

    fn answers(&mut self, _: &Task, text: &mut String) {
        // A response that the batch leaves out has no answer at all, and that is wrong too.
        let mut answers = vec![String::new(); self.queries.len()];
        let Classify { matcher, scratch, .. } = &mut self.alone;
        matcher.classify_batch(&self.queries, scratch, |index, verdict| write_verdict(&mut answers[index], verdict));
        for answer in answers {
            text.push_str(&answer);
            text.push('\n');
        }
    }

    fn round(&mut self, _: &Task) {
        let Classify { matcher, scratch, .. } = &mut self.alone;
        matcher.classify_batch(&self.queries, scratch, |index, verdict| {
            std::hint::black_box((index, verdict));
        });
    }
}
