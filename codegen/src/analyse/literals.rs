//! Literals that every match of a pattern must contain.
//!
//! A *requirement* is a set of literals of which at least one stands in every response that matches. Case is folded throughout
//! (ASCII letters in lower case): the prefilter compares folded bytes, so a requirement may be met by more responses than it ought to,
//! never by fewer. A wrong requirement would lose matches; a test holds every line's own generated responses against it.

use super::ByteSet;
use super::pattern::Node;

/// Alternatives, sorted and without duplicates; none of them empty.
pub type Requirement = Vec<Vec<u8>>;

/// More alternatives than this make a requirement useless.
const MAX_ALTERNATIVES: usize = 40;
/// More bytes than this in all alternatives together are not worth their memory.
const MAX_BYTES: usize = 4096;
/// How many requirements are kept while a pattern is walked.
const MAX_REQUIREMENTS: usize = 40;
/// How much of the ends of two neighbours is joined to a literal across their border.
const JOIN: [usize; 2] = [96, 4];

/// All requirements of a pattern that the walk finds, expanding classes of up to four and of up to ten bytes.
#[must_use]
pub fn requirements(root: &Node) -> Vec<Requirement> {
    let mut all = Vec::new();
    for class_limit in [4, 10] {
        for requirement in Found::of(root, class_limit).all() {
            push(&mut all, requirement);
        }
    }
    all
}

/// ASCII letters in lower case.
#[must_use]
pub fn fold(byte: u8) -> u8 {
    byte.to_ascii_lowercase()
}

/// What is known of the texts a node matches.
#[derive(Clone)]
struct Found {
    /// All of them, if they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// How they begin and end, where they are many; the empty text when nothing is known.
    prefixes: Vec<Vec<u8>>,
    suffixes: Vec<Vec<u8>>,
    /// What they contain.
    required: Vec<Requirement>,
}

impl Found {
    fn exactly(texts: Vec<Vec<u8>>) -> Self {
        Self { exact: Some(texts), prefixes: Vec::new(), suffixes: Vec::new(), required: Vec::new() }
    }

    fn nothing() -> Self {
        Self { exact: None, prefixes: vec![Vec::new()], suffixes: vec![Vec::new()], required: Vec::new() }
    }

    fn of(node: &Node, class_limit: usize) -> Self {
        match node {
            Node::Empty | Node::Assert(_) | Node::Look { .. } => Self::exactly(vec![Vec::new()]),
            Node::Set(set) => {
                let folded: ByteSet = set.iter().map(fold).collect();
                if (1..=class_limit).contains(&folded.len()) {
                    Self::exactly(folded.iter().map(|byte| vec![byte]).collect())
                } else {
                    Self::nothing()
                }
            }
            Node::Concat(nodes) => nodes
                .iter()
                .fold(Self::exactly(vec![Vec::new()]), |found, node| found.then(Self::of(node, class_limit))),
            Node::Alternation(nodes) => Self::any(nodes.iter().map(|node| Self::of(node, class_limit)).collect()),
            Node::Repeat { min, max, node, .. } => Self::repeated(Self::of(node, class_limit), *min, *max),
            Node::Capture(_, node) | Node::Atomic(node) => Self::of(node, class_limit),
            Node::BackReference { .. } => Self::nothing(),
        }
    }

    fn prefixes(&self) -> &Vec<Vec<u8>> {
        self.exact.as_ref().unwrap_or(&self.prefixes)
    }

    fn suffixes(&self) -> &Vec<Vec<u8>> {
        self.exact.as_ref().unwrap_or(&self.suffixes)
    }

    fn all(self) -> Vec<Requirement> {
        let mut all = self.required;
        match self.exact {
            Some(exact) => push(&mut all, exact),
            None => {
                push(&mut all, self.prefixes);
                push(&mut all, self.suffixes);
            }
        }
        all
    }

