//! Which lines can match at all.
//!
//! Every line is found by four bytes that each of its matches must have: a *gram* of a required literal anywhere, or a *window* at a
//! fixed offset; the few lines that have neither are found by what their first places, length and last byte allow. Of these, lines stay
//! whose fixed bytes among the response's first 16 and whose bounds of length agree. The filter has no false negatives.

use alloc::vec::Vec;

use portprint_tables::code::{hash, positions};
use portprint_tables::{Check, Engine, GramRow, LineId, LineRange, LineRow, WindowRow};

use super::scan::{self, HITS};

/// The line of a candidate. A candidate is a line with its rank in the chain above it, so that sorting gives the order of trying.
#[inline]
pub(super) fn line(candidate: u64) -> LineId {
    LineId::from_u32((candidate & u64::from(u32::MAX)) as u32)
}

/// First half: appends the lines of `ranges` that are found in the response to `offered`, each once, in no order. `seen` has a bit for
/// each line, all zero before and after.
///
/// What the second half reads of a line is fetched ahead meanwhile.
pub(super) fn offer(
    engine: &Engine<'_>,
    ranges: &[LineRange],
    response: &[u8],
    seen: &mut [u64],
    offered: &mut Vec<u64>,
) {
    if response.is_empty() {
        return;
    }
    let first = offered.len();
    let mut collector = Collector { ranges, engine, offered, seen };
    by_window(response, &mut collector);
    by_position(response, &mut collector);
    by_gram(response, &mut collector);
    for &candidate in &offered[first..] {
        let line = line(candidate).index();
        seen[line / 64] &= !(1 << (line % 64));
    }
}

/// Second half: keeps those whose check passes, in the order in which they must be tried; returns how many.
///
/// What verifying them reads first is fetched ahead meanwhile.
pub(super) fn check(engine: &Engine<'_>, response: &[u8], offered: &mut [u64]) -> usize {
    let len = u32::try_from(response.len()).unwrap_or(u32::MAX);
    let head = Check::head(response);
    let mut kept = 0;
    for index in 0..offered.len() {
        let candidate = offered[index];
        let row = LineRow::at(engine.lines, line(candidate).index());
        if row.check().passes(head, len) {
            scan::fetch_ahead(engine.automata, row.automaton as usize);
            scan::fetch_ahead(engine.templates, row.templates as usize);
            offered[kept] = candidate;
            kept += 1;
        }
    }
    offered[..kept].sort_unstable();
    kept
}

struct Collector<'s, 'd> {
    ranges: &'s [LineRange],
    engine: &'s Engine<'d>,
    offered: &'s mut Vec<u64>,
    /// A bit for each line that is offered.
    seen: &'s mut [u64],
}

impl Collector<'_, '_> {
    /// Offers a line if it is in the chain and new.
    #[inline]
    fn offer(&mut self, line: u32) {
        let Some(rank) = self.ranges.iter().position(|range| range.contains(&line)) else { return };
        let (word, bit) = (line as usize / 64, 1 << (line % 64));
        if self.seen[word] & bit == 0 {
            scan::fetch_ahead(self.engine.lines, line as usize * LineRow::SIZE);
            self.seen[word] |= bit;
            self.offered.push((rank as u64) << 32 | u64::from(line));
        }
    }

    #[inline]
    fn offer_all(&mut self, first: u32, count: u16) {
        let lines = &self.engine.found_lines[first as usize * 4..][..usize::from(count) * 4];
        lines.chunks_exact(4).for_each(|line| self.offer(u32_at(line, 0)));
    }
}

