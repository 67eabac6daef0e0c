//! What the matcher says.

use portprint_tables::{Field, LineId, ProbeId};

/// The answer to one response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'s> {
    /// The line that matched first, if any.
    pub hit: Option<Hit<'s>>,
    /// The first line that was given up because a bound was met (only lines with back-references have one); it counts as not
    /// matching.
    pub gave_up: Option<LineId>,
}

/// A line that matched, and what its templates say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit<'s> {
    /// The line.
    pub line: LineId,
    /// The probe that owns the line; it differs from the one sent when a fallback answered.
    pub probe: ProbeId,
    /// Whether it is a `softmatch` line.
    pub soft: bool,
    /// The service name as the database writes it, not cleaned.
    pub service: &'s [u8],
    /// The non-empty fields.
    pub fields: Fields<'s>,
}

/// Rendered fields. Every byte is printable ASCII (0x20 to 0x7E); empty fields are absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields<'s> {
    pub(crate) buffer: &'s [u8],
    /// Where each field ends in the buffer; it starts where the one before ends.
    pub(crate) ends: [u16; Field::ALL.len()],
}

impl<'s> Fields<'s> {
    pub(crate) const NONE: Self = Self { buffer: &[], ends: [0; Field::ALL.len()] };

    /// The value of a field.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&'s str> {
        let index = field as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        let value = &self.buffer[usize::from(start)..usize::from(self.ends[index])];
        if value.is_empty() { None } else { Some(core::str::from_utf8(value).expect("fields are ASCII")) }
    }

    /// The non-empty fields, in the order of [`Field::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Field, &'s str)> + use<'s> {
        let fields = *self;
        Field::ALL.into_iter().filter_map(move |field| Some((field, fields.get(field)?)))
    }

    /// The CPEs in nmap's order: application, hardware, operating system.
    pub fn cpe(&self) -> impl Iterator<Item = &'s str> + use<'s> {
        self.iter().filter(|(field, _)| field.is_cpe()).map(|(_, value)| value)
    }
}
