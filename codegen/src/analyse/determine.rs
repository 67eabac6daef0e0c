//! The determiniser: it compiles look-ahead, look-behind of one byte, atomic groups, possessive repetitions and `$` *into* a yes-or-no
//! automaton, exactly.
//!
//! It is a subset construction over an *alternating* automaton. A configuration is a place in the program (its head) together with
//! obligations: states of the same construction, started somewhere before, that must still come to accept (positive) or must never do
//! so (negated). A look-ahead adds an obligation instead of a branch. A state is a set of configurations; a byte steps each of them and
//! each of its obligations. An obligation that is met disappears, one that is broken takes its configuration with it, and a
//! configuration with the same head as another but more obligations says nothing new and is dropped.
//!
//! An atomic group is a head of its own: the ordered list of places inside the group. When one of them completes, the ones after it
//! are forgotten, and going on behind the group carries the negated obligation that none of the ones before it ever completes.
//!
//! What it cannot do (back-references, atomic groups with anything but plain contents, longer look-behinds, `(?m)`), it says.

use std::collections::HashMap;

use rustc_hash::FxHashMap;

use super::ByteSet;
use super::automaton::{Automaton, State};
use super::nfa::{Inst, Nfa, Pc};
use super::pattern::{Assertion, Direction};

/// Why a pattern has no automaton.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Undetermined {
    /// `\1` is not regular.
    BackReference,
    /// An atomic group that holds another one, a look-around or an assertion.
    NestedAtomic,
    /// A look-behind that is not over a single byte.
    LookBehind,
    /// `^` or `$` under `(?m)`.
    LineBoundary,
    /// A loop whose body can be empty, inside an atomic group.
    EmptyLoop,
    /// More states than the limit.
    TooLarge,
}

impl Undetermined {
    /// The reason in the build report.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::BackReference => "back-reference",
            Self::NestedAtomic => "atomic group around more than plain contents",
            Self::LookBehind => "look-behind over more than one byte",
            Self::LineBoundary => "line boundary under (?m)",
            Self::EmptyLoop => "loop around what can be empty",
            Self::TooLarge => "too many states",
        }
    }
}

/// Builds a pattern's automaton.
///
/// # Errors
/// Says why there is none of at most `limit` states.
pub fn build(nfa: &Nfa, limit: usize) -> Result<Automaton, Undetermined> {
    if nfa.insts.iter().any(|inst| matches!(inst, Inst::BackReference { .. })) {
        return Err(Undetermined::BackReference);
    }
    let determiniser = Determiniser::new(nfa, limit);
    // What is asked of the bytes before a place is forgotten once the response has ended.
    if determiniser.looks_back && asks_after_end(nfa) {
        return Err(Undetermined::LookBehind);
    }
    determiniser.run()
}

/// Whether anything but the match stands behind an assertion of the end.
fn asks_after_end(nfa: &Nfa) -> bool {
    nfa.insts
        .windows(2)
        .any(|pair| matches!(pair[0], Inst::Assert(Assertion::End | Assertion::Dollar)) && pair[1] != Inst::Match)
}

