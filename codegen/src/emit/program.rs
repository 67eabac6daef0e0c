//! Instructions to bytes, see [`portprint_tables::code::program`].

use std::collections::{BTreeMap, BTreeSet};

use portprint_tables::code::program as op;

use super::sets::{SetTable, TooMany};
use crate::analyse::nfa::{Inst, Nfa, Pc};
use crate::analyse::pattern::{Assertion, Direction};

/// A capture program and what is said of it.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    pub(crate) code: Vec<u8>,
    /// It can only be run by backtracking under a bound.
    pub(crate) bounded: bool,
}

/// Encodes a pattern's instructions. Groups that are not in `wanted`, and not referred back to, are left out.
pub(crate) fn encode(nfa: &Nfa, wanted: &BTreeSet<usize>, sets: &mut SetTable) -> Result<Encoded, TooMany> {
    Encoder::new(nfa, wanted).run(sets)
}

struct Encoder<'n> {
    nfa: &'n Nfa,
    /// Whether each slot is written.
    kept: Vec<bool>,
    /// For each group that refers to itself, the slot in which it starts.
    spare: BTreeMap<usize, usize>,
    /// Instructions that are jumped to; they start an operation of their own.
    targets: Vec<bool>,
    /// Where each instruction's code starts.
    places: Vec<usize>,
    fixups: Vec<(usize, Pc)>,
    code: Vec<u8>,
}

impl<'n> Encoder<'n> {
    fn new(nfa: &'n Nfa, wanted: &BTreeSet<usize>) -> Self {
        let mut kept = vec![true; nfa.slots];
        let referred: BTreeSet<usize> = nfa
            .insts
            .iter()
            .filter_map(|inst| match inst {
                Inst::BackReference { group, .. } => Some(*group),
                _ => None,
            })
            .collect();
        for (slot, kept) in kept.iter_mut().enumerate().take(2 * (nfa.groups + 1)) {
            *kept = wanted.contains(&(slot / 2)) || referred.contains(&(slot / 2));
        }
        let mut targets = vec![false; nfa.insts.len() + 1];
        for inst in &nfa.insts {
            match inst {
                Inst::Split { preferred, other } => {
                    targets[*preferred] = true;
                    targets[*other] = true;
                }
                Inst::Jump(target) | Inst::Commit(target) => targets[*target] = true,
                Inst::EmptyCheck { exit, .. } => targets[*exit] = true,
                Inst::Look { end, .. } => targets[*end] = true,
                _ => {}
            }
        }
        let spare = self_referring(nfa).into_iter().zip(nfa.slots..).collect();
        Self { nfa, kept, spare, targets, places: vec![0; nfa.insts.len() + 1], fixups: Vec::new(), code: Vec::new() }
    }

    fn run(mut self, sets: &mut SetTable) -> Result<Encoded, TooMany> {
        let mut pc = 0;
        while pc < self.nfa.insts.len() {
            self.places[pc] = self.code.len();
            pc = self.inst(pc, sets)?;
        }
        for (at, pc) in std::mem::take(&mut self.fixups) {
            let bytes = u32::try_from(self.places[pc]).expect("programs are limited").to_le_bytes();
            self.code[at..at + op::TARGET_SIZE].copy_from_slice(&bytes[..op::TARGET_SIZE]);
        }
        let bounded = is_bounded(self.nfa, &self.kept);
        let mut header = Vec::with_capacity(op::HEADER_SIZE + self.code.len());
        header.extend(u16::try_from(self.nfa.slots + self.spare.len()).unwrap_or(u16::MAX).to_le_bytes());
        header.push(if bounded { op::BOUNDED } else { 0 });
        header.extend(&u32::try_from(self.code.len()).expect("programs are limited").to_le_bytes()[..3]);
        header.extend(self.code);
        Ok(Encoded { code: header, bounded })
    }

