//! JSON, written by hand into a buffer: answers are many and small, and no control character may leave the program raw, be it one
//! that JSON allows (DEL and the C1 controls, which terminals obey).

use std::fmt::Write as _;

use serde_json::value::RawValue;

/// Appends a string in its quotes.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if !is_special(byte) {
            continue;
        }
        // The two bytes of U+0080 to U+009F; other characters with a first byte C2 are harmless.
        let (code, width) = match byte {
            0xC2 if bytes[at + 1] < 0xA0 => (u32::from(bytes[at + 1]), 2),
            0xC2 => continue,
            _ => (u32::from(byte), 1),
        };
        out.extend_from_slice(&bytes[copied..at]);
        escape(out, code);
        copied = at + width;
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

/// Appends bytes as a string: what is not UTF-8 is taken byte by byte as U+0000 to U+00FF.
pub(crate) fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => string(out, text),
        Err(_) => string(out, &bytes.iter().map(|byte| char::from(*byte)).collect::<String>()),
    }
}

/// Appends a value as it was read, but on one line and without raw control characters.
pub(crate) fn raw(out: &mut Vec<u8>, value: &RawValue) {
    let text = value.get();
    if !text.bytes().any(|byte| byte < 0x20 || byte == 0x7F || byte == 0xC2) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for c in text.chars() {
        match c {
            // Inside a string JSON has these only escaped, so this is white space between tokens.
            '\0'..='\x1F' => out.push(b' '),
            // And these only stand inside a string.
            '\x7F'..='\u{9F}' => escape(out, u32::from(c)),
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Appends `,"name":`.
pub(crate) fn key(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends a number.
pub(crate) fn number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7F | 0xC2)
}

fn escape(out: &mut Vec<u8>, code: u32) {
    match code {
        0x22 => out.extend_from_slice(b"\\\""),
        0x5C => out.extend_from_slice(b"\\\\"),
        0x0A => out.extend_from_slice(b"\\n"),
        0x0D => out.extend_from_slice(b"\\r"),
        0x09 => out.extend_from_slice(b"\\t"),
        _ => {
            let mut text = String::with_capacity(6);
            write!(text, "\\u{code:04x}").expect("strings take all text");
            out.extend_from_slice(text.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_say_what_they_said_and_carry_no_control_character() {
        for text in ["", "plain", "\"\\/", "a\r\nb\tc\0d\u{1f}", "\x7f\u{80}\u{9b}[31m\u{9f}\u{a0}é", "日本\u{c2}", "Â"]
        {
            let mut out = Vec::new();
            string(&mut out, text);
            let written = String::from_utf8(out).unwrap();
            assert!(!written.chars().any(char::is_control), "{written:?}");
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_become_the_first_256_characters() {
        let mut out = Vec::new();
        bytes(&mut out, b"caf\xe9\x9b");
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), "caf\u{e9}\u{9b}");
    }

    #[test]
    fn raw_values_stay_on_their_line() {
        for (given, expected) in [
            ("12345678901234567890123.50", "12345678901234567890123.50"),
            ("{\"a\":\r[1,\t2]}", "{\"a\": [1, 2]}"),
            ("\"\u{9b}é\x7f\"", "\"\\u009bé\\u007f\""),
        ] {
            let value: &RawValue = serde_json::from_str(given).unwrap();
            let mut out = Vec::new();
            raw(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn numbers() {
        for (given, expected) in [(0, "0"), (7, "7"), (10, "10"), (u64::MAX, "18446744073709551615")] {
            let mut out = Vec::new();
            number(&mut out, given);
            assert_eq!(out, expected.as_bytes());
        }
    }
}
