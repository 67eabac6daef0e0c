//! What peers say, changed a little.

use super::choices::Choices;

/// Bytes that ends of ranges and grammars are made of.
const TELLING: [u8; 16] = *b"\x00\x01\x02\x7f\x80\xff\n\r\"\\ <:{}0";

/// Changes bytes in one of several ways. `others`: what else was said, to be put in the middle.
pub(super) fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], choices: &mut impl Choices) {
    let at = choices.below(bytes.len());
    match choices.below(9) {
        0 => bytes.truncate(at),
        1 => {
            let bit = 1 << choices.below(8);
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
        }
        2 => {
            let value = TELLING[choices.below(TELLING.len())];
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = value);
        }
        3 => bytes.insert(at, TELLING[choices.below(TELLING.len())]),
        4 => {
            let end = bytes.len().min(at + 1 + choices.below(8));
            bytes.drain(at..end);
        }
        // Lengths and counts.
        5 => {
            let (value, len) = ([0, 1, 0x7f, 0x80, 0xff][choices.below(5)], [2, 3, 4, 8][choices.below(4)]);
            for byte in bytes.iter_mut().skip(at).take(len) {
                *byte = value;
            }
        }
        6 => {
            let end = bytes.len().min(at + 1 + choices.below(32));
            bytes.extend_from_within(at..end);
        }
        7 => {
            let other = choices.one_of(others).map(Vec::as_slice).unwrap_or_default();
            bytes.truncate(at);
            bytes.extend_from_slice(&other[choices.below(other.len())..]);
        }
        _ => {
            bytes.truncate(at);
            choices.bytes(32, bytes);
        }
    }
}
