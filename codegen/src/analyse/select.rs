//! Which part of each line the prefilter looks for.
//!
//! A line is found in one of three ways, the cheapest for it: by a *gram*, four bytes of a literal that every match contains (looked up
//! at every second place of a response, so that each literal is entered at two neighbouring places); by a *window*, four bytes at a
//! fixed offset from the response's start; or, where neither exists, by the bytes that its first places allow, its length and last byte.
//!
//! What is cheap is what is rare. Rarity is counted over responses made from the database's own patterns, and over texts that
//! unknown servers would send.

use rustc_hash::FxHashMap;

use portprint_tables::Check;
use portprint_tables::code::hash::{self, STRIDE, WINDOW_OFFSETS};
use portprint_tables::code::positions::LENGTHS;

use super::Analysis;
use super::literals::Requirement;
use super::positions::Positions;
use super::sample::{Random, sample};

/// How the prefilter finds a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Each of these literals, at its places.
    Grams(Vec<LiteralGrams>),
    /// Four bytes at an offset.
    Window {
        /// From the response's start.
        offset: u8,
        /// The bytes, the first lowest.
        bytes: u32,
    },
    /// What its first places, its length and its last byte allow.
    Positions(Box<Positions>),
}

/// A literal and the places in it whose grams are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiteralGrams {
    /// The literal, folded.
    pub literal: Vec<u8>,
    /// The first of [`STRIDE`] neighbouring places.
    pub place: usize,
}

/// Bytes of a gram.
pub const GRAM: usize = 4;
/// A longer literal is cut: more bytes to compare say nothing more.
const LITERAL_MAX: usize = 32;

/// Selects for all lines, in their order.
#[must_use]
pub fn select(lines: &[Analysis]) -> Vec<Selection> {
    let training = Training::new(lines);
    let mut shared: FxHashMap<u32, u32> = FxHashMap::default();
    for literal in lines.iter().flat_map(|line| &line.requirements).flatten() {
        for gram in literal.windows(GRAM) {
            *shared.entry(folded(gram)).or_default() += 1;
        }
    }
    let mut known: FxHashMap<(u8, u32, Check), u64> = FxHashMap::default();
    lines
        .iter()
        .map(|line| {
            let gram = line
                .requirements
                .iter()
                .filter_map(|it| price_grams(it, &line.check, &training, &shared))
                .min_by_key(|it| it.0);
            let window = windows(line)
                .map(|(offset, bytes)| {
                    let key = (offset, bytes, line.check);
                    let price = known.entry(key).or_insert_with(|| training.price_window(offset, bytes, &line.check));
                    (*price, Selection::Window { offset, bytes })
                })
                .min_by_key(|(price, _)| *price);
            let best = [gram.as_ref().map(|it| it.0), window.as_ref().map(|it| it.0)].into_iter().flatten().min();
            if best.is_some_and(|price| price >= DEAR) && line.automaton.is_ok() {
                let positions = positions(line);
                if best > Some(training.price_positions(&positions, &line.check)) {
                    return Selection::Positions(Box::new(positions));
                }
            }
            match (gram, window) {
                // A window costs a look-up at one place only.
                (Some((gram, _)), Some((window, selection))) if window <= gram + WINDOW_BONUS => selection,
                (Some((_, selection)), _) => selection,
                (None, Some((_, selection))) => selection,
                (None, None) => Selection::Positions(Box::new(positions(line))),
            }
        })
        .collect()
}

/// What a line's automaton allows; everything where it has none.
fn positions(line: &Analysis) -> Positions {
    line.automaton.as_ref().map_or(Positions::ALL, Positions::of)
}

/// What a training response costs on which the line would be tried, against a line that shares a gram.
const RESPONSE_PRICE: u64 = 64;
/// What one costs on which the line would be found, but does not pass its check.
const CHECK_PRICE: u64 = 12;
/// What it costs that a gram stands somewhere: half of all places are looked up, and what stands beside it is looked at.
const HIT_PRICE: u64 = 4;
/// From this price on the tables over positions are considered too.
const DEAR: u64 = 40 * RESPONSE_PRICE;
const SHARED_MAX: u32 = 32;
const WINDOW_BONUS: u64 = 16;

