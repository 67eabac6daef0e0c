//! Why bytes are not a database.

use core::fmt;

/// Bytes that are not a database this version can read: what was expected and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Magic { found: [u8; 8] },
    Version { found: u32 },
    Truncated { expected: u64, found: usize },
    Checksum { expected: u64, found: u64 },
    SectionMissing { section: u32 },
    SectionBounds { section: u32, end: u64, len: usize },
    SectionRows { section: u32, len: usize, row: usize },
    Reference { what: &'static str, index: usize, found: u64, limit: u64 },
}

impl FormatError {
    pub(crate) fn magic(found: [u8; 8]) -> Self {
        Self(Kind::Magic { found })
    }

    pub(crate) fn version(found: u32) -> Self {
        Self(Kind::Version { found })
    }

    pub(crate) fn truncated(expected: u64, found: usize) -> Self {
        Self(Kind::Truncated { expected, found })
    }

    pub(crate) fn checksum(expected: u64, found: u64) -> Self {
        Self(Kind::Checksum { expected, found })
    }

    pub(crate) fn section_missing(section: u32) -> Self {
        Self(Kind::SectionMissing { section })
    }

    pub(crate) fn section_bounds(section: u32, end: u64, len: usize) -> Self {
        Self(Kind::SectionBounds { section, end, len })
    }

    pub(crate) fn section_rows(section: u32, len: usize, row: usize) -> Self {
        Self(Kind::SectionRows { section, len, row })
    }

    pub(crate) fn reference(what: &'static str, index: usize, found: u64, limit: u64) -> Self {
        Self(Kind::Reference { what, index, found, limit })
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Magic { found } => {
                write!(f, "not a compiled database: expected it to begin with {:?}, found {found:02x?}", "PORTPRNT")
            }
            Kind::Version { found } => write!(
                f,
                "expected table format version {}, found {found}; compile the database again with this program",
                crate::FORMAT_VERSION
            ),
            Kind::Truncated { expected, found } => {
                write!(f, "expected {expected} bytes, found {found}; the file is cut or has something after its end")
            }
            Kind::Checksum { expected, found } => {
                write!(f, "expected checksum {expected:016x}, found {found:016x}; the file is damaged")
            }
            Kind::SectionMissing { section } => write!(f, "section {section} is missing"),
            Kind::SectionBounds { section, end, len } => {
                write!(f, "section {section} ends at byte {end}, after the end of the database at {len}")
            }
            Kind::SectionRows { section, len, row } => {
                write!(f, "section {section} has {len} bytes, expected a multiple of its row size {row}")
            }
            Kind::Reference { what, index, found, limit } => {
                write!(f, "{what} of row {index} is {found}, expected at most {limit}")
            }
        }
    }
}

impl core::error::Error for FormatError {}
