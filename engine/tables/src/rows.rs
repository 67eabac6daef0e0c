//! The rows of every table. An [`Extent`] counts bytes where it points into [`Section::Bytes`](crate::Section::Bytes) or
//! [`Section::Text`](crate::Section::Text), and rows otherwise.

use crate::ProbeId;
pub use crate::row::Extent;
use crate::row::rows;

rows! {
    /// A database file that went in.
    pub struct SourceRow {
        /// Its name (bytes).
        pub name: Extent,
        /// Its licence (bytes).
        pub licence: Extent,
        /// Of the file's text.
        pub sha256: [u8; 32],
        /// `match` and `softmatch` lines in it.
        pub lines: u32,
        /// Probes in it.
        pub probes: u32,
        /// Files of equal priority are one set of rules; a lower number is asked first.
        pub priority: u32,
    }

    /// A service name.
    pub struct ServiceRow {
        /// The name (bytes).
        pub name: Extent,
    }

    /// A probe.
    pub struct ProbeRow {
        /// Its name (bytes).
        pub name: Extent,
        /// What it sends (bytes).
        pub payload: Extent,
        /// [`Protocol`](crate::Protocol) as a number.
        pub protocol: u8,
        /// [`ProbeRow::NULL`] and [`ProbeRow::NO_PAYLOAD`].
        pub flags: u8,
        /// 1..=9.
        pub rarity: u8,
        /// Keeps rows a multiple of four.
        pub reserved: u8,
        /// The source that declares it.
        pub source: u32,
        /// The physical line of the declaration.
        pub line: u32,
        /// Milliseconds.
        pub totalwaitms: u32,
        /// Milliseconds.
        pub tcpwrappedms: u32,
        /// Port ranges of clear-text services.
        pub ports: Extent,
        /// Port ranges of services inside TLS.
        pub sslports: Extent,
        /// Its own lines.
        pub lines: Extent,
        /// Those of them that are found by their first places (in [`Section::PositionLines`](crate::Section::PositionLines)).
        pub positions: Extent,
        /// The probes whose lines are tried on a response to it, in order (probe ids).
        pub chain: Extent,
        /// Its fallbacks as declared, resolved (probe ids).
        pub fallback: Extent,
        /// The probe that is sent in its place: one of a source before it with the same protocol and payload, or itself.
        pub sent_as: u32,
    }

    /// A range of ports.
    pub struct PortRow {
        /// The lowest.
        pub first: u16,
        /// The highest.
        pub last: u16,
    }

    /// What is excluded from probing.
    pub struct ExcludeRow {
        /// Bit 0: TCP, bit 1: UDP.
        pub protocols: u32,
        /// The lowest.
        pub first: u16,
        /// The highest.
        pub last: u16,
    }

    /// What is needed of a line from the moment that it may match. 64 bytes, a line of most processors' caches.
    pub struct LineRow {
        /// Of the response's first 16 bytes the bits that are fixed; the first byte is the lowest eight bits.
        pub mask: u128,
        /// Their values.
        pub value: u128,
        /// The least length of a response that matches, in bytes; see [`Check::len`].
        pub min_len: u16,
        /// The greatest; `u16::MAX` when there is none.
        pub max_len: u16,
        /// Up to [`NEED_MAX`] bytes that every match has besides, letters in either case, the first lowest; behind them zeros. Zero for
        /// lines that are seldom found without matching.
        pub need: u32,
        /// Where its automaton starts in [`Section::Code`](crate::Section::Code) (bytes). It decides under
        /// [`Strategy::Automaton`](crate::code::Strategy); otherwise it may match where the line does not, never the other way
        /// round, or is [`LineRow::NONE`].
        pub automaton: u32,
        /// Where its program starts in the same section; [`LineRow::NONE`] when no field needs a group.
        pub program: u32,
        /// Where its fields start in the same section; [`LineRow::NONE`] without fields.
        pub templates: u32,
        /// Its physical line.
        pub line: u32,
        /// Row of its service name.
        pub service: u16,
        /// The probe that owns it.
        pub probe: u16,
        /// The source that it stands in.
        pub source: u16,
        /// [`LineRow::SOFT`], [`LineRow::CASELESS`], [`LineRow::DOTALL`].
        pub flags: u8,
        /// [`Strategy`](crate::code::Strategy) as a number.
        pub strategy: u8,
    }

    /// A literal that must stand in a response, found by four of its bytes.
    pub struct GramRow {
        /// The four bytes, folded, the first lowest.
        pub key: u32,
        /// Where the literal starts in [`Section::Literals`](crate::Section::Literals).
        pub literal: u32,
        /// The line that needs the literal; if there are several, the first of them in [`Section::FoundLines`](crate::Section::FoundLines).
        pub lines: u32,
        /// How many lines.
        pub count: u16,
        /// The literal's length.
        pub len: u8,
        /// Where in it the four bytes stand.
        pub offset: u8,
    }

    /// Four bytes that must stand at a fixed offset of a response.
    pub struct WindowRow {
        /// The four bytes, the first lowest.
        pub key: u32,
        /// The line that needs them; if there are several, the first of them in [`Section::FoundLines`](crate::Section::FoundLines).
        pub lines: u32,
        /// How many lines.
        pub count: u16,
        /// Where they must stand.
        pub offset: u8,
        /// Keeps rows a multiple of four.
        pub reserved: u8,
    }

    /// A source with its text.
    pub struct TextSourceRow {
        /// Its name (bytes of [`Section::TextNames`](crate::Section::TextNames)).
        pub name: Extent,
        /// Its licence (the same).
        pub licence: Extent,
        /// Its text (bytes of [`Section::Text`](crate::Section::Text)).
        pub text: Extent,
        /// 1 when it extends the source before it.
        pub extends: u32,
    }

    /// The original text of a line, for people.
    pub struct TextRow {
        /// The pattern between its delimiters (bytes).
        pub pattern: Extent,
        /// The whole line (bytes).
        pub line: Extent,
    }
}

