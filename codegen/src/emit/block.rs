//! Sections to one block of bytes.

use std::collections::BTreeMap;

use portprint_tables::{ALIGNMENT, Extent, FORMAT_VERSION, HEADER_SIZE, MAGIC, SECTION_ENTRY_SIZE, Section, checksum};

/// Sections on their way into a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sections(BTreeMap<u32, Vec<u8>>);

impl Sections {
    pub(crate) fn put(&mut self, section: Section, bytes: Vec<u8>) {
        self.0.insert(section as u32, bytes);
    }

    /// Both in one.
    pub(crate) fn union(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).map(|(section, bytes)| (*section, bytes.clone())).collect())
    }

    pub(crate) fn sizes(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.0.iter().map(|(section, bytes)| (*section, bytes.len()))
    }

    /// The block. Same sections, same bytes.
    pub(crate) fn encode(&self, source_hash: [u8; 32]) -> Vec<u8> {
        let table_end = HEADER_SIZE + self.0.len() * SECTION_ENTRY_SIZE;
        let start = table_end.next_multiple_of(ALIGNMENT);
        let total = self.0.values().fold(start, |end, bytes| end.next_multiple_of(ALIGNMENT) + bytes.len());
        let mut block = Vec::with_capacity(total);
        block.extend(MAGIC);
        block.extend(FORMAT_VERSION.to_le_bytes());
        block.extend(u32::try_from(self.0.len()).expect("sections are few").to_le_bytes());
        block.extend((total as u64).to_le_bytes());
        block.extend([0; 8]);
        block.extend(source_hash);
        let mut offset = start;
        for (section, bytes) in &self.0 {
            offset = offset.next_multiple_of(ALIGNMENT);
            block.extend(section.to_le_bytes());
            block.extend([0; 4]);
            block.extend((offset as u64).to_le_bytes());
            block.extend((bytes.len() as u64).to_le_bytes());
            offset += bytes.len();
        }
        for bytes in self.0.values() {
            block.resize(block.len().next_multiple_of(ALIGNMENT), 0);
            block.extend(bytes);
        }
        let sum = checksum(&block[32..]);
        block[24..32].copy_from_slice(&sum.to_le_bytes());
        block
    }
}

/// Texts one after the other; equal ones are stored once.
#[derive(Clone, Debug, Default)]
pub(crate) struct BytePool {
    bytes: Vec<u8>,
    known: std::collections::HashMap<Vec<u8>, Extent>,
}

impl BytePool {
    pub(crate) fn add(&mut self, text: &[u8]) -> Extent {
        if let Some(extent) = self.known.get(text) {
            return *extent;
        }
        let extent = Extent { start: number(self.bytes.len()), len: number(text.len()) };
        self.bytes.extend_from_slice(text);
        self.known.insert(text.to_vec(), extent);
        extent
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A count as it is stored.
///
/// # Panics
/// When tables have grown beyond 4 GiB.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).expect("tables are below 4 GiB")
}
