//! The prefilter's tables.

use std::collections::BTreeMap;

use portprint_tables::code::hash::{self, STRIDE};
use portprint_tables::code::positions;
use portprint_tables::{GramRow, Section, WindowRow};

use super::block::{Sections, number};
use crate::analyse::positions::Positions;
use crate::analyse::select::{GRAM, LiteralGrams, Selection, folded};

/// How many lines are found in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrefilterCounts {
    /// Lines found by grams.
    pub gram_lines: usize,
    /// Rows of grams: a literal has several, a line may have several literals.
    pub grams: usize,
    /// Lines found by a window.
    pub window_lines: usize,
    /// Lines found by their first places alone.
    pub position_lines: usize,
    /// Lines that need something besides.
    pub needs: usize,
}

/// A filter has this many bits for every key, within bounds: at 16 bits, three of which are set, about one key in 100 passes that should not.
const FILTER_BITS_PER_KEY: usize = 16;
const FILTER_BITS: std::ops::RangeInclusive<usize> = 10..=24;
const GRAM_BUCKET_BITS: std::ops::RangeInclusive<usize> = 6..=18;
const WINDOW_BUCKET_BITS: std::ops::RangeInclusive<usize> = 4..=16;

/// Writes the tables for all lines.
pub(crate) fn emit(selections: &[Selection], sections: &mut Sections) -> PrefilterCounts {
    let mut counts = PrefilterCounts::default();
    // Literals with the place of their first gram, and windows; each with the lines that share it, ascending.
    let mut literals: BTreeMap<(&[u8], usize), Vec<u32>> = BTreeMap::new();
    let mut windows: BTreeMap<(u8, u32), Vec<u32>> = BTreeMap::new();
    let mut rest: Vec<(u32, &Positions)> = Vec::new();
    for (line, selection) in (0u32..).zip(selections) {
        match selection {
            Selection::Grams(alternatives) => {
                counts.gram_lines += 1;
                for LiteralGrams { literal, place } in alternatives {
                    literals.entry((literal, *place)).or_default().push(line);
                }
            }
            Selection::Window { offset, bytes } => {
                counts.window_lines += 1;
                windows.entry((*offset, *bytes)).or_default().push(line);
            }
            Selection::Positions(positions) => {
                counts.position_lines += 1;
                rest.push((line, positions));
            }
        }
    }

    let mut found = Vec::new();
    counts.grams = emit_grams(&literals, &mut found, sections);
    emit_windows(&windows, &mut found, sections);
    sections.put(Section::FoundLines, encoded(found.into_iter()));
    sections.put(Section::PositionSets, position_sets(&rest));
    sections.put(Section::PositionLines, encoded(rest.iter().map(|(line, _)| *line)));
    counts
}

fn emit_grams(literals: &BTreeMap<(&[u8], usize), Vec<u32>>, found: &mut Vec<u32>, sections: &mut Sections) -> usize {
    let mut rows = Vec::new();
    let mut bytes: Vec<u8> = Vec::new();
    for ((literal, place), lines) in literals {
        let start = number(bytes.len());
        bytes.extend_from_slice(literal);
        for lines in lines.chunks(usize::from(u16::MAX)) {
            let first = put(lines, found);
            for place in *place..*place + STRIDE {
                rows.push(GramRow {
                    key: folded(&literal[place..place + GRAM]),
                    literal: start,
                    lines: first,
                    count: u16::try_from(lines.len()).expect("it was cut"),
                    len: u8::try_from(literal.len()).expect("literals are cut"),
                    offset: u8::try_from(place).expect("literals are cut"),
                });
            }
        }
    }
    let bucket_bits = bits_for(rows.len(), GRAM_BUCKET_BITS);
    let bucket = |row: &GramRow| (hash::gram(row.key) >> (32 - bucket_bits)) as usize;
    rows.sort_by_key(|row| (bucket(row), row.key, row.literal, row.offset, row.lines));
    sections.put(Section::GramFilter, filter(rows.iter().map(|row| hash::gram(row.key))));
    let mut besides = vec![0; (1 << bucket_bits) + 1];
    rows.iter().for_each(|row| besides[bucket(row)] |= beside(row, &bytes));
    let starts = index(1 << bucket_bits, rows.iter().map(bucket));
    let entries = starts.into_iter().zip(besides).flat_map(|(start, beside)| [start, beside]);
    sections.put(Section::GramIndex, encoded(entries));
    sections.put(Section::Grams, rows.iter().flat_map(GramRow::encode).collect());
    sections.put(Section::Literals, bytes);
    rows.len()
}

