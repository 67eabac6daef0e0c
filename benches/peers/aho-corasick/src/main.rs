//! The peer aho-corasick: one pass finds which lines' required literals stand in the response; portprint's automata decide on these lines.
//!
//! It shows what portprint's own prefilter is worth: everything else is the same.
//!
//! `portprint-bench-aho-corasick TASK`

use std::env;
use std::path::Path;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use anyhow::{Context as _, Result, anyhow};
use portprint_bench_peer::{Chain, Engine, Line, Ready, Task, serve, write_answer};
use portprint_codegen::analyse::{literals, pattern};
use portprint_core::{Matcher, Scratch};
use portprint_tables::{Database, LineId};

fn main() -> Result<()> {
    let task = Task::read(Path::new(&env::args().nth(1).context("which task?")?))?;
    serve(&task, Literals::new)
}

/// A longer literal is cut: what follows hardly tells more, and makes the automaton larger.
const LONGEST: usize = 16;

struct Literals {
    matcher: Matcher<'static>,
    scratch: Scratch,
    chains: Vec<Candidates>,
    /// The ranks found in a response, and a mark for each that is.
    found: Vec<u32>,
    seen: Vec<bool>,
}

/// A chain's literals.
struct Candidates {
    /// The lines in the order in which they are tried; a line's place here is its rank.
    lines: Vec<usize>,
    automaton: AhoCorasick,
    /// For each literal the ranks that need it.
    ranks: Vec<Vec<u32>>,
    /// The ranks without a literal.
    always: Vec<u32>,
}

impl Literals {
    fn new(task: &Task) -> Result<(Self, Ready)> {
        let database = Database::from_bytes(task.leaked("portprint.db")?)?;
        database.verify()?;
        let literals = task.lines.iter().map(literals_of).collect::<Result<Vec<_>>>()?;
        let chains: Vec<Candidates> =
            task.chains.iter().map(|chain| Candidates::new(chain, &literals)).collect::<Result<_>>()?;
        let longest = chains.iter().map(|chain| chain.lines.len()).max().unwrap_or(0);
        let memory: usize = chains.iter().map(|chain| chain.automaton.memory_usage()).sum();
        let ready = Ready {
            engine: "aho-corasick 1.1".into(),
            unsupported: 0,
            notes: format!(
                "contiguous NFA for each chain, {} KiB in all; verified and rendered by portprint",
                memory >> 10
            ),
        };
        let matcher = Matcher::new(&database);
        Ok((Self { matcher, scratch: Scratch::new(), chains, found: Vec::new(), seen: vec![false; longest] }, ready))
    }
}

/// The literals of which one stands in every response that the line matches: of all such sets the one whose shortest is longest.
fn literals_of(line: &Line) -> Result<Vec<Vec<u8>>> {
    let pattern = pattern::parse(&line.pattern, line.caseless, line.dotall).map_err(|_| anyhow!("a bad pattern"))?;
    let sets = literals::requirements(&pattern.root);
    let shortest = |set: &Vec<Vec<u8>>| set.iter().map(|literal| literal.len().min(LONGEST)).min();
    let best = sets.into_iter().max_by_key(|set| (shortest(set), usize::MAX - set.len())).unwrap_or_default();
    Ok(best.into_iter().map(|literal| literal[..literal.len().min(LONGEST)].to_vec()).collect())
}

impl Candidates {
    fn new(chain: &Chain, literals: &[Vec<Vec<u8>>]) -> Result<Self> {
        let lines: Vec<usize> = chain.lines().collect();
        let mut needed: Vec<(&[u8], u32)> = Vec::new();
        let mut always = Vec::new();
        for (rank, &line) in (0..).zip(&lines) {
            if literals[line].is_empty() {
                always.push(rank);
            }
            needed.extend(literals[line].iter().map(|literal| (&literal[..], rank)));
        }
        needed.sort_unstable();
        let (mut texts, mut ranks): (Vec<&[u8]>, Vec<Vec<u32>>) = (Vec::new(), Vec::new());
        for (literal, rank) in needed {
            if texts.last() != Some(&literal) {
                texts.push(literal);
                ranks.push(Vec::new());
            }
            ranks.last_mut().expect("one was pushed").push(rank);
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(&texts)?;
        Ok(Self { lines, automaton, ranks, always })
    }
}

impl Engine for Literals {
    fn classify(&mut self, chain: usize, response: &[u8]) -> Option<usize> {
        let Self { matcher, scratch, chains, found, seen } = self;
        let Candidates { lines, automaton, ranks, always } = &chains[chain];
        found.clear();
        found.extend(always);
        for occurrence in automaton.find_overlapping_iter(response) {
            for &rank in &ranks[occurrence.pattern().as_usize()] {
                if !seen[rank as usize] {
                    seen[rank as usize] = true;
                    found.push(rank);
                }
            }
        }
        found.iter().for_each(|&rank| seen[rank as usize] = false);
        found.sort_unstable();
        // Renders the fields of the line that matches, and of no other.
        found
            .iter()
            .map(|&rank| lines[rank as usize])
            .find(|&line| std::hint::black_box(matcher.line_fields(LineId::new(line), response, scratch)).is_some())
    }

    fn answer(&mut self, chain: usize, response: &[u8], answer: &mut String) {
        write_answer(answer, self.classify(chain, response), None::<[Option<(usize, usize)>; 0]>);
    }
}