    /// Writes the instruction at `pc`; returns the next one to write.
    fn inst(&mut self, pc: Pc, sets: &mut SetTable) -> Result<Pc, TooMany> {
        match &self.nfa.insts[pc] {
            Inst::Set(number) => {
                if let Some(next) = self.literal(pc) {
                    return Ok(next);
                }
                match self.nfa.sets[*number].single() {
                    Some(byte) => self.code.extend([op::BYTE, byte]),
                    None => {
                        self.code.push(op::SET);
                        self.code.extend(sets.number(self.nfa.sets[*number])?.to_le_bytes());
                    }
                }
            }
            Inst::Split { preferred, other } if self.nfa.spans.binary_search(&pc).is_ok() => {
                let Inst::Set(number) = &self.nfa.insts[pc + 1] else { unreachable!("spans are loops over a set") };
                self.code.push(if preferred < other { op::SPAN } else { op::SPAN_LAZY });
                self.code.extend(sets.number(self.nfa.sets[*number])?.to_le_bytes());
                // Split, set and jump are one operation; nothing else leads into it.
                return Ok(pc + 3);
            }
            Inst::Split { preferred, other } if *preferred == pc + 1 => self.op_with_target(op::SPLIT, *other),
            Inst::Split { preferred, other } if *other == pc + 1 => self.op_with_target(op::SPLIT_LAZY, *preferred),
            Inst::Split { preferred, other } => {
                self.op_with_target(op::SPLIT_LAZY, *preferred);
                self.op_with_target(op::JUMP, *other);
            }
            Inst::Jump(target) => self.op_with_target(op::JUMP, *target),
            Inst::Save(slot) => {
                let spare = if *slot < 2 * (self.nfa.groups + 1) { self.spare.get(&(slot / 2)).copied() } else { None };
                match spare {
                    Some(spare) if slot % 2 == 0 => {
                        self.code.push(op::SAVE);
                        self.slot(spare);
                    }
                    _ if self.kept[*slot] => {
                        if let Some(spare) = spare {
                            self.code.push(op::COPY);
                            self.slot(spare);
                            self.slot(slot - 1);
                        }
                        self.code.push(op::SAVE);
                        self.slot(*slot);
                    }
                    _ => {}
                }
            }
            Inst::EmptyCheck { slot, exit } => {
                self.code.push(op::EMPTY_CHECK);
                self.slot(*slot);
                self.target(*exit);
            }
            Inst::Assert(assertion) => self.code.extend([op::ASSERT, assertion_number(*assertion)]),
            Inst::Look { direction: Direction::Ahead, negated, end, .. } => {
                self.code.extend([op::LOOK_AHEAD, u8::from(*negated)]);
                self.target(*end);
            }
            Inst::Look { direction: Direction::Behind, negated, width, end } => {
                self.code.extend([op::LOOK_BEHIND, u8::from(*negated)]);
                self.code.extend(u16::try_from(*width).expect("the compiler limits it").to_le_bytes());
                self.target(*end);
            }
            Inst::Atomic => self.code.push(op::ATOMIC),
            Inst::Commit(target) => self.op_with_target(op::COMMIT, *target),
            Inst::BackReference { group, caseless } => {
                self.code.push(op::BACK_REFERENCE);
                self.slot(*group);
                self.code.push(u8::from(*caseless));
            }
            Inst::Match => self.code.push(op::MATCH),
        }
        Ok(pc + 1)
    }

    /// At least two single bytes in a row, of which only the first may be jumped to.
    fn literal(&mut self, pc: Pc) -> Option<Pc> {
        let single = |pc: Pc| match self.nfa.insts.get(pc) {
            Some(Inst::Set(number)) => self.nfa.sets[*number].single(),
            _ => None,
        };
        let mut bytes = vec![single(pc)?];
        while bytes.len() < usize::from(u8::MAX)
            && let Some(byte) = single(pc + bytes.len())
            && !self.targets[pc + bytes.len()]
        {
            bytes.push(byte);
        }
        if bytes.len() < 2 {
            return None;
        }
        self.code.extend([op::LITERAL, u8::try_from(bytes.len()).expect("runs are cut")]);
        self.code.extend(&bytes);
        Some(pc + bytes.len())
    }

    fn op_with_target(&mut self, op: u8, target: Pc) {
        self.code.push(op);
        self.target(target);
    }

    fn target(&mut self, target: Pc) {
        self.fixups.push((self.code.len(), target));
        self.code.extend([0; op::TARGET_SIZE]);
    }

    fn slot(&mut self, slot: usize) {
        self.code.extend(u16::try_from(slot).unwrap_or(u16::MAX).to_le_bytes());
    }
}

fn assertion_number(assertion: Assertion) -> u8 {
    match assertion {
        Assertion::Start => op::ASSERT_START,
        Assertion::End => op::ASSERT_END,
        Assertion::Dollar => op::ASSERT_DOLLAR,
        Assertion::Word => op::ASSERT_WORD,
        Assertion::NotWord => op::ASSERT_NOT_WORD,
        Assertion::LineStart => op::ASSERT_LINE_START,
        Assertion::LineEnd => op::ASSERT_LINE_END,
    }
}

/// Whether the linear method cannot run the program: it must know, from an instruction and a place alone, what happens there.
fn is_bounded(nfa: &Nfa, kept: &[bool]) -> bool {
    let mut look_aheads: Vec<Pc> = Vec::new();
    nfa.insts.iter().enumerate().any(|(pc, inst)| {
        look_aheads.retain(|&end| end > pc);
        match inst {
            Inst::BackReference { .. } | Inst::EmptyCheck { .. } => true,
            Inst::Look { direction: Direction::Behind, width, .. } => {
                *width != 1 || !matches!(nfa.insts[pc + 1], Inst::Set(_))
            }
            Inst::Look { end, .. } => {
                look_aheads.push(*end);
                false
            }
            // It does not walk into look-aheads, so it would miss what they capture.
            Inst::Save(slot) => kept[*slot] && !look_aheads.is_empty(),
            _ => false,
        }
    })
}

/// The groups with a back-reference to themselves inside.
fn self_referring(nfa: &Nfa) -> BTreeSet<usize> {
    let mut open = BTreeSet::new();
    let mut found = BTreeSet::new();
    for inst in &nfa.insts {
        match inst {
            Inst::Save(slot) if *slot < 2 * (nfa.groups + 1) && slot % 2 == 0 => {
                open.insert(slot / 2);
            }
            Inst::Save(slot) if *slot < 2 * (nfa.groups + 1) => {
                open.remove(&(slot / 2));
            }
            Inst::BackReference { group, .. } if open.contains(group) => {
                found.insert(*group);
            }
            _ => {}
        }
    }
    found
}
