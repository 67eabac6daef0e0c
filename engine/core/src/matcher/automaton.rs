//! Runs automata, see [`portprint_tables::code::automaton`].

use portprint_tables::code::automaton::{ACCEPT, DEAD, FIRST, JUMP, LITERAL, MATCH};

/// Whether the automaton that starts `code` accepts the response. `sets` is the section of sets.
///
/// Every step reads a byte of the response or follows a jump, and no jump leads to a jump, so the time is linear in the response.
pub(super) fn is_match(code: &[u8], sets: &[u8], response: &[u8]) -> bool {
    let mut place = 0;
    let mut at = 0;
    loop {
        let target = match code[place] {
            LITERAL => {
                let len = usize::from(code[place + 1]);
                let literal = &code[place + 2..place + 2 + len];
                if !response[at..].starts_with(literal) {
                    return false;
                }
                at += len;
                place += 2 + len;
                continue;
            }
            JUMP => target(code, place + 1),
            row => {
                let Some(&byte) = response.get(at) else { return row & ACCEPT != 0 };
                at += 1;
                let others = code[place + 3..].chunks_exact(4).take(usize::from(row & !ACCEPT));
                let mut next = target(code, place + 1);
                for other in others {
                    if contains(sets, target(other, 0), byte) {
                        next = target(other, 2);
                        break;
                    }
                }
                next
            }
        };
        match target {
            DEAD => return false,
            MATCH => return true,
            state => place = usize::from(state - FIRST),
        }
    }
}

/// Whether a byte is in a set.
#[inline(always)]
pub(super) fn contains(sets: &[u8], set: u16, byte: u8) -> bool {
    sets[usize::from(set) * 32 + usize::from(byte / 8)] >> (byte % 8) & 1 != 0
}

#[inline(always)]
fn target(code: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([code[at], code[at + 1]])
}