fn by_position(response: &[u8], collector: &mut Collector<'_, '_>) {
    let (lines, sets) = (collector.engine.position_lines, collector.engine.position_sets);
    let words = (lines.len() / 4).div_ceil(64);
    let Some(&last) = response.last() else { return };
    let row = |row: usize| &sets[row * words * 8..][..words * 8];
    let by_length = row(positions::length(response.len()));
    // Places beyond the response's end: the length has spoken for them.
    let mut rows = [by_length; positions::PLACES + 1];
    rows[positions::PLACES] = row(positions::last(last));
    for (place, &byte) in response.iter().take(positions::PLACES).enumerate() {
        rows[place] = row(positions::place(place, byte));
    }
    for word in 0..words {
        let at = |row: &[u8]| u64::from_le_bytes(*row[word * 8..].first_chunk().expect("rows have so many words"));
        let mut allowed = rows.iter().fold(at(by_length), |allowed, row| allowed & at(row));
        while allowed != 0 {
            let index = word * 64 + allowed.trailing_zeros() as usize;
            collector.offer(u32_at(lines, index));
            allowed &= allowed - 1;
        }
    }
}

fn by_window(response: &[u8], collector: &mut Collector<'_, '_>) {
    let engine = collector.engine;
    let shift = index_shift(engine.window_index);
    let mut offsets = scan::windows(engine.window_filter, engine.window_offsets, response);
    while offsets != 0 {
        let offset = offsets.trailing_zeros() as u8;
        offsets &= offsets - 1;
        let Some(bytes) = response.get(usize::from(offset)..).and_then(|tail| tail.first_chunk()) else { return };
        let key = u32::from_le_bytes(*bytes);
        for index in bucket(engine.window_index, (hash::window(key, offset) >> shift) as usize) {
            let row = WindowRow::at(engine.windows, index);
            if row.key == key && row.offset == offset {
                collector.offer_all(row.lines, row.count);
            }
        }
    }
}

fn by_gram(response: &[u8], collector: &mut Collector<'_, '_>) {
    let engine = collector.engine;
    let shift = index_shift(engine.gram_index);
    let mut hits = [0; HITS];
    let mut from = 0;
    while from + 4 <= response.len() {
        let count = scan::scan(engine.gram_filter, response, &mut from, &mut hits);
        for &at in &hits[..count] {
            let at = at as usize;
            let Some(bytes) = response[at..].first_chunk() else { continue };
            let key = hash::fold(u32::from_le_bytes(*bytes));
            for index in bucket(engine.gram_index, (hash::gram(key) >> shift) as usize) {
                let row = GramRow::at(engine.grams, index);
                if row.key == key && stands(engine.literals, &row, response, at) {
                    collector.offer_all(row.lines, row.count);
                }
            }
        }
    }
}

/// Whether the row's literal stands around place `at`, but for the case of letters.
#[inline]
fn stands(literals: &[u8], row: &GramRow, response: &[u8], at: usize) -> bool {
    let len = usize::from(row.len);
    let literal = &literals[row.literal as usize..][..len];
    let Some(text) = at.checked_sub(usize::from(row.offset)).and_then(|start| response.get(start..start + len)) else {
        return false;
    };
    match len {
        // Two words that cover all of it, overlapping; most differ in the first.
        8.. => {
            let mut from = 0;
            while from + 8 < len {
                if folded_word(text, from) != folded_word(literal, from) {
                    return false;
                }
                from += 8;
            }
            folded_word(text, len - 8) == folded_word(literal, len - 8)
        }
        _ => text.eq_ignore_ascii_case(literal),
    }
}

/// Eight bytes of which the case of letters does not matter.
#[inline(always)]
fn folded_word(bytes: &[u8], at: usize) -> u64 {
    hash::fold_word(u64::from_le_bytes(*bytes[at..].first_chunk().expect("there are eight bytes")))
}

/// How far a hash is shifted to number a bucket of an index, whose length is a power of two and one.
#[inline]
fn index_shift(index: &[u8]) -> u32 {
    32 - ((index.len() / 4 - 1) as u32).trailing_zeros()
}

/// The rows of a bucket.
#[inline]
fn bucket(index: &[u8], bucket: usize) -> core::ops::Range<usize> {
    u32_at(index, bucket) as usize..u32_at(index, bucket + 1) as usize
}

#[inline]
fn u32_at(bytes: &[u8], index: usize) -> u32 {
    u32::from_le_bytes(*bytes[index * 4..].first_chunk().expect("the index is below the section's row count"))
}
