//! Trees to instructions in Perl's order of preference: what the determiniser reads and what capture programs are written from.

use std::collections::HashMap;

use super::ByteSet;
use super::pattern::{Assertion, Direction, Greed, Node, Pattern, is_anchored, length, nullable};

/// The position of an instruction.
pub type Pc = usize;

/// An instruction. Unless it says otherwise, the next one follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inst {
    /// Reads a byte of a set, by number in [`Nfa::sets`].
    Set(usize),
    /// Goes to both, the preferred one first.
    Split {
        /// What is tried first.
        preferred: Pc,
        /// What is tried when that fails.
        other: Pc,
    },
    /// Goes elsewhere.
    Jump(Pc),
    /// Notes the place in a slot: group `n` has slots `2n` and `2n + 1`; slots after those of the last group are starts of iterations.
    Save(usize),
    /// Goes to `exit` when nothing was read since the place in the slot was noted.
    EmptyCheck {
        /// The slot.
        slot: usize,
        /// Where an empty iteration leads.
        exit: Pc,
    },
    /// Goes on if the place is right.
    Assert(Assertion),
    /// The body follows and ends with [`Inst::Match`]; after it `end`.
    Look {
        /// Ahead or behind.
        direction: Direction,
        /// Whether the body must not match.
        negated: bool,
        /// How many bytes a look-behind goes back.
        width: usize,
        /// What follows the body.
        end: Pc,
    },
    /// The body follows and ends with [`Inst::Commit`].
    Atomic,
    /// The end of the innermost atomic group.
    Commit(Pc),
    /// Reads what a group matched.
    BackReference {
        /// The group.
        group: usize,
        /// Whether the case of ASCII letters is ignored.
        caseless: bool,
    },
    /// The pattern or a look-around's body matches.
    Match,
}

/// A pattern as instructions.
#[derive(Clone, Debug)]
pub struct Nfa {
    /// The instructions; the first one is the start, the last one [`Inst::Match`].
    pub insts: Vec<Inst>,
    /// The sets of [`Inst::Set`].
    pub sets: Vec<ByteSet>,
    /// Capture groups.
    pub groups: usize,
    /// Slots: two for each group and group 0, and those of [`Inst::EmptyCheck`].
    pub slots: usize,
    /// Splits that begin a loop over one set: `Split, Set, Jump` back.
    pub spans: Vec<Pc>,
    set_numbers: HashMap<ByteSet, usize>,
}

/// The pattern needs more instructions than anyone's patience allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl TooLarge {
    /// The greatest number of instructions.
    pub const LIMIT: usize = 200_000;
}

impl Nfa {
    /// Compiles a pattern. One that is not anchored begins with a lazy loop over any byte.
    ///
    /// # Errors
    /// When repeat counts make it too large.
    pub fn compile(pattern: &Pattern) -> Result<Self, TooLarge> {
        let groups = pattern.groups as usize;
        let mut nfa = Self {
            insts: Vec::new(),
            sets: Vec::new(),
            groups,
            slots: 2 * (groups + 1),
            spans: Vec::new(),
            set_numbers: HashMap::new(),
        };
        if !is_anchored(&pattern.root) {
            nfa.repeat(0, None, Greed::Lazy, &Node::Set(ByteSet::FULL))?;
        }
        nfa.node(&pattern.root)?;
        nfa.insts.push(Inst::Match);
        Ok(nfa)
    }

    /// Appends an instruction that is read from elsewhere; returns its place.
    pub fn push(&mut self, inst: Inst) -> Pc {
        self.insts.push(inst);
        self.insts.len() - 1
    }

    /// The number of a set.
    pub fn set(&mut self, set: ByteSet) -> usize {
        let next = self.sets.len();
        let number = *self.set_numbers.entry(set).or_insert(next);
        if number == next {
            self.sets.push(set);
        }
        number
    }

    fn here(&self) -> Pc {
        self.insts.len()
    }

    fn node(&mut self, node: &Node) -> Result<(), TooLarge> {
        if self.insts.len() > TooLarge::LIMIT {
            return Err(TooLarge);
        }
        match node {
            Node::Empty => {}
            Node::Set(set) => {
                let number = self.set(*set);
                self.push(Inst::Set(number));
            }
            Node::Concat(nodes) => {
                for node in nodes {
                    self.node(node)?;
                }
            }
            Node::Alternation(nodes) => self.alternation(nodes)?,
            Node::Repeat { min, max, greed: Greed::Possessive, node } => {
                let greedy = Node::Repeat { min: *min, max: *max, greed: Greed::Greedy, node: node.clone() };
                self.atomic(&greedy)?;
            }
            Node::Repeat { min, max, greed, node } => self.repeat(*min, *max, *greed, node)?,
            Node::Capture(group, node) => {
                let group = *group as usize;
                self.push(Inst::Save(2 * group));
                self.node(node)?;
                self.push(Inst::Save(2 * group + 1));
            }
            Node::Look { direction: Direction::Behind, negated, node } => self.look_behind(*negated, node)?,
            Node::Look { direction, negated, node } => self.look(*direction, *negated, 0, node)?,
            Node::Atomic(node) => self.atomic(node)?,
            Node::BackReference { group, caseless } => {
                self.push(Inst::BackReference { group: *group as usize, caseless: *caseless });
            }
            Node::Assert(assertion) => {
                self.push(Inst::Assert(*assertion));
            }
        }
        Ok(())
    }

