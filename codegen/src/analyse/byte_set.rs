//! Sets of bytes.

use std::fmt;

/// A set of bytes, one bit each.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: Self = Self([0; 4]);
    /// Every byte.
    pub const FULL: Self = Self([u64::MAX; 4]);

    /// One byte.
    #[must_use]
    pub fn of(byte: u8) -> Self {
        let mut set = Self::EMPTY;
        set.insert(byte);
        set
    }

    /// The bytes that satisfy a condition.
    pub fn filter(condition: impl Fn(u8) -> bool) -> Self {
        (0..=u8::MAX).filter(|&byte| condition(byte)).collect()
    }

    /// `[0-9]`
    #[must_use]
    pub fn digits() -> Self {
        Self::filter(|byte| byte.is_ascii_digit())
    }

    /// `[A-Za-z0-9_]`
    #[must_use]
    pub fn word() -> Self {
        Self::filter(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    }

    /// What `\s` means in PCRE2: space, `\t`, `\n`, `\v`, `\f`, `\r`.
    #[must_use]
    pub fn space() -> Self {
        Self::filter(|byte| matches!(byte, b'\t'..=b'\r' | b' '))
    }

    /// `\h`
    #[must_use]
    pub fn horizontal_space() -> Self {
        Self::filter(|byte| matches!(byte, b'\t' | b' ' | 0xA0))
    }

    /// `\v`
    #[must_use]
    pub fn vertical_space() -> Self {
        Self::filter(|byte| matches!(byte, b'\n'..=b'\r' | 0x85))
    }

    /// Adds a byte.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Whether the byte is in it.
    #[must_use]
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// Bytes in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// Bytes in both.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    /// Bytes not in it.
    #[must_use]
    pub fn complement(self) -> Self {
        Self(self.0.map(|word| !word))
    }

    /// With every ASCII letter also its other case.
    #[must_use]
    pub fn fold_case(self) -> Self {
        Self::filter(|byte| {
            self.contains(byte) || self.contains(byte.to_ascii_lowercase()) || self.contains(byte.to_ascii_uppercase())
        })
    }

    /// How many bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether it has no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    /// The byte of a set that has just one.
    #[must_use]
    pub fn single(&self) -> Option<u8> {
        if self.len() == 1 { self.iter().next() } else { None }
    }

    /// The bytes in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u8> + use<> {
        let words = self.0;
        (0..4u8).flat_map(move |word| {
            let mut rest = words[usize::from(word)];
            std::iter::from_fn(move || {
                let bit = u8::try_from(rest.trailing_zeros()).ok().filter(|&bit| bit < 64)?;
                rest &= rest - 1;
                Some(word * 64 + bit)
            })
        })
    }

    /// Its maximal ranges in ascending order.
    #[must_use]
    pub fn ranges(&self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == byte => *last = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }

    /// As it is stored: byte 0 is the lowest bit of the first byte.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

impl FromIterator<u8> for ByteSet {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        let mut set = Self::EMPTY;
        for byte in bytes {
            set.insert(byte);
        }
        set
    }
}

impl fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[")?;
        for (first, last) in self.ranges() {
            write!(f, "{}", first.escape_ascii())?;
            if last != first {
                write!(f, "-{}", last.escape_ascii())?;
            }
        }
        write!(f, "]")
    }
}
