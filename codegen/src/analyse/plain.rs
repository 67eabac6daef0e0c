//! Automata of plain patterns, built by regex-automata: the second try where the determiniser fails, and the proof that it does not err.
//!
//! Plain are patterns without look-around, atomic groups, possessive repetitions and back-references, with `$` only at the very end.
//! They are handed over as a tree of regex-syntax, never as text, so that nothing is lost in translation.

use std::collections::HashMap;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Dot, Hir, Look, Repetition};

use super::automaton::{Automaton, State};
use super::pattern::{Assertion, Greed, Node, is_anchored};

/// Why regex-automata cannot build a pattern's automaton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPlain {
    /// It has a construct that regex-syntax has no node for.
    Construct(&'static str),
    /// It grew beyond the limit.
    TooLarge,
}

/// Builds the automaton of a plain pattern.
///
/// # Errors
/// When it is not plain, or has more than `limit` states.
pub fn build(root: &Node, limit: usize) -> Result<Automaton, NotPlain> {
    let hir = translate(root, true)?;
    let hir = if is_anchored(root) { hir } else { Hir::concat(vec![anything(), hir]) };
    let nfa = thompson::Compiler::new()
        .configure(
            thompson::Config::new()
                .utf8(false)
                .which_captures(thompson::WhichCaptures::None)
                .nfa_size_limit(Some(SIZE_LIMIT)),
        )
        .build_from_hir(&hir)
        .map_err(|_| NotPlain::TooLarge)?;
    let dfa = dense::Builder::new()
        .configure(
            dense::Config::new()
                .start_kind(StartKind::Anchored)
                // Which of several matches is first does not matter for yes or no, and the leftmost-first automaton is smaller.
                .match_kind(MatchKind::LeftmostFirst)
                .accelerate(false)
                .dfa_size_limit(Some(SIZE_LIMIT))
                .determinize_size_limit(Some(SIZE_LIMIT)),
        )
        .build_from_nfa(&nfa)
        .map_err(|_| NotPlain::TooLarge)?;
    convert(&dfa, limit)
}

/// Bytes of an intermediate form. The largest pattern of nmap's database needs less than 1 MiB; what needs more has too many states.
const SIZE_LIMIT: usize = 8 << 20;

/// Any bytes before a match that is not anchored.
fn anything() -> Hir {
    let sub = Box::new(Hir::dot(Dot::AnyByte));
    Hir::repetition(Repetition { min: 0, max: None, greedy: false, sub })
}

/// `last`: nothing that reads or tests stands behind the node.
fn translate(node: &Node, last: bool) -> Result<Hir, NotPlain> {
    Ok(match node {
        Node::Empty => Hir::empty(),
        Node::Set(set) => match set.single() {
            Some(byte) => Hir::literal([byte]),
            None => Hir::class(Class::Bytes(ClassBytes::new(
                set.ranges().into_iter().map(|(first, last)| ClassBytesRange::new(first, last)),
            ))),
        },
        Node::Concat(nodes) => {
            let count = nodes.len();
            let parts = nodes.iter().enumerate().map(|(index, node)| translate(node, last && index + 1 == count));
            Hir::concat(parts.collect::<Result<_, _>>()?)
        }
        Node::Alternation(nodes) => {
            Hir::alternation(nodes.iter().map(|node| translate(node, last)).collect::<Result<_, _>>()?)
        }
        Node::Repeat { greed: Greed::Possessive, .. } => return Err(NotPlain::Construct("possessive repetition")),
        Node::Repeat { min, max, greed, node } => Hir::repetition(Repetition {
            min: *min,
            max: *max,
            greedy: *greed == Greed::Greedy,
            sub: Box::new(translate(node, false)?),
        }),
        // Groups do not matter for yes or no.
        Node::Capture(_, node) => translate(node, last)?,
        Node::Look { .. } => return Err(NotPlain::Construct("look-around")),
        Node::Atomic(_) => return Err(NotPlain::Construct("atomic group")),
        Node::BackReference { .. } => return Err(NotPlain::Construct("back-reference")),
        Node::Assert(Assertion::Start) => Hir::look(Look::Start),
        Node::Assert(Assertion::End) => Hir::look(Look::End),
        Node::Assert(Assertion::Dollar) if last => {
            let line_feed =
                Hir::repetition(Repetition { min: 0, max: Some(1), greedy: true, sub: Box::new(Hir::literal(*b"\n")) });
            Hir::concat(vec![line_feed, Hir::look(Look::End)])
        }
        Node::Assert(Assertion::Dollar) => return Err(NotPlain::Construct("$ before the end")),
        Node::Assert(Assertion::Word | Assertion::NotWord) => return Err(NotPlain::Construct("word boundary")),
        Node::Assert(Assertion::LineStart | Assertion::LineEnd) => return Err(NotPlain::Construct("line boundary")),
    })
}

/// regex-automata says one byte late that it matched; ours says it at once. A state all of whose successors are match states is ours.
fn convert(dfa: &dense::DFA<Vec<u32>>, limit: usize) -> Result<Automaton, NotPlain> {
    let byte_classes = dfa.byte_classes();
    let mut classes = [0u8; 256];
    let mut representatives: Vec<u8> = Vec::new();
    for byte in 0..=u8::MAX {
        let class = byte_classes.get(byte);
        if usize::from(class) == representatives.len() {
            representatives.push(byte);
        }
        classes[usize::from(byte)] = class;
    }
    let class_count = representatives.len();

    let mut numbers: HashMap<StateID, State> = HashMap::new();
    let mut order: Vec<StateID> = Vec::new();
    let mut number = |order: &mut Vec<StateID>, id: StateID| -> State {
        if dfa.is_dead_state(id) {
            return Automaton::DEAD;
        }
        let has_matched =
            dfa.is_match_state(id) || representatives.iter().all(|&byte| dfa.is_match_state(dfa.next_state(id, byte)));
        if has_matched {
            return Automaton::MATCH;
        }
        *numbers.entry(id).or_insert_with(|| {
            order.push(id);
            u32::try_from(order.len() + 1).expect("the limit is far below")
        })
    };
    let start = dfa
        .start_state(&start::Config::new().anchored(Anchored::Yes))
        .map_err(|_| NotPlain::Construct("anchored start"))?;
    let start = number(&mut order, start);
    let mut transitions = vec![Automaton::DEAD; class_count];
    transitions.extend(std::iter::repeat_n(Automaton::MATCH, class_count));
    let mut accepts = vec![false, true];
    let mut at = 0;
    while at < order.len() {
        if order.len() + 2 > limit {
            return Err(NotPlain::TooLarge);
        }
        let id = order[at];
        accepts.push(dfa.is_match_state(dfa.next_eoi_state(id)));
        for &byte in &representatives {
            let next = number(&mut order, dfa.next_state(id, byte));
            transitions.push(next);
        }
        at += 1;
    }
    Ok(Automaton { classes, class_count, transitions, accepts, start })
}
