//! Every line of the database on every response, whatever probe drew it: how slow a single line can be made.
//!
//! Answers are found without the prefilter too: the first line of the chain that matches by itself.

use std::cmp::Reverse;
use std::collections::HashSet;

use anyhow::Result;
use portprint_bench_peer::{Clock, Engine, Task};
use portprint_core::LineTest;
use portprint_tables::LineId;

use crate::classify::{Classify, write_hit};

pub(crate) struct Lines {
    alone: Classify,
    /// The lines of each chain.
    chains: Vec<Vec<LineId>>,
    /// What each response is.
    names: Vec<String>,
    /// Whether it was told which lines are slow.
    told: bool,
}

/// A single measurement of twelve thousand is disturbed by something; the slowest lines are measured again.
const AGAIN: usize = 8;
/// So many times; the median counts.
const TIMES: usize = 5;
/// So many lines are told of on standard error, each with the response that it is slowest on.
const TOLD: usize = 12;

/// What a line takes on a response.
#[derive(Clone, Copy)]
struct Cost {
    response: usize,
    line: LineId,
    ns: u64,
    per_byte: f64,
}

impl Lines {
    pub(crate) fn new(task: &Task) -> Result<Self> {
        let chains = task.chains.iter().map(|chain| chain.lines().map(LineId::new).collect()).collect();
        let names = String::from_utf8(task.file("responses.txt")?)?.lines().map(str::to_owned).collect();
        Ok(Self { alone: Classify::new(task)?, chains, names, told: false })
    }

    /// The first line of the chain that matches.
    fn first(&mut self, chain: usize, response: &[u8]) -> Option<LineId> {
        let Classify { matcher, scratch, .. } = &mut self.alone;
        let lines = &mut self.chains[chain].iter().copied();
        lines.find(|&line| matcher.test_line(line, response, scratch) == LineTest::Matches)
    }

    /// What one line takes: whether it matches, and if so its captures and fields. In the thread's time, for the slowest of many
    /// would otherwise be the one that had to wait.
    fn time(&mut self, line: LineId, response: &[u8]) -> u64 {
        let Classify { matcher, scratch, .. } = &mut self.alone;
        let start = Clock::Thread.now();
        std::hint::black_box(matcher.line_fields(line, response, scratch));
        Clock::Thread.since(start)
    }

    /// The slowest lines on a response, the slowest one first.
    fn slowest(&mut self, index: usize, response: &[u8]) -> Vec<Cost> {
        let count = self.alone.matcher.database().line_count();
        let mut lines: Vec<(u64, LineId)> =
            (0..count).map(LineId::new).map(|line| (self.time(line, response), line)).collect();
        lines.sort_unstable_by_key(|&(ns, _)| Reverse(ns));
        let again = lines.into_iter().take(AGAIN).map(|(_, line)| {
            let mut times = [(); TIMES].map(|()| self.time(line, response));
            times.sort_unstable();
            let ns = times[TIMES / 2];
            Cost { response: index, line, ns, per_byte: ns as f64 / response.len().max(1) as f64 }
        });
        let mut again: Vec<Cost> = again.collect();
        again.sort_unstable_by_key(|cost| Reverse(cost.ns));
        again
    }

    #[allow(clippy::print_stderr, reason = "diagnostics of a peer go there")]
    fn tell(&self, task: &Task, mut costs: Vec<Cost>) {
        costs.sort_by(|left, right| right.per_byte.total_cmp(&left.per_byte));
        let mut told = HashSet::new();
        for cost in costs.into_iter().filter(|cost| told.insert(cost.line)).take(TOLD) {
            let line = self.alone.matcher.database().line(cost.line).line;
            let (name, len) = (&self.names[cost.response], task.response(cost.response).bytes.len());
            eprintln!("    line {line}: {:.1} ns a byte of {name}, {len} bytes", cost.per_byte);
        }
    }
}

impl Engine for Lines {
    fn classify(&mut self, chain: usize, response: &[u8]) -> Option<usize> {
        self.first(chain, response).map(LineId::index)
    }

    fn answer(&mut self, chain: usize, response: &[u8], answer: &mut String) {
        let first = self.first(chain, response);
        let Classify { matcher, scratch, .. } = &mut self.alone;
        match first.and_then(|line| Some((line, matcher.line_fields(line, response, scratch)?))) {
            Some((line, fields)) => {
                let database = matcher.database();
                write_hit(answer, line, database.service_name(database.line(line).service), fields);
            }
            None => answer.push('-'),
        }
    }

    /// The time of every response's slowest line.
    fn each(&mut self, task: &Task) -> Vec<u64> {
        let mut costs = Vec::new();
        let mut each = Vec::with_capacity(task.len());
        for (index, response) in task.responses().enumerate() {
            let slowest = self.slowest(index, response.bytes);
            each.push(slowest.first().map_or(0, |cost| cost.ns));
            costs.extend(slowest);
        }
        if !self.told {
            self.tell(task, costs);
            self.told = true;
        }
        each
    }
}
