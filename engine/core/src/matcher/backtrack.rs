//! Backtracking in Perl's order, under a bound; plain, or with a memory of what has failed.
//!
//! What follows from an instruction and a place depends on nothing else, unless there are back-references or checks for empty
//! iterations. So what was taken up again there and failed once need not be taken up a second time. Noting that costs time, which
//! most programs on most responses do not need. Bodies of look-arounds and atomic groups are left out: what ends in them has not failed.

use alloc::vec::Vec;

use portprint_tables::code::program as op;

use super::automaton::{contains, holds as holds_byte, set};
use super::program::{Machine, NOWHERE, Outcome, Program, holds, short, target};

/// When to give up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) steps: u64,
    pub(super) frames: usize,
}

/// How much may be remembered, in bits: one for every byte of code and place.
const MEMORY_BITS: usize = 1 << 23;

/// Whether what has failed can be remembered.
pub(super) fn is_memorable(program: &Program<'_>, response: &[u8]) -> bool {
    program.code.len().checked_mul(response.len() + 1).is_some_and(|bits| bits <= MEMORY_BITS)
}

/// Something to do when what was tried has failed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Frame {
    /// Go on elsewhere.
    Resume { pc: u32, at: u32 },
    /// Put a slot back.
    Restore { slot: u32, value: u32 },
    /// A span that has read up to `at` may give back bytes down to `least`.
    Shrink { pc: u32, least: u32, at: u32, next: Next },
    /// A lazy span from `start` on, which has read up to `at`, may read one more byte.
    Grow { pc: u32, set: u16, start: u32, at: u32, next: Next },
}

/// What must stand where a span ends, if that is known: most ends need not be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Any,
    Byte(u8),
    /// One of the set with this number.
    Set(u16),
}

impl Next {
    /// What the instructions from `pc` on read first.
    #[inline]
    fn of(code: &[u8], mut pc: usize) -> Self {
        loop {
            match code[pc] {
                op::SAVE => pc += 3,
                op::BYTE => return Self::Byte(code[pc + 1]),
                op::LITERAL => return Self::Byte(code[pc + 2]),
                op::SET => return Self::Set(short(code, pc + 1)),
                _ => return Self::Any,
            }
        }
    }

    /// Whether a span of this set can only end where the set ends: then there is nothing to try again.
    #[inline]
    fn is_outside(self, sets: &[u8], number: u16) -> bool {
        match self {
            Self::Any => false,
            Self::Byte(byte) => !contains(sets, number, byte),
            Self::Set(next) => set(sets, number).iter().zip(set(sets, next)).all(|(left, right)| left & right == 0),
        }
    }

    /// Whether it may stand at `at`.
    #[inline]
    fn may_stand(self, sets: &[u8], response: &[u8], at: usize) -> bool {
        match self {
            Self::Any => true,
            Self::Byte(byte) => response.get(at) == Some(&byte),
            Self::Set(next) => response.get(at).is_some_and(|&byte| contains(sets, next, byte)),
        }
    }

    /// The last place of `least..=at` where it may stand.
    #[inline]
    fn last(self, sets: &[u8], response: &[u8], least: usize, at: usize) -> Option<usize> {
        if self.may_stand(sets, response, at) {
            return Some(at);
        }
        let before = &response[least..at];
        let found = match self {
            Self::Any => None,
            Self::Byte(byte) => memchr::memrchr(byte, before),
            Self::Set(next) => {
                let next = set(sets, next);
                before.iter().rposition(|&byte| holds_byte(next, byte))
            }
        };
        found.map(|found| least + found)
    }
}

