//! Which lines can match at all.
//!
//! Every line is found by four bytes that each of its matches must have: a *gram* of a required literal anywhere, or a *window* at a
//! fixed offset; the few lines that have neither are found by the response's first byte. Of these, lines stay whose fixed bytes among
//! the response's first 16 and whose bounds of length agree. The filter has no false negatives.

use portprint_tables::code::hash;
use portprint_tables::{CheckRow, Engine, GramRow, LineId, WindowRow};

use super::Scratch;

/// Grams are looked up at every second place; each literal is entered at two neighbouring ones.
const STRIDE: usize = 2;

/// The first 16 bytes, the first one lowest; zero where the response has ended.
#[inline]
pub(super) fn head(response: &[u8]) -> u128 {
    match response.first_chunk() {
        Some(bytes) => u128::from_le_bytes(*bytes),
        None => {
            let mut bytes = [0; 16];
            bytes[..response.len()].copy_from_slice(response);
            u128::from_le_bytes(bytes)
        }
    }
}

/// The line of a candidate. A candidate is a line with its rank in the chain above it, so that sorting gives the order of trying.
#[inline]
pub(super) fn line(candidate: u64) -> LineId {
    LineId::from_u32((candidate & u64::from(u32::MAX)) as u32)
}

/// Leaves the lines of `scratch.ranges` that may match in `scratch.candidates`, in the order in which they must be tried.
pub(super) fn candidates(engine: &Engine<'_>, line_count: usize, response: &[u8], scratch: &mut Scratch) {
    let Scratch { ranges, candidates, seen, .. } = scratch;
    candidates.clear();
    seen.resize(line_count.div_ceil(64), 0);
    let len = u32::try_from(response.len()).unwrap_or(u32::MAX);
    let mut collector = Collector { ranges, checks: engine.checks, head: head(response), len, candidates, seen };
    if let Some(&first) = response.first() {
        first_byte(engine, first, &mut collector);
        windows(engine, response, &mut collector);
        grams(engine, response, &mut collector);
    }
    for &candidate in &*candidates {
        let line = line(candidate).index();
        seen[line / 64] &= !(1 << (line % 64));
    }
    candidates.sort_unstable();
}

/// Whether a response with these first bytes and this length may match.
#[inline]
pub(super) fn passes(check: &CheckRow, head: u128, len: u32) -> bool {
    head & check.mask == check.value && check.min_len <= len && len <= check.max_len
}

struct Collector<'s> {
    ranges: &'s [portprint_tables::LineRange],
    checks: &'s [u8],
    head: u128,
    len: u32,
    candidates: &'s mut alloc::vec::Vec<u64>,
    seen: &'s mut [u64],
}

impl Collector<'_> {
    /// The line's rank in the chain, if it is there, new, and passes its check.
    #[inline]
    fn rank(&self, line: u32) -> Option<usize> {
        let rank = self.ranges.iter().position(|range| range.contains(&line))?;
        if self.seen[line as usize / 64] >> (line % 64) & 1 != 0 {
            return None;
        }
        passes(&CheckRow::at(self.checks, line as usize), self.head, self.len).then_some(rank)
    }

    #[inline]
    fn add(&mut self, line: u32, rank: usize) {
        self.seen[line as usize / 64] |= 1 << (line % 64);
        self.candidates.push((rank as u64) << 32 | u64::from(line));
    }
}

fn first_byte(engine: &Engine<'_>, first: u8, collector: &mut Collector<'_>) {
    for index in bucket(engine.first_byte_index, usize::from(first)) {
        let line = u32_at(engine.first_byte_lines, index);
        if let Some(rank) = collector.rank(line) {
            collector.add(line, rank);
        }
    }
}

fn windows(engine: &Engine<'_>, response: &[u8], collector: &mut Collector<'_>) {
    let shift = index_shift(engine.window_index);
    for &offset in engine.window_offsets {
        let Some(bytes) = response.get(usize::from(offset)..).and_then(|tail| tail.first_chunk()) else { return };
        let key = u32::from_le_bytes(*bytes);
        for index in bucket(engine.window_index, (hash::window(key, offset) >> shift) as usize) {
            let row = WindowRow::at(engine.windows, index);
            if row.key == key
                && let Some(rank) = collector.rank(row.line)
            {
                collector.add(row.line, rank);
            }
        }
    }
}

fn grams(engine: &Engine<'_>, response: &[u8], collector: &mut Collector<'_>) {
    let filter = engine.gram_filter;
    let shift = 32 - (filter.len() as u32 * 8).trailing_zeros();
    let bucket_shift = index_shift(engine.gram_index);
    let mut at = 0;
    while let Some(bytes) = response[at..].first_chunk() {
        let key = u32::from_le_bytes(*bytes) | hash::FOLD;
        let hash = hash::gram(key);
        let bit = hash >> shift;
        if filter[bit as usize / 8] >> (bit % 8) & 1 != 0 {
            for index in bucket(engine.gram_index, (hash >> bucket_shift) as usize) {
                let row = GramRow::at(engine.grams, index);
                if row.key == key
                    && let Some(rank) = collector.rank(row.line)
                    && stands(engine.literals, &row, response, at)
                {
                    collector.add(row.line, rank);
                }
            }
        }
        at += STRIDE;
        if at > response.len() {
            break;
        }
    }
}

/// Whether the row's literal stands around place `at`, but for the case of letters.
#[inline]
fn stands(literals: &[u8], row: &GramRow, response: &[u8], at: usize) -> bool {
    let literal = &literals[row.literal as usize..][..usize::from(row.len)];
    at.checked_sub(usize::from(row.offset))
        .and_then(|start| response.get(start..start + literal.len()))
        .is_some_and(|text| text.eq_ignore_ascii_case(literal))
}

/// How far a hash is shifted to number a bucket of an index, whose length is a power of two and one.
#[inline]
fn index_shift(index: &[u8]) -> u32 {
    32 - ((index.len() / 4 - 1) as u32).trailing_zeros()
}

#[inline]
fn bucket(index: &[u8], number: usize) -> core::ops::Range<usize> {
    u32_at(index, number) as usize..u32_at(index, number + 1) as usize
}

#[inline]
fn u32_at(section: &[u8], index: usize) -> u32 {
    u32::from_le_bytes(*section[index * 4..].first_chunk().expect("indices are below the section's length"))
}
