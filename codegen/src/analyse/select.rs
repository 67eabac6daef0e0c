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

use super::Analysis;
use super::literals::Requirement;
use super::positions::Positions;
use super::rehearsal::{RESPONSE_PRICE, Rehearsal};

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
pub fn select(lines: &[Analysis], rehearsal: &Rehearsal) -> Vec<Selection> {
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
                .filter_map(|it| price_grams(it, &line.check, rehearsal, &shared))
                .min_by_key(|it| it.0);
            let window = windows(line)
                .map(|(offset, bytes)| {
                    let key = (offset, bytes, line.check);
                    let price = known.entry(key).or_insert_with(|| rehearsal.price_window(offset, bytes, &line.check));
                    (*price, Selection::Window { offset, bytes })
                })
                .min_by_key(|(price, _)| *price);
            let best = [gram.as_ref().map(|it| it.0), window.as_ref().map(|it| it.0)].into_iter().flatten().min();
            if best.is_some_and(|price| price >= DEAR) && line.automaton.is_ok() {
                let positions = positions(line);
                if best > Some(rehearsal.price_positions(&positions, &line.check)) {
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

/// What it costs that a gram stands somewhere: half of all places are looked up, and what stands beside it is looked at.
const HIT_PRICE: u64 = 4;
/// From this price on the tables over positions are considered too.
const DEAR: u64 = 40 * RESPONSE_PRICE;
const SHARED_MAX: u32 = 32;
const WINDOW_BONUS: u64 = 16;

fn price_grams(
    requirement: &Requirement,
    check: &Check,
    rehearsal: &Rehearsal,
    shared: &FxHashMap<u32, u32>,
) -> Option<(u64, Selection)> {
    let mut total = 0;
    let mut literals = Vec::new();
    for literal in requirement {
        let price = |gram| {
            let hits = rehearsal.hits(gram);
            let sharing = shared.get(&gram).copied().unwrap_or(0).min(SHARED_MAX);
            hits * HIT_PRICE + u64::from(sharing)
        };
        let prices: Vec<u64> = literal.windows(GRAM).map(|gram| price(folded(gram))).collect();
        let (place, price) =
            prices.windows(STRIDE).map(|pair| pair.iter().sum::<u64>()).enumerate().min_by_key(|&(_, price)| price)?;
        let start = (place + GRAM + STRIDE - 1).saturating_sub(LITERAL_MAX).min(place);
        let end = literal.len().min(start + LITERAL_MAX);
        let literal = &literal[start..end];
        total += price + rehearsal.price_literal(literal, check);
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
