//! Which lines can match at all.
//!
//! Every line is found by four bytes that each of its matches must have: a *gram* of a required literal anywhere, or a *window* at a
//! fixed offset; the few lines that have neither are found by what their first places, length and last byte allow. Of these, lines stay
//! whose fixed bytes among the response's first 16 and whose bounds of length agree, and of lines that are often found for nothing those that
//! find up to four bytes more. The filter has no false negatives.

use alloc::vec::Vec;
use core::ops::Range;

use portprint_tables::code::{hash, positions};
use portprint_tables::{Check, Engine, GramRow, LineId, LineRange, LineRow, Probe, WindowRow};

use super::scan::{self, HITS};

/// A line of the cache in bytes.
pub(super) const CACHE_LINE: usize = 64;
/// What a line needs besides is looked for in responses of at most so many bytes, so that many lines cost no more for it in a long one.
const NEED_WITHIN: usize = 4096;
/// So many of them are fetched ahead of what verifying a line reads.
const CODE_LINES: usize = 3;

/// The line of a candidate. A candidate is a line with its rank in the chain above it, so that sorting gives the order of trying.
#[inline]
pub(super) fn line(candidate: u64) -> LineId {
    LineId::from_u32((candidate & u64::from(u32::MAX)) as u32)
}

/// First half: appends the lines within `reach` that are found in the response to `offered`, each once, in no order. `seen` has a bit for
/// each line, all zero before and after.
///
/// What the second half reads of a line is fetched ahead meanwhile.
pub(super) fn offer(engine: &Engine<'_>, reach: &[Reach], response: &[u8], seen: &mut [u64], offered: &mut Vec<u64>) {
    let mut collector = Collector { reach, engine, offered };
    // A line is found in one of these ways only, and by the first two at most once.
    by_window(response, &mut collector);
    by_position(response, &mut collector);
    let first = collector.offered.len();
    by_gram(response, seen, &mut collector);
    for &candidate in &offered[first..] {
        let line = line(candidate).index();
        seen[line / 64] &= !(1 << (line % 64));
    }
}

/// Second half: keeps those whose check passes, in the order in which they must be tried; returns how many.
///
/// What verifying them reads first is fetched ahead meanwhile.
pub(super) fn check(engine: &Engine<'_>, response: &[u8], offered: &mut [u64]) -> usize {
    let len = Check::len(response.len());
    let head = Check::head(response);
    let finds = |need: u32| need == 0 || response.len() > NEED_WITHIN || scan::holds(response, need);
    let mut kept = 0;
    for index in 0..offered.len() {
        let candidate = offered[index];
        let row = LineRow::at(engine.lines, line(candidate).index());
        if row.check().passes(head, len) {
            let first = row.automaton.min(row.program) as usize;
            (0..CODE_LINES).for_each(|line| scan::fetch_ahead(engine.code, first + line * CACHE_LINE));
            offered[kept] = candidate;
            kept += usize::from(finds(row.need));
        }
    }
    sort(&mut offered[..kept]);
    kept
}

/// Sorts candidates, of which there are one to three for most responses: those without a branch.
#[inline(always)]
pub(super) fn sort(candidates: &mut [u64]) {
    let swap = |first: &mut u64, second: &mut u64| {
        (*first, *second) = ((*first).min(*second), (*first).max(*second));
    };
    match candidates {
        [] | [_] => {}
        [first, second] => swap(first, second),
        [first, second, third] => {
            swap(first, second);
            swap(second, third);
            swap(first, second);
        }
        more => more.sort_unstable(),
    }
}

/// The lines of one probe of a chain.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    lines: LineRange,
    positions: Range<u32>,
}

impl Reach {
    pub(super) fn of(probe: &Probe<'_>) -> Self {
        Self { lines: probe.lines(), positions: probe.positions() }
    }
}

struct Collector<'s, 'd> {
    reach: &'s [Reach],
    engine: &'s Engine<'d>,
    offered: &'s mut Vec<u64>,
}

impl Collector<'_, '_> {
    /// Offers a line if it is in the chain.
    #[inline]
    fn offer(&mut self, line: u32) {
        if let Some(rank) = self.reach.iter().position(|reach| reach.lines.contains(&line)) {
            self.put(rank, line);
        }
    }

    #[inline]
    fn put(&mut self, rank: usize, line: u32) {
        scan::fetch_ahead(self.engine.lines, line as usize * LineRow::SIZE);
        self.offered.push((rank as u64) << 32 | u64::from(line));
    }

    /// Offers a line if it has not been before.
    #[inline]
    fn offer_once(&mut self, line: u32, seen: &mut [u64]) {
        if seen[line as usize / 64] >> (line % 64) & 1 == 0 {
            let before = self.offered.len();
            self.offer(line);
            seen[line as usize / 64] |= u64::from(self.offered.len() > before) << (line % 64);
        }
    }
}

/// The lines of a gram or window: one, or some of the list.
#[inline]
fn each(engine: &Engine<'_>, lines: u32, count: u16, mut line: impl FnMut(u32)) {
    if count == 1 {
        return line(lines);
    }
    let list = &engine.found_lines[lines as usize * 4..][..usize::from(count) * 4];
    list.chunks_exact(4).for_each(|id| line(u32_at(id, 0)));
}

