//! What of a scan is done, so that another run can go on with the rest.
//!
//! Targets and seed settle the order of ports, so a port is told by its place in that order: the window of [targets](crate::targets),
//! and the position in it. What is done is mostly a beginning of the order, so it is kept as ranges: there are never more of them than
//! ports that had begun and not ended. Targets of streams are settled by what was read, so each window is known by its digest.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;

use crate::permutation::mix;
use crate::{Target, WINDOW};

/// Where a port stands in the order of a scan.
///
/// It is a range: ports before it that belong to another [shard](crate::Shard) are taken with it, so that no gaps stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub(crate) window: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Place {
    /// Some neighbours in a window. `None`: the range is empty.
    #[must_use]
    pub fn new(window: u64, positions: RangeInclusive<u64>) -> Option<Self> {
        (!positions.is_empty()).then(|| Self { window, first: *positions.start(), last: *positions.end() })
    }

    /// The window: 0 is that of the targets that were added, those of streams follow.
    #[must_use]
    pub fn window(self) -> u64 {
        self.window
    }

    /// The positions in the window's order.
    #[must_use]
    pub fn positions(self) -> RangeInclusive<u64> {
        self.first..=self.last
    }
}

/// Targets of streams that were taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From 1 on.
    pub number: u64,
    /// How many targets.
    pub targets: u64,
    /// The same targets have the same one.
    pub digest: u64,
}

impl Window {
    pub(crate) fn of(number: u64, targets: &[Target]) -> Self {
        let mut digest = Digest(number);
        targets.hash(&mut digest);
        Self { number, targets: targets.len() as u64, digest: digest.finish() }
    }
}

/// Ports that are done, and the windows that had begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    windows: Vec<Window>,
    ranges: BTreeMap<u64, Ranges>,
}

impl Done {
    /// These are done.
    pub fn add(&mut self, place: Place) {
        self.ranges.entry(place.window).or_default().add(place.first, place.last);
    }

    /// This window had begun. Gives `false`, and forgets it, if it cannot be the next one.
    pub fn add_window(&mut self, window: Window) -> bool {
        let is_next = window.number == self.windows.len() as u64 + 1 && (1..=WINDOW as u64).contains(&window.targets);
        if is_next {
            self.windows.push(window);
        }
        is_next
    }

    /// How many ports are done. Those of other shards among those of streams count.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ranges.values().map(Ranges::count).fold(0, u64::saturating_add)
    }

    /// The window that is to have a number.
    pub(crate) fn window(&self, number: u64) -> Option<Window> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.windows.get(index).copied()
    }

    /// Takes what is done of a window.
    pub(crate) fn take(&mut self, window: u64) -> Ranges {
        self.ranges.remove(&window).unwrap_or_default()
    }
}

/// Numbers as ranges that neither meet nor touch: the last one by the first one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    fn add(&mut self, mut first: u64, mut last: u64) {
        while let Some((&low, &high)) = self.0.range(..=last.saturating_add(1)).next_back()
            && high.saturating_add(1) >= first
        {
            self.0.remove(&low);
            (first, last) = (first.min(low), last.max(high));
        }
        self.0.insert(first, last);
    }

    /// The first number that is not in it, from one on.
    pub(crate) fn first_without(&self, from: u64) -> u64 {
        match self.0.range(..=from).next_back() {
            Some((_, &last)) if last >= from => last.saturating_add(1),
            _ => from,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.iter().map(|range| (range.end() - range.start()).saturating_add(1)).fold(0, u64::saturating_add)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = RangeInclusive<u64>> {
        self.0.iter().map(|(&first, &last)| first..=last)
    }
}

/// A digest that is the same in every run and build.
struct Digest(u64);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            self.0 = mix(self.0 ^ u64::from_le_bytes(word)).wrapping_add(piece.len() as u64);
        }
    }

    fn finish(&self) -> u64 {
        mix(self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ranges_are_exact_in_any_order() {
        let mut state = 1;
        let mut random = |below: u64| {
            state = mix(state + 1);
            state % below
        };
        for _ in 0..200 {
            let (mut ranges, mut expected) = (Ranges::default(), BTreeSet::new());
            for _ in 0..random(60) {
                let first = random(100);
                let last = first + random(4);
                ranges.add(first, last);
                expected.extend(first..=last);
            }
            assert_eq!(ranges.iter().flatten().collect::<BTreeSet<_>>(), expected);
            assert_eq!(ranges.count(), expected.len() as u64);
            let all: Vec<_> = ranges.iter().collect();
            assert!(all.windows(2).all(|pair| pair[0].end() + 1 < *pair[1].start()), "{all:?}");
            for from in 0..110 {
                let missing = (from..).find(|number| !expected.contains(number));
                assert_eq!(Some(ranges.first_without(from)), missing);
            }
        }
        let mut ranges = Ranges::default();
        ranges.add(u64::MAX, u64::MAX);
        ranges.add(0, 0);
        assert_eq!((ranges.count(), ranges.first_without(u64::MAX)), (2, u64::MAX));
    }

    #[test]
    fn windows_come_in_turn() {
        let window = |number, targets| Window { number, targets, digest: 7 };
        let mut done = Done::default();
        assert!(!done.add_window(window(2, 1)) && !done.add_window(window(1, 0)));
        assert!(!done.add_window(window(1, u64::MAX)));
        assert!(done.add_window(window(1, 5)) && done.add_window(window(2, 1)));
        assert_eq!((done.window(0), done.window(1), done.window(3)), (None, Some(window(1, 5)), None));
    }

    #[test]
    fn digests_tell_targets_apart() {
        let of = |list: &[&str]| {
            let targets: Vec<Target> = list.iter().map(|text| text.parse().expect("it is a target")).collect();
            Window::of(1, &targets).digest
        };
        assert_eq!(of(&["a", "10.0.0.0/8:5"]), of(&["a", "10.0.0.0/8:5"]));
        let all = [
            of(&["a", "b"]),
            of(&["b", "a"]),
            of(&["ab"]),
            of(&["a"]),
            of(&["a:5"]),
            of(&["a:6"]),
            of(&["udp://a:5"]),
            of(&["10.0.0.1"]),
            of(&["10.0.0.2"]),
        ];
        assert_eq!(BTreeSet::from(all).len(), all.len());
    }
}