type ConfigId = u32;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Head {
    /// An instruction that reads a byte, [`Inst::Match`], [`Inst::Commit`] (which accepts when a group is watched from outside) or the
    /// end of the response.
    At(Pc),
    /// Inside an atomic group, the most preferred place first.
    Atomic(Vec<Pc>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Obligation {
    negated: bool,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Config {
    head: Head,
    obligations: Vec<Obligation>,
}

/// What is known of the place between two bytes.
#[derive(Clone, Copy)]
struct Context {
    start: bool,
    previous: Option<u8>,
}

struct Determiniser {
    nfa: Nfa,
    /// Matches what may follow `$`.
    dollar: Pc,
    /// Matches a word byte.
    word: Pc,
    /// Whether the bytes before a place matter.
    looks_back: bool,
    limit: usize,
    classes: [u8; 256],
    representatives: Vec<u8>,
    configs: Vec<Config>,
    config_ids: FxHashMap<Config, ConfigId>,
    /// Where a configuration without obligations leads on a byte that it reads, if the bytes before do not matter.
    successors: Vec<Option<Box<[ConfigId]>>>,
    states: Vec<Box<[ConfigId]>>,
    state_ids: FxHashMap<Box<[ConfigId]>, State>,
    /// Steps of states that serve as obligations.
    steps: FxHashMap<(State, u8), State>,
}

type Outcome<T> = Result<T, Undetermined>;

impl Determiniser {
    fn new(nfa: &Nfa, limit: usize) -> Self {
        let mut nfa = nfa.clone();
        let line_feed = nfa.set(ByteSet::of(b'\n'));
        let dollar = nfa.insts.len();
        nfa.push(Inst::Split { preferred: dollar + 1, other: dollar + 2 });
        nfa.push(Inst::Set(line_feed));
        nfa.push(Inst::Assert(Assertion::End));
        nfa.push(Inst::Match);
        let word_set = nfa.set(ByteSet::word());
        let word = nfa.push(Inst::Set(word_set));
        nfa.push(Inst::Match);

        let has = |wanted: fn(&Inst) -> bool| nfa.insts[..dollar].iter().any(wanted);
        let has_word = has(|inst| matches!(inst, Inst::Assert(Assertion::Word | Assertion::NotWord)));
        let has_dollar = has(|inst| matches!(inst, Inst::Assert(Assertion::Dollar)));
        let looks_back = has_word || has(|inst| matches!(inst, Inst::Look { direction: Direction::Behind, .. }));
        let relevant: Vec<ByteSet> = nfa
            .sets
            .iter()
            .enumerate()
            .filter(|&(number, _)| {
                (number != line_feed || has_dollar) && (number != word_set || has_word)
                    || uses_set(&nfa, number, dollar)
            })
            .map(|(_, set)| *set)
            .collect();
        let (classes, representatives) = byte_classes(&relevant);
        let mut determiniser = Self {
            nfa,
            dollar,
            word,
            looks_back,
            limit,
            classes,
            representatives,
            configs: Vec::new(),
            config_ids: FxHashMap::default(),
            successors: Vec::new(),
            states: vec![Box::default(), Box::default()],
            state_ids: FxHashMap::default(),
            steps: FxHashMap::default(),
        };
        determiniser.state_ids.insert(Box::default(), Automaton::DEAD);
        determiniser
    }

    fn run(mut self) -> Outcome<Automaton> {
        let start = self.sub_state(0, Context { start: true, previous: None })?;
        let class_count = self.representatives.len();
        // Obligations make states that the automaton itself may never reach: only reachable ones are numbered.
        let mut numbers: FxHashMap<State, State> = FxHashMap::from_iter([(0, 0), (1, 1)]);
        let mut order: Vec<State> = vec![Automaton::DEAD, Automaton::MATCH];
        let mut number = |order: &mut Vec<State>, state: State| {
            *numbers.entry(state).or_insert_with(|| {
                order.push(state);
                u32::try_from(order.len() - 1).expect("the limit is far below")
            })
        };
        let start = number(&mut order, start);
        let mut transitions = vec![Automaton::DEAD; class_count];
        transitions.extend(std::iter::repeat_n(Automaton::MATCH, class_count));
        let mut at = 2;
        while at < order.len() {
            let state = order[at];
            for class in 0..class_count {
                let next = self.step(state, class)?;
                let next = number(&mut order, next);
                transitions.push(next);
            }
            at += 1;
            if order.len() > self.limit {
                return Err(Undetermined::TooLarge);
            }
        }
        let accepts = order.iter().map(|&state| self.accepts_at_end(state)).collect();
        Ok(Automaton { classes: self.classes, class_count, transitions, accepts, start })
    }

    /// The state that begins at an instruction.
    fn sub_state(&mut self, pc: Pc, context: Context) -> Outcome<State> {
        let mut configs = Vec::new();
        self.close(pc, &[], context, &mut configs)?;
        self.intern_state(configs)
    }

    fn intern_config(&mut self, config: Config) -> ConfigId {
        if let Some(&id) = self.config_ids.get(&config) {
            return id;
        }
        let id = u32::try_from(self.configs.len()).expect("the state limit is far below");
        self.configs.push(config.clone());
        self.successors.push(None);
        self.config_ids.insert(config, id);
        id
    }

    fn is_accepting(&self, pc: Pc) -> bool {
        matches!(self.nfa.insts[pc], Inst::Match | Inst::Commit(_))
    }

    fn intern_state(&mut self, mut configs: Vec<ConfigId>) -> Outcome<State> {
        configs.sort_unstable();
        configs.dedup();
        let mut has_obligations = false;
        for &id in &configs {
            let config = &self.configs[id as usize];
            if !config.obligations.is_empty() {
                has_obligations = true;
            } else if matches!(config.head, Head::At(pc) if self.is_accepting(pc)) {
                return Ok(Automaton::MATCH);
            }
        }
        if has_obligations {
            let all = configs.clone();
            configs.retain(|&id| {
                let config = &self.configs[id as usize];
                !all.iter().any(|&other| {
                    let other = &self.configs[other as usize];
                    other.head == config.head
                        && other.obligations.len() < config.obligations.len()
                        && other.obligations.iter().all(|obligation| config.obligations.contains(obligation))
                })
            });
        }
        if let Some(&state) = self.state_ids.get(&configs[..]) {
            return Ok(state);
        }
        // Obligations can make many more states than the automaton has in the end.
        if self.states.len() >= 4 * self.limit {
            return Err(Undetermined::TooLarge);
        }
        let state = u32::try_from(self.states.len()).expect("the limit is far below");
        let configs = configs.into_boxed_slice();
        self.states.push(configs.clone());
        self.state_ids.insert(configs, state);
        Ok(state)
    }

    /// All configurations that `pc` leads to without reading.
    fn close(&mut self, pc: Pc, obligations: &[Obligation], context: Context, out: &mut Vec<ConfigId>) -> Outcome<()> {
        let mut stack = vec![(pc, obligations.to_vec())];
        let mut seen: Vec<(Pc, Vec<Obligation>)> = Vec::new();
        while let Some((pc, obligations)) = stack.pop() {
            match self.nfa.insts[pc].clone() {
                Inst::Set(_) | Inst::Match | Inst::Commit(_) | Inst::Assert(Assertion::End) => {
                    let id = self.intern_config(Config { head: Head::At(pc), obligations });
                    out.push(id);
                }
                Inst::Split { preferred, other } => {
                    let place = (pc, obligations);
                    if !seen.contains(&place) {
                        stack.push((other, place.1.clone()));
                        stack.push((preferred, place.1.clone()));
                        seen.push(place);
                    }
                }
                Inst::Jump(target) => stack.push((target, obligations)),
                Inst::Save(_) => stack.push((pc + 1, obligations)),
                // What an empty iteration may do is a part of what a non-empty one may do; for yes or no the difference is nil.
                Inst::EmptyCheck { exit, .. } => {
                    let place = (pc, obligations);
                    if !seen.contains(&place) {
                        stack.push((exit, place.1.clone()));
                        stack.push((pc + 1, place.1.clone()));
                        seen.push(place);
                    }
                }
                Inst::Assert(Assertion::Start) => {
                    if context.start {
                        stack.push((pc + 1, obligations));
                    }
                }
                // Nothing but the match follows: what `$` asks for is all that is left to ask.
                Inst::Assert(Assertion::Dollar) if self.nfa.insts[pc + 1] == Inst::Match => {
                    stack.push((self.dollar, obligations));
                }
                Inst::Assert(Assertion::Dollar) => {
                    let state = self.sub_state(self.dollar, context)?;
                    stack.extend(with(&obligations, Obligation { negated: false, state }).map(|kept| (pc + 1, kept)));
                }
                Inst::Assert(assertion @ (Assertion::Word | Assertion::NotWord)) => {
                    let word_before = context.previous.is_some_and(|byte| ByteSet::word().contains(byte));
                    let state = self.sub_state(self.word, context)?;
                    let negated = word_before == (assertion == Assertion::Word);
                    stack.extend(with(&obligations, Obligation { negated, state }).map(|kept| (pc + 1, kept)));
                }
                Inst::Assert(Assertion::LineStart | Assertion::LineEnd) => return Err(Undetermined::LineBoundary),
                Inst::Look { direction: Direction::Ahead, negated, end, .. } => {
                    let state = self.sub_state(pc + 1, context)?;
                    stack.extend(with(&obligations, Obligation { negated, state }).map(|kept| (end, kept)));
                }
                Inst::Look { direction: Direction::Behind, negated, width, end } => {
                    let (Inst::Set(number), 1) = (&self.nfa.insts[pc + 1], width) else {
                        return Err(Undetermined::LookBehind);
                    };
                    let found = context.previous.is_some_and(|byte| self.nfa.sets[*number].contains(byte));
                    if found != negated {
                        stack.push((end, obligations));
                    }
                }
                Inst::Atomic => {
                    let mut places = Vec::new();
                    self.close_in_order(pc + 1, &mut places)?;
                    // Pushed, not closed over recursively: a loop may come back here without reading.
                    stack.extend(self.resolve_atomic(places, &obligations, out)?);
                }
                Inst::BackReference { .. } => return Err(Undetermined::BackReference),
            }
        }
        Ok(())
    }

    /// The places inside an atomic group that `pc` leads to, the most preferred first.
    fn close_in_order(&self, pc: Pc, out: &mut Vec<Pc>) -> Outcome<()> {
        let mut stack = vec![pc];
        let mut seen = Vec::new();
        while let Some(pc) = stack.pop() {
            match &self.nfa.insts[pc] {
                Inst::Set(_) | Inst::Commit(_) => {
                    if !out.contains(&pc) {
                        out.push(pc);
                    }
                }
                Inst::Split { preferred, other } => {
                    if !seen.contains(&pc) {
                        seen.push(pc);
                        stack.push(*other);
                        stack.push(*preferred);
                    }
                }
                Inst::Jump(target) => stack.push(*target),
                Inst::Save(_) => stack.push(pc + 1),
                Inst::EmptyCheck { .. } => return Err(Undetermined::EmptyLoop),
                _ => return Err(Undetermined::NestedAtomic),
            }
        }
        Ok(())
    }

    /// Adds the configuration of an atomic group whose places are `places`; if one of them completes the group, returns where that
    /// leads and under which obligations.
    fn resolve_atomic(
        &mut self,
        mut places: Vec<Pc>,
        obligations: &[Obligation],
        out: &mut Vec<ConfigId>,
    ) -> Outcome<Option<(Pc, Vec<Obligation>)>> {
        let completed = places.iter().enumerate().find_map(|(index, &pc)| match self.nfa.insts[pc] {
            Inst::Commit(target) => Some((index, target)),
            _ => None,
        });
        let mut leads = None;
        if let Some((index, target)) = completed {
            places.truncate(index);
            let kept = if places.is_empty() {
                Some(obligations.to_vec())
            } else {
                let watched = places
                    .iter()
                    .map(|&pc| self.intern_config(Config { head: Head::At(pc), obligations: Vec::new() }))
                    .collect();
                let state = self.intern_state(watched)?;
                with(obligations, Obligation { negated: true, state })
            };
            leads = kept.map(|kept| (target, kept));
        }
        if !places.is_empty() {
            let id = self.intern_config(Config { head: Head::Atomic(places), obligations: obligations.to_vec() });
            out.push(id);
        }
        Ok(leads)
    }

    fn reads(&self, pc: Pc, byte: u8) -> bool {
        matches!(self.nfa.insts[pc], Inst::Set(number) if self.nfa.sets[number].contains(byte))
    }

    fn step(&mut self, state: State, class: usize) -> Outcome<State> {
        if state <= Automaton::MATCH {
            return Ok(state);
        }
        let byte = self.representatives[class];
        let context = Context { start: false, previous: Some(byte) };
        let mut out = Vec::new();
        for index in 0..self.states[state as usize].len() {
            let id = self.states[state as usize][index] as usize;
            let config = &self.configs[id];
            match config.head {
                Head::At(pc) if config.obligations.is_empty() && !self.looks_back => {
                    if !self.reads(pc, byte) {
                        continue;
                    }
                    if self.successors[id].is_none() {
                        let mut next = Vec::new();
                        self.close(pc + 1, &[], context, &mut next)?;
                        self.successors[id] = Some(next.into_boxed_slice());
                    }
                    out.extend_from_slice(self.successors[id].as_deref().unwrap_or_default());
                }
                _ => {
                    let config = config.clone();
                    self.step_config(config, byte, class, context, &mut out)?;
                }
            }
        }
        self.intern_state(out)
    }

    fn step_config(
        &mut self,
        config: Config,
        byte: u8,
        class: usize,
        context: Context,
        out: &mut Vec<ConfigId>,
    ) -> Outcome<()> {
        if let Head::At(pc) = config.head
            && !self.is_accepting(pc)
            && !self.reads(pc, byte)
        {
            return Ok(());
        }
        let mut obligations = Vec::new();
        for Obligation { negated, state } in config.obligations {
            let state = self.step_memoised(state, class)?;
            match with(&obligations, Obligation { negated, state }) {
                Some(kept) => obligations = kept,
                None => return Ok(()),
            }
        }
        match config.head {
            Head::At(pc) if self.is_accepting(pc) => {
                let id = self.intern_config(Config { head: Head::At(pc), obligations });
                out.push(id);
                Ok(())
            }
            Head::At(pc) => self.close(pc + 1, &obligations, context, out),
            Head::Atomic(places) => {
                let mut next = Vec::new();
                for pc in places {
                    if self.reads(pc, byte) {
                        self.close_in_order(pc + 1, &mut next)?;
                    }
                }
                match self.resolve_atomic(next, &obligations, out)? {
                    Some((target, kept)) => self.close(target, &kept, context, out),
                    None => Ok(()),
                }
            }
        }
    }

    fn step_memoised(&mut self, state: State, class: usize) -> Outcome<State> {
        let key = (state, u8::try_from(class).expect("there are at most 256 classes"));
        if let Some(&next) = self.steps.get(&key) {
            return Ok(next);
        }
        let next = self.step(state, class)?;
        self.steps.insert(key, next);
        Ok(next)
    }

    fn accepts_at_end(&self, state: State) -> bool {
        if state <= Automaton::MATCH {
            return state == Automaton::MATCH;
        }
        self.states[state as usize].iter().any(|&id| {
            let config = &self.configs[id as usize];
            let kept = |obligation: &Obligation| self.accepts_at_end(obligation.state) != obligation.negated;
            let Head::At(pc) = config.head else { return false };
            let reached = match self.nfa.insts[pc] {
                Inst::Match | Inst::Commit(_) => true,
                Inst::Assert(Assertion::End) => self.reaches_match_at_end(pc + 1),
                _ => false,
            };
            reached && config.obligations.iter().all(kept)
        })
    }

    /// Whether `pc` leads to the match without reading, at the end of the response.
    fn reaches_match_at_end(&self, pc: Pc) -> bool {
        let mut stack = vec![pc];
        let mut seen = Vec::new();
        while let Some(pc) = stack.pop() {
            if seen.contains(&pc) {
                continue;
            }
            seen.push(pc);
            match &self.nfa.insts[pc] {
                Inst::Match | Inst::Commit(_) => return true,
                Inst::Split { preferred, other } => stack.extend([*preferred, *other]),
                Inst::Jump(target) => stack.push(*target),
                Inst::EmptyCheck { exit, .. } => stack.extend([*exit, pc + 1]),
                Inst::Save(_)
                | Inst::Atomic
                | Inst::Assert(Assertion::End | Assertion::Dollar | Assertion::LineEnd) => {
                    stack.push(pc + 1);
                }
                Inst::Look { direction: Direction::Ahead, negated, end, .. }
                    if self.reaches_match_at_end(pc + 1) != *negated =>
                {
                    stack.push(*end);
                }
                _ => {}
            }
        }
        false
    }
}

/// The obligations with one more; none when it is broken already.
fn with(obligations: &[Obligation], added: Obligation) -> Option<Vec<Obligation>> {
    let met = match added.state {
        Automaton::DEAD => Some(added.negated),
        Automaton::MATCH => Some(!added.negated),
        _ => None,
    };
    match met {
        Some(false) => None,
        Some(true) => Some(obligations.to_vec()),
        None => {
            let mut all = obligations.to_vec();
            if let Err(at) = all.binary_search(&added) {
                all.insert(at, added);
            }
            Some(all)
        }
    }
}

fn uses_set(nfa: &Nfa, number: usize, end: Pc) -> bool {
    nfa.insts[..end].contains(&Inst::Set(number))
}

/// Bytes that no set tells apart are one class, represented by its first byte.
fn byte_classes(sets: &[ByteSet]) -> ([u8; 256], Vec<u8>) {
    let mut classes = [0; 256];
    let mut representatives = Vec::new();
    let mut numbers: HashMap<Vec<bool>, u8> = HashMap::new();
    for byte in 0..=u8::MAX {
        let signature: Vec<bool> = sets.iter().map(|set| set.contains(byte)).collect();
        let next = u8::try_from(representatives.len()).unwrap_or(u8::MAX);
        classes[usize::from(byte)] = *numbers.entry(signature).or_insert_with(|| {
            representatives.push(byte);
            next
        });
    }
    (classes, representatives)
}
