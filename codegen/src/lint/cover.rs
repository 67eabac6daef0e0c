//! Lines that others hide: does every response that a line matches match one of the lines before it?
//!
//! The lines that may be needed are found by counterexamples. A shortest response that the line matches and the chosen lines do not is
//! asked of all lines before it. If none matches, nothing hides the line, and that response is the proof. Else one that does is chosen,
//! too. It ends when no counterexample is left: the walk over all states that the line and the chosen ones can be in together is the proof.

use rustc_hash::FxHashSet;

use crate::analyse::Analysis;
use crate::analyse::automaton::{Automaton, State};
use crate::analyse::search::Search;

/// Of the lines before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A response is answered by this line alone.
    Free,
    /// These take every response, by position, and none of them can be left out. None at all: there is no such response.
    Covered(Vec<usize>),
    /// It has no automaton, or there were too many cases.
    Undecided,
}

/// No more lines are taken together.
const MOST_LINES: usize = 12;
/// No more states of several automata are looked at.
const MOST_STATES: usize = 1 << 17;

/// Whether lines before it hide a line.
pub(super) fn cover(line: &Analysis, before: &[Analysis]) -> Verdict {
    // Where the line itself is too hard, one that matches more may do: what hides that hides the line.
    let Some(own) = line.automaton.as_ref().ok().or(line.guard.as_ref()) else { return Verdict::Undecided };
    let free = if line.automaton.is_ok() { Verdict::Free } else { Verdict::Undecided };
    let of = |at: usize| before[at].automaton.as_ref().ok();
    let mut chosen: Vec<usize> = Vec::new();
    loop {
        let automata: Vec<&Automaton> = chosen.iter().filter_map(|&at| of(at)).collect();
        let response = match escape(own, &automata) {
            Escape::None => break,
            Escape::Unknown => return Verdict::Undecided,
            Escape::By(response) => response,
        };
        let hits: Vec<usize> =
            (0..before.len()).filter(|&at| of(at).is_some_and(|other| other.is_match(&response))).collect();
        // A line that hides it alone matches every response of it, this one too.
        if chosen.is_empty()
            && let Some(&alone) =
                hits.iter().find(|&&at| of(at).is_some_and(|other| matches!(escape(own, &[other]), Escape::None)))
        {
            return Verdict::Covered(vec![alone]);
        }
        match hits.first() {
            None => return free,
            Some(_) if chosen.len() == MOST_LINES => return Verdict::Undecided,
            Some(&first) => chosen.push(first),
        }
    }
    // What later choices have made needless.
    let mut at = 0;
    while at < chosen.len() && chosen.len() > 1 {
        let mut fewer = chosen.clone();
        fewer.remove(at);
        let automata: Vec<&Automaton> = fewer.iter().filter_map(|&at| of(at)).collect();
        if matches!(escape(own, &automata), Escape::None) {
            chosen = fewer;
        } else {
            at += 1;
        }
    }
    chosen.sort_unstable();
    Verdict::Covered(chosen)
}

/// A response that one automaton matches and others do not.
enum Escape {
    None,
    /// A shortest one.
    By(Vec<u8>),
    Unknown,
}

fn escape(own: &Automaton, others: &[&Automaton]) -> Escape {
    let bytes = representatives(own, others);
    let start: Box<[State]> = std::iter::once(own.start).chain(others.iter().map(|it| it.start)).collect();
    if !is_open(&start) {
        return Escape::None;
    }
    let mut search = Search::new(start);
    while let Some((states, at)) = search.take() {
        let is_accepted = |(automaton, state): (&&Automaton, &State)| automaton.accepts[*state as usize];
        if own.accepts[states[0] as usize] && !others.iter().zip(&states[1..]).any(is_accepted) {
            return Escape::By(search.spell(at));
        }
        for &byte in &bytes {
            let own = std::iter::once(own.next(states[0], byte));
            let next: Box<[State]> =
                own.chain(others.iter().zip(&states[1..]).map(|(it, &state)| it.next(state, byte))).collect();
            if is_open(&next) {
                search.reach(next, at, byte);
            }
        }
        if search.len() > MOST_STATES {
            return Escape::Unknown;
        }
    }
    Escape::None
}

/// Whether a response may still escape: the first automaton can match, and no other one does whatever follows.
fn is_open(states: &[State]) -> bool {
    states[0] != Automaton::DEAD && !states[1..].contains(&Automaton::MATCH)
}

/// A byte of each set that all automata take for the same, such as people can read first.
fn representatives(own: &Automaton, others: &[&Automaton]) -> Vec<u8> {
    let mut known: FxHashSet<Box<[u8]>> = FxHashSet::default();
    let readable = (b'a'..=b'z').chain(b' '..=b'~');
    let mut bytes = Vec::new();
    for byte in readable.chain(0..=u8::MAX) {
        let all = std::iter::once(own).chain(others.iter().copied());
        let classes: Box<[u8]> = all.map(|it| it.classes[usize::from(byte)]).collect();
        if known.insert(classes) {
            bytes.push(byte);
        }
    }
    bytes
}
