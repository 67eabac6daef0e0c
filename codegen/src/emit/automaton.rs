//! Automata to bytes, see [`portprint_tables::code::automaton`].

use portprint_tables::code::automaton::{
    ACCEPT, CHAIN, DEAD, FIND, FIRST, JUMP, LEAVE, LITERAL, LOOP1, LOOP2, LOOP3, MATCH, MAX_ROW, SETS, SPAN,
};

use super::sets::{SetTable, TooMany};
use crate::analyse::ByteSet;
use crate::analyse::automaton::{Automaton, State};

/// An automaton in bytes, but for the numbers of its sets, which depend on all other lines.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    code: Vec<u8>,
    sets: Vec<(usize, ByteSet)>,
}

impl Encoded {
    /// Writes the numbers of the sets.
    pub(crate) fn finish(mut self, table: &mut SetTable) -> Result<Vec<u8>, TooMany> {
        for (at, set) in self.sets {
            self.code[at..at + 2].copy_from_slice(&table.number(set)?.to_le_bytes());
        }
        Ok(self.code)
    }
}

/// Encodes an automaton; none when it is too large for targets of two bytes, or a state leads to too many others.
pub(crate) fn encode(automaton: &Automaton) -> Option<Encoded> {
    if automaton.start <= Automaton::MATCH {
        // A pattern that never matches, or always, still needs a state to start in.
        let mut encoded = Encoded { code: vec![JUMP], sets: Vec::new() };
        encoded.code.extend((automaton.start as u16).to_le_bytes());
        return Some(encoded);
    }
    Encoder::new(automaton)?.run()
}

/// A state by where it leads: by default, and on certain sets.
struct Row {
    default: State,
    others: Vec<(ByteSet, State)>,
}

impl Row {
    /// If the state leads back to itself on enough bytes to be worth a loop: the bytes on which it does not. A set that leads back
    /// is taken out.
    fn take_loop(&mut self, state: State) -> Option<ByteSet> {
        if self.default == state {
            return Some(self.others.iter().fold(ByteSet::EMPTY, |exits, (set, _)| exits.union(*set)));
        }
        let back = self.others.iter().position(|(set, target)| *target == state && set.len() >= LEAST_LOOP)?;
        let (set, _) = self.others.remove(back);
        Some(set.complement())
    }
}

/// A set of fewer bytes is not likely to stand many times in a row.
const LEAST_LOOP: usize = 10;

/// Bytes of a row's entries.
fn entries_size(others: &[(ByteSet, State)]) -> usize {
    others.iter().map(|(set, _)| if set.len() == 1 { 3 } else { 4 }).sum()
}

/// The union of the sets that lead to the same state.
fn by_target(transitions: impl Iterator<Item = (ByteSet, State)>) -> Vec<(ByteSet, State)> {
    let mut by_target: Vec<(ByteSet, State)> = Vec::new();
    for (set, target) in transitions {
        match by_target.iter_mut().find(|(_, known)| *known == target) {
            Some((known, _)) => *known = known.union(set),
            None => by_target.push((set, target)),
        }
    }
    by_target
}

/// How often a byte stands in responses, roughly: the greater, the oftener.
fn frequency(byte: u8) -> u8 {
    match byte {
        b' ' | b'e' | b't' | 0 => 9,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' => 8,
        b'c' | b'd' | b'l' | b'm' | b'p' | b'u' | b'h' | b'\r' | b'\n' => 7,
        b'0' | b'1' | b'2' | b'b' | b'f' | b'g' | b'v' | b'w' | b'y' | b'.' | b'/' | b':' | b'-' | b'=' | b'"' => 6,
        b'3'..=b'9' | b'<' | b'>' | b'k' | b'x' | b'S' | b'T' | b'C' | b',' | 1 | 0xFF => 5,
        b'A'..=b'Z' | b'j' | b'q' | b'z' | b';' | b'(' | b')' => 4,
        b'!'..=b'~' => 3,
        _ => 2,
    }
}

