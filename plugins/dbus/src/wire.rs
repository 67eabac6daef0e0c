//! Lines of D-Bus' authentication protocol.

/// Asks for the mechanisms.
pub(crate) const AUTH: &[u8] = b"\0AUTH\r\n";

/// The longest answer that is read.
pub(crate) const MOST: usize = 512;

/// One of these must be there, lest something else says no in the same word.
const KNOWN: [&str; 3] = ["EXTERNAL", "DBUS_COOKIE_SHA1", "ANONYMOUS"];

/// The mechanisms that a server goes on to accept.
pub(crate) fn rejected(line: &[u8]) -> Option<Vec<&str>> {
    let line = str::from_utf8(line.strip_suffix(b"\r\n")?).ok()?;
    let mechanisms = line.strip_prefix("REJECTED ")?.split(' ').filter(|name| !name.is_empty()).collect::<Vec<_>>();
    let is_mechanism = |name: &&str| {
        name.len() <= 20 && name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_'))
    };
    let is_one = mechanisms.iter().all(is_mechanism) && mechanisms.iter().any(|name| KNOWN.contains(name));
    is_one.then_some(mechanisms)
}