/// What a row says of its lines: the only one, or where they start in the list.
fn put(lines: &[u32], found: &mut Vec<u32>) -> u32 {
    if let &[line] = lines {
        return line;
    }
    let first = number(found.len());
    found.extend(lines);
    first
}

/// What may stand beside the gram of a row, as bits of an entry of the index: two bytes after it, and two before it. Where the literal has
/// none, any may.
fn beside(row: &GramRow, literals: &[u8]) -> u32 {
    let literal = &literals[row.literal as usize..][..row.len.into()];
    let literal: Vec<u8> = literal.iter().map(|&byte| hash::fold_byte(byte)).collect();
    let (before, rest) = literal.split_at(row.offset.into());
    let side = |first: Option<&u8>, second: Option<&u8>| {
        let is = |byte: Option<&u8>, part: u32| byte.is_none_or(|&byte| hash::beside_part(byte) == part);
        (0..16).filter(|bit| is(first, bit & 3) && is(second, bit >> 2)).fold(0, |bits, bit| bits | 1 << bit)
    };
    let after = &rest[GRAM..];
    let mut last = before.iter().rev();
    let (second, first) = (last.next(), last.next());
    side(after.first(), after.get(1)) | side(first, second) << hash::BEFORE
}

fn emit_windows(windows: &BTreeMap<(u8, u32), Vec<u32>>, found: &mut Vec<u32>, sections: &mut Sections) {
    let mut rows = Vec::new();
    for (&(offset, key), lines) in windows {
        for lines in lines.chunks(usize::from(u16::MAX)) {
            let count = u16::try_from(lines.len()).expect("it was cut");
            rows.push(WindowRow { key, lines: put(lines, found), count, offset, reserved: 0 });
        }
    }
    let mut offsets: Vec<u8> = windows.keys().map(|(offset, _)| *offset).collect();
    offsets.dedup();
    let bucket_bits = bits_for(rows.len(), WINDOW_BUCKET_BITS);
    let bucket = |row: &WindowRow| (hash::window(row.key, row.offset) >> (32 - bucket_bits)) as usize;
    rows.sort_by_key(|row| (bucket(row), row.key, row.offset, row.lines));
    sections.put(Section::WindowOffsets, offsets);
    sections.put(Section::WindowFilter, filter(rows.iter().map(|row| hash::window(row.key, row.offset))));
    sections.put(Section::WindowIndex, encoded(index(1 << bucket_bits, rows.iter().map(bucket)).into_iter()));
    sections.put(Section::Windows, rows.iter().flat_map(WindowRow::encode).collect());
}

fn position_sets(lines: &[(u32, &Positions)]) -> Vec<u8> {
    let words = positions::words(lines.len());
    let mut tables = vec![0u64; positions::ROWS * words];
    for (index, (_, allowed)) in lines.iter().enumerate() {
        let mut set = |row: usize| tables[row * words + index / 64] |= 1 << (index % 64);
        for (place, bytes) in allowed.places.iter().enumerate() {
            bytes.iter().for_each(|byte| set(positions::place(place, byte)));
        }
        (0..positions::LENGTHS).filter(|&len| allowed.lengths[len]).for_each(|len| set(positions::length(len)));
        allowed.last.iter().for_each(|byte| set(positions::last(byte)));
    }
    tables.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// A filter that lets all these hashes pass.
fn filter(hashes: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut hashes: Vec<u32> = hashes.collect();
    hashes.sort_unstable();
    hashes.dedup();
    let words = 1usize << (bits_for(hashes.len() * FILTER_BITS_PER_KEY, FILTER_BITS) - 5);
    let mut filter = vec![0u32; words];
    for hash in hashes {
        filter[hash as usize & (words - 1)] |= hash::filter_bits(hash);
    }
    encoded(filter.into_iter())
}

fn bits_for(count: usize, bounds: std::ops::RangeInclusive<usize>) -> usize {
    let bits = count.max(1).next_power_of_two().trailing_zeros() as usize;
    bits.clamp(*bounds.start(), *bounds.end())
}

/// For each bucket where it starts, and the end; `buckets` are those of the rows, in order.
fn index(count: usize, buckets: impl Iterator<Item = usize>) -> Vec<u32> {
    let mut starts = vec![0; count + 1];
    for bucket in buckets {
        starts[bucket + 1] += 1;
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    starts
}

fn encoded(numbers: impl Iterator<Item = u32>) -> Vec<u8> {
    numbers.flat_map(u32::to_le_bytes).collect()
}
