//! The `Probe` directive and the small directives that belong to it.

use std::fmt::Display;
use std::ops::RangeInclusive;

use portprint_tables::Protocol;

use super::Span;
use super::cursor::{Cursor, is_space};
use super::escape::unescape;
use super::fault::{Fault, Faults, quote};
use super::lines::Piece;
use super::number::{Base, leading_number};
use super::syntax::{FallbackName, Probe};

/// Reads the arguments of `Probe` from the cursor on.
///
/// A faulty probe is given too, as far as it could be read, so that the lines below have something to belong to; its
/// payload is then a placeholder that is not empty, because an empty one has a meaning.
pub(super) fn read_probe(piece: &Piece, mut cursor: Cursor<'_>, faults: &mut Faults<'_>) -> Probe {
    let mut probe = Probe {
        line: piece.line,
        span: piece.span.clone(),
        protocol: Protocol::Tcp,
        name: Vec::new(),
        payload: b"?".to_vec(),
        no_payload: false,
        ports: Vec::new(),
        sslports: Vec::new(),
        rarity: 5,
        totalwaitms: 5_000,
        tcpwrappedms: 2_000,
        fallback: Vec::new(),
        lines: Vec::new(),
    };
    if let Err(fault) = read_arguments(&mut probe, &mut cursor, faults) {
        faults.add(fault);
    }
    probe
}

/// Reads `TCP name q|payload| flags`. What can be read behind a fault is read.
fn read_arguments(probe: &mut Probe, cursor: &mut Cursor<'_>, faults: &mut Faults<'_>) -> Result<(), Fault> {
    let word = cursor.rest_span();
    let word = cursor.take_until(b' ').ok_or_else(|| Fault::new(word, "a name is missing", FORM))?;
    match cursor.bytes(&word) {
        b"TCP" => {}
        b"UDP" => probe.protocol = Protocol::Udp,
        other => {
            let message = format!("unknown protocol {}", quote(other));
            faults.add(Fault::new(word, message, "`TCP` or `UDP` between single spaces"));
        }
    }
    if !cursor.peek().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        let message = "a probe's name begins with neither letter nor digit";
        return Err(Fault::new(cursor.here(), message, FORM));
    }
    let name = cursor.rest_span();
    let name = cursor.take_until(b' ').ok_or_else(|| Fault::new(name, "a payload is missing", FORM))?;
    probe.name = cursor.bytes(&name).to_vec();
    if !cursor.eat(b'q') {
        return Err(Fault::new(cursor.here(), "a payload begins with `q`", FORM));
    }
    let opening = cursor.here();
    let payload = match cursor.advance(1) {
        delimiter if delimiter.is_empty() => None,
        delimiter => cursor.take_until(cursor.bytes(&delimiter)[0]),
    };
    let payload = payload.ok_or_else(|| Fault::new(opening, "the payload does not end", "the delimiter once more"))?;
    if let Some(bytes) = read_payload(cursor.bytes(&payload), payload.start, faults) {
        probe.payload = bytes;
    }
    let mut flags = cursor.rest().split(|&byte| is_space(byte));
    probe.no_payload = flags.any(|word| word.starts_with(b"no-payload"));
    Ok(())
}

fn read_payload(text: &[u8], start: usize, faults: &mut Faults<'_>) -> Option<Vec<u8>> {
    let mut good = true;
    let mut bytes = Vec::with_capacity(text.len());
    for byte in unescape(text) {
        match byte {
            Ok(byte) => bytes.push(byte),
            Err(Span { start: from, end: to }) => {
                good = false;
                let message = format!("bad escape {}", quote(&text[from..to]));
                faults.add(Fault::new(start + from..start + to, message, r"one of \\ \0 \n \r \t \xHH"));
            }
        }
    }
    good.then_some(bytes)
}

/// Reads a number that must be in `range`; what follows its digits is not looked at, and no digits are a zero.
pub(super) fn read_number<N>(cursor: &Cursor<'_>, range: RangeInclusive<N>) -> Result<N, Fault>
where
    N: TryFrom<i64> + PartialOrd + Display,
{
    let (value, length) = leading_number(cursor.rest(), Base::Decimal).unwrap_or((0, cursor.rest().len()));
    N::try_from(value).ok().filter(|value| range.contains(value)).ok_or_else(|| {
        let span = cursor.position()..cursor.position() + length;
        let expected = format!("a number from {} to {}", range.start(), range.end());
        Fault::new(span, "the number is out of range", expected)
    })
}

/// Reads the names of `fallback`.
pub(super) fn read_fallback(mut cursor: Cursor<'_>) -> Vec<FallbackName> {
    let separates = |byte| matches!(byte, b',' | b' ' | b'\t' | b'\r');
    let mut names = Vec::new();
    loop {
        cursor.take_while(usize::MAX, separates);
        let span = cursor.take_while(usize::MAX, |byte| !separates(byte));
        if span.is_empty() {
            return names;
        }
        names.push(FallbackName { name: cursor.bytes(&span).to_vec(), span });
    }
}

/// Checks the number of names in a probe's last `fallback`; the ones that it replaces do not count.
pub(super) fn check_fallback(names: &[FallbackName]) -> Result<(), Fault> {
    match names.get(MOST_FALLBACKS..) {
        None | Some([]) => Ok(()),
        Some([first, .., last] | [first @ last]) => {
            let message = format!("{} fallback names", names.len());
            Err(Fault::new(first.span.start..last.span.end, message, format!("at most {MOST_FALLBACKS}")))
        }
    }
}

/// The most names that a `fallback` may have.
const MOST_FALLBACKS: usize = 17;

const FORM: &str = "`Probe TCP name q|payload|` or `Probe UDP name q|payload|`, with single spaces";
