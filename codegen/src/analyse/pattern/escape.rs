//! Backslash escapes.

use super::parser::{Options, Parser, PatternError, literal};
use super::{Assertion, Node};
use crate::analyse::ByteSet;

/// What an escape stands for inside a class.
pub(super) enum ClassEscape {
    Byte(u8),
    Set(ByteSet),
}

impl Parser<'_> {
    /// An escape outside a class, from its backslash.
    pub(super) fn escape(&mut self, options: &Options) -> Result<Node, PatternError> {
        let start = self.at;
        let byte = self.after_backslash()?;
        let assertion = |assertion| Ok(Node::Assert(assertion));
        match byte {
            b'b' => assertion(Assertion::Word),
            b'B' => assertion(Assertion::NotWord),
            b'A' | b'G' => assertion(Assertion::Start),
            b'Z' => assertion(Assertion::Dollar),
            b'z' => assertion(Assertion::End),
            b'N' if self.peek() == Some(b'{') => Err(self.unsupported(start, "named characters")),
            b'N' => Ok(Node::Set(ByteSet::of(b'\n').complement())),
            b'R' => {
                let crlf = Node::Concat(vec![Node::Set(ByteSet::of(b'\r')), Node::Set(ByteSet::of(b'\n'))]);
                Ok(Node::Atomic(Box::new(Node::Alternation(vec![crlf, Node::Set(ByteSet::vertical_space())]))))
            }
            b'1'..=b'9' => Ok(self.reference_or_octal(start, byte, options)?),
            b'g' => self.reference_by_g(start, options),
            b'k' => {
                let end = match self.peek() {
                    Some(b'<') => b'>',
                    Some(b'\'') => b'\'',
                    Some(b'{') => b'}',
                    _ => return Err(self.fail("\\k without a name", "\\k<name>, \\k'name' or \\k{name}")),
                };
                self.at += 1;
                let name = self.name(end)?;
                self.named_reference(start, &name, options)
            }
            b'K' | b'C' | b'X' => Err(self.unsupported(start, "\\K, \\C and \\X")),
            b'p' | b'P' => Err(self.unsupported(start, "Unicode properties")),
            _ => match self.common_escape(start, byte)? {
                ClassEscape::Byte(byte) => Ok(literal(byte, options)),
                ClassEscape::Set(set) => Ok(Node::Set(set)),
            },
        }
    }

    /// An escape inside a class, from its backslash.
    pub(super) fn class_escape(&mut self) -> Result<ClassEscape, PatternError> {
        let start = self.at;
        let byte = self.after_backslash()?;
        match byte {
            b'b' => Ok(ClassEscape::Byte(0x08)),
            b'1'..=b'7' => self.octal(start, byte).map(ClassEscape::Byte),
            b'8' | b'9' => Ok(ClassEscape::Byte(byte)),
            b'B' | b'R' | b'X' | b'N' => Err(self.fail_at(
                start,
                format!("\\{} has no meaning inside a class", char::from(byte)),
                "a byte or one of \\d \\w \\s \\h \\v and their negations",
            )),
            b'p' | b'P' => Err(self.unsupported(start, "Unicode properties")),
            _ => self.common_escape(start, byte),
        }
    }

    fn after_backslash(&mut self) -> Result<u8, PatternError> {
        self.at += 1;
        let byte = self
            .peek()
            .ok_or_else(|| self.fail_at(self.at - 1, "\\ at the end of the pattern", "a character after it"))?;
        self.at += 1;
        Ok(byte)
    }

    /// Escapes with the same meaning inside and outside of classes.
    fn common_escape(&mut self, start: usize, byte: u8) -> Result<ClassEscape, PatternError> {
        let set = |set| Ok(ClassEscape::Set(set));
        let one = |byte| Ok(ClassEscape::Byte(byte));
        match byte {
            b'd' => set(ByteSet::digits()),
            b'D' => set(ByteSet::digits().complement()),
            b'w' => set(ByteSet::word()),
            b'W' => set(ByteSet::word().complement()),
            b's' => set(ByteSet::space()),
            b'S' => set(ByteSet::space().complement()),
            b'h' => set(ByteSet::horizontal_space()),
            b'H' => set(ByteSet::horizontal_space().complement()),
            b'v' => set(ByteSet::vertical_space()),
            b'V' => set(ByteSet::vertical_space().complement()),
            b'n' => one(b'\n'),
            b'r' => one(b'\r'),
            b't' => one(b'\t'),
            b'f' => one(0x0C),
            b'a' => one(0x07),
            b'e' => one(0x1B),
            b'0' => self.octal(start, byte).map(ClassEscape::Byte),
            b'o' => self.braced(start, 8, "octal").map(ClassEscape::Byte),
            b'x' if self.peek() == Some(b'{') => self.braced(start, 16, "hexadecimal").map(ClassEscape::Byte),
            b'x' => {
                let mut value = 0;
                for _ in 0..2 {
                    let Some(digit) = self.peek().and_then(|byte| digit_value(byte, 16)) else { break };
                    value = value * 16 + digit;
                    self.at += 1;
                }
                one(u8::try_from(value).expect("two hexadecimal digits fit"))
            }
            b'c' => match self.peek() {
                Some(byte @ b' '..=b'~') => {
                    self.at += 1;
                    one(byte.to_ascii_uppercase() ^ 0x40)
                }
                _ => Err(self.fail("\\c is not followed by a printable character", "a printable ASCII character")),
            },
            _ if byte.is_ascii_alphanumeric() => Err(self.fail_at(
                start,
                format!("unrecognised escape \\{}", char::from(byte)),
                "one of PCRE2's escapes; a letter needs no backslash to stand for itself",
            )),
            _ => one(byte),
        }
    }

    /// Up to three octal digits, the first of which was read.
    fn octal(&mut self, start: usize, first: u8) -> Result<u8, PatternError> {
        let mut value = u32::from(first - b'0');
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|byte| digit_value(byte, 8)) else { break };
            value = value * 8 + digit;
            self.at += 1;
        }
        u8::try_from(value).map_err(|_| self.fail_at(start, "octal value is greater than \\377", "a value of one byte"))
    }

    /// `{…}` with digits of a base.
    fn braced(&mut self, start: usize, base: u32, kind: &str) -> Result<u8, PatternError> {
        let well_formed = self.peek() == Some(b'{');
        self.at += usize::from(well_formed);
        let digits_start = self.at;
        let mut value = 0u32;
        while let Some(digit) = self.peek().and_then(|byte| digit_value(byte, base)) {
            value = value.saturating_mul(base).saturating_add(digit);
            self.at += 1;
        }
        if !well_formed || self.at == digits_start || self.peek() != Some(b'}') {
            return Err(self.fail(
                format!("not a number in braces after \\{}", char::from(self.text[start + 1])),
                format!("{kind} digits and `}}`"),
            ));
        }
        self.at += 1;
        u8::try_from(value)
            .map_err(|_| self.fail_at(start, format!("{kind} value does not fit into a byte"), "a value up to 255"))
    }

    /// Decimal digits are a back-reference when they are below ten, begin with 8 or 9, or so many groups were opened before; otherwise
    /// they are octal.
    fn reference_or_octal(&mut self, start: usize, first: u8, options: &Options) -> Result<Node, PatternError> {
        let digits = self.text[start + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let value = self.text[start + 1..start + 1 + digits]
            .iter()
            .fold(0u32, |value, digit| value.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
        if value < 10 || first >= b'8' || value <= self.groups {
            self.at = start + 1 + digits;
            self.references.push((start, value));
            return Ok(Node::BackReference { group: value, caseless: options.caseless });
        }
        self.octal(start, first).map(|byte| literal(byte, options))
    }

    /// `\g1`, `\g{1}`, `\g{-1}`, `\g{name}`.
    fn reference_by_g(&mut self, start: usize, options: &Options) -> Result<Node, PatternError> {
        let expected = "\\g followed by a group's number or {name}";
        let braced = self.eat(b"{");
        if braced && self.peek().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_') {
            let name = self.name(b'}')?;
            return self.named_reference(start, &name, options);
        }
        let sign = self.peek().filter(|byte| matches!(byte, b'-' | b'+'));
        self.at += usize::from(sign.is_some());
        let digits_start = self.at;
        let mut value = 0u32;
        while let Some(digit) = self.peek().and_then(|byte| digit_value(byte, 10)) {
            value = value.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        if self.at == digits_start || (braced && !self.eat(b"}")) {
            return Err(self.fail("\\g is not followed by a reference", expected));
        }
        let group = match sign {
            Some(b'-') => (self.groups + 1).checked_sub(value),
            Some(_) => self.groups.checked_add(value),
            None => Some(value),
        };
        match group.filter(|&group| group > 0 && value > 0) {
            Some(group) => {
                self.references.push((start, group));
                Ok(Node::BackReference { group, caseless: options.caseless })
            }
            None => Err(self.fail_at(start, "reference to a group that does not exist", expected)),
        }
    }
}

fn digit_value(byte: u8, base: u32) -> Option<u32> {
    char::from(byte).to_digit(base)
}
