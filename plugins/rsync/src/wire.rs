//! Lines of the protocol of rsync's daemon.

/// Protocol 30 is the last in which a client need not name its digests.
pub(crate) const LIST: &[u8] = b"@RSYNCD: 30.0\n#list\n";

/// The longest line that is read.
pub(crate) const MOST: usize = 1024;

/// A daemon's greeting.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Greeting<'a> {
    pub(crate) version: &'a str,
    pub(crate) digests: Vec<&'a str>,
}

impl<'a> Greeting<'a> {
    /// A number, with a number after a dot since protocol 30; and digests since 32.
    pub(crate) fn read(line: &'a str) -> Option<Self> {
        let mut words = line.strip_prefix("@RSYNCD: ")?.split(' ').filter(|word| !word.is_empty());
        let version = words.next()?;
        let is_number = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        (version.splitn(2, '.').all(is_number)).then(|| Self { version, digests: words.collect() })
    }
}

/// A line of the answer to [`LIST`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Name and comment.
    Module(&'a str, &'a str),
    Error(&'a str),
    End,
    /// Of the message of the day.
    Text,
}

impl<'a> Line<'a> {
    pub(crate) fn read(line: &'a str) -> Self {
        if line.starts_with("@RSYNCD: EXIT") {
            return Self::End;
        }
        if let Some(error) = line.strip_prefix("@ERROR") {
            return Self::Error(error.trim_start_matches([':', ' ']));
        }
        // Names are filled up with blanks to 15 places, and a tab follows. In the message of the day there may be tabs, too.
        match line.split_once('\t') {
            Some((name, comment)) if name.len() >= 15 && !name.trim().is_empty() => {
                Self::Module(name.trim_end(), comment.trim())
            }
            _ => Self::Text,
        }
    }
}
