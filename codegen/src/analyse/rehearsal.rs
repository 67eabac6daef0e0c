//! What stands in which training response, and what it would cost there to look a line up by it.

use std::borrow::Cow;

use portprint_tables::Check;
use portprint_tables::code::hash::{self, WINDOW_OFFSETS};
use portprint_tables::code::positions::LENGTHS;
use rustc_hash::FxHashMap;

use super::Analysis;
use super::positions::Positions;
use super::sample::{Random, sample};
use super::select::{GRAM, Selection, folded};

/// Responses made from the database's own patterns, and texts that unknown servers would send.
pub struct Rehearsal {
    grams: FxHashMap<u32, Gram>,
    /// By offset and bytes: which responses.
    windows: FxHashMap<(u8, u32), Vec<u32>>,
    responses: Vec<Seen>,
}

/// Where a gram stands.
#[derive(Default)]
struct Gram {
    /// The responses, once each.
    responses: Vec<u32>,
    /// How often it stands in all of them.
    hits: u64,
}

/// What is kept of a response.
pub(super) struct Seen {
    head: u128,
    len: usize,
    last: u8,
    pub(super) weight: u64,
    /// All of it, folded.
    pub(super) folded: Vec<u8>,
}

/// An unknown response weighs as much as so many made from patterns.
const UNKNOWN_WEIGHT: u32 = 3;
/// So many responses are made from all lines together, at most.
const SAMPLES: usize = 6_000;
const SEED: u64 = 0x706F_7274_7072_696E;

/// What a training response costs on which the line would be tried, against a line that shares a gram.
pub(super) const RESPONSE_PRICE: u64 = 64;
/// What one costs on which the line would be found, but does not pass its check.
const CHECK_PRICE: u64 = 12;

impl Rehearsal {
    /// The responses for these lines.
    #[must_use]
    pub fn new(lines: &[Analysis]) -> Self {
        let mut all = Self { grams: FxHashMap::default(), windows: FxHashMap::default(), responses: Vec::new() };
        let mut random = Random::new(SEED);
        for line in lines.iter().step_by((lines.len() / SAMPLES).max(1)) {
            all.add(&sample(&line.pattern, &mut random), 1);
        }
        for response in super::training::responses() {
            all.add(&response, UNKNOWN_WEIGHT);
        }
        all
    }

    fn add(&mut self, response: &[u8], weight: u32) {
        let number = u32::try_from(self.responses.len()).expect("responses are few");
        for gram in response.windows(GRAM) {
            let gram = self.grams.entry(folded(gram)).or_default();
            gram.hits += u64::from(weight);
            if gram.responses.last() != Some(&number) {
                gram.responses.push(number);
            }
        }
        for (offset, bytes) in (0..).zip(response.windows(GRAM)).take(WINDOW_OFFSETS.into()) {
            let bytes = u32::from_le_bytes(bytes.try_into().expect("a window has four bytes"));
            self.windows.entry((offset, bytes)).or_default().push(number);
        }
        self.responses.push(Seen {
            head: Check::head(response),
            len: response.len(),
            last: response.last().copied().unwrap_or_default(),
            weight: weight.into(),
            folded: response.iter().map(|&byte| hash::fold_byte(byte)).collect(),
        });
    }

    /// How often a gram stands in all responses.
    pub(super) fn hits(&self, gram: u32) -> u64 {
        self.grams.get(&gram).map_or(0, |known| known.hits)
    }

    /// What it costs that a line with this check is found by a literal.
    pub(super) fn price_literal(&self, literal: &[u8], check: &Check) -> u64 {
        self.price(self.with_literal(literal), check)
    }

    /// The same by a window.
    pub(super) fn price_window(&self, offset: u8, bytes: u32, check: &Check) -> u64 {
        self.price(self.with_window(offset, bytes), check)
    }

    /// The same by its first places.
    pub(super) fn price_positions(&self, positions: &Positions, check: &Check) -> u64 {
        let numbers = self.allowed_by(positions);
        self.price(&numbers, check)
    }

    /// The responses on which a line with this selection and check is tried.
    pub(super) fn tried(&self, selection: &Selection, check: &Check) -> Vec<&Seen> {
        let numbers = match selection {
            Selection::Grams(literals) => {
                let mut numbers: Vec<u32> =
                    literals.iter().flat_map(|it| self.with_literal(&it.literal)).copied().collect();
                numbers.sort_unstable();
                numbers.dedup();
                Cow::Owned(numbers)
            }
            Selection::Window { offset, bytes } => Cow::Borrowed(self.with_window(*offset, *bytes)),
            Selection::Positions(positions) => Cow::Owned(self.allowed_by(positions)),
        };
        numbers.iter().map(|&number| &self.responses[number as usize]).filter(|seen| seen.passes(check)).collect()
    }

    /// The responses that have the literal are among those that have its rarest gram.
    fn with_literal(&self, literal: &[u8]) -> &[u32] {
        let grams = literal.windows(GRAM).map(|gram| self.grams.get(&folded(gram)).map_or(&[][..], |it| &it.responses));
        grams.min_by_key(|responses| responses.len()).unwrap_or_default()
    }

    fn with_window(&self, offset: u8, bytes: u32) -> &[u32] {
        self.windows.get(&(offset, bytes)).map_or(&[], |numbers| numbers)
    }

    fn allowed_by(&self, positions: &Positions) -> Vec<u32> {
        let allowed = |seen: &Seen| {
            let mut places = positions.places.iter().zip(seen.head.to_le_bytes()).take(seen.len);
            positions.lengths[seen.len.min(LENGTHS - 1)]
                && positions.last.contains(seen.last)
                && places.all(|(allowed, byte)| allowed.contains(byte))
        };
        (0..).zip(&self.responses).filter(|(_, seen)| allowed(seen)).map(|(number, _)| number).collect()
    }

    fn price(&self, numbers: &[u32], check: &Check) -> u64 {
        let price = |seen: &Seen| seen.weight * if seen.passes(check) { RESPONSE_PRICE } else { CHECK_PRICE };
        numbers.iter().map(|&number| price(&self.responses[number as usize])).sum()
    }
}

impl Seen {
    fn passes(&self, check: &Check) -> bool {
        check.passes(self.head, Check::len(self.len))
    }
}
