//! The prefilter's tables.

use portprint_tables::code::hash;
use portprint_tables::{GramRow, Section, WindowRow};

use super::block::Sections;
use crate::analyse::select::{GRAM, LiteralGrams, STRIDE, Selection, folded};

/// How many lines are found in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrefilterCounts {
    /// Lines found by grams.
    pub gram_lines: usize,
    /// Rows of grams: a literal has several, a line may have several literals.
    pub grams: usize,
    /// Lines found by a window.
    pub window_lines: usize,
    /// Lines found by their first byte alone.
    pub first_byte_lines: usize,
}

/// The filter has this many bits for every gram, within bounds.
const FILTER_BITS_PER_GRAM: usize = 64;
const FILTER_BITS: std::ops::RangeInclusive<usize> = 12..=20;
const GRAM_BUCKET_BITS: std::ops::RangeInclusive<usize> = 6..=15;
const WINDOW_BUCKET_BITS: std::ops::RangeInclusive<usize> = 4..=12;

/// Writes the tables for all lines.
pub(crate) fn emit(selections: &[Selection], sections: &mut Sections) -> PrefilterCounts {
    let mut counts = PrefilterCounts::default();
    let mut grams = Vec::new();
    let mut literals = Vec::new();
    let mut windows = Vec::new();
    let mut first_bytes: Vec<Vec<u32>> = vec![Vec::new(); 256];
    for (line, selection) in (0u32..).zip(selections) {
        match selection {
            Selection::Grams(alternatives) => {
                counts.gram_lines += 1;
                for LiteralGrams { literal, place } in alternatives {
                    let start = u32::try_from(literals.len()).expect("literals are few");
                    literals.extend_from_slice(literal);
                    for place in *place..*place + STRIDE {
                        grams.push(GramRow {
                            key: folded(&literal[place..place + GRAM]),
                            line,
                            literal: start,
                            len: u16::try_from(literal.len()).expect("literals are cut"),
                            offset: u16::try_from(place).expect("literals are cut"),
                        });
                    }
                }
            }
            Selection::Window { offset, bytes } => {
                counts.window_lines += 1;
                windows.push((*offset, WindowRow { key: *bytes, line }));
            }
            Selection::FirstByte(set) => {
                counts.first_byte_lines += 1;
                for byte in set.iter() {
                    first_bytes[usize::from(byte)].push(line);
                }
            }
        }
    }
    counts.grams = grams.len();

    let filter_bits = bits_for(grams.len() * FILTER_BITS_PER_GRAM, FILTER_BITS);
    let bucket_bits = bits_for(grams.len() * 2, GRAM_BUCKET_BITS);
    let mut filter = vec![0u8; (1 << filter_bits) / 8];
    for row in &grams {
        let bit = (hash::gram(row.key) >> (32 - filter_bits)) as usize;
        filter[bit / 8] |= 1 << (bit % 8);
    }
    let bucket = |row: &GramRow| (hash::gram(row.key) >> (32 - bucket_bits)) as usize;
    grams.sort_by_key(|row| (bucket(row), row.key, row.line, row.literal, row.offset));
    sections.put(Section::GramFilter, filter);
    sections.put(Section::GramIndex, index(1 << bucket_bits, grams.iter().map(bucket)));
    sections.put(Section::Grams, grams.iter().flat_map(GramRow::encode).collect());
    sections.put(Section::Literals, literals);

    let mut offsets: Vec<u8> = windows.iter().map(|(offset, _)| *offset).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let bucket_bits = bits_for(windows.len(), WINDOW_BUCKET_BITS);
    let bucket = |(offset, row): &(u8, WindowRow)| (hash::window(row.key, *offset) >> (32 - bucket_bits)) as usize;
    windows.sort_by_key(|window| (bucket(window), window.1.key, window.0, window.1.line));
    sections.put(Section::WindowOffsets, offsets);
    sections.put(Section::WindowIndex, index(1 << bucket_bits, windows.iter().map(bucket)));
    sections.put(Section::Windows, windows.iter().flat_map(|(_, row)| row.encode()).collect());

    let starts = first_bytes.iter().enumerate().flat_map(|(byte, lines)| std::iter::repeat_n(byte, lines.len()));
    sections.put(Section::FirstByteIndex, index(256, starts));
    sections.put(Section::FirstByteLines, first_bytes.iter().flatten().flat_map(|line| line.to_le_bytes()).collect());
    counts
}

fn bits_for(count: usize, bounds: std::ops::RangeInclusive<usize>) -> usize {
    let bits = count.max(1).next_power_of_two().trailing_zeros() as usize;
    bits.clamp(*bounds.start(), *bounds.end())
}

/// For each bucket where it starts, and the end; `buckets` are those of the rows, in order.
fn index(count: usize, buckets: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut sizes = vec![0u32; count];
    for bucket in buckets {
        sizes[bucket] += 1;
    }
    let mut bytes = Vec::with_capacity(4 * (count + 1));
    let mut start = 0u32;
    bytes.extend(start.to_le_bytes());
    for size in sizes {
        start += size;
        bytes.extend(start.to_le_bytes());
    }
    bytes
}