struct Encoder<'a> {
    automaton: &'a Automaton,
    /// The bytes of each class.
    classes: Vec<ByteSet>,
    rows: Vec<Row>,
    /// How many transitions lead to each state.
    uses: Vec<u32>,
    code: Vec<u8>,
    sets: Vec<(usize, ByteSet)>,
    /// Where each state's code starts.
    places: Vec<Option<usize>>,
    targets: Vec<(usize, State)>,
}

impl<'a> Encoder<'a> {
    fn new(automaton: &'a Automaton) -> Option<Self> {
        let class_sets = automaton.class_sets();
        let mut rows = Vec::with_capacity(automaton.len());
        let mut uses = vec![0; automaton.len()];
        for transitions in automaton.transitions.chunks_exact(automaton.class_count) {
            let mut by_target = by_target(class_sets.iter().copied().zip(transitions.iter().copied()));
            // The largest set is the default, the other large ones are tried first.
            by_target.sort_by_key(|(set, _)| std::cmp::Reverse(set.len()));
            let (_, default) = by_target.remove(0);
            if by_target.len() > MAX_ROW {
                return None;
            }
            uses[default as usize] += 1;
            for (_, target) in &by_target {
                uses[*target as usize] += 1;
            }
            rows.push(Row { default, others: by_target });
        }
        let places = vec![None; automaton.len()];
        Some(Self {
            automaton,
            classes: class_sets,
            rows,
            uses,
            code: Vec::new(),
            sets: Vec::new(),
            places,
            targets: Vec::new(),
        })
    }

    fn run(mut self) -> Option<Encoded> {
        let mut stack = vec![self.automaton.start];
        while let Some(state) = stack.pop() {
            let mut next = Some(state);
            while let Some(state) = next.filter(|&state| self.is_open(state)) {
                next = if let Some(run) = self.run_of(state, Self::literal) {
                    self.literals(run)
                } else if let Some(run) = self.run_of(state, Self::set_of) {
                    self.sets_run(run)
                } else if let Some((loops, _)) = self.fallback(state)
                    && let Some(run) = self.run_of(state, |this, state| this.link(state, loops))
                {
                    stack.push(loops);
                    self.chain(run, loops)
                } else {
                    self.row(state, &mut stack);
                    None
                };
            }
        }
        for (at, state) in std::mem::take(&mut self.targets) {
            let target = match state {
                Automaton::DEAD => DEAD,
                Automaton::MATCH => MATCH,
                _ => u16::try_from(self.places[state as usize]? + usize::from(FIRST)).ok()?,
            };
            self.code[at..at + 2].copy_from_slice(&target.to_le_bytes());
        }
        Some(Encoded { code: self.code, sets: self.sets })
    }

    /// Whether a state has code of its own that is not written yet.
    fn is_open(&self, state: State) -> bool {
        state > Automaton::MATCH && self.places[state as usize].is_none()
    }

    /// The only set that a state lets live, and where it leads.
    fn forced(&self, state: State) -> Option<(ByteSet, State)> {
        let Row { default, others } = &self.rows[state as usize];
        let (set, next) = match others[..] {
            [(set, next)] if *default == Automaton::DEAD => (set, next),
            [(dead, Automaton::DEAD)] => (dead.complement(), *default),
            _ => return None,
        };
        // A state that leads back to itself is a loop.
        (next != state && !self.automaton.accepts[state as usize]).then_some((set, next))
    }

    /// The only byte that a state lets live, and where it leads.
    fn literal(&self, state: State) -> Option<(u8, State)> {
        self.forced(state).and_then(|(set, next)| set.single().map(|byte| (byte, next)))
    }

    /// The only set of several bytes that a state lets live, and where it leads.
    fn set_of(&self, state: State) -> Option<(ByteSet, State)> {
        self.forced(state).filter(|(set, _)| set.len() > 1)
    }

    fn next(&self, state: State, class: usize) -> State {
        self.automaton.transitions[state as usize * self.automaton.class_count + class]
    }

    /// Whether a state leads back to itself on many bytes.
    fn is_loop(&self, state: State) -> bool {
        let back = |&(class, _): &(usize, &ByteSet)| self.next(state, class) == state;
        self.classes.iter().enumerate().filter(back).map(|(_, set)| set.len()).sum::<usize>() >= LEAST_LOOP
    }

