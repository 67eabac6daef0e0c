//! Patterns as trees.

use crate::analyse::ByteSet;

/// A regular expression in the part of PCRE2's dialect that works on bytes, with all options resolved: case is folded into sets, `.` is
/// a set, and `^` and `$` say which of their meanings they have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The tree.
    pub root: Node,
    /// How many capture groups there are; they are numbered from 1.
    pub groups: u32,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Matches without reading.
    Empty,
    /// One byte of a set. The empty set never matches.
    Set(ByteSet),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that leads to a match.
    Alternation(Vec<Node>),
    /// Repetition.
    Repeat {
        /// At least so often.
        min: u32,
        /// At most so often.
        max: Option<u32>,
        /// Which number is tried first, and whether others are tried at all.
        greed: Greed,
        /// What is repeated.
        node: Box<Node>,
    },
    /// A capture group.
    Capture(u32, Box<Node>),
    /// A look-around.
    Look {
        /// Ahead or behind.
        direction: Direction,
        /// `(?!…)`, `(?<!…)`.
        negated: bool,
        /// What is looked for.
        node: Box<Node>,
    },
    /// `(?>…)`: its first way to match is its only one.
    Atomic(Box<Node>),
    /// `\1`: what a group matched. A group that took no part never matches.
    BackReference {
        /// The group.
        group: u32,
        /// Under the option `i`.
        caseless: bool,
    },
    /// A condition on the place.
    Assert(Assertion),
}

/// The preference of a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greed {
    /// `*`: as often as possible first.
    Greedy,
    /// `*?`: as seldom as possible first.
    Lazy,
    /// `*+`: as often as possible, and nothing else.
    Possessive,
}

/// Where a look-around looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `(?=…)`
    Ahead,
    /// `(?<=…)`
    Behind,
}

/// A condition on the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assertion {
    /// `^`, `\A`, `\G`
    Start,
    /// `\z`
    End,
    /// `$`, `\Z`: the end, or before a line feed that is the last byte.
    Dollar,
    /// `\b`
    Word,
    /// `\B`
    NotWord,
    /// `^` under `(?m)`
    LineStart,
    /// `$` under `(?m)`
    LineEnd,
}

impl Node {
    /// A concatenation without needless levels.
    #[must_use]
    pub fn concat(mut nodes: Vec<Self>) -> Self {
        match nodes.len() {
            0 => Self::Empty,
            1 => nodes.remove(0),
            _ => Self::Concat(nodes),
        }
    }

    /// An alternation without needless levels.
    #[must_use]
    pub fn alternation(mut nodes: Vec<Self>) -> Self {
        if nodes.len() == 1 { nodes.remove(0) } else { Self::Alternation(nodes) }
    }

    /// Calls `visit` for this node and every node in it, parents first.
    pub fn walk(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        match self {
            Self::Concat(nodes) | Self::Alternation(nodes) => nodes.iter().for_each(|node| node.walk(visit)),
            Self::Repeat { node, .. } | Self::Capture(_, node) | Self::Look { node, .. } | Self::Atomic(node) => {
                node.walk(visit);
            }
            Self::Empty | Self::Set(_) | Self::BackReference { .. } | Self::Assert(_) => {}
        }
    }
}
