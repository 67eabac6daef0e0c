//! Lines of a file, none of them too long to be kept.

use std::io::{self, BufRead};

/// The longest line.
pub(super) const LONGEST: usize = 64 * 1024;

/// What is said of a longer one.
pub(super) const TOO_LONG: &str = "the line is longer than 64 KiB";

/// Cuts an input into lines.
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// With its end, if it has one.
    Whole(&'a [u8]),
    /// It was skipped.
    TooLong,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: Vec::new(), number: 0 }
    }

    /// The next line with its number from 1. Too long ones are read to their end.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        self.line.clear();
        let mut length = 0;
        loop {
            let piece = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let end = memchr::memchr(b'\n', piece);
            let used = end.map_or(piece.len(), |at| at + 1);
            let is_last = end.is_some() || piece.is_empty();
            length += used;
            if length <= LONGEST {
                self.line.extend_from_slice(&piece[..used]);
            }
            self.input.consume(used);
            if is_last {
                break;
            }
        }
        self.number += 1;
        Ok(match length {
            0 => None,
            1..=LONGEST => Some((self.number, Line::Whole(&self.line))),
            _ => Some((self.number, Line::TooLong)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn long_lines_are_told_once() {
        let text = format!("a\n{}\nb\n{}", "x".repeat(3 * LONGEST), "y".repeat(LONGEST));
        for capacity in [1, 7, 1 << 20] {
            let mut lines = Lines::new(BufReader::with_capacity(capacity, text.as_bytes()));
            let mut seen = Vec::new();
            while let Some((number, line)) = lines.next().expect("reading memory does not fail") {
                seen.push(match line {
                    Line::Whole(line) => format!("{number} {}", line.len()),
                    Line::TooLong => format!("{number} too long"),
                });
            }
            assert_eq!(seen, ["1 2", "2 too long", "3 2", "4 65536"]);
        }
    }
}
