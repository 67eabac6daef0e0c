//! Physical lines, and the pieces in which an overlong one is read.
//!
//! nmap reads lines into a buffer of fixed size. It notices a line that does not fit only before the first probe; later
//! it takes the buffer's content for a whole line and goes on with the rest as if that were the next one. A comment of
//! any length is therefore fine as long as no piece of it happens to be read as something else, and a database that
//! nmap accepts must load here too.

use super::Span;

/// The most bytes that a line may have, without its line feed.
pub(super) const LONGEST_LINE: usize = 8190;

/// A line, or a piece of one that is too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The number of the physical line, from 1.
    pub(super) line: u32,
    /// Its bytes without the line feed.
    pub(super) span: Span,
    /// Whether a line feed follows.
    pub(super) terminated: bool,
    /// Whether the physical line begins in an earlier piece.
    pub(super) continued: bool,
}

/// Reads pieces one after another. Each byte is looked at once.
pub(super) struct Lines<'t> {
    text: &'t [u8],
    position: usize,
    line: u32,
    continued: bool,
}

impl<'t> Lines<'t> {
    /// The lines of a whole file.
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, position: 0, line: 1, continued: false }
    }

    /// The next line; with `cut`, at most so much of it as nmap's buffer takes.
    pub(super) fn next(&mut self, cut: bool) -> Option<Piece> {
        let rest = &self.text[self.position..];
        if rest.is_empty() {
            return None;
        }
        let window = if cut { &rest[..rest.len().min(BUFFER)] } else { rest };
        let feed = window.iter().position(|&byte| byte == b'\n');
        let length = feed.unwrap_or(window.len());
        let piece = Piece {
            line: self.line,
            span: self.position..self.position + length,
            terminated: feed.is_some(),
            continued: self.continued,
        };
        self.position += length + usize::from(piece.terminated);
        self.line = self.line.saturating_add(u32::from(piece.terminated));
        self.continued = !piece.terminated;
        Some(piece)
    }
}

/// How much nmap reads at once, line feed included.
const BUFFER: usize = LONGEST_LINE + 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &[u8], cut: bool) -> Vec<(u32, Span, bool, bool)> {
        let mut lines = Lines::new(text);
        std::iter::from_fn(|| lines.next(cut)).map(|p| (p.line, p.span, p.terminated, p.continued)).collect()
    }

    #[test]
    fn short_lines_are_whole() {
        for cut in [false, true] {
            assert_eq!(pieces(b"", cut), []);
            assert_eq!(pieces(b"\n", cut), [(1, 0..0, true, false)]);
            assert_eq!(
                pieces(b"ab\n\nc", cut),
                [(1, 0..2, true, false), (2, 3..3, true, false), (3, 4..5, false, false)]
            );
        }
    }

    #[test]
    fn the_longest_line_is_whole() {
        let mut text = vec![b'x'; LONGEST_LINE];
        text.extend(b"\ny\n");
        assert_eq!(pieces(&text, true), [(1, 0..8190, true, false), (2, 8191..8192, true, false)]);
    }

    #[test]
    fn a_longer_line_comes_in_pieces() {
        let mut text = vec![b'x'; LONGEST_LINE + 1];
        text.extend(b"\ny\n");
        let expected = [(1, 0..8191, false, false), (1, 8191..8191, true, true), (2, 8192..8193, true, false)];
        assert_eq!(pieces(&text, true), expected);
        assert_eq!(pieces(&text, false), [(1, 0..8191, true, false), (2, 8192..8193, true, false)]);
    }

    #[test]
    fn the_last_line_may_be_cut_too() {
        let text = vec![b'x'; 2 * BUFFER + 1];
        let expected = [(1, 0..8191, false, false), (1, 8191..16382, false, true), (1, 16382..16383, false, true)];
        assert_eq!(pieces(&text, true), expected);
    }
}
