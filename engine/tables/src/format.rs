//! Header and section table.
//!
//! ```text
//! 0   magic "PORTPRNT"          8 bytes
//! 8   format version            u32
//! 12  number of sections        u32
//! 16  length of all             u64
//! 24  checksum of all after 32  u64
//! 32  hash of the sources       32 bytes (SHA-256)
//! 64  per section: id u32, reserved u32, offset u64, length u64
//! ```

use crate::FormatError;

/// The first bytes of every database.
pub const MAGIC: [u8; 8] = *b"PORTPRNT";
/// Raised whenever old readers would misread what new writers write.
pub const FORMAT_VERSION: u32 = 5;
/// Sections start at multiples of this, in a block that starts at one: a line of most processors' caches.
pub const ALIGNMENT: usize = 64;
/// The part of a buffer that starts at a multiple of [`ALIGNMENT`], for a block that is read at run time. Elsewhere it works as well, but
/// every row of a line straddles two lines of the cache. Empty if the buffer ends before.
#[must_use]
pub fn aligned(buffer: &mut [u8]) -> &mut [u8] {
    let skipped = buffer.as_ptr().align_offset(ALIGNMENT).min(buffer.len());
    &mut buffer[skipped..]
}

/// Bytes before the section table.
pub const HEADER_SIZE: usize = 64;
/// Bytes of one entry of the section table.
pub const SECTION_ENTRY_SIZE: usize = 24;

/// What a section holds. A closed list; readers ignore numbers that they do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Section {
    /// Names, payloads and other short texts.
    Bytes = 1,
    /// [`SourceRow`](crate::SourceRow)s.
    Sources = 2,
    /// [`ServiceRow`](crate::ServiceRow)s.
    Services = 3,
    /// [`ProbeRow`](crate::ProbeRow)s.
    Probes = 4,
    /// [`PortRow`](crate::PortRow)s.
    Ports = 5,
    /// Lists of probe ids, `u32` each.
    ProbeLists = 6,
    /// [`ExcludeRow`](crate::ExcludeRow)s.
    Exclude = 7,
    /// [`LineRow`](crate::LineRow)s.
    Lines = 8,
    /// Sets of bytes, 256 bits each, byte 0 the lowest bit of the first byte. The first 256 hold one byte each.
    Sets = 10,
    /// What each line runs, one line's after the other's: its automaton, its program and its fields, see [`code`](crate::code). What
    /// is read first comes first.
    Code = 11,
    /// Which hashes of grams have an entry, see [`code::hash`](crate::code::hash).
    GramFilter = 14,
    /// For every bucket and the end, `u32` each: its first row, and what may stand beside its grams, see
    /// [`code::hash::beside`](crate::code::hash::beside).
    GramIndex = 15,
    /// [`GramRow`](crate::GramRow)s.
    Grams = 16,
    /// Bytes of the literals, letters in lower case.
    Literals = 17,
    /// The offsets at which windows stand, a `u8` each.
    WindowOffsets = 18,
    /// `u32` each: the first row of every bucket, and the end.
    WindowIndex = 19,
    /// [`WindowRow`](crate::WindowRow)s.
    Windows = 20,
    /// Which hashes of windows have an entry.
    WindowFilter = 21,
    /// Line ids, `u32` each: those of every gram and window.
    FoundLines = 22,
    /// Line ids, `u32` each, ascending: lines without literal or window.
    PositionLines = 23,
    /// What those lines allow where, see [`code::positions`](crate::code::positions).
    PositionSets = 24,
    /// [`TextRow`](crate::TextRow)s, one a line.
    TextRows = 32,
    /// The sources as they were read, one after the other.
    Text = 33,
    /// [`TextSourceRow`](crate::TextSourceRow)s.
    TextSources = 34,
    /// Names in the rows of [`Section::TextSources`].
    TextNames = 35,
}

