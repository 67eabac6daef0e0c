//! Runs a program in time linear in the response, with the result of backtracking.
//!
//! Backtracking is slow because it learns only at the end that a choice was wrong. Here it is known beforehand: a pass from the
//! response's end to its start computes, for every place, from which instructions a match can be reached; a pass forward then takes at
//! every choice the preferred branch that can, and never goes back.
//!
//! Inside an atomic group the choice is another: the preferred branch that can reach the *group's* end. So instructions inside `d`
//! atomic groups have `d + 1` values at a place. Value `k` says whether the end of the `k`-th group around the instruction (0: the match)
//! is reached if all groups further in make their own choice. The body of a look-around stands for itself: its value 0 is about its own
//! end.
//!
//! The values of all places would need memory in proportion to the response. Only every `b`-th place is kept, `b` being the square root
//! of the length, and the places between are computed again when the pass forward comes to them.

use alloc::vec::Vec;

use portprint_tables::code::program as op;

use super::automaton::contains;
use super::program::{NOWHERE, Outcome, Program, holds, short, target};

/// An instruction, decoded: where it leads by number, and where its values stand in a row.
#[derive(Clone, Copy, Debug)]
struct Inst {
    kind: Kind,
    /// Atomic groups around it.
    depth: u32,
    /// Its first value in a row.
    values: u32,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Byte(u8),
    Set(u16),
    Split {
        preferred: u32,
        other: u32,
    },
    Jump(u32),
    Save(u16),
    Assert(u8),
    LookAhead {
        negated: bool,
        end: u32,
    },
    /// Over one byte of a set.
    LookBehind {
        negated: bool,
        set: LookBehind,
        end: u32,
    },
    Atomic,
    Commit(u32),
    Span(u16),
    SpanLazy(u16),
    Match,
}

#[derive(Clone, Copy, Debug)]
enum LookBehind {
    Byte(u8),
    Set(u16),
}

/// The memory of linear runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Linear {
    insts: Vec<Inst>,
    /// Where each instruction's code starts.
    places: Vec<u32>,
    /// The instructions, each after those whose values at the same place it needs.
    order: Vec<u32>,
    /// Rows of every `b`-th place.
    kept: Vec<u8>,
    /// Rows of the places of one stretch.
    stretch: Vec<u8>,
    row_len: usize,
    stack: Vec<(u32, bool)>,
}

impl Linear {
    /// Runs a program that is not bounded. After a match `slots` holds the captures.
    pub(super) fn run(&mut self, program: &Program<'_>, sets: &[u8], response: &[u8], slots: &mut Vec<u32>) -> Outcome {
        slots.clear();
        slots.resize(program.slots, NOWHERE);
        self.decode(program.code);
        self.sort();
        let len = response.len();
        let stride = len.isqrt().max(64);
        self.fill_kept(sets, response, stride);
        if self.kept[..self.row_len][0] == 0 {
            return Outcome::NoMatch;
        }
        self.walk(sets, response, stride, slots);
        Outcome::Match
    }

