//! Replies and lines.

/// A reply that begins with three digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    /// Without numbers.
    pub(crate) lines: Vec<String>,
    pub(crate) is_whole: bool,
}

impl Reply {
    /// Its first line.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let (code, is_whole, text) = numbered(line)?;
        Some(Self { code, lines: vec![text.to_owned()], is_whole })
    }

    /// Whether a command was not understood, or not now.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.code, 421 | 500..=599)
    }

    /// Another line. In FTP those between the first and the last may be anything.
    pub(crate) fn go_on(&mut self, line: &str) {
        match numbered(line) {
            Some((code, is_last, text)) if code == self.code => {
                self.is_whole = is_last;
                self.lines.push(text.to_owned());
            }
            _ => self.lines.push(line.to_owned()),
        }
    }
}

/// The number of a line, whether it is the last of its reply, and its text.
fn numbered(line: &str) -> Option<(u16, bool, &str)> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let code = digits.parse().ok().filter(|code| (100..600).contains(code))?;
    match rest.as_bytes().first() {
        None => Some((code, true, "")),
        Some(b' ') => Some((code, true, rest.trim())),
        Some(b'-') => Some((code, false, rest.get(1..)?.trim())),
        Some(_) => None,
    }
}

/// What stands after the beginning of a word, in any case.
pub(crate) fn strip_start<'w>(word: &'w str, start: &str) -> Option<&'w str> {
    let (head, rest) = word.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

/// `"name"` or `"name" "value"`.
pub(crate) fn quoted_pair(line: &str) -> Option<(String, String)> {
    let (name, rest) = quoted(line)?;
    let rest = rest.trim();
    let value = if rest.is_empty() { String::new() } else { quoted(rest)?.0 };
    Some((name, value))
}

/// A quoted string, and what stands after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.strip_prefix('"')?.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            other => value.push(other),
        }
    }
}

/// As much of a text as has this many bytes.
pub(crate) fn shortened(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}
