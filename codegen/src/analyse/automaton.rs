//! Automata that answer yes or no, before they are encoded.

use std::collections::HashMap;

use super::ByteSet;
use super::search::Search;

/// A state of an [`Automaton`].
pub type State = u32;

/// A deterministic automaton over classes of bytes.
///
/// It stops as early as it can: [`Automaton::MATCH`] means that the response matches whatever follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Automaton {
    /// The class of every byte.
    pub classes: [u8; 256],
    /// How many classes there are.
    pub class_count: usize,
    /// For each state the next one by class, one row after the other.
    pub transitions: Vec<State>,
    /// For each state whether the response matches when it ends here.
    pub accepts: Vec<bool>,
    /// Where it begins.
    pub start: State,
}

impl Automaton {
    /// No match any more.
    pub const DEAD: State = 0;
    /// A match, whatever follows.
    pub const MATCH: State = 1;

    /// How many states there are, the two fixed ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accepts.len()
    }

    /// Whether there are only the two fixed states.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() <= 2
    }

    /// The state after `state` on a byte.
    #[must_use]
    pub fn next(&self, state: State, byte: u8) -> State {
        self.transitions[state as usize * self.class_count + usize::from(self.classes[usize::from(byte)])]
    }

    /// Whether the response matches: the interpreter that tests hold the encoded form against.
    #[must_use]
    pub fn is_match(&self, response: &[u8]) -> bool {
        let mut state = self.start;
        for &byte in response {
            if state <= Self::MATCH {
                break;
            }
            state = self.next(state, byte);
        }
        self.accepts[state as usize]
    }

    /// The bytes of each class.
    #[must_use]
    pub fn class_sets(&self) -> Vec<ByteSet> {
        let mut sets = vec![ByteSet::EMPTY; self.class_count];
        for byte in 0..=u8::MAX {
            sets[usize::from(self.classes[usize::from(byte)])].insert(byte);
        }
        sets
    }

    /// A response on which the two disagree, if there is one: a walk over the pairs of states that can be reached together.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<Vec<u8>> {
        let mut joint = HashMap::new();
        for byte in 0..=u8::MAX {
            let pair = (self.classes[usize::from(byte)], other.classes[usize::from(byte)]);
            joint.entry(pair).or_insert(byte);
        }
        let mut bytes: Vec<u8> = joint.into_values().collect();
        bytes.sort_unstable();
        let mut search = Search::new((self.start, other.start));
        while let Some(((left, right), at)) = search.take() {
            if self.accepts[left as usize] != other.accepts[right as usize] {
                return Some(search.spell(at));
            }
            for &byte in &bytes {
                search.reach((self.next(left, byte), other.next(right, byte)), at, byte);
            }
        }
        None
    }
}
