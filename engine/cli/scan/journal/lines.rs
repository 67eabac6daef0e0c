//! The journal as text: a line for everything that is noted down, with a checksum, so that a damaged one is no claim.
//!
//! ```text
//! portprint-journal 1 targets=… … seed=7 #checksum
//! window NUMBER TARGETS DIGEST #checksum
//! done WINDOW FIRST COUNT [GAP COUNT]… #checksum
//! ```
//!
//! Gaps and counts follow one another through the order of the window, so that a line is short however far the scan has come.

use std::fmt::Write as _;
use std::io::{self, BufRead};

use portprint_scan::{Done, Place, Window};
use sha2::{Digest, Sha256};

use crate::exit::Failure;

use super::identity::Identity;

const NAME: &str = "portprint-journal ";
const VERSION: &str = "1";

/// What a journal says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) identity: Option<Identity>,
    pub(super) done: Done,
    /// How many bytes are whole lines.
    pub(super) len: u64,
}

/// Why a file cannot be read as a journal.
#[derive(Debug)]
pub(super) enum ReadError {
    Io(io::Error),
    Foreign,
    Version(String),
    /// The number of the line, from 1, and the byte at which it begins.
    Damaged(u64, u64),
}

impl ReadError {
    pub(super) fn told(self, name: &str) -> Failure {
        match self {
            Self::Io(error) => Failure::file(name, format!("the journal cannot be read: {error}")),
            Self::Foreign => {
                Failure::usage(format!("{name} is no journal of a scan, and is left as it is; name another file"))
            }
            Self::Version(version) => Failure::usage(format!(
                "{name} is a journal of version {version}, and this program knows version {VERSION}; go on with the program that wrote it"
            )),
            Self::Damaged(line, byte) => Failure::usage(format!(
                "{name}:{line}: the journal is damaged at byte {byte}; what stands before is sound: cut the file off there, and what came \
                 after is scanned again"
            )),
        }
    }
}

/// The first line.
pub(super) fn header(identity: &Identity) -> String {
    line(format!("{NAME}{VERSION} {}", identity.text()))
}

/// The line of a window.
pub(super) fn window(window: Window) -> String {
    line(format!("window {} {} {:016x}", window.number, window.targets, window.digest))
}

/// A line for each window with places. They come in any order, and leave.
pub(super) fn done(places: &mut Vec<Place>) -> String {
    places.sort_unstable_by_key(|place| (place.window(), *place.positions().start()));
    let mut lines = String::new();
    for places in places.chunk_by(|a, b| a.window() == b.window()) {
        let mut ranges = Vec::<(u64, u64)>::new();
        for (first, last) in places.iter().map(|place| place.positions().into_inner()) {
            match ranges.last_mut() {
                Some((_, before)) if before.saturating_add(1) >= first => *before = last.max(*before),
                _ => ranges.push((first, last)),
            }
        }
        let (mut text, mut from) = (format!("done {}", places[0].window()), 0);
        for (first, last) in ranges {
            let _ = write!(text, " {} {}", first - from, (last - first).saturating_add(1));
            from = last.saturating_add(1);
        }
        lines.push_str(&line(text));
    }
    places.clear();
    lines
}

fn line(mut text: String) -> String {
    let sum = checksum(&text);
    text.push_str(" #");
    text.push_str(&sum);
    text.push('\n');
    text
}

fn checksum(text: &str) -> String {
    Sha256::digest(text).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a journal. A last line that is not whole is passed over: it was being written when the program died.
pub(super) fn read(mut input: impl BufRead) -> Result<Read, ReadError> {
    let mut read = Read { identity: None, done: Done::default(), len: 0 };
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes).map_err(ReadError::Io)? == 0 {
            break;
        }
        if number == 1 && !bytes.starts_with(NAME.as_bytes()) {
            return Err(ReadError::Foreign);
        }
        if read_line(&bytes, &mut read)?.is_none() {
            let is_last = input.fill_buf().map_err(ReadError::Io)?.is_empty();
            let is_torn = !bytes.ends_with(b"\n");
            if is_last && (is_torn || number > 1) {
                break;
            }
            return Err(ReadError::Damaged(number, read.len));
        }
        read.len += bytes.len() as u64;
    }
    Ok(read)
}

/// Takes in a line. `None`: it is damaged.
fn read_line(bytes: &[u8], read: &mut Read) -> Result<Option<()>, ReadError> {
    let whole = || {
        let (text, sum) = std::str::from_utf8(bytes.strip_suffix(b"\n")?).ok()?.rsplit_once(" #")?;
        (checksum(text) == sum).then_some(text)
    };
    let Some(text) = whole() else { return Ok(None) };
    if let Some(header) = text.strip_prefix(NAME) {
        let (version, parts) = header.split_once(' ').unwrap_or((header, ""));
        if version != VERSION {
            return Err(ReadError::Version(version.to_owned()));
        }
        let is_first = read.identity.is_none();
        read.identity = Identity::read(parts).filter(|_| is_first);
        return Ok(read.identity.is_some().then_some(()));
    }
    Ok(match text.split_once(' ') {
        Some(("window", parts)) => read_window(parts).filter(|window| read.done.add_window(*window)).map(drop),
        Some(("done", parts)) => {
            read_done(parts).map(|places| places.into_iter().for_each(|place| read.done.add(place)))
        }
        _ => None,
    })
}

fn read_window(text: &str) -> Option<Window> {
    let mut parts = text.split(' ');
    let window = Window {
        number: parts.next()?.parse().ok()?,
        targets: parts.next()?.parse().ok()?,
        digest: u64::from_str_radix(parts.next()?, 16).ok()?,
    };
    parts.next().is_none().then_some(window)
}

fn read_done(text: &str) -> Option<Vec<Place>> {
    let mut numbers = text.split(' ').map(|number| number.parse::<u64>().ok());
    let window = numbers.next()??;
    let mut places = Vec::new();
    let mut from = 0u64;
    while let Some(gap) = numbers.next() {
        let first = from.checked_add(gap?)?;
        let last = first.checked_add(numbers.next()??.checked_sub(1)?)?;
        places.push(Place::new(window, first..=last)?);
        from = last.saturating_add(1);
    }
    Some(places)
}