    fn then(self, next: Self) -> Self {
        if let (Some(left), Some(right)) = (&self.exact, &next.exact)
            && let Some(joined) = cross(left, right)
        {
            return Self::exactly(joined);
        }
        let joined = JOIN.iter().find_map(|&len| {
            let left = shortened(self.suffixes(), |text| &text[text.len().saturating_sub(len)..]);
            let right = shortened(next.prefixes(), |text| &text[..text.len().min(len)]);
            cross(&left, &right)
        });
        let prefixes = match &self.exact {
            Some(exact) => cross(exact, next.prefixes()).unwrap_or_else(|| exact.clone()),
            None => self.prefixes.clone(),
        };
        let suffixes = match &next.exact {
            Some(exact) => cross(self.suffixes(), exact).unwrap_or_else(|| exact.clone()),
            None => next.suffixes.clone(),
        };
        let (left_end, right_start) = (self.suffixes().clone(), next.prefixes().clone());
        let mut required = self.required;
        for requirement in next.required {
            push(&mut required, requirement);
        }
        match joined {
            Some(joined) => push(&mut required, joined),
            None => {
                push(&mut required, left_end);
                push(&mut required, right_start);
            }
        }
        if required.len() > MAX_REQUIREMENTS {
            required.sort_by_key(|requirement| (std::cmp::Reverse(least_len(requirement).min(8)), requirement.len()));
            required.truncate(MAX_REQUIREMENTS);
        }
        Self { exact: None, prefixes, suffixes, required }
    }

    fn any(branches: Vec<Self>) -> Self {
        let union = |texts: Vec<Vec<u8>>| {
            let texts = sorted(texts);
            if texts.len() <= MAX_ALTERNATIVES { Some(texts) } else { None }
        };
        if let Some(exact) = branches.iter().map(|branch| branch.exact.clone()).collect::<Option<Vec<_>>>()
            && let Some(exact) = union(exact.concat())
        {
            return Self::exactly(exact);
        }
        let unknown = || vec![Vec::new()];
        let prefixes =
            union(branches.iter().flat_map(|branch| branch.prefixes().clone()).collect()).unwrap_or_else(unknown);
        let suffixes =
            union(branches.iter().flat_map(|branch| branch.suffixes().clone()).collect()).unwrap_or_else(unknown);
        // Every branch must contribute its best.
        let best = branches.into_iter().map(|branch| {
            branch
                .all()
                .into_iter()
                .max_by_key(|requirement| (least_len(requirement).min(6), usize::MAX - requirement.len()))
        });
        let mut required = Vec::new();
        if let Some(best) = best.collect::<Option<Vec<_>>>().and_then(|best| union(best.concat())) {
            push(&mut required, best);
        }
        Self { exact: None, prefixes, suffixes, required }
    }

    fn repeated(once: Self, min: u32, max: Option<u32>) -> Self {
        if max == Some(0) {
            return Self::exactly(vec![Vec::new()]);
        }
        if min == 0 {
            return match once.exact {
                Some(mut exact) if max == Some(1) && exact.len() < MAX_ALTERNATIVES => {
                    exact.push(Vec::new());
                    Self::exactly(sorted(exact))
                }
                _ => Self::nothing(),
            };
        }
        let unrolled = min.min(if once.exact.is_some() { 64 } else { 2 });
        let mut found = once.clone();
        for _ in 1..unrolled {
            found = found.then(once.clone());
        }
        if max == Some(min) && unrolled == min {
            return found;
        }
        // Whatever the further repetitions are, they end as one does.
        let end = once.suffixes().clone();
        let mut found = found.then(Self::nothing());
        found.suffixes = end;
        found
    }
}

/// Every text of `left` followed by every text of `right`, unless that is too much.
fn cross(left: &[Vec<u8>], right: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if left.len() * right.len() > MAX_ALTERNATIVES {
        return None;
    }
    let texts = left.iter().flat_map(|left| right.iter().map(move |right| [&left[..], &right[..]].concat()));
    let texts = sorted(texts.collect());
    if texts.iter().map(Vec::len).sum::<usize>() > MAX_BYTES { None } else { Some(texts) }
}

fn shortened(texts: &[Vec<u8>], part: impl Fn(&[u8]) -> &[u8]) -> Vec<Vec<u8>> {
    sorted(texts.iter().map(|text| part(text).to_vec()).collect())
}

fn sorted(mut texts: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    texts.sort();
    texts.dedup();
    texts
}

fn least_len(requirement: &Requirement) -> usize {
    requirement.iter().map(Vec::len).min().unwrap_or(0)
}

fn push(all: &mut Vec<Requirement>, requirement: Requirement) {
    if least_len(&requirement) > 0 && !all.contains(&requirement) {
        all.push(requirement);
    }
}
