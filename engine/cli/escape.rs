//! Bytes and foreign text as something that can be shown on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Bytes of a database line or a name: printable ASCII as it is, everything else as `\xHH`. A backslash stays one, so that patterns
/// read as they are written.
pub(crate) fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            0x20..=0x7E => out.push(char::from(byte)),
            _ => push_hex(&mut out, byte),
        }
    }
    out
}

/// Bytes of a payload or a response the way nmap's format writes payloads; nothing is ambiguous.
pub(crate) fn payload(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            0 => out.push_str("\\0"),
            0x20..=0x7E => out.push(char::from(byte)),
            _ => push_hex(&mut out, byte),
        }
    }
    out
}

/// A hash.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("strings take all text");
        hex
    })
}

/// A message for people that may quote foreign text: as [`line`], but it keeps its lines.
pub(crate) fn message(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_invisible(c) && c != '\n')
}

/// Foreign text on one line of an output: control characters, and what changes the order or the place of the text around it, are
/// written as escapes.
#[cfg_attr(not(feature = "scan"), expect(dead_code, reason = "the outputs of scans are made of such lines"))]
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_invisible)
}

/// A path inside a message: on one line.
pub(crate) fn path(path: &std::path::Path) -> String {
    line(&path.to_string_lossy()).into_owned()
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Control characters, line and paragraph separators, marks of direction and of width zero, and what is no character at all (which
/// XML does not allow, however it is written).
fn is_invisible(c: char) -> bool {
    let is_format = matches!(
        c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'
    );
    let is_no_character = matches!(c, '\u{FDD0}'..='\u{FDEF}') || u32::from(c) & 0xFFFE == 0xFFFE;
    c.is_control() || is_format || is_no_character
}

/// Foreign text inside a message: in quotes, on one line, and not too long.
pub(crate) fn quote(text: &str) -> String {
    const MOST: usize = 60;
    let mut out = String::from("\"");
    for (count, c) in text.chars().enumerate() {
        if count == MOST {
            out.push('…');
            break;
        }
        if is_invisible(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out.push('"');
    out
}

fn push_hex(out: &mut String, byte: u8) {
    write!(out, "\\x{byte:02x}").expect("strings take all text");
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_are_shown_without_control_characters() {
        for (bytes, visible, payload) in [
            (&b"plain"[..], "plain", "plain"),
            (b"^\\d+\x1b[31m", "^\\d+\\x1b[31m", "^\\\\d+\\x1b[31m"),
            (b"a\r\n\t\0\xe9\x7f", "a\\x0d\\x0a\\x09\\x00\\xe9\\x7f", "a\\r\\n\\t\\0\\xe9\\x7f"),
        ] {
            assert_eq!(super::visible(bytes), visible);
            assert_eq!(super::payload(bytes), payload);
        }
    }

    #[test]
    fn lines_show_what_cannot_be_seen() {
        assert_eq!(super::line("plain é 日本"), "plain é 日本");
        assert_eq!(super::line("a\n\t\u{1b}[0m\u{9b}"), "a\\n\\t\\u{1b}[0m\\u{9b}");
        assert_eq!(super::line("\u{202e}\u{feff}\u{ffff}\u{2028}"), "\\u{202e}\\u{feff}\\u{ffff}\\u{2028}");
    }

    #[test]
    fn messages_keep_their_lines_and_nothing_else() {
        assert_eq!(super::message("one\ntwo é"), "one\ntwo é");
        assert_eq!(super::message("\u{1b}[31m\r\u{9b}"), "\\u{1b}[31m\\r\\u{9b}");
        assert_eq!(super::message("\u{202e}one\ntwo"), "\\u{202e}one\ntwo");
        assert_eq!(super::quote("a\nb"), "\"a\\nb\"");
        assert_eq!(super::quote(&"x".repeat(100)).chars().count(), 63);
    }
}
