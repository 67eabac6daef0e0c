//! Capture programs, see [`portprint_tables::code::program`]: whether they match, and what their groups hold.
//!
//! A program is tried by plain backtracking first, which is fast and nearly always enough. If that takes too many steps it is tried again
//! with a memory of what has failed; if that is not enough either, or the response is too long for it, the program is run by
//! [`super::linear`], whose time is linear and whose memory grows with the square root of the response, with the same result. Programs
//! that only backtracking can run (back-references above all) have a bound on their steps instead.

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
}

impl Machine {
    /// Start and end of every group; [`NOWHERE`] for both where it did not take part.
    pub(super) fn captures(&self) -> &[u32] {
        &self.slots
    }

    /// Bytes that are held.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.slots.capacity() * size_of::<u32>()
            + self.stack.capacity() * size_of::<Frame>()
            + self.failed.capacity() * size_of::<u64>()
            + self.linear.memory()
    }

    pub(super) fn clear_captures_unless(&mut self, kept: bool) {
        if !kept {
            self.slots.clear();
        }
    }
}

/// Steps of the first, optimistic try: so many, so many more a byte, but never more than the last number.
const TRY_STEPS: [u64; 3] = [160, 1, 1 << 16];
/// The same with a memory.
const MEMORY_STEPS: [u64; 3] = [16_384, 64, 1 << 22];
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
        let response = &response[..response.len().min(NOWHERE as usize - 1)];
        if self.bounded {
            let bounds = Bounds { steps: BOUND_STEPS, frames: BOUND_FRAMES };
            return backtrack::run(self, sets, response, bounds, false, machine);
        }
        let bounds = |[base, per_byte, most]: [u64; 3]| {
            let steps = (base + per_byte * response.len() as u64).min(most);
            Bounds { steps, frames: TRY_FRAMES }
        };
        let mut outcome = backtrack::run(self, sets, response, bounds(TRY_STEPS), false, machine);
        if outcome == Outcome::GaveUp && backtrack::is_memorable(self, response) {
            outcome = backtrack::run(self, sets, response, bounds(MEMORY_STEPS), true, machine);
        }
        if outcome == Outcome::GaveUp {
            outcome = machine.linear.run(self, sets, response, &mut machine.slots);
        }
        outcome
    }
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
