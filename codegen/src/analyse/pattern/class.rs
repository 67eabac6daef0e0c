//! Bracketed classes.

use super::escape::ClassEscape;
use super::parser::{Options, Parser, PatternError};
use crate::analyse::ByteSet;

impl Parser<'_> {
    /// A class, from its opening bracket.
    pub(super) fn class(&mut self, options: &Options) -> Result<ByteSet, PatternError> {
        let start = self.at;
        self.at += 1;
        let negated = self.eat(b"^");
        let mut set = ByteSet::EMPTY;
        let mut first = true;
        let mut quoted = false;
        loop {
            let Some(byte) = self.peek() else {
                return Err(self.fail_at(start, "missing closing bracket of a class", "`]` before the pattern's end"));
            };
            if quoted {
                if self.eat(b"\\E") {
                    quoted = false;
                } else {
                    set.insert(byte);
                    self.at += 1;
                    first = false;
                }
                continue;
            }
            if self.eat(b"\\Q") {
                quoted = true;
                continue;
            }
            if self.eat(b"\\E") {
                continue;
            }
            if byte == b']' && !first {
                self.at += 1;
                break;
            }
            first = false;
            if let Some(named) = self.posix_class()? {
                set = set.union(named);
                self.no_range_after_set()?;
                continue;
            }
            match self.class_byte()? {
                ClassEscape::Set(escaped) => {
                    set = set.union(escaped);
                    self.no_range_after_set()?;
                }
                ClassEscape::Byte(low) => {
                    let high = self.range_end(low)?;
                    for byte in low..=high {
                        set.insert(byte);
                    }
                }
            }
        }
        if options.caseless {
            set = set.fold_case();
        }
        Ok(if negated { set.complement() } else { set })
    }

    fn class_byte(&mut self) -> Result<ClassEscape, PatternError> {
        match self.peek() {
            Some(b'\\') => self.class_escape(),
            Some(byte) => {
                self.at += 1;
                Ok(ClassEscape::Byte(byte))
            }
            None => Err(self.fail("missing closing bracket of a class", "`]` before the pattern's end")),
        }
    }

    /// The last byte of a range that starts with `low`, or `low`. A hyphen before the closing bracket stands for itself.
    fn range_end(&mut self, low: u8) -> Result<u8, PatternError> {
        let is_range = self.peek() == Some(b'-') && self.text.get(self.at + 1).is_some_and(|&byte| byte != b']');
        if !is_range {
            return Ok(low);
        }
        let hyphen = self.at;
        self.at += 1;
        if self.posix_class()?.is_some() {
            return Err(self.fail_at(hyphen, "invalid range in a class", "a byte at both ends"));
        }
        match self.class_byte()? {
            ClassEscape::Byte(high) if high >= low => Ok(high),
            ClassEscape::Byte(_) => {
                Err(self.fail_at(hyphen, "range out of order in a class", "the smaller byte first"))
            }
            ClassEscape::Set(_) => Err(self.fail_at(hyphen, "invalid range in a class", "a byte at both ends")),
        }
    }

    /// PCRE2 refuses `[\d-z]` but takes `[\d-]`.
    fn no_range_after_set(&self) -> Result<(), PatternError> {
        if self.peek() == Some(b'-') && self.text.get(self.at + 1).is_some_and(|&byte| byte != b']') {
            return Err(self.fail("invalid range in a class", "a byte at both ends, or the hyphen last"));
        }
        Ok(())
    }

    /// `[:name:]`, if one stands here.
    fn posix_class(&mut self) -> Result<Option<ByteSet>, PatternError> {
        let rest = &self.text[self.at..];
        let Some(&[b'[', terminator @ (b':' | b'.' | b'=')]) = rest.first_chunk::<2>() else { return Ok(None) };
        // Only what ends with the same mark before any closing bracket or backslash counts.
        let Some(len) = rest[2..].iter().position(|&byte| byte == terminator || byte == b']' || byte == b'\\') else {
            return Ok(None);
        };
        if !rest[2 + len..].starts_with(&[terminator, b']']) {
            return Ok(None);
        }
        if terminator != b':' {
            return Err(self.fail("POSIX collating elements are not supported", "a class name as in [:alpha:]"));
        }
        let (negated, name) = match &rest[2..2 + len] {
            [b'^', name @ ..] => (true, name),
            name => (false, name),
        };
        let set = match name {
            b"alpha" => ByteSet::filter(|byte| byte.is_ascii_alphabetic()),
            b"lower" => ByteSet::filter(|byte| byte.is_ascii_lowercase()),
            b"upper" => ByteSet::filter(|byte| byte.is_ascii_uppercase()),
            b"alnum" => ByteSet::filter(|byte| byte.is_ascii_alphanumeric()),
            b"ascii" => ByteSet::filter(|byte| byte.is_ascii()),
            b"blank" => ByteSet::filter(|byte| byte == b' ' || byte == b'\t'),
            b"cntrl" => ByteSet::filter(|byte| byte.is_ascii_control()),
            b"digit" => ByteSet::digits(),
            b"graph" => ByteSet::filter(|byte| byte.is_ascii_graphic()),
            b"print" => ByteSet::filter(|byte| byte.is_ascii_graphic() || byte == b' '),
            b"punct" => ByteSet::filter(|byte| byte.is_ascii_punctuation()),
            b"space" => ByteSet::space(),
            b"word" => ByteSet::word(),
            b"xdigit" => ByteSet::filter(|byte| byte.is_ascii_hexdigit()),
            _ => return Err(self.fail("unknown POSIX class name", "a name such as alpha, digit, space or word")),
        };
        self.at += 2 + len + 2;
        Ok(Some(if negated { set.complement() } else { set }))
    }
}
