//! Commands and replies in RESP, versions 2 and 3.

use portprint_plugin_sdk::{End, Talk, text};

/// A command as an array of bulk strings.
pub(crate) fn command(words: &[&str]) -> Vec<u8> {
    let mut command = format!("*{}\r\n", words.len());
    for word in words {
        command += &format!("${}\r\n{word}\r\n", word.len());
    }
    command.into_bytes()
}

/// What a reply is made of. Nested replies are flattened: the items of an aggregate follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// `+`
    Simple(String),
    /// `-` and `!`
    Error(String),
    /// `:`, and what else has the form of a line: `#`, `,`, `(`
    Line(String),
    /// `$` and `=`
    Bulk(String),
    /// `_`, and the bulk string and the array that are none
    Null,
    /// `*`, `%`, `~` and `>`, with the number of items
    Aggregate(usize),
}

/// The beginning of an item: what it is, or how many more bytes belong to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Whole(Item),
    Blob { length: usize, is_error: bool },
}

/// The longest line, bulk string, and the most items that are read.
pub(crate) const LONGEST_LINE: usize = 4 * 1024;
const LONGEST_BLOB: usize = 64 * 1024;
const MOST_ITEMS: usize = 1024;

impl Start {
    /// The line that an item begins with, with its end.
    pub(crate) fn read(line: &[u8]) -> Result<Self, End> {
        let (&kind, rest) = line.strip_suffix(b"\r\n").and_then(<[u8]>::split_first).ok_or(End::Mismatch)?;
        let number = || {
            // At most ten digits, and a sign.
            let digits = std::str::from_utf8(rest).ok().filter(|digits| digits.len() <= 11)?;
            digits.parse::<i64>().ok()
        };
        let length = |most: usize| usize::try_from(number()?).ok().filter(|&length| length <= most);
        Ok(match kind {
            b'$' | b'*' if number() == Some(-1) => Self::Whole(Item::Null),
            b'+' => Self::Whole(Item::Simple(text(rest))),
            b'-' => Self::Whole(Item::Error(text(rest))),
            b':' => {
                number().ok_or(End::Mismatch)?;
                Self::Whole(Item::Line(text(rest)))
            }
            b'#' | b',' | b'(' => Self::Whole(Item::Line(text(rest))),
            b'_' if rest.is_empty() => Self::Whole(Item::Null),
            b'$' | b'=' | b'!' => {
                Self::Blob { length: length(LONGEST_BLOB).ok_or(End::Mismatch)?, is_error: kind == b'!' }
            }
            b'*' | b'~' | b'>' => Self::Whole(Item::Aggregate(length(MOST_ITEMS).ok_or(End::Mismatch)?)),
            b'%' => Self::Whole(Item::Aggregate(length(MOST_ITEMS / 2).ok_or(End::Mismatch)? * 2)),
            _ => return Err(End::Mismatch),
        })
    }
}

/// Reads a reply, flattened.
pub(crate) async fn reply(talk: &mut Talk) -> Result<Vec<Item>, End> {
    let mut items = Vec::new();
    let mut missing = 1_usize;
    while missing > 0 {
        missing -= 1;
        let line = talk.read_until(b"\r\n", LONGEST_LINE).await?;
        let item = match Start::read(&line)? {
            Start::Whole(item) => item,
            Start::Blob { length, is_error } => {
                let blob = talk.read(length + 2).await?;
                let blob = blob.strip_suffix(b"\r\n").ok_or(End::Mismatch)?;
                if is_error { Item::Error(text(blob)) } else { Item::Bulk(text(blob)) }
            }
        };
        if let Item::Aggregate(count) = item {
            missing += count;
        }
        items.push(item);
        if items.len() + missing > MOST_ITEMS {
            return Err(End::Mismatch);
        }
    }
    Ok(items)
}

/// The value after a name, in a flattened map.
pub(crate) fn value<'a>(items: &'a [Item], name: &str) -> Option<&'a str> {
    let is_name = |item: &Item| matches!(item, Item::Bulk(text) | Item::Simple(text) if text == name);
    items.windows(2).skip(1).find_map(|pair| match pair {
        [key, Item::Bulk(value) | Item::Simple(value) | Item::Line(value)] if is_name(key) => Some(value.as_str()),
        _ => None,
    })
}

/// The value of a field of `INFO`.
pub(crate) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(str::trim)
        .filter(|value| !value.is_empty())
}
