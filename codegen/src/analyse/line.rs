//! One line's pattern, made ready to run.

use portprint_tables::Check;
use portprint_tables::code::Strategy;

use super::automaton::Automaton;
use super::determine;
use super::literals::{self, Requirement};
use super::nfa::{Nfa, TooLarge};
use super::pattern::{self, Assertion, Node, Pattern, PatternError};
use super::{ByteSet, plain};
use crate::parse::PatternText;

/// An automaton with more states than this is not built; the line is run by its program.
const STATE_LIMIT: usize = 2_500;
/// How many bytes from the start are looked at for fixed ones.
const PREFIX_LIMIT: usize = 32;

/// How a line is decided, and what was found out on the way.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The tree.
    pub pattern: Pattern,
    /// The instructions.
    pub nfa: Nfa,
    /// The automaton, or why there is none.
    pub automaton: Result<Automaton, &'static str>,
    /// Without an automaton: one that matches wherever the line does, and elsewhere too. Where it does not, the program need not run.
    pub guard: Option<Automaton>,
    /// Who built the automaton.
    pub builder: Builder,
    /// How it is run.
    pub strategy: Strategy,
    /// What is known of the first bytes and the length of every match.
    pub check: Check,
    /// Whether every match starts at the response's start.
    pub anchored: bool,
    /// The sets that the first bytes of every match belong to, if it is anchored.
    pub prefix: Vec<ByteSet>,
    /// Literals of which every match contains one, several times over.
    pub requirements: Vec<Requirement>,
}

/// Who built an automaton.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Builder {
    /// regex-automata.
    Plain,
    /// The determiniser of this crate.
    Own,
    /// There is none.
    None,
}

/// Why a line's pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not a pattern.
    Syntax(PatternError),
    /// It can match an empty string, which nmap refuses.
    MatchesEmpty,
    /// Its repeat counts make it too large.
    TooLarge,
}

/// Analyses a pattern.
///
/// # Errors
/// When nmap would refuse the line, or this engine cannot run it.
pub fn analyse(text: &PatternText) -> Result<Analysis, Fault> {
    let pattern = pattern::parse(&text.text, text.caseless, text.dotall).map_err(Fault::Syntax)?;
    if pattern::may_match_empty(&pattern.root) {
        return Err(Fault::MatchesEmpty);
    }
    let nfa = Nfa::compile(&pattern).map_err(|TooLarge| Fault::TooLarge)?;
    // Ours first: it knows every construct, stops at the first match, and takes a third of regex-automata's time when neither is
    // optimised, as in an embedder's build. Tests prove the two equal wherever both can build.
    let (automaton, builder) = match determine::build(&nfa, STATE_LIMIT) {
        Ok(automaton) => (Ok(automaton), Builder::Own),
        Err(why) => match plain::build(&pattern.root, STATE_LIMIT) {
            Ok(automaton) => (Ok(automaton), Builder::Plain),
            Err(_) => (Err(why.reason()), Builder::None),
        },
    };
    let guard = match &automaton {
        Ok(_) => None,
        Err(_) => {
            let relaxed = Nfa::compile(&pattern::relaxed(&pattern)).ok();
            relaxed.and_then(|nfa| determine::build(&nfa, STATE_LIMIT).ok())
        }
    };
    let anchored = pattern::is_anchored(&pattern.root);
    let mut prefix = Vec::new();
    if anchored {
        pattern::fixed_prefix(&pattern.root, PREFIX_LIMIT, &mut prefix);
    }
    let check = check(&pattern.root, anchored, &prefix);
    let requirements = literals::requirements(&pattern.root);
    let strategy = if automaton.is_ok() { Strategy::Automaton } else { Strategy::Program };
    Ok(Analysis { pattern, nfa, automaton, guard, builder, strategy, check, anchored, prefix, requirements })
}

fn check(root: &Node, anchored: bool, prefix: &[ByteSet]) -> Check {
    let (mut mask, mut value) = (0u128, 0u128);
    for (index, set) in prefix.iter().take(16).enumerate() {
        // The bits in which all bytes of the set agree.
        let Some(first) = set.iter().next() else { continue };
        let fixed = set.iter().fold(u8::MAX, |fixed, byte| fixed & !(byte ^ first));
        mask |= u128::from(fixed) << (8 * index);
        value |= u128::from(first & fixed) << (8 * index);
    }
    let length = pattern::length(root);
    let len = |bytes: u64| Check::len(usize::try_from(bytes).unwrap_or(usize::MAX));
    let bounded = if anchored && ends_at_end(root) { length.max } else { None };
    Check {
        mask,
        value,
        min_len: len(length.min),
        // `$` also matches before a last line feed.
        max_len: bounded.map_or(u16::MAX, |max| len(max.saturating_add(1))),
    }
}

/// Whether every match reaches the end of the response, or the line feed before it.
fn ends_at_end(node: &Node) -> bool {
    match node {
        Node::Assert(Assertion::Dollar | Assertion::End) => true,
        Node::Concat(nodes) => nodes.last().is_some_and(ends_at_end),
        Node::Alternation(nodes) => nodes.iter().all(ends_at_end),
        Node::Capture(_, node) | Node::Atomic(node) => ends_at_end(node),
        _ => false,
    }
}