/// Runs a program from its first instruction at the response's start.
pub(super) fn run(
    program: &Program<'_>,
    sets: &[u8],
    response: &[u8],
    bounds: Bounds,
    remember: bool,
    machine: &mut Machine,
) -> Outcome {
    let Machine { slots, stack, failed, .. } = machine;
    slots.clear();
    slots.resize(program.slots, NOWHERE);
    stack.clear();
    failed.clear();
    if remember {
        failed.resize((program.code.len() * (response.len() + 1)).div_ceil(64), 0);
    }
    let mut backtracker = Backtracker {
        code: program.code,
        sets,
        response,
        slots,
        stack,
        steps: bounds.steps,
        frames: bounds.frames,
        failed,
        depth: 0,
    };
    match backtracker.go(0, 0) {
        Ok(Some(_)) => Outcome::Match,
        Ok(None) => Outcome::NoMatch,
        Err(GaveUp) => Outcome::GaveUp,
    }
}

struct GaveUp;

/// The end of a body: where, and for atomic groups what follows.
struct End {
    at: usize,
    next: usize,
}

struct Backtracker<'r> {
    code: &'r [u8],
    sets: &'r [u8],
    response: &'r [u8],
    slots: &'r mut [u32],
    stack: &'r mut Vec<Frame>,
    steps: u64,
    frames: usize,
    /// A bit for every byte of code and place; nothing when it is not to be remembered.
    failed: &'r mut [u64],
    /// Bodies of look-arounds and atomic groups around the current place.
    depth: u32,
}

