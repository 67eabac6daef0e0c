//! Runs automata, see [`portprint_tables::code::automaton`].

use super::scan;
use memchr::{memchr, memchr2, memchr3};
use portprint_tables::code::automaton::{
    ACCEPT, CHAIN, DEAD, FIND, FIRST, JUMP, LEAVE, LITERAL, LOOP1, LOOP2, LOOP3, MATCH, SETS, SPAN,
};

/// Runs the automaton that starts `code` over the response. `sets` is the section of sets.
///
/// Every step reads a byte of the response or follows a jump, or leaves a byte to a state that reads it; and no jump leads to a jump. So the
/// time is linear in the response.
///
/// # Errors
/// Where nothing can make it match any more: the offset of the byte that killed it, or the response's length when more bytes could have.
pub(super) fn run(code: &[u8], sets: &[u8], response: &[u8]) -> Result<(), usize> {
    let mut place = 0;
    let mut at = 0;
    loop {
        let op = code[place];
        let target = match op & !ACCEPT {
            LITERAL => {
                let len = usize::from(code[place + 1]);
                let literal = &code[place + 2..place + 2 + len];
                if !starts_with(&response[at..], literal) {
                    let equal = response[at..].iter().zip(literal).take_while(|(found, wanted)| found == wanted);
                    return Err(at + equal.count());
                }
                at += len;
                place += 2 + len;
                continue;
            }
            SETS => {
                let len = usize::from(code[place + 1]);
                let (run, _) = code[place + 2..place + 2 + 2 * len].as_chunks();
                for (number, set) in run.iter().enumerate() {
                    let byte = response.get(at + number);
                    if !byte.is_some_and(|&byte| contains(sets, u16::from_le_bytes(*set), byte)) {
                        return Err(at + number);
                    }
                }
                at += len;
                place += 2 + 2 * len;
                continue;
            }
            FIND => {
                let len = usize::from(code[place + 1]);
                let text = &code[place + 4..place + 4 + len];
                let pair = [code[place + 2], code[place + 3]].map(usize::from);
                let Some(found) = scan::find(&response[at..], text, pair) else { return Err(response.len()) };
                at += found + len;
                target(code, place + 4 + len)
            }
            JUMP => target(code, place + 1),
            SPAN => {
                let exits = set(sets, target(code, place + 1));
                at += response[at..].iter().take_while(|&&byte| !holds(exits, byte)).count();
                place += 3;
                continue;
            }
            LOOP1 | LOOP2 | LOOP3 => {
                let rest = &response[at..];
                let exit = |index: usize| code[place + 1 + 3 * index];
                let found = match op & !ACCEPT {
                    LOOP1 => memchr(exit(0), rest),
                    LOOP2 => memchr2(exit(0), exit(1), rest),
                    _ => memchr3(exit(0), exit(1), exit(2), rest),
                };
                let Some(found) = found else { return end(op, response) };
                let byte = rest[found];
                at += found + 1;
                let index = if byte == exit(0) {
                    0
                } else if byte == exit(1) {
                    1
                } else {
                    2
                };
                target(code, place + 2 + 3 * index)
            }
            CHAIN => {
                let len = usize::from(code[place + 1]);
                let chain = &code[place + 4..place + 4 + len];
                let equal = response[at..].iter().zip(chain).take_while(|(found, wanted)| found == wanted).count();
                at += equal;
                if equal == len {
                    place += 4 + len;
                    continue;
                }
                if at == response.len() {
                    return Err(at);
                }
                target(code, place + 2)
            }
            LEAVE => {
                let Some(&byte) = response.get(at) else { return end(op, response) };
                let row = &code[place + 2..];
                let held = look_up(row, usize::from(code[place + 1]), sets, byte);
                at += usize::from(held.is_some());
                held.unwrap_or_else(|| target(row, 0))
            }
            count => {
                let Some(&byte) = response.get(at) else { return end(op, response) };
                at += 1;
                let row = &code[place + 1..];
                look_up(row, usize::from(count), sets, byte).unwrap_or_else(|| target(row, 0))
            }
        };
        match target {
            // A pattern that matches nothing is dead before the first byte.
            DEAD => return Err(at.saturating_sub(1)),
            MATCH => return Ok(()),
            state => place = usize::from(state - FIRST),
        }
    }
}

/// Where a row, from its default on, leads on a byte, if not there.
#[inline(always)]
fn look_up(code: &[u8], count: usize, sets: &[u8], byte: u8) -> Option<u16> {
    let bytes = usize::from(code[2]);
    let (single, rest) = code[3..].split_at(3 * bytes);
    let (single, _) = single.as_chunks();
    for &[found, low, high] in single {
        if found == byte {
            return Some(u16::from_le_bytes([low, high]));
        }
    }
    let (others, _) = rest[..4 * (count - bytes)].as_chunks();
    for &[set_low, set_high, low, high] in others {
        if contains(sets, u16::from_le_bytes([set_low, set_high]), byte) {
            return Some(u16::from_le_bytes([low, high]));
        }
    }
    None
}

/// The end of the response in a state.
fn end(op: u8, response: &[u8]) -> Result<(), usize> {
    if op & ACCEPT != 0 { Ok(()) } else { Err(response.len()) }
}

/// Most literals that do not stand here differ in their first byte.
#[inline(always)]
fn starts_with(response: &[u8], literal: &[u8]) -> bool {
    response.first() == literal.first() && response.starts_with(literal)
}

/// A set of the section.
#[inline(always)]
pub(super) fn set(sets: &[u8], set: u16) -> &[u8; 32] {
    sets[usize::from(set) * 32..].first_chunk().expect("the number is below the section's row count")
}

/// Whether a byte is in a set.
#[inline(always)]
pub(super) fn holds(set: &[u8; 32], byte: u8) -> bool {
    set[usize::from(byte / 8)] >> (byte % 8) & 1 != 0
}

/// Whether a byte is in a set, by the set's number.
#[inline(always)]
pub(super) fn contains(sets: &[u8], set: u16, byte: u8) -> bool {
    sets[usize::from(set) * 32 + usize::from(byte / 8)] >> (byte % 8) & 1 != 0
}

#[inline(always)]
fn target(code: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([code[at], code[at + 1]])
}