fn price_grams(
    requirement: &Requirement,
    check: &Check,
    training: &Training,
    shared: &FxHashMap<u32, u32>,
) -> Option<(u64, Selection)> {
    let mut total = 0;
    let mut literals = Vec::new();
    for literal in requirement {
        let price = |gram| {
            let hits = training.grams.get(&gram).map_or(0, |known| known.hits);
            let sharing = shared.get(&gram).copied().unwrap_or(0).min(SHARED_MAX);
            hits * HIT_PRICE + u64::from(sharing)
        };
        let prices: Vec<u64> = literal.windows(GRAM).map(|gram| price(folded(gram))).collect();
        let (place, price) =
            prices.windows(STRIDE).map(|pair| pair.iter().sum::<u64>()).enumerate().min_by_key(|&(_, price)| price)?;
        let start = (place + GRAM + STRIDE - 1).saturating_sub(LITERAL_MAX).min(place);
        let end = literal.len().min(start + LITERAL_MAX);
        let literal = &literal[start..end];
        total += price + training.price_literal(literal, check);
        literals.push(LiteralGrams { literal: literal.to_vec(), place: place - start });
    }
    Some((total, Selection::Grams(literals)))
}

/// All places with four neighbouring bytes that are fixed.
fn windows(line: &Analysis) -> impl Iterator<Item = (u8, u32)> {
    (0..).zip(line.prefix.windows(GRAM)).take(WINDOW_OFFSETS.into()).filter_map(|(offset, sets)| {
        let mut bytes = [0; GRAM];
        for (byte, set) in bytes.iter_mut().zip(sets) {
            *byte = set.single()?;
        }
        Some((offset, u32::from_le_bytes(bytes)))
    })
}

/// The four bytes of a gram as they are hashed.
#[must_use]
pub fn folded(gram: &[u8]) -> u32 {
    hash::fold(u32::from_le_bytes(gram.try_into().expect("a gram has four bytes")))
}

/// Which responses contain what.
struct Training {
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
struct Seen {
    head: u128,
    len: usize,
    last: u8,
    weight: u64,
}

/// An unknown response weighs as much as so many made from patterns.
const UNKNOWN_WEIGHT: u32 = 3;
/// So many responses are made from all lines together, at most.
const SAMPLES: usize = 6_000;
const SEED: u64 = 0x706F_7274_7072_696E;

impl Training {
    fn new(lines: &[Analysis]) -> Self {
        let mut training = Self { grams: FxHashMap::default(), windows: FxHashMap::default(), responses: Vec::new() };
        let mut random = Random::new(SEED);
        for line in lines.iter().step_by((lines.len() / SAMPLES).max(1)) {
            training.add(&sample(&line.pattern, &mut random), 1);
        }
        for response in super::training::responses() {
            training.add(&response, UNKNOWN_WEIGHT);
        }
        training
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
        });
    }

    /// The responses that have the literal are among those that have its rarest gram.
    fn price_literal(&self, literal: &[u8], check: &Check) -> u64 {
        let grams = literal.windows(GRAM).map(|gram| self.grams.get(&folded(gram)).map_or(&[][..], |it| &it.responses));
        grams
            .min_by_key(|responses| responses.len())
            .into_iter()
            .flatten()
            .map(|&number| self.price(number, check))
            .sum()
    }

    fn price_window(&self, offset: u8, bytes: u32, check: &Check) -> u64 {
        self.windows.get(&(offset, bytes)).into_iter().flatten().map(|&number| self.price(number, check)).sum()
    }

    fn price_positions(&self, positions: &Positions, check: &Check) -> u64 {
        let allowed = |seen: &Seen| {
            let places = positions.places.iter().zip(seen.head.to_le_bytes()).take(seen.len);
            positions.lengths[seen.len.min(LENGTHS - 1)]
                && positions.last.contains(seen.last)
                && places.into_iter().all(|(allowed, byte)| allowed.contains(byte))
        };
        let numbers = (0..).zip(&self.responses).filter(|(_, seen)| allowed(seen)).map(|(number, _)| number);
        numbers.map(|number| self.price(number, check)).sum()
    }

    /// What it costs that a line with this check is found for a response.
    fn price(&self, response: u32, check: &Check) -> u64 {
        let seen = &self.responses[response as usize];
        let passes = check.passes(seen.head, u32::try_from(seen.len).unwrap_or(u32::MAX));
        seen.weight * if passes { RESPONSE_PRICE } else { CHECK_PRICE }
    }
}
