//! Taking apart what a peer sent.

use crate::End;

/// There are fewer bytes than were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short;

impl From<Short> for End {
    fn from(Short: Short) -> Self {
        Self::Mismatch
    }
}

/// Reads bytes from the front. Nothing here panics, and nothing moves when there is too little.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

macro_rules! integers {
    ($($(#[$doc:meta])* $name:ident: $integer:ty, $from:ident;)*) => { $(
        $(#[$doc])*
        ///
        /// # Errors
        /// There are fewer bytes.
        pub fn $name(&mut self) -> Result<$integer, Short> {
            self.array().map(<$integer>::$from)
        }
    )* };
}

impl<'a> Reader<'a> {
    /// Reads these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes have not been read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// There are fewer.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Short> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(Short)?;
        self.rest = rest;
        Ok(head)
    }

    /// The next bytes as an array.
    ///
    /// # Errors
    /// There are fewer.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Short)?;
        self.rest = rest;
        Ok(*head)
    }

    /// Passes over bytes.
    ///
    /// # Errors
    /// There are fewer.
    pub fn skip(&mut self, count: usize) -> Result<(), Short> {
        self.bytes(count).map(|_| ())
    }

    /// The bytes before the next `end`, which is passed over.
    ///
    /// # Errors
    /// There is none.
    pub fn until(&mut self, end: u8) -> Result<&'a [u8], Short> {
        let at = self.rest.iter().position(|&byte| byte == end).ok_or(Short)?;
        let head = self.bytes(at)?;
        self.skip(1)?;
        Ok(head)
    }

    /// A reader of the next `count` bytes alone.
    ///
    /// # Errors
    /// There are fewer.
    pub fn part(&mut self, count: usize) -> Result<Reader<'a>, Short> {
        self.bytes(count).map(Reader::new)
    }

    /// A 24-bit integer, most significant byte first.
    ///
    /// # Errors
    /// There are fewer bytes.
    pub fn u24(&mut self) -> Result<u32, Short> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    integers! {
        /// A byte.
        u8: u8, from_be_bytes;
        /// A 16-bit integer, most significant byte first.
        u16: u16, from_be_bytes;
        /// A 32-bit integer, most significant byte first.
        u32: u32, from_be_bytes;
        /// A 64-bit integer, most significant byte first.
        u64: u64, from_be_bytes;
        /// A 16-bit integer, least significant byte first.
        u16_le: u16, from_le_bytes;
        /// A 32-bit integer, least significant byte first.
        u32_le: u32, from_le_bytes;
        /// A 64-bit integer, least significant byte first.
        u64_le: u64, from_le_bytes;
    }
}

/// Bytes as text: what is no UTF-8 is replaced, and NULs and blanks at the ends are taken off.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned()
}
