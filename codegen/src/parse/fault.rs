//! Faults on their way from the place that finds them to the list that is shown.

use crate::diagnostic::Diagnostic;

use super::Span;

/// One fault of the source being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    span: Span,
    message: String,
    expected: String,
}

impl Fault {
    /// `message` says what is wrong with the bytes of `span`, `expected` what should be there.
    pub(super) fn new(span: Span, message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { span, message: message.into(), expected: expected.into() }
    }
}

/// The faults of one source, up to a limit: a file that is no database at all has one in every line.
pub(super) struct Faults<'d> {
    source: usize,
    room: usize,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'d> Faults<'d> {
    /// The faults of the source with this index, appended to `diagnostics`.
    pub(super) fn new(source: usize, diagnostics: &'d mut Vec<Diagnostic>) -> Self {
        Self { source, room: MOST_FAULTS, diagnostics }
    }

    /// Takes a fault; beyond the limit it is dropped.
    pub(super) fn add(&mut self, fault: Fault) {
        if self.room > 0 {
            self.room -= 1;
            let Fault { span, message, expected } = fault;
            self.diagnostics.push(Diagnostic { source: self.source, span, message, expected });
        }
    }

    /// Whether the limit is reached, so that reading on would tell nothing more.
    pub(super) fn is_full(&self) -> bool {
        self.room == 0
    }
}

/// Bytes of the database as a message quotes them: cut when there are many, and what is not printable is escaped.
pub(super) fn quote(bytes: &[u8]) -> String {
    let mut text = String::from("`");
    for &byte in bytes.iter().take(LONGEST_QUOTE) {
        if matches!(byte, b' '..=b'~') {
            text.push(char::from(byte));
        } else {
            text.extend(byte.escape_ascii().map(char::from));
        }
    }
    text.push_str(if bytes.len() > LONGEST_QUOTE { "...`" } else { "`" });
    text
}

/// The most faults that are kept of one source.
const MOST_FAULTS: usize = 10_000;

/// The most bytes that a message quotes.
const LONGEST_QUOTE: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_escaped_and_short() {
        assert_eq!(quote(b"a\x00\xff\\b"), r"`a\x00\xff\b`");
        assert_eq!(quote(&[b'x'; 40]), format!("`{}`", "x".repeat(40)));
        assert_eq!(quote(&[b'x'; 41]), format!("`{}...`", "x".repeat(40)));
    }

    #[test]
    fn the_list_is_limited_per_source() {
        let mut diagnostics = Vec::new();
        for source in 0..2 {
            let mut faults = Faults::new(source, &mut diagnostics);
            for _ in 0..=MOST_FAULTS {
                faults.add(Fault::new(0..1, "wrong", "right"));
            }
            assert!(faults.is_full());
        }
        assert_eq!(diagnostics.len(), 2 * MOST_FAULTS);
        assert_eq!(diagnostics[MOST_FAULTS].source, 1);
    }
}
