//! The peer regex-automata, the engine of the crate regex.
//!
//! In mode `meta` every line of the chain is tried in turn by a `meta::Regex` of its own; in mode `set` all lines of a probe are one
//! `meta::Regex`, which says which of them match. Lines that it cannot express are tried by PCRE2's JIT.
//!
//! `portprint-bench-regex-automata TASK meta|set`

mod translate;

use std::collections::HashMap;
use std::env;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use portprint_bench_pcre2::{Memory, Pattern};
use portprint_bench_peer::{Engine, Line, Ready, Task, serve, write_answer};
use portprint_codegen::analyse::pattern;
use regex_automata::meta::Regex;
use regex_automata::{Input, PatternSet};
use regex_syntax::hir::Hir;

/// Determinised states of one set are thrown away beyond this.
const SET_CACHE: usize = 256 << 20;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, mode] = &arguments[..] else { bail!("arguments: TASK meta|set") };
    let task = Task::read(Path::new(folder))?;
    match &**mode {
        "meta" => serve(&task, |task| Lines::new(task, false)),
        "set" => serve(&task, |task| Lines::new(task, true)),
        _ => bail!("unknown mode `{mode}`"),
    }
}

/// A line that is ready to be tried.
enum Compiled {
    Own(Box<Regex>),
    Foreign(Pattern),
}

struct Lines {
    /// The lines of chains that are in use.
    lines: Vec<Option<(Compiled, bool)>>,
    chains: Vec<Vec<Range<usize>>>,
    /// In mode `set` a set for each range of a chain.
    sets: HashMap<usize, Set>,
    memory: Memory,
}

/// The lines of a probe.
struct Set {
    regex: Regex,
    /// The line of each of its patterns.
    own: Vec<usize>,
    /// The lines that are not in it.
    foreign: Vec<usize>,
    found: PatternSet,
}

impl Lines {
    fn new(task: &Task, sets: bool) -> Result<(Self, Ready)> {
        let chains: Vec<Vec<Range<usize>>> = task.chains.iter().map(|chain| chain.ranges().collect()).collect();
        let mut lines: Vec<Option<(Compiled, bool)>> = Vec::new();
        lines.resize_with(task.lines.len(), || None);
        let mut made = HashMap::new();
        let mut unsupported = 0;
        for range in chains.iter().flatten() {
            if lines[range.start].is_some() {
                continue;
            }
            let (mut hirs, mut own, mut foreign) = (Vec::new(), Vec::new(), Vec::new());
            for id in range.clone() {
                let line = &task.lines[id];
                let compiled = match hir(line)? {
                    Some(hir) => {
                        own.push(id);
                        hirs.push(hir.clone());
                        Compiled::Own(Box::new(Regex::builder().build_from_hir(&hir)?))
                    }
                    None => {
                        unsupported += 1;
                        foreign.push(id);
                        Compiled::Foreign(Pattern::new(line, true)?)
                    }
                };
                lines[id] = Some((compiled, line.captures));
            }
            if sets {
                let config = Regex::config()
                    .match_kind(regex_automata::MatchKind::All)
                    .nfa_size_limit(None)
                    .hybrid_cache_capacity(SET_CACHE);
                let regex = Regex::builder().configure(config).build_many_from_hir(&hirs)?;
                let found = PatternSet::new(regex.pattern_len());
                made.insert(range.start, Set { regex, own, foreign, found });
            }
        }
        let notes = if sets { "a set for each probe" } else { "line by line" };
        let ready = Ready { engine: "regex-automata 0.4".into(), unsupported, notes: notes.into() };
        Ok((Self { lines, chains, sets: made, memory: Memory::new() }, ready))
    }

    fn find(&mut self, chain: usize, response: &[u8]) -> Option<usize> {
        let Self { lines, chains, sets, memory } = self;
        chains[chain].iter().find_map(|range| match sets.get_mut(&range.start) {
            Some(set) => set.find(response, lines, memory),
            None => range.clone().find(|&id| is_match(lines, id, response, memory)),
        })
    }

    fn captures(&self, id: usize, response: &[u8]) -> Option<Vec<Option<(usize, usize)>>> {
        match self.lines[id].as_ref()? {
            (_, false) => None,
            (Compiled::Own(regex), true) => {
                let mut captures = regex.create_captures();
                regex.captures(response, &mut captures);
                Some(captures.iter().map(|group| group.map(|span| (span.start, span.end))).collect())
            }
            (Compiled::Foreign(_), true) => Some(self.memory.groups().collect()),
        }
    }
}

impl Set {
    fn find(&mut self, response: &[u8], lines: &[Option<(Compiled, bool)>], memory: &mut Memory) -> Option<usize> {
        self.found.clear();
        self.regex.which_overlapping_matches(&Input::new(response), &mut self.found);
        let own = self.found.iter().next().map(|pattern| self.own[pattern.as_usize()]);
        // Only a line before that one matters.
        let before = self.foreign.iter().copied().take_while(|&id| own.is_none_or(|own| id < own));
        before.into_iter().find(|&id| is_match(lines, id, response, memory)).or(own)
    }
}

fn is_match(lines: &[Option<(Compiled, bool)>], id: usize, response: &[u8], memory: &mut Memory) -> bool {
    match &lines[id] {
        Some((Compiled::Own(regex), _)) => regex.is_match(response),
        Some((Compiled::Foreign(pattern), _)) => memory.is_match(pattern, response),
        None => false,
    }
}

/// The pattern as a tree of regex-syntax; none when that has no node for something in it.
fn hir(line: &Line) -> Result<Option<Hir>> {
    let pattern = pattern::parse(&line.pattern, line.caseless, line.dotall)
        .map_err(|_| anyhow!("a bad pattern"))
        .context(line.pattern.escape_ascii().to_string())?;
    Ok(translate::translate(&pattern.root))
}

impl Engine for Lines {
    fn classify(&mut self, chain: usize, response: &[u8]) -> Option<usize> {
        let found = self.find(chain, response)?;
        std::hint::black_box(self.captures(found, response));
        Some(found)
    }

    fn answer(&mut self, chain: usize, response: &[u8], answer: &mut String) {
        let found = self.find(chain, response);
        write_answer(answer, found, found.and_then(|id| self.captures(id, response)));
    }
}