impl Backtracker<'_> {
    /// Tries everything from `pc` on until a match or a commit. Frames of this call are gone when it fails; when it succeeds only those
    /// that restore slots are left, for whoever backtracks over it.
    fn go(&mut self, pc: usize, at: usize) -> Result<Option<End>, GaveUp> {
        let base = self.stack.len();
        let mut place = Some((pc, at));
        loop {
            self.spend(1)?;
            let (pc, at) = match place.take() {
                Some(place) => place,
                None if self.stack.len() == base => return Ok(None),
                None => match self.pop() {
                    Some(place) if !self.has_failed(place) => place,
                    _ => continue,
                },
            };
            if let Some(end) = self.forward(pc, at)? {
                let mut kept = base;
                for index in base..self.stack.len() {
                    if let frame @ Frame::Restore { .. } = self.stack[index] {
                        self.stack[kept] = frame;
                        kept += 1;
                    }
                }
                self.stack.truncate(kept);
                return Ok(Some(end));
            }
        }
    }

    /// Whether it is to be remembered here what has failed.
    #[inline]
    fn remembers(&self) -> bool {
        !self.failed.is_empty() && self.depth == 0
    }

    /// The number of the bit for a byte of code and a place.
    #[inline]
    fn bit(&self, pc: usize, at: usize) -> usize {
        pc * (self.response.len() + 1) + at
    }

    /// Whether what follows from here has failed before. If not, it is noted that it is tried.
    #[inline]
    fn has_failed(&mut self, (pc, at): (usize, usize)) -> bool {
        if !self.remembers() {
            return false;
        }
        let bit = self.bit(pc, at);
        let word = &mut self.failed[bit / 64];
        let known = *word >> (bit % 64) & 1 != 0;
        *word |= 1 << (bit % 64);
        known
    }

    /// Whether a lazy span before `pc` that starts here has come to nothing. Noted under an operand of it, where no instruction starts.
    #[inline]
    fn is_noted(&self, pc: usize, at: usize) -> bool {
        if !self.remembers() || at > self.response.len() {
            return false;
        }
        let bit = self.bit(pc - 1, at);
        self.failed[bit / 64] >> (bit % 64) & 1 != 0
    }

    /// Notes that a lazy span before `pc` has come to nothing, for every start from `first` to `last`.
    fn note_all(&mut self, pc: usize, first: usize, last: usize) {
        if self.remembers() {
            for bit in self.bit(pc - 1, first)..=self.bit(pc - 1, last) {
                self.failed[bit / 64] |= 1 << (bit % 64);
            }
        }
    }

    /// The last end of a span that starts at `at`, of those that have not failed; none when all have. A span is noted for every start
    /// within it: one that starts further on has some of the same ends, and tries them in the same order. Noted under an operand, where no
    /// instruction starts: the span itself may be what is taken up again.
    fn last_end(&mut self, pc: usize, set: &[u8; 32], at: usize) -> Option<usize> {
        if !self.remembers() {
            return Some(at + self.response[at..].iter().take_while(|&&byte| holds_byte(set, byte)).count());
        }
        let mut end = at;
        loop {
            // As many places at once as share a word of the memory.
            let (word, shift) = (self.bit(pc + 1, end) / 64, self.bit(pc + 1, end) % 64);
            let fresh = ((self.failed[word] >> shift).trailing_zeros() as usize).min(64 - shift);
            let places = &self.response[end..];
            let read = places.iter().take(fresh).take_while(|&&byte| holds_byte(set, byte)).count();
            let noted = fresh.min(read + 1);
            if noted > 0 {
                self.failed[word] |= u64::MAX >> (64 - noted) << shift;
            }
            end += read;
            if read < fresh {
                return Some(end);
            }
            if fresh < 64 - shift {
                return end.checked_sub(1).filter(|&last| last >= at);
            }
        }
    }

    /// The last of `least..=end` where what follows a span may begin: the text that must be read next, or, behind another span, somewhere
    /// later. Worth its while only where much has been tried already.
    fn last_useful_end(&mut self, pc: usize, least: usize, end: usize) -> Option<usize> {
        if !self.remembers() {
            return Some(end);
        }
        let (mut text, mut most) = (self.after_saves(pc), end);
        if matches!(self.code[text], op::SPAN | op::SPAN_LAZY) {
            (text, most) = (self.after_saves(text + 3), self.response.len());
        }
        let next = Next::of(self.code, text);
        loop {
            let last = next.last(self.sets, self.response, least, most);
            self.charge((most - last.unwrap_or(least)) as u32 / 16 + 1);
            let last = last?;
            if self.reads_text(text, last) {
                return Some(last.min(end));
            }
            most = last.checked_sub(1).filter(|&most| most >= least)?;
        }
    }

    /// Whether the bytes at `at` are what the instructions from `pc` on read, as far as the next one that leaves a choice.
    fn reads_text(&self, mut pc: usize, mut at: usize) -> bool {
        loop {
            pc = self.after_saves(pc);
            let width = match self.code[pc] {
                op::BYTE => 2,
                op::SET => 3,
                op::LITERAL => {
                    let text = &self.code[pc + 2..][..usize::from(self.code[pc + 1])];
                    if !self.response[at..].starts_with(text) {
                        return false;
                    }
                    at += text.len();
                    pc += 2 + text.len();
                    continue;
                }
                _ => return true,
            };
            if !self.may_begin(pc, at) {
                return false;
            }
            at += 1;
            pc += width;
        }
    }

    #[inline]
    fn after_saves(&self, mut pc: usize) -> usize {
        while self.code[pc] == op::SAVE {
            pc += 3;
        }
        pc
    }

    /// A body of its own.
    fn inside(&mut self, pc: usize, at: usize) -> Result<Option<End>, GaveUp> {
        self.depth += 1;
        let end = self.go(pc, at);
        self.depth -= 1;
        end
    }

    /// Undoes or redoes the last thing; returns where to go on.
    fn pop(&mut self) -> Option<(usize, usize)> {
        match self.stack.pop()? {
            Frame::Resume { pc, at } => Some((pc as usize, at as usize)),
            Frame::Restore { slot, value } => {
                self.slots[slot as usize] = value;
                None
            }
            Frame::Shrink { pc, least, at, next } => {
                let before = at;
                let at = next.last(self.sets, self.response, least as usize, at as usize - 1)? as u32;
                self.charge((before - at) / 16);
                if at > least {
                    self.stack.push(Frame::Shrink { pc, least, at, next });
                }
                Some((pc as usize, at as usize))
            }
            Frame::Grow { pc, set: number, start, at: before, next } => {
                let allowed = set(self.sets, number);
                let mut at = before as usize;
                loop {
                    let more = self.response.get(at).is_some_and(|&byte| holds_byte(allowed, byte));
                    if !more || self.is_noted(pc as usize, at + 1) {
                        self.charge((at as u32 - before) / 4);
                        self.note_all(pc as usize, start as usize, at);
                        return None;
                    }
                    at += 1;
                    if next.may_stand(self.sets, self.response, at) {
                        break;
                    }
                }
                self.charge((at as u32 - before) / 4);
                self.stack.push(Frame::Grow { pc, set: number, start, at: at as u32, next });
                Some((pc as usize, at))
            }
        }
    }

    /// Whether the byte at `at` lets the instructions from `pc` on begin, as far as that is told by the first that reads: a way that cannot
    /// begin need not be kept for later.
    #[inline]
    fn may_begin(&self, pc: usize, at: usize) -> bool {
        let pc = self.after_saves(pc);
        match self.code[pc] {
            op::BYTE => self.response.get(at) == Some(&self.code[pc + 1]),
            op::LITERAL => self.response.get(at) == Some(&self.code[pc + 2]),
            op::SET => self.response.get(at).is_some_and(|&byte| contains(self.sets, short(self.code, pc + 1), byte)),
            op::SPLIT | op::SPLIT_LAZY => {
                let first = |pc: usize| match self.code[pc] {
                    op::BYTE => self.response.get(at) == Some(&self.code[pc + 1]),
                    op::LITERAL => self.response.get(at) == Some(&self.code[pc + 2]),
                    _ => true,
                };
                first(pc + 1 + op::TARGET_SIZE) || first(target(self.code, pc + 1))
            }
            _ => true,
        }
    }

    /// Takes steps; that there are none left is found out at the next one.
    fn charge(&mut self, steps: u32) {
        self.steps = self.steps.saturating_sub(steps.into());
    }

    fn push(&mut self, frame: Frame) -> Result<(), GaveUp> {
        if self.stack.len() >= self.frames {
            return Err(GaveUp);
        }
        self.stack.push(frame);
        Ok(())
    }

    fn spend(&mut self, steps: u64) -> Result<(), GaveUp> {
        self.steps = self.steps.checked_sub(steps).ok_or(GaveUp)?;
        Ok(())
    }

    fn set_slot(&mut self, slot: usize, at: usize) -> Result<(), GaveUp> {
        // Where nothing is left to be tried, nobody will ask for what it was.
        if !self.stack.is_empty() || self.depth > 0 {
            self.push(Frame::Restore { slot: slot as u32, value: self.slots[slot] })?;
        }
        self.slots[slot] = at as u32;
        Ok(())
    }

    /// Runs until something fails (none) or the program or body ends.
    fn forward(&mut self, mut pc: usize, mut at: usize) -> Result<Option<End>, GaveUp> {
        let (code, sets, response) = (self.code, self.sets, self.response);
        loop {
            match code[pc] {
                op::BYTE => {
                    if response.get(at) != Some(&code[pc + 1]) {
                        return Ok(None);
                    }
                    at += 1;
                    pc += 2;
                }
                op::SET => {
                    if !response.get(at).is_some_and(|&byte| contains(sets, short(code, pc + 1), byte)) {
                        return Ok(None);
                    }
                    at += 1;
                    pc += 3;
                }
                op::LITERAL => {
                    let len = usize::from(code[pc + 1]);
                    if !response[at..].starts_with(&code[pc + 2..pc + 2 + len]) {
                        return Ok(None);
                    }
                    at += len;
                    pc += 2 + len;
                }
                op::SPLIT | op::SPLIT_LAZY => {
                    // Every loop passes here; what lies between is bounded by the length of the program.
                    self.spend(1)?;
                    let (next, elsewhere) = (pc + 1 + op::TARGET_SIZE, target(code, pc + 1));
                    let (first, second) = if code[pc] == op::SPLIT { (next, elsewhere) } else { (elsewhere, next) };
                    pc = first;
                    if self.may_begin(second, at) {
                        if self.may_begin(first, at) {
                            self.push(Frame::Resume { pc: second as u32, at: at as u32 })?;
                        } else {
                            pc = second;
                        }
                    }
                }
                op::JUMP => pc = target(code, pc + 1),
                op::SPAN | op::SPAN_LAZY => {
                    let (span, number) = (pc, short(code, pc + 1));
                    pc += 3;
                    let next = Next::of(code, pc);
                    if next.is_outside(sets, number) {
                        let set = set(sets, number);
                        let len = response[at..].iter().take_while(|&&byte| holds_byte(set, byte)).count();
                        self.spend(len as u64 / 4)?;
                        at += len;
                    } else if code[span] == op::SPAN {
                        let Some(end) = self.last_end(span, set(sets, number), at) else { return Ok(None) };
                        self.spend((end - at) as u64 / 4)?;
                        let Some(end) = self.last_useful_end(pc, at, end) else { return Ok(None) };
                        let Some(end) = next.last(sets, response, at, end) else { return Ok(None) };
                        if end > at {
                            self.push(Frame::Shrink { pc: pc as u32, least: at as u32, at: end as u32, next })?;
                        }
                        at = end;
                    } else {
                        if self.is_noted(pc, at) {
                            return Ok(None);
                        }
                        self.push(Frame::Grow { pc: pc as u32, set: number, start: at as u32, at: at as u32, next })?;
                    }
                }
                op::SAVE => {
                    self.set_slot(usize::from(short(code, pc + 1)), at)?;
                    pc += 3;
                }
                op::COPY => {
                    let value = self.slots[usize::from(short(code, pc + 1))];
                    self.set_slot(usize::from(short(code, pc + 3)), value as usize)?;
                    pc += 5;
                }
                op::EMPTY_CHECK => {
                    let read_nothing = self.slots[usize::from(short(code, pc + 1))] == at as u32;
                    pc = if read_nothing { target(code, pc + 3) } else { pc + 3 + op::TARGET_SIZE };
                }
                op::ASSERT => {
                    if !holds(code[pc + 1], response, at) {
                        return Ok(None);
                    }
                    pc += 2;
                }
                op::LOOK_AHEAD => {
                    if !self.look(pc + 2 + op::TARGET_SIZE, Some(at), code[pc + 1] != 0)? {
                        return Ok(None);
                    }
                    pc = target(code, pc + 2);
                }
                op::LOOK_BEHIND => {
                    let start = at.checked_sub(usize::from(short(code, pc + 2)));
                    if !self.look(pc + 4 + op::TARGET_SIZE, start, code[pc + 1] != 0)? {
                        return Ok(None);
                    }
                    pc = target(code, pc + 4);
                }
                op::ATOMIC => match self.inside(pc + 1, at)? {
                    Some(end) => (pc, at) = (end.next, end.at),
                    None => return Ok(None),
                },
                op::COMMIT => return Ok(Some(End { at, next: target(code, pc + 1) })),
                op::BACK_REFERENCE => {
                    let group = 2 * usize::from(short(code, pc + 1));
                    let (start, end) = (self.slots[group], self.slots[group + 1]);
                    if start == NOWHERE || end == NOWHERE {
                        return Ok(None);
                    }
                    let text = &response[start as usize..end as usize];
                    let here = response.get(at..at + text.len());
                    let same = here.is_some_and(|here| {
                        if code[pc + 3] != 0 { here.eq_ignore_ascii_case(text) } else { here == text }
                    });
                    if !same {
                        return Ok(None);
                    }
                    self.spend(text.len() as u64 / 8)?;
                    at += text.len();
                    pc += 4;
                }
                // `MATCH`; the format has no other.
                _ => return Ok(Some(End { at, next: 0 })),
            }
        }
    }

    /// Whether a look-around lets pass. A positive one keeps what it captured.
    fn look(&mut self, body: usize, start: Option<usize>, negated: bool) -> Result<bool, GaveUp> {
        let base = self.stack.len();
        let found = match start {
            Some(start) => self.inside(body, start)?.is_some(),
            None => false,
        };
        if found && negated {
            while self.stack.len() > base {
                self.pop();
            }
        }
        Ok(found != negated)
    }
}
