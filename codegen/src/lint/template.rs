//! Templates that never give a value, whatever the response (nmap's book, "nmap-service-probes file format", on versioninfo).

use std::fmt;

use crate::analyse::pattern::{Node, Pattern, length};
use crate::parse::{Part, Template};

/// Why a template never gives a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A variable that there is not, or one with wrong arguments.
    BadVariable,
    /// The pattern has no such group.
    NoGroup(u8),
    /// The group never takes part in a match: it stands in a negated look-around, or under a repetition of no times.
    GroupTakesNoPart(u8),
    /// `$I` of a group that always has more than eight bytes.
    NumberTooLong(u8),
    /// It is always longer than the field may be: at least so many bytes, where so many are kept.
    TooLong {
        /// At least so many.
        least: u64,
        /// At most so many fit.
        most: u64,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadVariable => f.write_str("it holds a variable that is none"),
            Self::NoGroup(group) => write!(f, "the pattern has no group {group}"),
            Self::GroupTakesNoPart(group) => write!(f, "group {group} never takes part in a match"),
            Self::NumberTooLong(group) => write!(f, "group {group} always has more than 8 bytes, too many for $I"),
            Self::TooLong { least, most } => write!(f, "it has {least} bytes at least, and {most} fit"),
        }
    }
}

/// Why a template never gives a value, if it never does.
pub(super) fn always_fails(template: &Template, pattern: &Pattern) -> Option<Why> {
    let size = template.field.capacity() as u64;
    // The least that stands there so far.
    let mut least = 0;
    let mut parts = template.parts.iter().peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let (added, most) = match part {
            Part::Fail => return Some(Why::BadVariable),
            Part::Literal(text) => (text.len() as u64, if is_last { size - 1 } else { size }),
            Part::Group(group) | Part::Printable(group) | Part::Substitute { group, .. } => {
                let facts = match facts(pattern, *group) {
                    Ok(facts) => facts,
                    Err(why) => return Some(why),
                };
                // The others may leave bytes out.
                (if matches!(part, Part::Group(_)) { facts.value } else { 0 }, size - 2)
            }
            Part::Integer { group, .. } => match facts(pattern, *group) {
                Ok(facts) if facts.bytes > 8 => return Some(Why::NumberTooLong(*group)),
                Ok(_) => (1, size - 2),
                Err(why) => return Some(why),
            },
        };
        least += added;
        if least > most {
            return Some(Why::TooLong { least, most });
        }
    }
    None
}

/// The least that a group holds.
struct Facts {
    bytes: u64,
    /// As it is written into a field: up to its first NUL.
    value: u64,
}

fn facts(pattern: &Pattern, group: u8) -> Result<Facts, Why> {
    let mut found: Option<Facts> = None;
    let mut is_there = false;
    search(&pattern.root, false, &mut |number, node, is_negated| {
        if number != u32::from(group) {
            return;
        }
        is_there = true;
        if is_negated {
            return;
        }
        let bytes = length(node).min;
        let mut has_nul = false;
        node.walk(&mut |part| has_nul |= matches!(part, Node::Set(set) if set.contains(0)));
        let value = if has_nul { 0 } else { bytes };
        let known = found.take().unwrap_or(Facts { bytes, value });
        found = Some(Facts { bytes: known.bytes.min(bytes), value: known.value.min(value) });
    });
    found.ok_or(if is_there { Why::GroupTakesNoPart(group) } else { Why::NoGroup(group) })
}

/// Tells of every group, and whether it stands in a negated look-around.
fn search(node: &Node, is_negated: bool, tell: &mut impl FnMut(u32, &Node, bool)) {
    match node {
        Node::Capture(number, inner) => {
            tell(*number, inner, is_negated);
            search(inner, is_negated, tell);
        }
        Node::Look { negated, node, .. } => search(node, is_negated || *negated, tell),
        Node::Concat(nodes) | Node::Alternation(nodes) => nodes.iter().for_each(|it| search(it, is_negated, tell)),
        Node::Repeat { max: Some(0), node, .. } => search(node, true, tell),
        Node::Repeat { node, .. } | Node::Atomic(node) => search(node, is_negated, tell),
        Node::Empty | Node::Set(_) | Node::BackReference { .. } | Node::Assert(_) => {}
    }
}
