//! The escapes of payloads and of the strings in templates: `\\ \0 \n \r \t \xHH`, and no others.
//!
//! C has more of them and so has the format's description, but nmap refuses those, and `\0` is one byte whatever digits
//! follow.

use super::Span;

/// The bytes that an escaped text stands for. A bad escape is given as its place in the text, and reading goes on
/// behind it.
pub(super) fn unescape(text: &[u8]) -> impl Iterator<Item = Result<u8, Span>> {
    let mut position = 0;
    std::iter::from_fn(move || {
        let rest = text.get(position..)?;
        let (length, result) = match *rest {
            [] => return None,
            [b'\\', ref escape @ ..] => match *escape {
                [b'\\', ..] => (2, Some(b'\\')),
                [b'0', ..] => (2, Some(b'\0')),
                [b'n', ..] => (2, Some(b'\n')),
                [b'r', ..] => (2, Some(b'\r')),
                [b't', ..] => (2, Some(b'\t')),
                [b'x', high, low, ..] => match (digit(high), digit(low)) {
                    (Some(high), Some(low)) => (4, Some(high << 4 | low)),
                    _ => (2, None),
                },
                [_, ..] => (2, None),
                [] => (1, None),
            },
            [byte, ..] => (1, Some(byte)),
        };
        let start = position;
        position += length;
        Some(result.ok_or(start..position))
    })
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_escapes() {
        let cases: [(&[u8], &[u8]); 5] = [
            (b"", b""),
            (b"plain \xff", b"plain \xff"),
            (br"\\\0\n\r\t\x41\xfF", b"\\\0\n\r\tA\xff"),
            (br"\012", b"\x0012"),
            (br"\\x41", br"\x41"),
        ];
        for (text, bytes) in cases {
            assert_eq!(
                unescape(text).collect::<Result<Vec<u8>, Span>>(),
                Ok(bytes.to_vec()),
                "{}",
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn bad_escapes_are_placed_and_passed() {
        let cases: [(&[u8], &str); 6] = [
            (br"\a", "0-2"),
            (br"ab\", "2-3"),
            (br"\x4", "0-2"),
            (br"\x4g\xg4", "0-2 4-6"),
            (br#"a\"b\1"#, "1-3 4-6"),
            (br"\X41\b\f\v", "0-2 4-6 6-8 8-10"),
        ];
        for (text, places) in cases {
            let bad = unescape(text).filter_map(Result::err);
            let bad: Vec<String> = bad.map(|span| format!("{}-{}", span.start, span.end)).collect();
            assert_eq!(bad.join(" "), places, "{}", text.escape_ascii());
        }
    }
}
