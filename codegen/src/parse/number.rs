//! Numbers as C's `strtol` reads them: white space, a sign, digits, and whatever follows is left.

use super::cursor::is_space;

/// The base of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// Always ten.
    Decimal,
    /// Sixteen after `0x`, eight after another leading `0`, else ten.
    Prefixed,
}

/// The number at the beginning of `text` and how many bytes it takes. Numbers that do not fit become the nearest one
/// that does.
pub(super) fn leading_number(text: &[u8], base: Base) -> Option<(i64, usize)> {
    let space = text.iter().take_while(|&&byte| is_space(byte)).count();
    let sign = usize::from(matches!(text.get(space), Some(b'+' | b'-')));
    let negative = text.get(space) == Some(&b'-');
    let start = space + sign;
    let (radix, prefix) = match (base, &text[start..]) {
        (Base::Prefixed, [b'0', b'x' | b'X', digit, ..]) if digit.is_ascii_hexdigit() => (16, 2),
        (Base::Prefixed, [b'0', ..]) => (8, 0),
        _ => (10, 0),
    };
    let mut end = start + prefix;
    let mut value = 0_i64;
    while let Some(digit) = text.get(end).and_then(|&byte| char::from(byte).to_digit(radix)) {
        value = value.saturating_mul(i64::from(radix)).saturating_add(i64::from(digit));
        end += 1;
    }
    let value = if negative { -value } else { value };
    (end > start).then_some((value, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let cases = [
            ("7", (7, 1), (7, 1)),
            (" \t\x0b12ms", (12, 5), (12, 5)),
            ("+3", (3, 2), (3, 2)),
            ("-3", (-3, 2), (-3, 2)),
            ("010", (10, 3), (8, 3)),
            ("08", (8, 2), (0, 1)),
            ("0x1f", (0, 1), (31, 4)),
            ("0x", (0, 1), (0, 1)),
            ("0Xg", (0, 1), (0, 1)),
            ("99999999999999999999", (i64::MAX, 20), (i64::MAX, 20)),
        ];
        for (text, decimal, prefixed) in cases {
            assert_eq!(leading_number(text.as_bytes(), Base::Decimal), Some(decimal), "{text:?}");
            assert_eq!(leading_number(text.as_bytes(), Base::Prefixed), Some(prefixed), "{text:?}");
        }
    }

    #[test]
    fn no_numbers() {
        for text in ["", " ", "x", "-", "- 3", "+-3"] {
            assert_eq!(leading_number(text.as_bytes(), Base::Decimal), None, "{text:?}");
            assert_eq!(leading_number(text.as_bytes(), Base::Prefixed), None, "{text:?}");
        }
    }
}
