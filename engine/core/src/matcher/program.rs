//! Capture programs, see [`portprint_tables::code::program`]: whether they match, and what their groups hold.
//!
//! A program is tried by plain backtracking first, which is fast and nearly always enough. If that takes too many steps it is tried again
//! with a memory of what has failed; if that is not enough either, or the response is too long for it, the program is run by
//! [`super::linear`], whose time is linear and whose memory grows with the square root of the response, with the same result. Programs that only
//! backtracking can run (back-references above all) have a bound on their steps instead.

use alloc::vec::Vec;

use portprint_tables::code::program::{BOUNDED, HEADER_SIZE};

use super::backtrack::{self, Bounds, Frame};
use super::linear::Linear;

/// No place: a group that did not take part.
pub(super) const NOWHERE: u32 = u32::MAX;

/// What running a program gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Match,
    NoMatch,
    /// A bound was met.
    GaveUp,
}

/// A capture program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program<'d> {
    pub(super) code: &'d [u8],
    pub(super) slots: usize,
    bounded: bool,
}

/// The memory of running programs.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    /// Where groups start and end.
    pub(super) slots: Vec<u32>,
    pub(super) stack: Vec<Frame>,
    /// What has failed, see [`backtrack`].
    pub(super) failed: Vec<u64>,
    linear: Linear,
    /// Whether the slots are those of a match.
    matched: bool,
}

impl Machine {
    /// Start and end of every group, [`NOWHERE`] for both where it did not take part; nothing when no program has matched.
    pub(super) fn captures(&self) -> &[u32] {
        if self.matched { &self.slots } else { &[] }
    }

    /// Whether the last program that was run matched.
    pub(super) fn has_matched(&self) -> bool {
        self.matched
    }

    /// No program has been run for this response and line.
    pub(super) fn forget(&mut self) {
        self.matched = false;
    }

    /// Bytes that are held.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.slots.capacity() * size_of::<u32>()
            + self.stack.capacity() * size_of::<Frame>()
            + self.failed.capacity() * size_of::<u64>()
            + self.linear.memory()
    }
}

/// Steps of the first, optimistic try: so many, so many more for 16 bytes, but never more than the last number.
const TRY_STEPS: [u64; 3] = [512, 16, 1 << 16];
/// The same with a memory.
const MEMORY_STEPS: [u64; 3] = [16_384, 1024, 1 << 22];
const TRY_FRAMES: usize = 1 << 16;
/// The bound of programs that only backtracking can run: enough that nmap's own limit of 50,000 PCRE2 steps is met first.
const BOUND_STEPS: u64 = 4_000_000;
const BOUND_FRAMES: usize = 1 << 20;

impl<'d> Program<'d> {
    /// The program at `offset` of the section.
    pub(super) fn at(section: &'d [u8], offset: usize) -> Self {
        let bytes = &section[offset..];
        let len = u32::from_le_bytes([bytes[3], bytes[4], bytes[5], 0]) as usize;
        Self {
            code: &bytes[HEADER_SIZE..HEADER_SIZE + len],
            slots: usize::from(u16::from_le_bytes([bytes[0], bytes[1]])),
            bounded: bytes[2] & BOUNDED != 0,
        }
    }

    /// Whether only backtracking can run it.
    #[cfg(test)]
    pub(super) fn is_bounded(&self) -> bool {
        self.bounded
    }

    /// Runs the program; after a match the machine holds the captures.
    pub(super) fn run(&self, sets: &[u8], response: &[u8], machine: &mut Machine) -> Outcome {
        let response = cut(response);
        let mut outcome = if self.bounded {
            let bounds = Bounds { steps: BOUND_STEPS, frames: BOUND_FRAMES };
            backtrack::run(self, sets, response, bounds, false, machine)
        } else {
            backtrack::run(self, sets, response, bounds(TRY_STEPS, response), false, machine)
        };
        if outcome == Outcome::GaveUp && !self.bounded {
            if backtrack::is_memorable(self, response) {
                outcome = backtrack::run(self, sets, response, bounds(MEMORY_STEPS, response), true, machine);
            }
            if outcome == Outcome::GaveUp {
                outcome = machine.linear.run(self, sets, response, &mut machine.slots);
            }
        }
        machine.matched = outcome == Outcome::Match;
        outcome
    }
}

/// Places are numbers of 32 bits.
fn cut(response: &[u8]) -> &[u8] {
    &response[..response.len().min(NOWHERE as usize - 1)]
}

fn bounds([base, per_16, most]: [u64; 3], response: &[u8]) -> Bounds {
    Bounds { steps: (base + per_16 * response.len() as u64 / 16).min(most), frames: TRY_FRAMES }
}

/// A target, which is three bytes.
#[inline(always)]
pub(super) fn target(code: &[u8], at: usize) -> usize {
    u32::from_le_bytes([code[at], code[at + 1], code[at + 2], 0]) as usize
}

/// A number of two bytes.
#[inline(always)]
pub(super) fn short(code: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([code[at], code[at + 1]])
}

/// Whether an assertion holds at a place.
pub(super) fn holds(assertion: u8, response: &[u8], at: usize) -> bool {
    use portprint_tables::code::program as op;
    let len = response.len();
    let is_word = |at: Option<usize>| {
        at.and_then(|at| response.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let at_boundary = || is_word(at.checked_sub(1)) != is_word(Some(at));
    match assertion {
        op::ASSERT_START => at == 0,
        op::ASSERT_END => at == len,
        op::ASSERT_DOLLAR => at == len || (at + 1 == len && response[at] == b'\n'),
        op::ASSERT_WORD => at_boundary(),
        op::ASSERT_NOT_WORD => !at_boundary(),
        op::ASSERT_LINE_START => at == 0 || (at < len && response[at - 1] == b'\n'),
        op::ASSERT_LINE_END => at == len || response[at] == b'\n',
        _ => false,
    }
}
