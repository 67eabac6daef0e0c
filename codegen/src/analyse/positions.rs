//! What a match may look like at its first places, in length, and at its last byte.
//!
//! Read off the automaton, so that nothing it accepts is lost: a place may have the bytes that lead on from a state that so many
//! bytes lead to, a match may be as long as a path to an accepting state, and end with the bytes that lead into one.

use portprint_tables::code::positions::{LENGTHS, PLACES};

use super::ByteSet;
use super::automaton::{Automaton, State};

/// What is allowed where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Positions {
    /// Bytes by place.
    pub places: [ByteSet; PLACES],
    /// Whether a match may have this length; the last entry stands for all greater ones too.
    pub lengths: [bool; LENGTHS],
    /// Last bytes.
    pub last: ByteSet,
}

impl Positions {
    /// Everything: nothing is known.
    pub const ALL: Self = Self { places: [ByteSet::FULL; PLACES], lengths: [true; LENGTHS], last: ByteSet::FULL };

    /// What an automaton allows.
    #[must_use]
    pub fn of(automaton: &Automaton) -> Self {
        let sets = automaton.class_sets();
        let row =
            |state: State| &automaton.transitions[state as usize * automaton.class_count..][..automaton.class_count];
        let mut found = Self { places: [ByteSet::EMPTY; PLACES], lengths: [false; LENGTHS], last: ByteSet::EMPTY };
        for state in (0..automaton.len() as State).filter(|&state| state > Automaton::MATCH) {
            for (&next, &set) in row(state).iter().zip(&sets) {
                if next == Automaton::MATCH {
                    found.last = ByteSet::FULL;
                } else if automaton.accepts[next as usize] {
                    found.last = found.last.union(set);
                }
            }
        }
        let mut layer = vec![automaton.start];
        for len in 0..LENGTHS {
            if layer.contains(&Automaton::MATCH) {
                found.places.iter_mut().skip(len).for_each(|place| *place = ByteSet::FULL);
                found.lengths[len..].fill(true);
                found.last = ByteSet::FULL;
                return found;
            }
            found.lengths[len] = layer.iter().any(|&state| automaton.accepts[state as usize]);
            let mut next_layer = Vec::new();
            for &state in &layer {
                for (&next, &set) in row(state).iter().zip(&sets).filter(|(next, _)| **next != Automaton::DEAD) {
                    next_layer.push(next);
                    if let Some(place) = found.places.get_mut(len) {
                        *place = place.union(set);
                    }
                }
            }
            next_layer.sort_unstable();
            next_layer.dedup();
            layer = next_layer;
        }
        // Whatever still lives may end later.
        found.lengths[LENGTHS - 1] |= !layer.is_empty();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::analyse;
    use crate::parse::PatternText;

    fn positions(pattern: &str) -> Positions {
        let text = PatternText { text: pattern.into(), caseless: false, dotall: false, span: 0..0 };
        Positions::of(&analyse(&text).expect("the pattern is good").automaton.expect("it has an automaton"))
    }

    #[test]
    fn what_patterns_allow() {
        let digits: ByteSet = (b'0'..=b'9').collect();
        let found = positions(r"^a\d+$");
        assert_eq!(found.places[0], ByteSet::of(b'a'));
        assert_eq!(found.places[1], digits);
        assert_eq!(found.places[2], digits.union(ByteSet::of(b'\n')));
        assert_eq!(found.last, digits.union(ByteSet::of(b'\n')));
        assert_eq!(found.lengths.iter().position(|&allowed| allowed), Some(2));
        assert!(found.lengths[LENGTHS - 1]);

        let found = positions("^..x$");
        assert_eq!(found.lengths.iter().filter(|&&allowed| allowed).count(), 2, "with and without a line feed");
        assert!(!found.lengths[LENGTHS - 1]);

        let found = positions("^ab");
        assert_eq!(found.places[2], ByteSet::FULL);
        assert_eq!(found.last, ByteSet::FULL);
        assert!(!found.lengths[1] && found.lengths[2] && found.lengths[LENGTHS - 1]);
    }
}
