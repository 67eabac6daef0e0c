//! How far a line's automaton gets on a response. The matcher only says that it does not match; people want to know where.

use portprint_tables::code::Strategy;
use portprint_tables::code::automaton::{ACCEPT, DEAD, FIRST, JUMP, LITERAL, MATCH};
use portprint_tables::{Database, LineId};

/// The offset of the first byte after which nothing can make the line match any more; the response's length when more bytes could
/// have. None when the line matches or has no automaton.
pub(super) fn dies_at(database: &Database<'_>, line: LineId, response: &[u8]) -> Option<usize> {
    let row = database.line(line);
    if Strategy::from_u8(row.strategy) != Strategy::Automaton {
        return None;
    }
    let code = &database.engine.automata[row.automaton as usize..];
    let mut place = 0;
    let mut at = 0;
    loop {
        let next = match code[place] {
            LITERAL => {
                let len = usize::from(code[place + 1]);
                let literal = &code[place + 2..][..len];
                let equal =
                    literal.iter().zip(&response[at..]).take_while(|(expected, found)| expected == found).count();
                at += equal;
                if equal < len {
                    return Some(at);
                }
                place += 2 + len;
                continue;
            }
            JUMP => target(code, place + 1),
            row => {
                let Some(&byte) = response.get(at) else {
                    return if row & ACCEPT == 0 { Some(at) } else { None };
                };
                let sets = code[place + 3..].chunks_exact(4).take(usize::from(row & !ACCEPT));
                let mut holding = sets.filter(|set| holds(database.engine.sets, target(set, 0), byte));
                let next = holding.next().map_or_else(|| target(code, place + 1), |set| target(set, 2));
                if next == DEAD {
                    return Some(at);
                }
                at += 1;
                next
            }
        };
        match next {
            DEAD => return Some(at),
            MATCH => return None,
            state => place = usize::from(state - FIRST),
        }
    }
}

fn holds(sets: &[u8], set: u16, byte: u8) -> bool {
    sets[usize::from(set) * 32 + usize::from(byte / 8)] >> (byte % 8) & 1 != 0
}

fn target(code: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([code[at], code[at + 1]])
}
