//! Patterns that match more than others, and are easier to decide.

use super::ast::{Greed, Node, Pattern};
use crate::analyse::ByteSet;

/// Repeat counts beyond this are not counted.
const COUNTED: u32 = 8;

/// A pattern that matches wherever this one does, without what an automaton cannot decide or only with too many states: back-references
/// stand for any text, atomic groups are plain groups, look-arounds are not looked at, and large repeat counts are not counted.
pub(crate) fn relaxed(pattern: &Pattern) -> Pattern {
    Pattern { root: node(&pattern.root), groups: pattern.groups }
}

fn node(it: &Node) -> Node {
    let all = |nodes: &[Node]| nodes.iter().map(node).collect();
    match it {
        Node::BackReference { .. } => {
            let any = Box::new(Node::Set(ByteSet::FULL));
            Node::Repeat { min: 0, max: None, greed: Greed::Greedy, node: any }
        }
        Node::Look { .. } => Node::Empty,
        Node::Atomic(inner) | Node::Capture(_, inner) => node(inner),
        Node::Concat(nodes) => Node::Concat(all(nodes)),
        Node::Alternation(nodes) => Node::Alternation(all(nodes)),
        Node::Repeat { min, max, node: inner, .. } => Node::Repeat {
            min: (*min).min(COUNTED),
            max: max.filter(|max| *max <= COUNTED),
            greed: Greed::Greedy,
            node: Box::new(node(inner)),
        },
        Node::Empty | Node::Set(_) | Node::Assert(_) => it.clone(),
    }
}
