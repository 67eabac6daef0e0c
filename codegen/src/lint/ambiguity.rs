//! How long engines that backtrack may take.
//!
//! Such an engine goes through all ways in which the instructions can read a response that does not match in the end. There are
//! exponentially many if an instruction can be reached from itself by two ways that read the same bytes, and so many as a polynomial of
//! degree `n` says if `n` loops follow each other of which each can take over what the one before it reads (Weber and Seidl, "On the
//! degree of ambiguity of finite automata", 1991). Both are looked for in products of the instructions with themselves. A degree that is
//! told is one for which such loops were found; engines with other optimisations may be spared.

use std::fmt;

use rustc_hash::FxHashMap;

use crate::analyse::nfa::{Inst, Nfa, Pc};
use crate::analyse::search::Search;
use crate::analyse::{Analysis, ByteSet};

/// A polynomial of a lower degree is told of no pattern: `^a.*b.*c` has degree 2, and so has every line of use.
const WORTH_TELLING: usize = 3;
/// Patterns with more instructions that read are not looked at.
const MOST_READERS: usize = 600;
/// No more states of a product are looked at for a pair of loops.
const MOST_STATES: usize = 1 << 14;

/// How the time grows with the length of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Growth {
    /// With a power of it.
    Polynomial {
        /// Which.
        degree: usize,
        /// What, repeated, makes it so.
        pump: Vec<u8>,
    },
    /// Exponentially.
    Exponential {
        /// What, repeated, makes it so.
        pump: Vec<u8>,
    },
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Polynomial { degree, pump } => {
                write!(f, "time that grows with the length to the power {degree}, for repeated {:?}", shown(pump))
            }
            Self::Exponential { pump } => {
                write!(f, "time that grows exponentially with the length, for repeated {:?}", shown(pump))
            }
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// How the time of engines that backtrack grows, if that is worth telling.
pub(super) fn growth(analysis: &Analysis) -> Option<Growth> {
    let readers = Readers::of(&analysis.nfa)?;
    if let Some(pump) = readers.doubling() {
        return Some(Growth::Exponential { pump });
    }
    let (degree, pump) = readers.degree();
    (degree >= WORTH_TELLING).then_some(Growth::Polynomial { degree, pump })
}

/// The instructions that read, and which follow which.
struct Readers {
    sets: Vec<ByteSet>,
    /// Those that may come next, each once for every way there, at most twice.
    next: Vec<Vec<(usize, u8)>>,
    /// The strongly connected component of each.
    component: Vec<usize>,
    /// Whether a component can be gone round in.
    is_loop: Vec<bool>,
}

impl Readers {
    /// `None` where what is read is not all that decides, or there is too much of it.
    fn of(nfa: &Nfa) -> Option<Self> {
        let is_plain = |inst: &Inst| !matches!(inst, Inst::Look { .. } | Inst::Atomic | Inst::BackReference { .. });
        let pcs: Vec<Pc> =
            nfa.insts.iter().enumerate().filter(|(_, it)| matches!(it, Inst::Set(_))).map(|(pc, _)| pc).collect();
        if pcs.len() > MOST_READERS || !nfa.insts.iter().all(is_plain) {
            return None;
        }
        let number: FxHashMap<Pc, usize> = pcs.iter().enumerate().map(|(number, &pc)| (pc, number)).collect();
        let sets = pcs
            .iter()
            .map(|&pc| match nfa.insts[pc] {
                Inst::Set(set) => nfa.sets[set],
                _ => ByteSet::EMPTY,
            })
            .collect();
        let mut next = Vec::with_capacity(pcs.len());
        for &pc in &pcs {
            let mut walk = Walk { nfa, path: Vec::new(), visits: FxHashMap::default(), is_over: false };
            walk.from(pc + 1, true);
            // Where the whole pattern has matched nothing is tried again.
            let reached = if walk.is_over { FxHashMap::default() } else { walk.visits };
            let mut ways: Vec<(usize, u8)> =
                reached.into_iter().filter_map(|(pc, count)| Some((*number.get(&pc)?, count))).collect();
            ways.sort_unstable();
            next.push(ways);
        }
        let (component, is_loop) = components(&next);
        Some(Self { sets, next, component, is_loop })
    }

    /// Bytes that lead from an instruction back to it in two ways.
    fn doubling(&self) -> Option<Vec<u8>> {
        for start in (0..self.sets.len()).filter(|&it| self.is_loop[self.component[it]]) {
            let inside = |it: usize| self.component[it] == self.component[start];
            // Two that read the same, and whether they have parted.
            let begin = (start, start, false);
            let mut search = Search::new(begin);
            while let Some(((one, other, parted), at)) = search.take() {
                let Some(byte) = self.sets[one].intersection(self.sets[other]).iter().next() else { continue };
                for &(to_one, ways) in self.next[one].iter().filter(|(to, _)| inside(*to)) {
                    for &(to_other, _) in self.next[other].iter().filter(|(to, _)| inside(*to)) {
                        let parted = parted || to_one != to_other || (one == other && ways > 1);
                        if parted && to_one == start && to_other == start {
                            let mut pump = search.spell(at);
                            pump.push(byte);
                            return Some(pump);
                        }
                        search.reach((to_one, to_other, parted), at, byte);
                    }
                }
                if search.len() > MOST_STATES {
                    break;
                }
            }
        }
        None
    }