    /// The loop that a state leads to on most bytes, and where it leads on those on which the loop does not lead to the same. A state that
    /// is a loop itself has none, so that two never leave a byte to each other.
    fn fallback(&self, state: State) -> Option<(State, Vec<(ByteSet, State)>)> {
        if self.is_loop(state) {
            return None;
        }
        let Row { default, others } = &self.rows[state as usize];
        let is_loop = |&target: &State| self.is_state(target) && self.is_loop(target);
        let loops = std::iter::once(*default).chain(others.iter().map(|(_, target)| *target)).find(is_loop)?;
        let differs = |class: &usize| self.next(state, *class) != self.next(loops, *class);
        let differing = (0..self.classes.len()).filter(differs);
        let rest = by_target(differing.map(|class| (self.classes[class], self.next(state, class))));
        Some((loops, rest))
    }

    /// The only byte that a state does not leave to `loops`, and where it leads.
    fn link(&self, state: State, loops: State) -> Option<(u8, State)> {
        if self.automaton.accepts[state as usize] {
            return None;
        }
        let (fallback, rest) = self.fallback(state)?;
        let [(set, next)] = rest[..] else { return None };
        set.single().filter(|_| fallback == loops).map(|byte| (byte, next))
    }

    /// A run of states that each let only one thing live, from a state on, and the state after it. Not a run: none.
    fn run_of<T>(
        &mut self,
        start: State,
        step: impl Fn(&Self, State) -> Option<(T, State)>,
    ) -> Option<(Vec<T>, State)> {
        let (first, mut next) = step(self, start)?;
        self.places[start as usize] = Some(self.code.len());
        let mut run = vec![first];
        while run.len() < usize::from(u8::MAX) && self.is_open(next) && self.uses[next as usize] == 1 {
            let Some((item, after)) = step(self, next) else { break };
            // Nobody else leads into the middle of the run, so the state needs no place.
            self.places[next as usize] = Some(usize::MAX >> 1);
            run.push(item);
            next = after;
        }
        Some((run, next))
    }

    /// Writes a run of bytes. Returns the state after it if it must follow at once; none if a jump leads there.
    fn literals(&mut self, (bytes, next): (Vec<u8>, State)) -> Option<State> {
        self.code.extend([LITERAL, u8::try_from(bytes.len()).expect("runs are cut")]);
        self.code.extend(bytes);
        self.after_run(next)
    }

    /// Writes a run of sets, as [`Self::literals`].
    fn sets_run(&mut self, (sets, next): (Vec<ByteSet>, State)) -> Option<State> {
        self.code.extend([SETS, u8::try_from(sets.len()).expect("runs are cut")]);
        sets.into_iter().for_each(|set| self.set(set));
        self.after_run(next)
    }

    /// Writes a run of bytes that leaves others to `loops`, as [`Self::literals`].
    fn chain(&mut self, (bytes, next): (Vec<u8>, State), loops: State) -> Option<State> {
        self.code.extend([CHAIN, u8::try_from(bytes.len()).expect("runs are cut")]);
        self.target(loops);
        self.code.extend(bytes);
        self.after_run(next)
    }

    fn after_run(&mut self, next: State) -> Option<State> {
        if self.is_open(next) {
            return Some(next);
        }
        self.code.push(JUMP);
        self.target(next);
        None
    }

