//! `match` and `softmatch` lines: a service, a pattern, and templates.
//!
//! Pattern and templates have one form, *mode delimiter value delimiter flags*, and are read by one scanner. No escape
//! protects a delimiter, so a value can be found without knowing what is in it.

use portprint_tables::Field;

use super::Span;
use super::cursor::{Cursor, is_space};
use super::fault::{Fault, Faults, quote};
use super::lines::{LONGEST_LINE, Piece};
use super::syntax::{Line, PatternText, Template};
use super::template::read_parts;

/// Reads a line's arguments from the cursor on. With a faulty template the line is given without it, with a faulty
/// pattern not at all.
pub(super) fn read_rule(piece: &Piece, soft: bool, cursor: Cursor<'_>, faults: &mut Faults<'_>) -> Option<Line> {
    let mut scanner = Scanner { cursor, terminated: piece.terminated };
    let (service, pattern) = match read_head(&mut scanner, faults) {
        Ok(head) => head,
        Err(fault) => {
            faults.add(fault);
            return None;
        }
    };
    let mut templates = Vec::new();
    loop {
        match scanner.next() {
            Ok(None) => break,
            Ok(Some(written)) => match read_template(&scanner.cursor, written) {
                Ok(Some(template)) => replace(&mut templates, template),
                Ok(None) => {}
                Err(fault) => faults.add(fault),
            },
            Err(fault) => {
                faults.add(fault);
                break;
            }
        }
    }
    Some(Line { line: piece.line, span: piece.span.clone(), soft, service, pattern, templates })
}

fn read_head(scanner: &mut Scanner<'_>, faults: &mut Faults<'_>) -> Result<(Vec<u8>, PatternText), Fault> {
    let line = scanner.cursor.rest_span();
    let service =
        scanner.cursor.take_until(b' ').ok_or_else(|| Fault::new(line, "no space after the service", FORM))?;
    let here = scanner.cursor.here();
    let written = scanner.next()?.ok_or_else(|| Fault::new(here, "a pattern is missing", FORM))?;
    let cursor = &scanner.cursor;
    if cursor.bytes(&written.mode) != b"m" {
        return Err(Fault::new(written.mode.start..written.value.start, "not a pattern", FORM));
    }
    for position in written.flags.clone() {
        let flag = position..position + 1;
        if !matches!(cursor.bytes(&flag), b"i" | b"s") {
            let message = format!("unknown flag {} of a pattern", quote(cursor.bytes(&flag)));
            faults.add(Fault::new(flag, message, "`i` or `s`, and white space before a template"));
        }
    }
    let flags = cursor.bytes(&written.flags);
    let pattern = PatternText {
        text: cursor.bytes(&written.value).to_vec(),
        span: written.value,
        caseless: flags.contains(&b'i'),
        dotall: flags.contains(&b's'),
    };
    Ok((cursor.bytes(&service).to_vec(), pattern))
}

/// The template that was written; none if it fills no field. Its flags have no meaning.
fn read_template(cursor: &Cursor<'_>, written: Written) -> Result<Option<Template>, Fault> {
    let value = cursor.bytes(&written.value);
    let text = if written.bare_cpe { [CPE, value].concat() } else { value.to_vec() };
    let field = match cursor.bytes(&written.mode) {
        b"p" => Some(Field::Product),
        b"v" => Some(Field::Version),
        b"i" => Some(Field::Info),
        b"h" => Some(Field::Hostname),
        b"o" => Some(Field::Os),
        b"d" => Some(Field::Device),
        b"cpe" => match text.strip_prefix(CPE) {
            Some([b'a', ..]) => Some(Field::CpeApplication),
            Some([b'h', ..]) => Some(Field::CpeHardware),
            Some([b'o', ..]) => Some(Field::CpeOs),
            _ => None,
        },
        mode => {
            let message = format!("unknown template {}", quote(mode));
            return Err(Fault::new(written.mode.start..written.value.start, message, "p, v, i, h, o, d or cpe"));
        }
    };
    let parts = read_parts(&text);
    Ok(field.map(|field| Template { span: written.value, field, text, parts }))
}

/// Puts a template among those of other fields, in the place of one of its own.
fn replace(templates: &mut Vec<Template>, template: Template) {
    match templates.binary_search_by_key(&template.field, |other| other.field) {
        Ok(position) => templates[position] = template,
        Err(position) => templates.insert(position, template),
    }
}

/// A pattern or a template as it is written.
struct Written {
    mode: Span,
    value: Span,
    flags: Span,
    /// The value lacks the `cpe:/` before it.
    bare_cpe: bool,
}

struct Scanner<'t> {
    cursor: Cursor<'t>,
    /// Whether a line feed follows the line. It is the white space that the last template needs behind it.
    terminated: bool,
}

impl Scanner<'_> {
    fn next(&mut self) -> Result<Option<Written>, Fault> {
        let cursor = &mut self.cursor;
        cursor.skip_space();
        if cursor.peek().is_none() {
            return Ok(None);
        }
        let mode = cursor.take_while(MOST_LETTERS, |byte| byte.is_ascii_alphabetic());
        let mut bare_cpe = false;
        let value = if cursor.bytes(&mode) == b"cpe" && cursor.eat(b':') {
            // The value begins with the mode, so that it is a whole CPE. Files of nmap 7.9 and before may have another delimiter, for
            // the sake of a slash in the value. Today's nmap refuses that, but such files are what packages install; where the
            // value begins with a part, what is meant is plain.
            bare_cpe = matches!(cursor.rest(), [delimiter, b'a' | b'h' | b'o', b':', ..] if !is_space(*delimiter));
            if bare_cpe {
                take_value(cursor, &mode, |_| true)?
            } else {
                mode.start..take_value(cursor, &mode, |delimiter| delimiter == b'/')?.end
            }
        } else {
            take_value(cursor, &mode, |delimiter| !is_space(delimiter))?
        };
        let flags = cursor.take_while(MOST_LETTERS, |byte| byte.is_ascii_alphabetic());
        match cursor.peek() {
            Some(byte) if is_space(byte) => {}
            None if self.terminated => {}
            None => {
                let message = "a template ends the line and no line feed follows";
                let expected = format!("a line feed, after at most {LONGEST_LINE} bytes");
                return Err(Fault::new(cursor.here(), message, expected));
            }
            Some(_) => {
                let span = flags.start..cursor.here().end;
                let expected = "white space, or at most three letters and white space";
                return Err(Fault::new(span, "no white space after the closing delimiter", expected));
            }
        }
        Ok(Some(Written { mode, value, flags, bare_cpe }))
    }
}

/// Moves over a delimiter that `accept` takes and behind the next one, and says what stands between them.
fn take_value(cursor: &mut Cursor<'_>, mode: &Span, accept: impl Fn(u8) -> bool) -> Result<Span, Fault> {
    let Some(delimiter) = cursor.peek().filter(|&byte| accept(byte)) else {
        return Err(Fault::new(
            mode.start..cursor.here().end,
            "no delimiter",
            "a delimiter, a value, and the delimiter again",
        ));
    };
    let opening = mode.start..cursor.advance(1).end;
    cursor.take_until(delimiter).ok_or_else(|| {
        let expected = format!("another {}", quote(&[delimiter]));
        Fault::new(opening, "the closing delimiter is missing", expected)
    })
}

/// How every CPE begins.
const CPE: &[u8] = b"cpe:/";

/// The most letters before and after the delimiters.
const MOST_LETTERS: usize = 3;

const FORM: &str = "`match service m|pattern|` and templates like `p/text/` after white space";