impl ProbeRow {
    /// The flag of the NULL probe, which sends nothing.
    pub const NULL: u8 = 1;
    /// The flag `no-payload`.
    pub const NO_PAYLOAD: u8 = 2;
}

impl ExcludeRow {
    /// TCP ports.
    pub const TCP: u32 = 1;
    /// UDP ports.
    pub const UDP: u32 = 2;
}

/// What is known of every match of a line before its automaton runs: some of the response's first 16 bytes, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// Bits of the first 16 bytes that are fixed; the response's first byte is the lowest eight bits.
    pub mask: u128,
    /// Their values.
    pub value: u128,
    /// The least length, as [`Check::len`] gives it.
    pub min_len: u16,
    /// The greatest; `u16::MAX` when there is none.
    pub max_len: u16,
}

/// The most bytes of [`LineRow::need`].
pub const NEED_MAX: usize = 4;

impl Check {
    /// A length in bytes as checks compare it: all from `u16::MAX` on are one.
    #[must_use]
    #[inline(always)]
    pub fn len(bytes: usize) -> u16 {
        if bytes < u16::MAX as usize { bytes as u16 } else { u16::MAX }
    }

    /// The first 16 bytes of a response, the first one lowest; zero where it has ended.
    #[must_use]
    #[inline]
    pub fn head(response: &[u8]) -> u128 {
        match response.first_chunk() {
            Some(bytes) => u128::from_le_bytes(*bytes),
            None => {
                let mut bytes = [0; 16];
                bytes[..response.len()].copy_from_slice(response);
                u128::from_le_bytes(bytes)
            }
        }
    }

    /// Whether a response with this [`Check::head`] and this [`Check::len`] may match.
    #[must_use]
    #[inline(always)]
    pub fn passes(&self, head: u128, len: u16) -> bool {
        head & self.mask == self.value && self.min_len <= len && len <= self.max_len
    }
}

impl LineRow {
    /// What is known of every match.
    #[must_use]
    #[inline(always)]
    pub fn check(&self) -> Check {
        Check { mask: self.mask, value: self.value, min_len: self.min_len, max_len: self.max_len }
    }

    /// The probe that owns it.
    #[must_use]
    pub fn owner(&self) -> ProbeId {
        ProbeId::from_u32(self.probe.into())
    }

    /// An absent offset.
    pub const NONE: u32 = u32::MAX;
    /// The flag of a `softmatch`.
    pub const SOFT: u8 = 1;
    /// The pattern flag `i`.
    pub const CASELESS: u8 = 2;
    /// The pattern flag `s`.
    pub const DOTALL: u8 = 4;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_responses_are_as_long_as_checks_can_tell() {
        let check = |min_len, max_len| Check { mask: 0, value: 0, min_len, max_len };
        for (bytes, len) in [(0, 0), (65_534, 65_534), (65_535, u16::MAX), (65_536, u16::MAX), (usize::MAX, u16::MAX)] {
            assert_eq!(Check::len(bytes), len);
            assert!(check(len, u16::MAX).passes(0, len) && check(0, u16::MAX).passes(0, len), "{bytes}");
            assert_eq!(check(0, 65_534).passes(0, len), bytes <= 65_534, "{bytes}");
        }
    }
}