    /// If a state looks for a text and does nothing else: the text and the state after it.
    ///
    /// Such a state begins a chain in which every state has read one byte more of the text, and on any byte but the next one leads where
    /// the longest shorter beginning of the text leads that the bytes read so far end with (Knuth, Morris, Pratt).
    fn search(&self, start: State) -> Option<(Vec<u8>, State)> {
        if self.automaton.accepts[start as usize] {
            return None;
        }
        // Of every beginning of the text its state, and which shorter beginning it ends with.
        let mut chain = vec![start];
        let mut ends_with = vec![0usize];
        let mut text = Vec::new();
        let mut state = start;
        while text.len() < usize::from(u8::MAX) {
            let fallback = ends_with[text.len()];
            let differs = |&class: &usize| {
                let back = if text.is_empty() { start } else { self.next(chain[fallback], class) };
                self.next(state, class) != back
            };
            let mut other = (0..self.automaton.class_count).filter(differs);
            let (Some(class), None) = (other.next(), other.next()) else { break };
            let Some(byte) = self.classes[class].single() else { break };
            let after = self.next(state, class);
            // Of the beginning that is longer by this byte.
            let mut end = if text.is_empty() { None } else { Some(fallback) };
            let shorter = loop {
                match end {
                    None => break 0,
                    Some(len) if text[len] == byte => break len + 1,
                    Some(0) => break 0,
                    Some(len) => end = Some(ends_with[len]),
                }
            };
            text.push(byte);
            state = after;
            if !self.is_state(after) || self.automaton.accepts[after as usize] {
                break;
            }
            chain.push(after);
            ends_with.push(shorter);
        }
        (text.len() > 1).then_some((text, state))
    }

    /// Whether a state is none of the two fixed ones.
    fn is_state(&self, state: State) -> bool {
        state > Automaton::MATCH
    }

    fn find(&mut self, (text, after): (Vec<u8>, State), stack: &mut Vec<State>) {
        let mut by_rarity: Vec<usize> = (0..text.len()).collect();
        by_rarity.sort_by_key(|&at| frequency(text[at]));
        let mut pair = [by_rarity[0], by_rarity[1]];
        pair.sort_unstable();
        self.code.extend([FIND, u8::try_from(text.len()).expect("texts are cut")]);
        self.code.extend(pair.map(|at| u8::try_from(at).expect("texts are cut")));
        self.code.extend(text);
        self.target(after);
        stack.push(after);
    }

    fn row(&mut self, state: State, stack: &mut Vec<State>) {
        self.places[state as usize] = Some(self.code.len());
        if let Some(search) = self.search(state) {
            self.find(search, stack);
            return;
        }
        let fallback = self.fallback(state);
        let mut row = std::mem::replace(&mut self.rows[state as usize], Row { default: 0, others: Vec::new() });
        let accept = if self.automaton.accepts[state as usize] { ACCEPT } else { 0 };
        // What is left on the stack last is written next: the most likely successor.
        stack.push(row.default);
        stack.extend(row.others.iter().rev().map(|(_, target)| *target));
        if let Some(exits) = row.take_loop(state) {
            if exits.len() <= 3 && row.default == state {
                self.code.push([LOOP1, LOOP1, LOOP2, LOOP3][exits.len()] | accept);
                for byte in exits.iter() {
                    let (_, target) = row.others.iter().find(|(set, _)| set.contains(byte)).expect("it is an exit");
                    self.code.push(byte);
                    self.target(*target);
                }
                if exits.is_empty() {
                    // Nothing leads out: any byte will do, for it leads back.
                    self.code.push(0);
                    self.target(state);
                }
                return;
            }
            self.code.push(SPAN);
            self.set(exits);
            if row.default == state {
                // The row meets exits only.
                (_, row.default) = row.others.remove(0);
            }
        }
        if let Some((loops, rest)) = fallback
            && 1 + entries_size(&rest) < entries_size(&row.others)
        {
            self.code.extend([LEAVE | accept, u8::try_from(rest.len()).expect("it is less than a row")]);
            return self.entries(loops, rest);
        }
        self.code.push(u8::try_from(row.others.len()).expect("rows were checked") | accept);
        self.entries(row.default, row.others);
    }

    /// What a row holds after its count.
    fn entries(&mut self, default: State, others: Vec<(ByteSet, State)>) {
        self.target(default);
        let (single, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|(set, _)| set.len() == 1);
        self.code.push(u8::try_from(single.len()).expect("rows were checked"));
        for (set, target) in single {
            self.code.extend(set.iter());
            self.target(target);
        }
        for (set, target) in others {
            self.set(set);
            self.target(target);
        }
    }

    fn set(&mut self, set: ByteSet) {
        self.sets.push((self.code.len(), set));
        self.code.extend([0, 0]);
    }

    fn target(&mut self, state: State) {
        self.targets.push((self.code.len(), state));
        self.code.extend([0, 0]);
    }
}
