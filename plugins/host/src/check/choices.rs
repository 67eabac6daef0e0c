//! Where random events come from: a generator that never ends, or the bytes of a fuzzer.

/// A source of decisions.
pub(super) trait Choices {
    /// The next number. `None`: there are no more decisions.
    fn next(&mut self) -> Option<u64>;

    /// A number below another one; 0 if there are no more.
    fn below(&mut self, most: usize) -> usize {
        match (self.next(), most) {
            (None, _) | (_, 0) => 0,
            (Some(number), most) => (number % most as u64) as usize,
        }
    }

    /// True once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 1
    }

    /// Some bytes, at most so many.
    fn bytes(&mut self, most: usize, into: &mut Vec<u8>) {
        for _ in 0..self.below(most + 1) {
            let Some(number) = self.next() else { return };
            into.push(number as u8);
        }
    }

    /// One of a list.
    fn one_of<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        list.get(self.below(list.len()))
    }
}

/// Numbers that look random and are the same for the same seed: SplitMix64.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// Neighbouring numbers give sequences that have nothing to do with each other.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut random = Self(seed);
        let seed = random.step();
        Self(seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    fn step(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Choices for Random {
    fn next(&mut self) -> Option<u64> {
        Some(self.step())
    }
}

/// The bytes of a fuzzer, one for each decision.
#[derive(Clone, Debug)]
pub(super) struct Script<'a>(pub(super) &'a [u8]);

impl Choices for Script<'_> {
    fn next(&mut self) -> Option<u64> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first.into())
    }

    /// Bytes are taken as they are, so that a fuzzer finds what they do.
    fn bytes(&mut self, most: usize, into: &mut Vec<u8>) {
        let len = self.below(most + 1).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        into.extend_from_slice(bytes);
        self.0 = rest;
    }
}
