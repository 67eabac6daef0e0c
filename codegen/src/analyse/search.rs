//! A walk in breadth through states that are found on the way, which can spell the bytes that led somewhere.

use std::hash::Hash;

use rustc_hash::FxHashSet;

/// The states that were reached, in the order in which they were.
#[derive(Debug)]
pub(crate) struct Search<S> {
    seen: FxHashSet<S>,
    /// Each knows from where it was reached, and on which byte.
    queue: Vec<(S, Option<usize>, u8)>,
    at: usize,
}

impl<S: Clone + Eq + Hash> Search<S> {
    pub(crate) fn new(start: S) -> Self {
        Self { seen: std::iter::once(start.clone()).collect(), queue: vec![(start, None, 0)], at: 0 }
    }

    /// The next state to go on from, and its place.
    pub(crate) fn take(&mut self) -> Option<(S, usize)> {
        let (state, ..) = self.queue.get(self.at)?;
        self.at += 1;
        Some((state.clone(), self.at - 1))
    }

    /// A state that a byte leads to, from a place. Nothing if it was reached before.
    pub(crate) fn reach(&mut self, state: S, from: usize, byte: u8) {
        if self.seen.insert(state.clone()) {
            self.queue.push((state, Some(from), byte));
        }
    }

    /// How many states were reached.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// The bytes that led to a place: as few as can be.
    pub(crate) fn spell(&self, mut at: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let (_, Some(from), byte) = self.queue[at] {
            bytes.push(byte);
            at = from;
        }
        bytes.reverse();
        bytes
    }
}