/// The sections of a block of bytes, by number. Looking one up is linear in their number, of which there are few.
#[derive(Clone, Copy, Debug)]
pub struct SectionTable<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl<'a> SectionTable<'a> {
    /// Checks the header and that every section lies inside `bytes`.
    ///
    /// # Errors
    /// When magic or version differ, or something lies outside.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let Some(magic) = bytes.first_chunk::<8>() else {
            return Err(FormatError::truncated(HEADER_SIZE as u64, bytes.len()));
        };
        if *magic != MAGIC {
            return Err(FormatError::magic(*magic));
        }
        if bytes.len() < HEADER_SIZE {
            return Err(FormatError::truncated(HEADER_SIZE as u64, bytes.len()));
        }
        let version = read_u32(bytes, 8);
        if version != FORMAT_VERSION {
            return Err(FormatError::version(version));
        }
        let total = read_u64(bytes, 16);
        if total != bytes.len() as u64 {
            return Err(FormatError::truncated(total, bytes.len()));
        }
        let count = read_u32(bytes, 12) as usize;
        let table_end = (count as u64) * SECTION_ENTRY_SIZE as u64 + HEADER_SIZE as u64;
        if table_end > total {
            return Err(FormatError::truncated(table_end, bytes.len()));
        }
        let table = Self { bytes, count };
        for entry in 0..count {
            let (id, offset, len) = table.entry(entry);
            if offset < table_end || offset.checked_add(len).is_none_or(|end| end > total) {
                return Err(FormatError::section_bounds(id, offset.saturating_add(len), bytes.len()));
            }
        }
        Ok(table)
    }

    /// The bytes of a section.
    ///
    /// # Errors
    /// When there is no such section.
    pub fn get(&self, section: Section) -> Result<&'a [u8], FormatError> {
        (0..self.count)
            .map(|entry| self.entry(entry))
            .find(|(id, ..)| *id == section as u32)
            .map(|(_, offset, len)| &self.bytes[offset as usize..(offset + len) as usize])
            .ok_or(FormatError::section_missing(section as u32))
    }

    /// A section of rows of `row` bytes each.
    ///
    /// # Errors
    /// When there is no such section, or its length is not a multiple of `row`.
    pub fn rows(&self, section: Section, row: usize) -> Result<&'a [u8], FormatError> {
        let bytes = self.get(section)?;
        if bytes.len() % row != 0 {
            return Err(FormatError::section_rows(section as u32, bytes.len(), row));
        }
        Ok(bytes)
    }

    /// All sections: number and length in bytes.
    pub fn iter(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        (0..self.count).map(|entry| self.entry(entry)).map(|(id, _, len)| (id, len as usize))
    }

    /// SHA-256 over all sources, as the compiler saw them.
    #[must_use]
    pub fn source_hash(&self) -> [u8; 32] {
        *self.bytes[32..].first_chunk().expect("the header was checked")
    }

    /// Whether the bytes after the header are those that were written.
    ///
    /// # Errors
    /// When they are not.
    pub fn verify_checksum(&self) -> Result<(), FormatError> {
        let expected = read_u64(self.bytes, 24);
        let found = checksum(&self.bytes[32..]);
        if expected == found { Ok(()) } else { Err(FormatError::checksum(expected, found)) }
    }

    fn entry(&self, index: usize) -> (u32, u64, u64) {
        let at = HEADER_SIZE + index * SECTION_ENTRY_SIZE;
        (read_u32(self.bytes, at), read_u64(self.bytes, at + 8), read_u64(self.bytes, at + 16))
    }
}

/// The checksum of the header: it finds damage, not malice. Four lanes of multiply and rotate over 8-byte words.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut lanes = [1u64, 2, 3, 4];
    let mut blocks = bytes.chunks_exact(32);
    for block in &mut blocks {
        for (lane, word) in lanes.iter_mut().zip(block.chunks_exact(8)) {
            *lane = (*lane ^ read_u64(word, 0)).wrapping_mul(FACTOR).rotate_left(29);
        }
    }
    let mut sum = bytes.len() as u64;
    for lane in lanes {
        sum = (sum ^ lane).wrapping_mul(FACTOR).rotate_left(31);
    }
    for byte in blocks.remainder() {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(FACTOR).rotate_left(27);
    }
    sum
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().expect("the header was checked"))
}

fn read_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("the header was checked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_an_aligned_part() {
        let mut buffer = [0; 3 * ALIGNMENT];
        for start in 0..2 * ALIGNMENT {
            for len in 0..=ALIGNMENT {
                let part = aligned(&mut buffer[start..][..len]);
                assert!(
                    part.is_empty() || (part.as_ptr() as usize).is_multiple_of(ALIGNMENT),
                    "{len} bytes from {start}"
                );
                assert!(len < ALIGNMENT || !part.is_empty());
            }
        }
    }
}
