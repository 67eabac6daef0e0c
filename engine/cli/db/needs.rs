//! What a line needs of a response before its pattern is asked: how the prefilter finds it, what it needs besides, its length, its first bytes.

use std::fmt;

use portprint_tables::code::positions;
use portprint_tables::{Check, Database, GramRow, LineId, LineRow, WindowRow};

use crate::escape;

/// How the prefilter finds a line; there is one way for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finder {
    /// One of these literals stands in the response, letters in either case.
    Literals(Vec<Vec<u8>>),
    /// These bytes stand at this offset.
    Window(usize, [u8; 4]),
    /// The first places hold these bytes. Length and last byte are looked at too.
    Positions(Vec<Vec<u8>>),
}

impl Finder {
    /// How this line is found.
    pub(super) fn of(database: &Database<'_>, line: LineId) -> Self {
        let engine = &database.engine;
        let mut literals: Vec<_> = (0..engine.grams.len() / GramRow::SIZE)
            .map(|index| GramRow::at(engine.grams, index))
            .filter(|row| engine.found(row.lines, row.count).any(|found| found == line))
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
            .find(|row| engine.found(row.lines, row.count).any(|found| found == line));
        if let Some(row) = window {
            return Self::Window(row.offset.into(), row.key.to_le_bytes());
        }
        let Some(index) = engine.found_by_position().position(|found| found == line) else {
            return Self::Positions(Vec::new());
        };
        let words = positions::words(engine.found_by_position().len());
        let allows = |place: usize, byte: u8| {
            let row = positions::place(place, byte) * words * 8;
            engine.position_sets[row + index / 8] >> (index % 8) & 1 != 0
        };
        let places = (0..positions::PLACES).map(|place| (0..=u8::MAX).filter(|&byte| allows(place, byte)).collect());
        Self::Positions(places.collect())
    }

    /// Whether a response has what is looked for.
    pub(super) fn finds(&self, response: &[u8]) -> bool {
        match self {
            Self::Literals(literals) => {
                let folded = response.to_ascii_lowercase();
                literals.iter().any(|literal| memchr::memmem::find(&folded, &literal.to_ascii_lowercase()).is_some())
            }
            Self::Window(offset, bytes) => response.get(*offset..).is_some_and(|tail| tail.starts_with(bytes)),
            Self::Positions(places) => places.iter().zip(response).all(|(allowed, byte)| allowed.contains(byte)),
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
            Self::Positions(places) => {
                let known: Vec<_> = places.iter().map(|bytes| ranges(bytes)).collect();
                let len = known.iter().rposition(|bytes| bytes != "00-ff").map_or(0, |last| last + 1);
                match &known[..len] {
                    [] => f.write_str("its length and last byte"),
                    known => write!(f, "its first bytes: {}", known.join(" | ")),
                }
            }
        }
    }
}

/// What the check of a line says about its length.
pub(super) fn length(check: &Check) -> String {
    match (check.min_len, check.max_len) {
        (min, u16::MAX) => format!("at least {min} bytes"),
        (min, max) if min == max => format!("exactly {min} bytes"),
        (min, max) => format!("{min} to {max} bytes"),
    }
}

/// What a line needs besides: bytes in a response, letters in either case.
pub(super) struct Besides(Vec<u8>);

impl Besides {
    /// None for most lines.
    pub(super) fn of(row: &LineRow) -> Option<Self> {
        let bytes = row.need.to_le_bytes();
        let len = bytes.iter().rposition(|byte| *byte != 0)? + 1;
        Some(Self(bytes[..len].to_vec()))
    }

    /// Whether a response has them.
    pub(super) fn is_in(&self, response: &[u8]) -> bool {
        memchr::memmem::find(&response.to_ascii_lowercase(), &self.0).is_some()
    }
}

impl fmt::Display for Besides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" (letters in either case)", escape::payload(&self.0))
    }
}

/// The first bytes that the check of a line demands; `··` stands for a byte of which it does not fix all bits.
pub(super) fn head(check: &Check) -> Option<String> {
    let mask = check.mask.to_le_bytes();
    let len = mask.iter().rposition(|bits| *bits == 0xFF)? + 1;
    let shown = mask.iter().zip(check.value.to_le_bytes()).take(len).map(|(mask, value)| match mask {
        0xFF => format!("{value:02x}"),
        _ => "··".to_owned(),
    });
    Some(shown.collect::<Vec<_>>().join(" "))
}

/// The first byte of a response that the check of a line does not allow: its offset, and the byte demanded if there is only one.
pub(super) fn head_mismatch(check: &Check, response: &[u8]) -> Option<(usize, Option<u8>)> {
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
