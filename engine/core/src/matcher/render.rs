//! Templates to fields, exactly as nmap builds them.
//!
//! Sizes, order of checks and what makes a field fail follow nmap's `service_scan` as described in "nmap-service-probes File Format"
//! (nmap.org/book/vscan-fileformat.html) and as observed: a field that does not fit is dropped whole, the room after a variable is one
//! byte less than after a literal, a NUL cuts a variable, and bytes outside printable ASCII become dots at the very end.

use alloc::vec::Vec;

use portprint_tables::Field;
use portprint_tables::code::template as op;

use super::program::NOWHERE;

/// Renders all fields of the templates that start `code` into `buffer`; returns where each field ends.
pub(super) fn fields(code: &[u8], response: &[u8], captures: &[u32], buffer: &mut Vec<u8>) -> [u16; Field::ALL.len()] {
    buffer.clear();
    let mut ends = [0; Field::ALL.len()];
    let mut reader = Reader { code, at: 0 };
    let mut done = 0;
    // Fields are in order; those between two have nothing in them.
    for _ in 0..reader.byte() {
        let field = Field::from_u8(reader.byte()).unwrap_or(Field::CpeOs);
        let start = buffer.len();
        while done < field as usize {
            ends[done] = start as u16;
            done += 1;
        }
        let mut out = Output { start, field, buffer };
        if render(&mut reader, response, captures, &mut out).is_none() {
            buffer.truncate(start);
        }
    }
    ends[done..].fill(buffer.len() as u16);
    ends
}

/// Renders one field; none when it fails. All its parts are read in any case.
fn render(reader: &mut Reader<'_>, response: &[u8], captures: &[u32], out: &mut Output<'_>) -> Option<()> {
    let parts = reader.byte();
    let mut good = Some(());
    for part in 0..parts {
        let variable = match reader.byte() {
            op::LITERAL => {
                let len = usize::from(u16::from_le_bytes([reader.byte(), reader.byte()]));
                let literal = reader.bytes(len);
                let room = out.field.capacity() - usize::from(part + 1 == parts);
                good = good.filter(|()| out.len() + literal.len() <= room);
                if good.is_some() {
                    out.buffer.extend_from_slice(literal);
                }
                continue;
            }
            op::FINAL => {
                let len = usize::from(u16::from_le_bytes([reader.byte(), reader.byte()]));
                out.buffer.extend_from_slice(reader.bytes(len));
                return Some(());
            }
            op::GROUP => Variable::Group,
            op::PRINTABLE => Variable::Printable,
            op::SUBSTITUTE => {
                let group = reader.byte();
                let find_len = usize::from(reader.byte());
                let find = reader.bytes(find_len);
                let replace_len = usize::from(reader.byte());
                let replace = reader.bytes(replace_len);
                good = good.and_then(|()| {
                    out.value(group_range(captures, group)?, response, Variable::Substitute { find, replace })
                });
                continue;
            }
            op::BIG_ENDIAN => Variable::Integer { big_endian: true },
            op::LITTLE_ENDIAN => Variable::Integer { big_endian: false },
            _ => {
                good = None;
                continue;
            }
        };
        let group = reader.byte();
        good = good.and_then(|()| out.value(group_range(captures, group)?, response, variable));
    }
    good?;
    out.finish();
    Some(())
}

#[derive(Clone, Copy)]
enum Variable<'d> {
    Group,
    Printable,
    Substitute { find: &'d [u8], replace: &'d [u8] },
    Integer { big_endian: bool },
}

/// Where a group stands in the response; none when it took no part.
fn group_range(captures: &[u32], group: u8) -> Option<core::ops::Range<usize>> {
    let start = *captures.get(2 * usize::from(group))?;
    let end = *captures.get(2 * usize::from(group) + 1)?;
    if start == NOWHERE || end == NOWHERE { None } else { Some(start as usize..end as usize) }
}

/// A field on its way.
struct Output<'b> {
    start: usize,
    field: Field,
    buffer: &'b mut Vec<u8>,
}

impl Output<'_> {
    fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Appends a variable's value; none when it fails or does not fit.
    fn value(&mut self, group: core::ops::Range<usize>, response: &[u8], variable: Variable<'_>) -> Option<()> {
        let text = &response[group.clone()];
        match variable {
            Variable::Group => {
                self.bytes(text)?;
            }
            Variable::Printable => {
                for &byte in text {
                    if matches!(byte, 0x20..=0x7E) {
                        self.byte(byte)?;
                    }
                }
            }
            // It would replace without end.
            Variable::Substitute { find: [], .. } => return None,
            Variable::Substitute { find, replace } => {
                let mut at = group.start;
                while at < group.end {
                    // What is looked for may begin in the group and end behind it.
                    let nul = if response[at..].starts_with(find) {
                        at += find.len();
                        self.bytes(replace)?
                    } else {
                        at += 1;
                        self.bytes(&response[at - 1..at])?
                    };
                    if nul {
                        break;
                    }
                }
            }
            Variable::Integer { big_endian } => {
                if text.len() > 8 {
                    return None;
                }
                let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
                let number = if big_endian { text.iter().fold(0, shift) } else { text.iter().rev().fold(0, shift) };
                let mut digits = [0; 20];
                self.bytes(decimal(number, &mut digits))?;
            }
        }
        if self.len() >= self.field.capacity() - 1 { None } else { Some(()) }
    }

    /// Appends up to the first NUL; tells whether there was one. None when there is no room: the value would fail in the end, so the
    /// rest need not be read.
    fn bytes(&mut self, bytes: &[u8]) -> Option<bool> {
        if !self.field.is_cpe() {
            let nul = memchr::memchr(0, bytes);
            let text = &bytes[..nul.unwrap_or(bytes.len())];
            if self.len() + text.len() >= self.field.capacity() - 1 && !text.is_empty() {
                return None;
            }
            self.buffer.extend_from_slice(text);
            return Some(nul.is_some());
        }
        for &byte in bytes {
            if byte == 0 {
                return Some(true);
            }
            self.byte(byte)?;
        }
        Some(false)
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        match byte {
            _ if !self.field.is_cpe() => self.buffer.push(byte),
            b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+'
            | b',' | b';' | b'=' | b'%' | b'<' | b'>' | b'"' => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                let digit = |value: u8| DIGITS[usize::from(value)];
                self.buffer.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
            }
            b'\t'..=b'\r' | b' ' => self.buffer.push(b'_'),
            _ => self.buffer.push(byte.to_ascii_lowercase()),
        }
        if self.len() >= self.field.capacity() - 1 { None } else { Some(()) }
    }

    /// Strips white space and commas from the end, and makes the rest printable.
    fn finish(&mut self) {
        let kept = op::stripped_len(&self.buffer[self.start..]);
        self.buffer.truncate(self.start + kept);
        for byte in &mut self.buffer[self.start..] {
            *byte = op::shown(*byte);
        }
    }
}

fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

/// Reads operands.
struct Reader<'d> {
    code: &'d [u8],
    at: usize,
}

impl<'d> Reader<'d> {
    fn byte(&mut self) -> u8 {
        self.at += 1;
        self.code[self.at - 1]
    }

    fn bytes(&mut self, len: usize) -> &'d [u8] {
        self.at += len;
        &self.code[self.at - len..self.at]
    }
}
