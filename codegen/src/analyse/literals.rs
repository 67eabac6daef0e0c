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

/// All requirements of a pattern that the walks find. The first takes what can only be one text, the others expand classes and
/// alternatives too, so that there are few long literals and many short ones to choose from.
#[must_use]
pub fn requirements(root: &Node) -> Vec<Requirement> {
    const WALKS: [Walk; 3] = [
        Walk { class_limit: 1, joined: 1 },
        Walk { class_limit: 4, joined: MAX_ALTERNATIVES },
        Walk { class_limit: 10, joined: MAX_ALTERNATIVES },
    ];
    let mut all = Vec::new();
    for walk in WALKS {
        for requirement in Found::of(root, walk).all() {
            push(&mut all, requirement);
        }
    }
    all
}

/// How far a walk goes.
#[derive(Clone, Copy)]
struct Walk {
    /// Classes of so many bytes are expanded.
    class_limit: usize,
    /// Neighbours are joined while that makes so many texts.
    joined: usize,
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

    fn of(node: &Node, walk: Walk) -> Self {
        match node {
            Node::Empty | Node::Assert(_) | Node::Look { .. } => Self::exactly(vec![Vec::new()]),
            Node::Set(set) => {
                let folded: ByteSet = set.iter().map(fold).collect();
                if (1..=walk.class_limit).contains(&folded.len()) {
                    Self::exactly(folded.iter().map(|byte| vec![byte]).collect())
                } else {
                    Self::nothing()
                }
            }
            Node::Concat(nodes) => Self::concat(nodes.iter().map(|node| Self::of(node, walk)), walk),
            Node::Alternation(nodes) => Self::any(nodes.iter().map(|node| Self::of(node, walk)).collect()),
            Node::Repeat { min, max, node, .. } => Self::repeated(Self::of(node, walk), *min, *max, walk),
            Node::Capture(_, node) | Node::Atomic(node) => Self::of(node, walk),
            Node::BackReference { .. } => Self::nothing(),
        }
    }

    /// Neighbours that are known whole become one first: otherwise every byte of a literal would leave what ends with it.
    fn concat(nodes: impl Iterator<Item = Self>, walk: Walk) -> Self {
        let empty = || vec![Vec::new()];
        let mut found = Self::exactly(empty());
        let mut run = empty();
        for node in nodes {
            match node.exact.as_ref().and_then(|exact| cross(&run, exact, walk)) {
                Some(longer) => run = longer,
                None => {
                    let before = Self::exactly(std::mem::replace(&mut run, empty()));
                    found = found.then(before, walk).then(node, walk);
                }
            }
        }
        found.then(Self::exactly(run), walk)
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

    fn then(self, next: Self, walk: Walk) -> Self {
        if let (Some(left), Some(right)) = (&self.exact, &next.exact)
            && let Some(joined) = cross(left, right, walk)
        {
            return Self::exactly(joined);
        }
        let joined = JOIN.iter().find_map(|&len| {
            let left = shortened(self.suffixes(), |text| &text[text.len().saturating_sub(len)..]);
            let right = shortened(next.prefixes(), |text| &text[..text.len().min(len)]);
            cross(&left, &right, walk)
        });
        let prefixes = match &self.exact {
            Some(exact) => cross(exact, next.prefixes(), walk).unwrap_or_else(|| exact.clone()),
            None => self.prefixes.clone(),
        };
        let suffixes = match &next.exact {
            Some(exact) => cross(self.suffixes(), exact, walk).unwrap_or_else(|| exact.clone()),
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

    fn repeated(once: Self, min: u32, max: Option<u32>, walk: Walk) -> Self {
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
            found = found.then(once.clone(), walk);
        }
        if max == Some(min) && unrolled == min {
            return found;
        }
        // Whatever the further repetitions are, they end as one does.
        let end = once.suffixes().clone();
        let mut found = found.then(Self::nothing(), walk);
        found.suffixes = end;
        found
    }
}

/// Every text of `left` followed by every text of `right`, unless that is too much.
fn cross(left: &[Vec<u8>], right: &[Vec<u8>], walk: Walk) -> Option<Vec<Vec<u8>>> {
    if left.len() * right.len() > walk.joined {
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
    if least_len(&requirement) > 0 && !all.iter().any(|known| says_more(known, &requirement)) {
        all.retain(|known| !says_more(&requirement, known));
        all.push(requirement);
    }
}

/// Whether the second is met wherever the first is, and has nothing to choose from that the first has not.
fn says_more(first: &Requirement, second: &Requirement) -> bool {
    let contains = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|window| window == part);
    first.len() <= second.len() && first.iter().all(|text| second.iter().any(|part| contains(text, part)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::pattern;

    fn requirements_of(text: &str) -> Vec<Vec<String>> {
        let root = pattern::parse(text.as_bytes(), false, true).expect("the pattern is good").root;
        let text = |literal: &Vec<u8>| String::from_utf8(literal.clone()).expect("it is text");
        requirements(&root).iter().map(|requirement| requirement.iter().map(text).collect()).collect()
    }

    #[test]
    fn what_patterns_require() {
        let cases: [(&str, &[&[&str]]); 6] = [
            ("^abc", &[&["abc"]]),
            ("^Abc.*DEF", &[&["abc"], &["def"]]),
            (r"^a\w\n?xyz$", &[&["a"], &["xyz"]]),
            // One short literal may be cheaper than two long ones; two short ones that the long ones contain are not.
            ("one(?:two|three)x", &[&["one"], &["x"], &["onethreex", "onetwox"]]),
            ("(?:abc)+", &[&["abc"]]),
            ("(?:abc)?", &[]),
        ];
        for (pattern, expected) in cases {
            assert_eq!(requirements_of(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn a_long_pattern_keeps_its_last_literal() {
        let headers: String = (0..30).map(|number| format!(r"X-Header-Number-{number}: [^\r\n]+\r\n")).collect();
        let all =
            requirements_of(&format!("^HTTP/1\\.[01] \\d\\d\\d .*\r\n{headers}.*<title>The Page of a Product</title>"));
        assert!(all.contains(&vec!["<title>the page of a product</title>".to_owned()]), "{all:?}");
        assert!(all.iter().any(|one| one.contains(&"\r\nx-header-number-29: ".to_owned())), "{all:?}");
    }
}