    fn alternation(&mut self, nodes: &[Node]) -> Result<(), TooLarge> {
        let Some((last, others)) = nodes.split_last() else { return Ok(()) };
        let mut jumps = Vec::new();
        for node in others {
            let split = self.push(Inst::Match);
            self.node(node)?;
            jumps.push(self.push(Inst::Match));
            self.insts[split] = Inst::Split { preferred: split + 1, other: self.here() };
        }
        self.node(last)?;
        for jump in jumps {
            self.insts[jump] = Inst::Jump(self.here());
        }
        Ok(())
    }

    fn repeat(&mut self, min: u32, max: Option<u32>, greed: Greed, node: &Node) -> Result<(), TooLarge> {
        let split = |body, exit| match greed {
            Greed::Lazy => Inst::Split { preferred: exit, other: body },
            Greed::Greedy | Greed::Possessive => Inst::Split { preferred: body, other: exit },
        };
        let Some(max) = max else { return self.unbounded(min, node, split) };
        for _ in 0..min {
            self.node(node)?;
        }
        let mut splits = Vec::new();
        for _ in min..max {
            splits.push(self.push(Inst::Match));
            self.node(node)?;
        }
        for at in splits {
            self.insts[at] = split(at + 1, self.here());
        }
        Ok(())
    }

    fn unbounded(&mut self, min: u32, node: &Node, split: impl Fn(Pc, Pc) -> Inst) -> Result<(), TooLarge> {
        // A loop over one set tests before it reads, whatever its minimum, so that it can be run as one instruction. Other loops
        // with a minimum test after their body: that is smaller, and the iteration that is checked for being empty is the one that
        // PCRE2 checks.
        let single = matches!(node, Node::Set(_));
        for _ in 0..if single { min } else { min.saturating_sub(1) } {
            self.node(node)?;
        }
        let test_first = single || min == 0;
        let head = self.here();
        if test_first {
            if single {
                self.spans.push(head);
            }
            self.push(Inst::Match);
        }
        let check = nullable(node).then(|| {
            let slot = self.slots;
            self.slots += 1;
            self.push(Inst::Save(slot));
            slot
        });
        self.node(node)?;
        let check = check.map(|slot| (slot, self.push(Inst::Match)));
        if test_first {
            self.push(Inst::Jump(head));
            self.insts[head] = split(head + 1, self.here());
        } else {
            let exit = self.here() + 1;
            self.push(split(head, exit));
        }
        if let Some((slot, at)) = check {
            self.insts[at] = Inst::EmptyCheck { slot, exit: self.here() };
        }
        Ok(())
    }

    fn atomic(&mut self, node: &Node) -> Result<(), TooLarge> {
        self.push(Inst::Atomic);
        self.node(node)?;
        let commit = self.push(Inst::Match);
        self.insts[commit] = Inst::Commit(self.here());
        Ok(())
    }

    fn look(&mut self, direction: Direction, negated: bool, width: usize, node: &Node) -> Result<(), TooLarge> {
        let look = self.push(Inst::Match);
        self.node(node)?;
        self.push(Inst::Match);
        self.insts[look] = Inst::Look { direction, negated, width, end: self.here() };
        Ok(())
    }

    /// Branches of a look-behind may differ in width: each becomes a look-behind of its own.
    fn look_behind(&mut self, negated: bool, node: &Node) -> Result<(), TooLarge> {
        let branches = match node {
            Node::Alternation(branches) => &branches[..],
            node => std::slice::from_ref(node),
        };
        let width = |node: &Node| {
            let width = length(node).fixed().expect("the parser lets no other look-behind pass");
            usize::try_from(width).ok().filter(|&width| width <= usize::from(u16::MAX)).ok_or(TooLarge)
        };
        if negated {
            for branch in branches {
                self.look(Direction::Behind, true, width(branch)?, branch)?;
            }
            return Ok(());
        }
        let Some((last, others)) = branches.split_last() else { return Ok(()) };
        let mut jumps = Vec::new();
        for branch in others {
            let split = self.push(Inst::Match);
            self.look(Direction::Behind, false, width(branch)?, branch)?;
            jumps.push(self.push(Inst::Match));
            self.insts[split] = Inst::Split { preferred: split + 1, other: self.here() };
        }
        self.look(Direction::Behind, false, width(last)?, last)?;
        for jump in jumps {
            self.insts[jump] = Inst::Jump(self.here());
        }
        Ok(())
    }
}