    /// Bytes that are held.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.insts.capacity() * size_of::<Inst>()
            + (self.places.capacity() + self.order.capacity()) * size_of::<u32>()
            + self.kept.capacity()
            + self.stretch.capacity()
    }

    fn decode(&mut self, code: &[u8]) {
        self.insts.clear();
        self.places.clear();
        let mut pc = 0;
        // What is open around an instruction: atomic groups since the last look-around.
        let mut depth = 0u32;
        let mut values = 0u32;
        while pc < code.len() {
            let mut add = |kind, depth: u32| {
                self.insts.push(Inst { kind, depth, values });
                self.places.push(pc as u32);
                values += depth + 1;
            };
            let next = match code[pc] {
                op::BYTE => {
                    add(Kind::Byte(code[pc + 1]), depth);
                    pc + 2
                }
                op::SET => {
                    add(Kind::Set(short(code, pc + 1)), depth);
                    pc + 3
                }
                op::LITERAL => {
                    let literal = &code[pc + 2..pc + 2 + usize::from(code[pc + 1])];
                    // Only the first of its bytes is led to; the others have no place of their own.
                    literal.iter().for_each(|&byte| add(Kind::Byte(byte), depth));
                    pc + 2 + literal.len()
                }
                op::SPLIT => {
                    let next = pc + 1 + op::TARGET_SIZE;
                    add(Kind::Split { preferred: next as u32, other: target(code, pc + 1) as u32 }, depth);
                    next
                }
                op::SPLIT_LAZY => {
                    let next = pc + 1 + op::TARGET_SIZE;
                    add(Kind::Split { preferred: target(code, pc + 1) as u32, other: next as u32 }, depth);
                    next
                }
                op::JUMP => {
                    add(Kind::Jump(target(code, pc + 1) as u32), depth);
                    pc + 1 + op::TARGET_SIZE
                }
                op::SAVE => {
                    add(Kind::Save(short(code, pc + 1)), depth);
                    pc + 3
                }
                op::ASSERT => {
                    add(Kind::Assert(code[pc + 1]), depth);
                    pc + 2
                }
                op::LOOK_AHEAD => {
                    let end = target(code, pc + 2) as u32;
                    add(Kind::LookAhead { negated: code[pc + 1] != 0, end }, depth);
                    pc + 2 + op::TARGET_SIZE
                }
                op::LOOK_BEHIND => {
                    let body = pc + 4 + op::TARGET_SIZE;
                    let set = match code[body] {
                        op::BYTE => LookBehind::Byte(code[body + 1]),
                        _ => LookBehind::Set(short(code, body + 1)),
                    };
                    let end = target(code, pc + 4);
                    add(Kind::LookBehind { negated: code[pc + 1] != 0, set, end: end as u32 }, depth);
                    end
                }
                op::ATOMIC => {
                    add(Kind::Atomic, depth);
                    depth += 1;
                    pc + 1
                }
                op::COMMIT => {
                    add(Kind::Commit(target(code, pc + 1) as u32), depth);
                    depth = depth.saturating_sub(1);
                    pc + 1 + op::TARGET_SIZE
                }
                op::SPAN => {
                    add(Kind::Span(short(code, pc + 1)), depth);
                    pc + 3
                }
                op::SPAN_LAZY => {
                    add(Kind::SpanLazy(short(code, pc + 1)), depth);
                    pc + 3
                }
                _ => {
                    add(Kind::Match, depth);
                    pc + 1
                }
            };
            pc = next;
        }
        self.row_len = values as usize;
        self.number_targets();
        self.reset_depths_in_looks();
    }

    /// Turns places in the code into numbers of instructions.
    fn number_targets(&mut self) {
        let Self { insts, places, .. } = self;
        // Of the bytes of a literal, which share a place, the first one is meant.
        let number = |place: &mut u32| *place = places.partition_point(|&known| known < *place) as u32;
        for inst in insts {
            match &mut inst.kind {
                Kind::Split { preferred, other } => {
                    number(preferred);
                    number(other);
                }
                Kind::Jump(target) | Kind::Commit(target) => number(target),
                Kind::LookAhead { end, .. } | Kind::LookBehind { end, .. } => number(end),
                _ => {}
            }
        }
    }

    /// The body of a look-ahead stands for itself, whatever is around it.
    fn reset_depths_in_looks(&mut self) {
        for index in 0..self.insts.len() {
            let Inst { kind: Kind::LookAhead { end, .. }, depth, .. } = self.insts[index] else { continue };
            for inst in &mut self.insts[index + 1..end as usize] {
                inst.depth -= depth;
            }
        }
    }

    /// Sorts the instructions so that each comes after those whose values at the same place it needs. Loops read a byte on their way
    /// (others are bounded programs), so there is such an order.
    fn sort(&mut self) {
        self.order.clear();
        let mut done = core::mem::take(&mut self.stretch);
        done.clear();
        done.resize(self.insts.len(), 0);
        for start in 0..self.insts.len() as u32 {
            self.stack.push((start, false));
            while let Some((index, expanded)) = self.stack.pop() {
                if expanded {
                    self.order.push(index);
                    continue;
                }
                if core::mem::replace(&mut done[index as usize], 1) != 0 {
                    continue;
                }
                self.stack.push((index, true));
                let next = index + 1;
                match self.insts[index as usize].kind {
                    Kind::Byte(_) | Kind::Set(_) | Kind::Match => {}
                    Kind::Split { preferred, other } => self.stack.extend([(other, false), (preferred, false)]),
                    Kind::Jump(target) | Kind::Commit(target) => self.stack.push((target, false)),
                    Kind::LookAhead { end, .. } => self.stack.extend([(end, false), (next, false)]),
                    Kind::LookBehind { end, .. } => self.stack.push((end, false)),
                    Kind::Save(_) | Kind::Assert(_) | Kind::Atomic | Kind::Span(_) | Kind::SpanLazy(_) => {
                        self.stack.push((next, false));
                    }
                }
            }
        }
        self.stretch = done;
    }

    /// Computes all rows from the end to the start and keeps those of the places that are multiples of `stride`.
    fn fill_kept(&mut self, sets: &[u8], response: &[u8], stride: usize) {
        let len = response.len();
        let row_len = self.row_len;
        self.kept.clear();
        self.kept.resize((len / stride + 1) * row_len, 0);
        self.stretch.clear();
        self.stretch.resize(2 * row_len, 0);
        for at in (0..=len).rev() {
            let (here, next) = self.stretch.split_at_mut(row_len);
            fill_row(&self.insts, &self.order, sets, response, at, here, next);
            if at.is_multiple_of(stride) {
                self.kept[at / stride * row_len..][..row_len].copy_from_slice(here);
            }
            next.copy_from_slice(here);
        }
    }

    /// Computes the rows from `first`, a kept place, to the next kept place or the end.
    fn fill_stretch(&mut self, sets: &[u8], response: &[u8], first: usize, stride: usize) {
        let row_len = self.row_len;
        let last = (first + stride).min(response.len());
        let rows = last - first + 1;
        self.stretch.clear();
        self.stretch.resize((rows + 1) * row_len, 0);
        let mut at = last;
        if last.is_multiple_of(stride) && last > first {
            let kept = &self.kept[last / stride * row_len..][..row_len];
            self.stretch[(last - first) * row_len..][..row_len].copy_from_slice(kept);
            at -= 1;
        }
        for at in (first..=at).rev() {
            let (here, next) = self.stretch[(at - first) * row_len..].split_at_mut(row_len);
            fill_row(&self.insts, &self.order, sets, response, at, here, &next[..row_len]);
        }
    }

    /// Walks from the start to the match, always where it can be reached.
    fn walk(&mut self, sets: &[u8], response: &[u8], stride: usize, slots: &mut [u32]) {
        let mut index = 0usize;
        let mut at = 0usize;
        let mut first = 0usize;
        self.fill_stretch(sets, response, first, stride);
        loop {
            if at >= first + stride {
                first = at - at % stride;
                self.fill_stretch(sets, response, first, stride);
            }
            let Inst { kind, depth, values } = self.insts[index];
            let row = &self.stretch[(at - first) * self.row_len..];
            // The value that decides here: that of the innermost atomic group, or of the match.
            let leads = |index: usize| row[(self.insts[index].values + depth) as usize] != 0;
            match kind {
                Kind::Byte(_) | Kind::Set(_) => {
                    at += 1;
                    index += 1;
                }
                Kind::Split { preferred, other } => {
                    index = if leads(preferred as usize) { preferred } else { other } as usize;
                }
                Kind::Jump(target) | Kind::Commit(target) => index = target as usize,
                Kind::Save(slot) => {
                    slots[usize::from(slot)] = at as u32;
                    index += 1;
                }
                Kind::Assert(_) | Kind::Atomic => index += 1,
                // Nothing is captured inside.
                Kind::LookAhead { end, .. } | Kind::LookBehind { end, .. } => index = end as usize,
                Kind::Span(set) => {
                    let reads = response.get(at).is_some_and(|&byte| contains(sets, set, byte));
                    if reads && row[self.row_len + (values + depth) as usize] != 0 {
                        at += 1;
                    } else {
                        index += 1;
                    }
                }
                Kind::SpanLazy(_) => {
                    if leads(index + 1) {
                        index += 1;
                    } else {
                        at += 1;
                    }
                }
                Kind::Match => return,
            }
        }
    }
}

