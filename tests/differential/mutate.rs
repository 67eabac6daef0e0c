//! Small damage to responses, of the kinds that tell engines apart.

use portprint_codegen::analyse::sample::Random;

/// Applies one to three changes. `other` makes a response of some other line.
pub(super) fn mutate(mut response: Vec<u8>, mut other: impl FnMut() -> Vec<u8>, random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.below(3) {
        let len = response.len();
        let at = random.below(len + 1);
        match random.below(14) {
            0 => response.truncate(at),
            1 => drop(response.drain(..at)),
            2 => response.insert(at, odd_byte(random)),
            3 if len > 0 => response[at.min(len - 1)] = odd_byte(random),
            4 if len > 0 => response[at.min(len - 1)] ^= 0x20,
            5 if len > 0 => drop(response.remove(at.min(len - 1))),
            6 => response.push(b'\n'),
            7 => response.extend(b"\r\n"),
            8 => response.extend(other()),
            9 => {
                let mut spliced = other();
                spliced.truncate(at);
                spliced.extend(&response[at.min(len)..]);
                response = spliced;
            }
            10 => {
                let end = at + random.below(len - at + 1);
                let piece = response[at..end].to_vec();
                let times = 1 + random.below(40);
                let repeated = piece.iter().copied().cycle().take(piece.len().min(64) * times);
                response.splice(at..at, repeated.collect::<Vec<_>>());
            }
            11 => response = response.to_ascii_uppercase(),
            12 => response = response.to_ascii_lowercase(),
            _ => {
                for _ in 0..random.below(80) {
                    response.push(odd_byte(random));
                }
            }
        }
    }
    response
}

/// A byte that patterns treat in some special way, or any.
fn odd_byte(random: &mut Random) -> u8 {
    const ODD: &[u8] = b"\0\n\r\t\x0b\x0c \x1b\x7f\x80\x85\xa0\xff09azAZ_.,:;/\\<>()[]\"'";
    if random.once_in(3) { random.next() as u8 } else { ODD[random.below(ODD.len())] }
}
