//! What a line needs of a response before its pattern is asked: how the prefilter finds it, its length, its first bytes.

use std::fmt;

use portprint_tables::{CheckRow, Database, GramRow, LineId, WindowRow};

use crate::escape;

/// How the prefilter finds a line; there is one way for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finder {
    /// One of these literals stands in the response, letters in either case.
    Literals(Vec<Vec<u8>>),
    /// These bytes stand at this offset.
    Window(usize, [u8; 4]),
    /// The response begins with one of these bytes.
    FirstByte(Vec<u8>),
}

impl Finder {
    /// How this line is found.
    pub(super) fn of(database: &Database<'_>, line: LineId) -> Self {
        let engine = &database.engine;
        let mut literals: Vec<_> = (0..engine.grams.len() / GramRow::SIZE)
            .map(|index| GramRow::at(engine.grams, index))
            .filter(|row| row.line == line.to_u32())
            .map(|row| engine.literals[row.literal as usize..][..usize::from(row.len)].to_vec())
            .collect();
        if !literals.is_empty() {
            // A literal has a row for each of its grams.
            literals.sort();
            literals.dedup();
            return Self::Literals(literals);
        }
        let window = (0..engine.windows.len() / WindowRow::SIZE)
            .map(|index| WindowRow::at(engine.windows, index))
            .find(|row| row.line == line.to_u32());
        if let Some(row) = window {
            // Rows do not say their offset; it is the first one where the check of the line demands the same bytes.
            let check = CheckRow::at(engine.checks, line.index());
            let offset = engine.window_offsets.iter().map(|offset| usize::from(*offset)).find(|offset| {
                let part = |word: u128| (word >> (offset * 8)) as u32;
                part(check.mask) == u32::MAX && part(check.value) == row.key
            });
            return Self::Window(offset.unwrap_or_default(), row.key.to_le_bytes());
        }
        let word = |section: &[u8], index: usize| {
            u32::from_le_bytes(*section[index * 4..].first_chunk().expect("the index is below the section's row count"))
        };
        let bytes = (0..=u8::MAX).filter(|byte| {
            let [start, end] = [0, 1].map(|next| word(engine.first_byte_index, usize::from(*byte) + next));
            (start..end).any(|index| word(engine.first_byte_lines, index as usize) == line.to_u32())
        });
        Self::FirstByte(bytes.collect())
    }

    /// Whether a response has what is looked for.
    pub(super) fn finds(&self, response: &[u8]) -> bool {
        match self {
            Self::Literals(literals) => {
                let folded = response.to_ascii_lowercase();
                literals.iter().any(|literal| memchr::memmem::find(&folded, &literal.to_ascii_lowercase()).is_some())
            }
            Self::Window(offset, bytes) => response.get(*offset..).is_some_and(|tail| tail.starts_with(bytes)),
            Self::FirstByte(bytes) => response.first().is_some_and(|first| bytes.contains(first)),
        }
    }
}

impl fmt::Display for Finder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literals(literals) => {
                let several = if literals.len() > 1 { "one of the literals" } else { "the literal" };
                let list: Vec<_> = literals.iter().map(|literal| format!("\"{}\"", escape::payload(literal))).collect();
                write!(f, "{several} {} (letters in either case)", list.join(", "))
            }
            Self::Window(offset, bytes) => write!(f, "\"{}\" at offset {offset}", escape::payload(bytes)),
            Self::FirstByte(bytes) if bytes.len() == 256 => f.write_str("any first byte"),
            Self::FirstByte(bytes) => write!(f, "a first byte of {}", ranges(bytes)),
        }
    }
}

/// What the check of a line says about its length.
pub(super) fn length(check: &CheckRow) -> String {
    match (check.min_len, check.max_len) {
        (min, max) if min == max => format!("exactly {min} bytes"),
        (min, u32::MAX) => format!("at least {min} bytes"),
        (min, max) => format!("{min} to {max} bytes"),
    }
}

/// The first bytes that the check of a line demands; `··` stands for a byte of which it does not fix all bits.
pub(super) fn head(check: &CheckRow) -> Option<String> {
    let mask = check.mask.to_le_bytes();
    let len = mask.iter().rposition(|bits| *bits == 0xFF)? + 1;
    let shown = mask.iter().zip(check.value.to_le_bytes()).take(len).map(|(mask, value)| match mask {
        0xFF => format!("{value:02x}"),
        _ => "··".to_owned(),
    });
    Some(shown.collect::<Vec<_>>().join(" "))
}

/// The first byte of a response that the check of a line does not allow: its offset, and the byte demanded if there is only one.
pub(super) fn head_mismatch(check: &CheckRow, response: &[u8]) -> Option<(usize, Option<u8>)> {
    let (mask, value) = (check.mask.to_le_bytes(), check.value.to_le_bytes());
    let at = response.iter().zip(mask).zip(value).position(|((byte, mask), value)| byte & mask != value)?;
    Some((at, (mask[at] == 0xFF).then_some(value[at])))
}

fn ranges(bytes: &[u8]) -> String {
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for &byte in bytes {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == byte => *last = byte,
            _ => ranges.push((byte, byte)),
        }
    }
    let show = |(first, last): &(u8, u8)| {
        if first == last { format!("{first:02x}") } else { format!("{first:02x}-{last:02x}") }
    };
    ranges.iter().map(show).collect::<Vec<_>>().join(" ")
}