/// Computes the values of all instructions at one place from those at the next; `next` is not read at the end of the response.
fn fill_row(insts: &[Inst], order: &[u32], sets: &[u8], response: &[u8], at: usize, here: &mut [u8], next: &[u8]) {
    let byte = response.get(at).copied();
    let reads = |set: u16| byte.is_some_and(|byte| contains(sets, set, byte));
    for &index in order {
        let Inst { kind, depth, values } = insts[index as usize];
        let own = values as usize;
        let depth = depth as usize;
        let first = |index: u32| insts[index as usize].values as usize;
        let copy = |here: &mut [u8], condition: bool, from: usize, count: usize| {
            for layer in 0..count {
                here[own + layer] = u8::from(condition) & here[from + layer];
            }
        };
        match kind {
            Kind::Byte(_) | Kind::Set(_) => {
                let condition = match kind {
                    Kind::Byte(wanted) => byte == Some(wanted),
                    Kind::Set(set) => reads(set),
                    _ => false,
                };
                for layer in 0..=depth {
                    here[own + layer] = u8::from(condition) & next[first(index + 1) + layer];
                }
            }
            Kind::Split { preferred, other } => {
                let (preferred, other) = (first(preferred), first(other));
                let chosen = if here[preferred + depth] != 0 { preferred } else { other };
                here[own + depth] = here[preferred + depth] | here[other + depth];
                for layer in 0..depth {
                    here[own + layer] = here[chosen + layer];
                }
            }
            Kind::Jump(target) => copy(here, true, first(target), depth + 1),
            Kind::Save(_) | Kind::Atomic => copy(here, true, first(index + 1), depth + 1),
            Kind::Assert(assertion) => copy(here, holds(assertion, response, at), first(index + 1), depth + 1),
            Kind::LookAhead { negated, end } => {
                let found = here[first(index + 1)] != 0;
                copy(here, found != negated, first(end), depth + 1);
            }
            Kind::LookBehind { negated, set, end } => {
                let previous = at.checked_sub(1).map(|at| response[at]);
                let found = previous.is_some_and(|byte| match set {
                    LookBehind::Byte(wanted) => byte == wanted,
                    LookBehind::Set(set) => contains(sets, set, byte),
                });
                copy(here, found != negated, first(end), depth + 1);
            }
            Kind::Commit(target) => {
                here[own + depth] = 1;
                let target = first(target);
                for layer in 0..depth {
                    here[own + layer] = here[target + layer];
                }
            }
            Kind::Span(set) => {
                let goes_on = reads(set) && next[own + depth] != 0;
                let exit = first(index + 1);
                for layer in 0..depth {
                    here[own + layer] = if goes_on { next[own + layer] } else { here[exit + layer] };
                }
                here[own + depth] = u8::from(goes_on) | here[exit + depth];
            }
            Kind::SpanLazy(set) => {
                let goes_on = reads(set) && next[own + depth] != 0;
                let exit = first(index + 1);
                let leaves = here[exit + depth] != 0;
                for layer in 0..depth {
                    here[own + layer] = if leaves { here[exit + layer] } else { u8::from(goes_on) & next[own + layer] };
                }
                here[own + depth] = u8::from(leaves | goes_on);
            }
            Kind::Match => here[own] = 1,
        }
    }
}
