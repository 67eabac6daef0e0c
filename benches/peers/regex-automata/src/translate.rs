//! Patterns as trees of regex-syntax: its own syntax means other things by `$`, `\s`, `\v` and octal escapes.

use portprint_codegen::analyse::pattern::{Assertion, Greed, Node};
use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, Hir, Look, Repetition};

/// The tree, or none when regex-syntax has no node for something in the pattern.
pub(crate) fn translate(root: &Node) -> Option<Hir> {
    node(root, true)
}

/// `last`: nothing that reads, tests or captures stands behind or around the node.
fn node(it: &Node, last: bool) -> Option<Hir> {
    Some(match it {
        Node::Empty => Hir::empty(),
        Node::Set(set) => Hir::class(Class::Bytes(ClassBytes::new(
            set.ranges().into_iter().map(|(first, last)| ClassBytesRange::new(first, last)),
        ))),
        Node::Concat(nodes) => {
            let count = nodes.len();
            let parts = nodes.iter().enumerate().map(|(index, it)| node(it, last && index + 1 == count));
            Hir::concat(parts.collect::<Option<_>>()?)
        }
        Node::Alternation(nodes) => Hir::alternation(nodes.iter().map(|it| node(it, last)).collect::<Option<_>>()?),
        Node::Repeat { greed: Greed::Possessive, .. } => return None,
        Node::Repeat { min, max, greed, node: it } => Hir::repetition(Repetition {
            min: *min,
            max: *max,
            greedy: *greed == Greed::Greedy,
            sub: Box::new(node(it, false)?),
        }),
        Node::Capture(index, it) => {
            Hir::capture(Capture { index: *index, name: None, sub: Box::new(node(it, false)?) })
        }
        Node::Assert(Assertion::Start) => Hir::look(Look::Start),
        Node::Assert(Assertion::End) => Hir::look(Look::End),
        // Also before a last line feed: the match then takes that in, which no group sees.
        Node::Assert(Assertion::Dollar) if last => {
            let line_feed = Hir::literal(*b"\n");
            let perhaps = Repetition { min: 0, max: Some(1), greedy: true, sub: Box::new(line_feed) };
            Hir::concat(vec![Hir::repetition(perhaps), Hir::look(Look::End)])
        }
        Node::Assert(_) | Node::Look { .. } | Node::Atomic(_) | Node::BackReference { .. } => return None,
    })
}