fn by_position(response: &[u8], collector: &mut Collector<'_, '_>) {
    let (lines, sets) = (collector.engine.position_lines, collector.engine.position_sets);
    let width = positions::words(lines.len() / 4) * 8;
    let Some(&last) = response.last() else { return };
    let row = |row: usize| &sets[row * width..][..width];
    let by_length = row(positions::length(response.len()));
    // Places beyond the response's end: the length has spoken for them.
    let mut rows = [by_length; positions::PLACES + 2];
    rows[positions::PLACES] = row(positions::last(last));
    for (place, &byte) in response.iter().take(positions::PLACES).enumerate() {
        rows[place] = row(positions::place(place, byte));
    }
    for (rank, reach) in collector.reach.iter().enumerate() {
        let (start, end) = (reach.positions.start as usize, reach.positions.end as usize);
        for word in start / 64..end.div_ceil(64) {
            let mut allowed = rows.iter().fold(u64::MAX, |allowed, row| allowed & u64_at(row, word));
            allowed &= u64::MAX << start.saturating_sub(word * 64).min(63);
            allowed &= u64::MAX >> (word * 64 + 64).saturating_sub(end).min(63);
            while allowed != 0 {
                let line = u32_at(lines, word * 64 + allowed.trailing_zeros() as usize);
                collector.put(rank, line);
                allowed &= allowed - 1;
            }
        }
    }
}

fn by_window(response: &[u8], collector: &mut Collector<'_, '_>) {
    let engine = collector.engine;
    let shift = index_shift(engine.window_index.len() / 4);
    let mut offsets = scan::windows(engine.window_filter, engine.window_offsets, response);
    while offsets != 0 {
        let offset = offsets.trailing_zeros() as u8;
        offsets &= offsets - 1;
        let Some(bytes) = response.get(usize::from(offset)..).and_then(|tail| tail.first_chunk()) else { return };
        let key = u32::from_le_bytes(*bytes);
        let bucket = (hash::window(key, offset) >> shift) as usize;
        for index in u32_at(engine.window_index, bucket)..u32_at(engine.window_index, bucket + 1) {
            let row = WindowRow::at(engine.windows, index as usize);
            if row.key == key && row.offset == offset {
                each(engine, row.lines, row.count, |line| collector.offer(line));
            }
        }
    }
}

fn by_gram(response: &[u8], seen: &mut [u64], collector: &mut Collector<'_, '_>) {
    let engine = collector.engine;
    let index = engine.gram_index;
    let shift = index_shift(index.len() / 8);
    let mut hits = [0; HITS];
    let mut from = 0;
    while from + 4 <= response.len() {
        let count = scan::scan(engine.gram_filter, response, &mut from, &mut hits);
        // Most hits end here: the gram is of a literal, but what stands beside it is not. Without a branch for each, so that the
        // processor has their entries fetched side by side.
        let mut kept = 0;
        for hit in 0..count {
            let at = hits[hit];
            let around = around(response, at as usize);
            let bucket = (hash::gram((around >> 16) as u32) >> shift) as usize;
            let [before, last_before, .., after, next_after] = around.to_le_bytes();
            let beside = u32_at(index, bucket * 2 + 1);
            let passes = beside >> hash::beside(after, next_after)
                & beside >> (hash::BEFORE + hash::beside(before, last_before));
            hits[kept] = at;
            kept += (passes & 1) as usize;
        }
        for &at in &hits[..kept] {
            let key = (around(response, at as usize) >> 16) as u32;
            let bucket = (hash::gram(key) >> shift) as usize;
            for index in u32_at(index, bucket * 2)..u32_at(index, bucket * 2 + 2) {
                let row = GramRow::at(engine.grams, index as usize);
                if row.key == key && stands(engine.literals, &row, response, at as usize) {
                    each(engine, row.lines, row.count, |line| collector.offer_once(line, seen));
                }
            }
        }
    }
}

/// A gram with the two bytes before and after it, folded; zero where there are none.
#[inline]
fn around(response: &[u8], at: usize) -> u64 {
    let bytes = match at.checked_sub(2).and_then(|start| response.get(start..start + 8)) {
        Some(bytes) => *bytes.first_chunk().expect("there are eight bytes"),
        None => core::array::from_fn(|place| {
            (at + place).checked_sub(2).and_then(|at| response.get(at)).copied().unwrap_or(0)
        }),
    };
    hash::fold_word(u64::from_le_bytes(bytes))
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

/// How far a hash is shifted to number a bucket of an index that has so many entries, a power of two and one.
#[inline]
fn index_shift(entries: usize) -> u32 {
    32 - ((entries - 1) as u32).trailing_zeros()
}

#[inline]
fn u64_at(bytes: &[u8], index: usize) -> u64 {
    u64::from_le_bytes(*bytes[index * 8..].first_chunk().expect("rows have so many words"))
}

#[inline]
fn u32_at(bytes: &[u8], index: usize) -> u32 {
    u32::from_le_bytes(*bytes[index * 4..].first_chunk().expect("the index is below the section's row count"))
}