    /// How many loops follow each other of which each can take over from the one before, and what two of them both read.
    fn degree(&self) -> (usize, Vec<u8>) {
        // One place of each loop will do for loops of one place, and those are almost all.
        let loops: Vec<usize> = (0..self.sets.len()).filter(|&it| self.is_loop[self.component[it]]).collect();
        let mut handovers: FxHashMap<(usize, usize), Vec<u8>> = FxHashMap::default();
        for &from in &loops {
            for &to in &loops {
                let pair = (self.component[from], self.component[to]);
                if pair.0 != pair.1
                    && !handovers.contains_key(&pair)
                    && let Some(pump) = self.handover(from, to)
                {
                    handovers.insert(pair, pump);
                }
            }
        }
        // Components follow each other in no circle, so the longest chain is found by going back from each.
        let mut longest: FxHashMap<usize, usize> = FxHashMap::default();
        let degree = loops.iter().map(|&it| chain(self.component[it], &handovers, &mut longest)).max().unwrap_or(0);
        // The pair on the way of the longest one.
        let pump = handovers.into_iter().max_by_key(|((from, _), pump)| (longest.get(from).copied(), pump.clone()));
        (degree, pump.map(|(_, pump)| pump).unwrap_or_default())
    }

    /// Bytes that lead from the first to itself, from the first to the second, and from the second to itself.
    fn handover(&self, first: usize, second: usize) -> Option<Vec<u8>> {
        let same = |left: usize, right: usize| self.component[left] == self.component[right];
        let mut search = Search::new((first, first, second));
        while let Some(((stays, crosses, goes_on), at)) = search.take() {
            let both = self.sets[stays].intersection(self.sets[crosses]).intersection(self.sets[goes_on]);
            let Some(byte) = both.iter().find(u8::is_ascii_graphic).or(both.iter().next()) else { continue };
            for &(to_stays, _) in self.next[stays].iter().filter(|(to, _)| same(*to, first)) {
                for &(to_goes_on, _) in self.next[goes_on].iter().filter(|(to, _)| same(*to, second)) {
                    for &(to_crosses, _) in &self.next[crosses] {
                        if (to_stays, to_crosses, to_goes_on) == (first, second, second) {
                            let mut pump = search.spell(at);
                            pump.push(byte);
                            return Some(pump);
                        }
                        search.reach((to_stays, to_crosses, to_goes_on), at, byte);
                    }
                }
            }
            if search.len() > MOST_STATES {
                return None;
            }
        }
        None
    }
}

/// The loops in the longest chain that begins with one.
fn chain(from: usize, handovers: &FxHashMap<(usize, usize), Vec<u8>>, longest: &mut FxHashMap<usize, usize>) -> usize {
    if let Some(&known) = longest.get(&from) {
        return known;
    }
    let after: Vec<usize> = handovers.keys().filter(|(first, _)| *first == from).map(|(_, second)| *second).collect();
    let length = 1 + after.into_iter().map(|second| chain(second, handovers, longest)).max().unwrap_or(0);
    longest.insert(from, length);
    length
}

/// Where an instruction leads without reading.
struct Walk<'n> {
    nfa: &'n Nfa,
    path: Vec<Pc>,
    /// How often each instruction was come to; twice stands for more.
    visits: FxHashMap<Pc, u8>,
    /// It leads to the end of the pattern, whatever comes.
    is_over: bool,
}

impl Walk<'_> {
    fn from(&mut self, pc: Pc, is_certain: bool) {
        // A way that comes back to where it was reads nothing; engines stop there.
        if self.path.contains(&pc) {
            return;
        }
        let visits = self.visits.entry(pc).or_default();
        if *visits == 2 {
            return;
        }
        *visits += 1;
        self.path.push(pc);
        match self.nfa.insts[pc] {
            Inst::Split { preferred, other } => {
                self.from(preferred, is_certain);
                self.from(other, is_certain);
            }
            Inst::Jump(to) => self.from(to, is_certain),
            Inst::EmptyCheck { .. } | Inst::Save(_) => self.from(pc + 1, is_certain),
            Inst::Assert(_) => self.from(pc + 1, false),
            Inst::Match => self.is_over |= is_certain,
            Inst::Set(_) | Inst::Look { .. } | Inst::Atomic | Inst::Commit(_) | Inst::BackReference { .. } => {}
        }
        self.path.pop();
    }
}

/// The strongly connected components, and which of them are loops (Tarjan, without recursion).
fn components(next: &[Vec<(usize, u8)>]) -> (Vec<usize>, Vec<bool>) {
    const NONE: usize = usize::MAX;
    let mut component = vec![NONE; next.len()];
    let mut is_loop = Vec::new();
    let (mut index, mut low) = (vec![NONE; next.len()], vec![0; next.len()]);
    let (mut stack, mut count) = (Vec::new(), 0);
    for root in 0..next.len() {
        if index[root] != NONE {
            continue;
        }
        let mut calls = vec![(root, 0)];
        while let Some((node, edge)) = calls.pop() {
            if edge == 0 {
                (index[node], low[node]) = (count, count);
                count += 1;
                stack.push(node);
            }
            if let Some(&(to, _)) = next[node].get(edge) {
                calls.push((node, edge + 1));
                if index[to] == NONE {
                    calls.push((to, 0));
                } else if component[to] == NONE {
                    low[node] = low[node].min(index[to]);
                }
                continue;
            }
            if let Some(&(caller, _)) = calls.last() {
                low[caller] = low[caller].min(low[node]);
            }
            if low[node] == index[node] {
                let mut size = 0;
                while let Some(member) = stack.pop() {
                    component[member] = is_loop.len();
                    size += 1;
                    if member == node {
                        break;
                    }
                }
                is_loop.push(size > 1 || next[node].iter().any(|(to, _)| *to == node));
            }
        }
    }
    (component, is_loop)
}
