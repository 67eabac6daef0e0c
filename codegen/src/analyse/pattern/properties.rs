//! What can be said of a pattern without running it.

use super::{Assertion, Direction, Greed, Node};
use crate::analyse::ByteSet;

/// The least and the greatest number of bytes that a node reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// The least.
    pub min: u64,
    /// The greatest; none when there is no bound.
    pub max: Option<u64>,
}

impl Length {
    /// The width, if there is only one.
    #[must_use]
    pub fn fixed(self) -> Option<u64> {
        self.max.filter(|&max| max == self.min)
    }
}

/// How many bytes a node reads.
#[must_use]
pub fn length(node: &Node) -> Length {
    let sum = |left: Length, right: Length| Length {
        min: left.min.saturating_add(right.min),
        max: left.max.zip(right.max).map(|(left, right)| left.saturating_add(right)),
    };
    match node {
        Node::Empty | Node::Assert(_) | Node::Look { .. } => Length { min: 0, max: Some(0) },
        Node::Set(_) => Length { min: 1, max: Some(1) },
        Node::Concat(nodes) => nodes.iter().map(length).fold(Length { min: 0, max: Some(0) }, sum),
        Node::Alternation(nodes) => nodes
            .iter()
            .map(length)
            .reduce(|left, right| Length {
                min: left.min.min(right.min),
                max: left.max.zip(right.max).map(|(left, right)| left.max(right)),
            })
            .unwrap_or(Length { min: 0, max: Some(0) }),
        Node::Capture(_, node) | Node::Atomic(node) => length(node),
        Node::Repeat { min, max, node, .. } => {
            let once = length(node);
            Length {
                min: once.min.saturating_mul(u64::from(*min)),
                max: match (once.max, max) {
                    (Some(0), _) => Some(0),
                    (Some(once), Some(max)) => Some(once.saturating_mul(u64::from(*max))),
                    _ => None,
                },
            }
        }
        Node::BackReference { .. } => Length { min: 0, max: None },
    }
}

/// Whether a node can match without reading a byte.
#[must_use]
pub fn nullable(node: &Node) -> bool {
    length(node).min == 0
}

/// Whether PCRE2 says of the whole pattern that it may match an empty string; nmap refuses such a line.
#[must_use]
pub fn may_match_empty(root: &Node) -> bool {
    nullable(root)
}

/// Whether every match starts at the response's start.
#[must_use]
pub fn is_anchored(node: &Node) -> bool {
    match node {
        Node::Assert(Assertion::Start) => true,
        Node::Concat(nodes) => {
            for node in nodes {
                if is_anchored(node) {
                    return true;
                }
                if length(node).max != Some(0) {
                    return false;
                }
            }
            false
        }
        Node::Alternation(nodes) => nodes.iter().all(is_anchored),
        Node::Capture(_, node) | Node::Atomic(node) => is_anchored(node),
        Node::Repeat { min, node, .. } => *min > 0 && is_anchored(node),
        _ => false,
    }
}

/// Appends the sets that the first bytes of every match belong to, at most up to `limit` of them; tells whether more could follow at a
/// fixed place.
pub fn fixed_prefix(node: &Node, limit: usize, sets: &mut Vec<ByteSet>) -> bool {
    if sets.len() >= limit {
        return false;
    }
    match node {
        Node::Empty | Node::Assert(_) | Node::Look { .. } => true,
        Node::Set(set) => {
            sets.push(*set);
            true
        }
        Node::Concat(nodes) => nodes.iter().all(|node| fixed_prefix(node, limit, sets)),
        Node::Capture(_, node) | Node::Atomic(node) => fixed_prefix(node, limit, sets),
        Node::Alternation(nodes) => {
            let mut goes_on = true;
            let mut merged: Option<Vec<ByteSet>> = None;
            for node in nodes {
                let mut branch = Vec::new();
                goes_on &= fixed_prefix(node, limit - sets.len(), &mut branch);
                merged = Some(match merged {
                    None => branch,
                    Some(others) => {
                        goes_on &= others.len() == branch.len();
                        others.into_iter().zip(branch).map(|(left, right)| left.union(right)).collect()
                    }
                });
            }
            sets.extend(merged.unwrap_or_default());
            goes_on
        }
        Node::Repeat { min, max, node, .. } => {
            for _ in 0..*min {
                if !fixed_prefix(node, limit, sets) {
                    return false;
                }
            }
            *max == Some(*min)
        }
        Node::BackReference { .. } => false,
    }
}

/// The constructs of a pattern that decide how it can be matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// `\1`
    pub back_references: bool,
    /// `(?=…)`, `(?!…)`
    pub look_ahead: bool,
    /// `(?<=…)`, `(?<!…)`
    pub look_behind: bool,
    /// `(?>…)`
    pub atomic: bool,
    /// `*+`
    pub possessive: bool,
    /// `\b`, `\B`
    pub word_boundary: bool,
    /// `^` and `$` under `(?m)`
    pub line_boundary: bool,
    /// `$`, `\Z`
    pub dollar: bool,
    /// A repetition without bound of something that can be empty.
    pub empty_loop: bool,
}

/// The constructs of a pattern.
#[must_use]
pub fn features(root: &Node) -> Features {
    let mut features = Features::default();
    root.walk(&mut |node| match node {
        Node::BackReference { .. } => features.back_references = true,
        Node::Look { direction: Direction::Ahead, .. } => features.look_ahead = true,
        Node::Look { direction: Direction::Behind, .. } => features.look_behind = true,
        Node::Atomic(_) => features.atomic = true,
        Node::Assert(Assertion::Word | Assertion::NotWord) => features.word_boundary = true,
        Node::Assert(Assertion::LineStart | Assertion::LineEnd) => features.line_boundary = true,
        Node::Assert(Assertion::Dollar) => features.dollar = true,
        Node::Repeat { greed, max, node, .. } => {
            features.possessive |= *greed == Greed::Possessive;
            features.empty_loop |= max.is_none() && nullable(node);
        }
        _ => {}
    });
    features
}
