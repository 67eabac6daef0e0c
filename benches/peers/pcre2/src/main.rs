//! The peer PCRE2: every line of the chain in turn, as nmap does it.
//!
//! `portprint-bench-pcre2 TASK interpreter|jit`

use std::env;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use portprint_bench_pcre2::{Memory, Pattern, version};
use portprint_bench_peer::{Engine, Ready, Task, serve, write_answer};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, mode] = &arguments[..] else { bail!("arguments: TASK interpreter|jit") };
    let jit = match &**mode {
        "interpreter" => false,
        "jit" => true,
        _ => bail!("unknown mode `{mode}`"),
    };
    serve(&Task::read(Path::new(folder))?, |task| InSequence::new(task, jit))
}

struct InSequence {
    /// The pattern of each line of a chain that is in use, and whether its groups are needed.
    patterns: Vec<Option<(Pattern, bool)>>,
    chains: Vec<Vec<usize>>,
    memory: Memory,
}

impl InSequence {
    fn new(task: &Task, jit: bool) -> Result<(Self, Ready)> {
        let chains: Vec<Vec<usize>> = task.chains.iter().map(|chain| chain.lines().collect()).collect();
        let mut patterns: Vec<Option<(Pattern, bool)>> = Vec::new();
        patterns.resize_with(task.lines.len(), || None);
        let mut not_jit = 0;
        for &id in chains.iter().flatten() {
            if patterns[id].is_none() {
                let pattern =
                    Pattern::new(&task.lines[id], jit).context(task.lines[id].pattern.escape_ascii().to_string())?;
                not_jit += usize::from(jit && !pattern.is_jit());
                patterns[id] = Some((pattern, task.lines[id].captures));
            }
        }
        let mode = if jit { "JIT" } else { "interpreter" };
        let mut notes = String::from("nmap's limits");
        if not_jit > 0 {
            notes += &format!("; {not_jit} lines without machine code");
        }
        let ready = Ready { engine: format!("PCRE2 {} {mode}", version()), unsupported: 0, notes };
        Ok((Self { patterns, chains, memory: Memory::new() }, ready))
    }

    fn find(&mut self, chain: usize, response: &[u8]) -> Option<(usize, bool)> {
        let Self { patterns, chains, memory } = self;
        chains[chain].iter().find_map(|&id| {
            let (pattern, captures) = patterns[id].as_ref()?;
            memory.is_match(pattern, response).then_some((id, *captures))
        })
    }
}

impl Engine for InSequence {
    fn classify(&mut self, chain: usize, response: &[u8]) -> Option<usize> {
        // The groups are in the memory by then.
        self.find(chain, response).map(|(id, _)| id)
    }

    fn answer(&mut self, chain: usize, response: &[u8], answer: &mut String) {
        let found = self.find(chain, response);
        let captures = found.is_some_and(|(_, captures)| captures);
        write_answer(answer, found.map(|(id, _)| id), captures.then(|| self.memory.groups()));
    }
}
