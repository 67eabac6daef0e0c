//! Responses made from patterns: to learn which literals are rare, and to test with.

use super::ByteSet;
use super::pattern::{Direction, Node, Pattern};

/// A small generator of numbers (xorshift64*), so that the same seed gives the same responses everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator; every seed is good.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // The state must not be zero, and near seeds must not give near streams.
        let mut random = Self((seed ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9) | 1);
        random.next();
        random
    }

    /// The next number.
    #[allow(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from((self.next() >> 32) % (limit as u64)).expect("it is below a usize")
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// Text that stands where a pattern says `.*`, as real servers would fill it.
const FILLERS: [&[u8]; 12] = [
    b"Server: example\r\n",
    b"Date: Tue, 12 Mar 2024 10:11:12 GMT\r\n",
    b"Content-Type: text/html; charset=UTF-8\r\n",
    b"Connection: close\r\n",
    b"Content-Length: 1432\r\n",
    b"Cache-Control: no-cache, no-store\r\n",
    b"<html><head><title>",
    b"</title></head><body>",
    b"X-Frame-Options: SAMEORIGIN\r\n",
    b"welcome to the device",
    b" 1.2.3 ",
    b"Last-Modified: Mon, 06 Apr 2020 19:21:16 GMT\r\n",
];

/// A response that the pattern is likely to match. Look-arounds are not obeyed, except that a positive look-ahead is written where
/// nothing else is; a caller that must have a match tests for it.
#[must_use]
pub fn sample(pattern: &Pattern, random: &mut Random) -> Vec<u8> {
    let mut writer = Writer { random, out: Vec::new(), groups: vec![None; pattern.groups as usize + 1] };
    writer.write(&pattern.root);
    writer.out
}

struct Writer<'r> {
    random: &'r mut Random,
    out: Vec<u8>,
    groups: Vec<Option<(usize, usize)>>,
}

/// A sample is not grown beyond this many bytes.
const ENOUGH: usize = 1 << 14;
const EXTRA_REPEATS: u32 = 8;

impl Writer<'_> {
    fn write(&mut self, node: &Node) {
        match node {
            Node::Empty | Node::Assert(_) => {}
            Node::Look { direction: Direction::Ahead, negated: false, node } => {
                // What follows usually reads the same bytes again.
                let len = self.out.len();
                self.write(node);
                if self.random.once_in(2) {
                    self.out.truncate(len);
                }
            }
            Node::Look { .. } => {}
            Node::Set(set) => {
                let byte = self.pick(set);
                self.out.extend(byte);
            }
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.write(node)),
            Node::Alternation(nodes) => {
                let index = self.random.below(nodes.len());
                self.write(&nodes[index]);
            }
            Node::Repeat { min, max, node, .. } => self.repeat(*min, *max, node),
            Node::Capture(group, node) => {
                let start = self.out.len();
                self.write(node);
                self.groups[*group as usize] = Some((start, self.out.len()));
            }
            Node::Atomic(node) => self.write(node),
            Node::BackReference { group, .. } => {
                // A group inside a look-ahead may have been taken back.
                if let Some(Some((start, end))) = self.groups.get(*group as usize)
                    && *end <= self.out.len()
                {
                    self.out.extend_from_within(*start..*end);
                }
            }
        }
    }

    fn repeat(&mut self, min: u32, max: Option<u32>, node: &Node) {
        if let (Node::Set(set), None) = (node, max)
            && set.len() > 128
            && self.random.once_in(2)
        {
            let filler = FILLERS[self.random.below(FILLERS.len())];
            if filler.len() >= min as usize && filler.iter().all(|&byte| set.contains(byte)) {
                self.out.extend_from_slice(filler);
                return;
            }
        }
        let most = max.unwrap_or(u32::MAX).min(min.saturating_add(EXTRA_REPEATS));
        let count = min + u32::try_from(self.random.below((most - min + 1) as usize)).expect("at most EXTRA_REPEATS");
        for _ in 0..count {
            if self.out.len() > ENOUGH {
                break;
            }
            self.write(node);
        }
    }

    /// Mostly bytes that appear in texts.
    fn pick(&mut self, set: &ByteSet) -> Option<u8> {
        let usual = set.intersection(ByteSet::filter(|byte| byte.is_ascii_alphanumeric() || b" .-_".contains(&byte)));
        let from = if usual.is_empty() || self.random.once_in(16) { *set } else { usual };
        if from.is_empty() { None } else { from.iter().nth(self.random.below(from.len())) }
    }
}
