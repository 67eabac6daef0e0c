//! A position in one line, and the few ways in which the format moves it.
//!
//! The format is defined by what C's string functions do in the C locale, so white space, letters and numbers are
//! theirs and not Rust's: a vertical tab is white space, no byte from 0x80 up is a letter, and a number may have a
//! sign.

use super::Span;

/// A position in a line. Positions count from the beginning of the file, so that they can be used in spans.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'t> {
    text: &'t [u8],
    position: usize,
    end: usize,
}

impl<'t> Cursor<'t> {
    /// At the beginning of `span`, which is a part of `text`; the end of `span` cannot be passed.
    pub(super) fn new(text: &'t [u8], span: Span) -> Self {
        Self { text, position: span.start, end: span.end }
    }

    /// Where the cursor stands.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The byte at the cursor, if the line has not ended.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// All bytes from the cursor to the end of the line.
    pub(super) fn rest(&self) -> &'t [u8] {
        &self.text[self.position..self.end]
    }

    /// The bytes of a span.
    pub(super) fn bytes(&self, span: &Span) -> &'t [u8] {
        &self.text[span.clone()]
    }

    /// Where the bytes to the end of the line stand.
    pub(super) fn rest_span(&self) -> Span {
        self.position..self.end
    }

    /// The byte at the cursor as a span; at the end of the line an empty one.
    pub(super) fn here(&self) -> Span {
        self.position..self.end.min(self.position + 1)
    }

    /// Moves over at most `count` bytes and says where they stand.
    pub(super) fn advance(&mut self, count: usize) -> Span {
        let start = self.position;
        self.position = self.end.min(start + count);
        start..self.position
    }

    /// Moves over `byte` if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    /// Moves over the longest run of at most `limit` bytes that `accept` takes, and says where they stand.
    pub(super) fn take_while(&mut self, limit: usize, accept: impl Fn(u8) -> bool) -> Span {
        let count = self.rest().iter().take(limit).take_while(|&&byte| accept(byte)).count();
        self.advance(count)
    }

    /// Moves over white space.
    pub(super) fn skip_space(&mut self) {
        self.take_while(usize::MAX, is_space);
    }

    /// Moves behind the next `delimiter` and says what stands before it; without one nothing moves.
    pub(super) fn take_until(&mut self, delimiter: u8) -> Option<Span> {
        let count = self.rest().iter().position(|&byte| byte == delimiter)?;
        let span = self.advance(count);
        self.advance(1);
        Some(span)
    }

    /// Moves over decimal digits and gives their value; [`u64::MAX`] stands for all numbers too large for it.
    pub(super) fn take_digits(&mut self) -> Option<(u64, Span)> {
        let span = self.take_while(usize::MAX, |byte| byte.is_ascii_digit());
        let digits = &self.text[span.clone()];
        let value =
            digits.iter().fold(0_u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
        (!digits.is_empty()).then_some((value, span))
    }
}

/// Whether C calls `byte` white space. Unlike [`u8::is_ascii_whitespace`], with the vertical tab.
pub(super) fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0b'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_that_of_c() {
        let spaces: Vec<u8> = (0..=u8::MAX).filter(|&byte| is_space(byte)).collect();
        assert_eq!(spaces, b"\t\n\x0b\x0c\r ");
    }

    #[test]
    fn moves_stay_in_the_line() {
        let text = b"12 ab|c\nd|";
        let mut cursor = Cursor::new(text, 3..7);
        assert_eq!(cursor.take_digits(), None);
        assert_eq!(cursor.take_until(b'd'), None);
        assert_eq!(cursor.take_until(b'|'), Some(3..5));
        assert_eq!(cursor.rest_span(), 6..7);
        assert!(!cursor.eat(b'x'));
        assert!(cursor.eat(b'c'));
        assert_eq!((cursor.peek(), cursor.here(), cursor.advance(9)), (None, 7..7, 7..7));
    }

    #[test]
    fn digits_saturate() {
        let cases: [(&[u8], u64, Span); 3] =
            [(b"007x", 7, 0..3), (b"65536", 65_536, 0..5), (b"99999999999999999999", u64::MAX, 0..20)];
        for (text, value, span) in cases {
            assert_eq!(Cursor::new(text, 0..text.len()).take_digits(), Some((value, span)));
        }
    }
}
