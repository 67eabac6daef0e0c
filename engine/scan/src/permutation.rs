//! A random order of `0..len` that needs no memory.
//!
//! A Feistel network enciphers numbers of as many bits as the largest one has, and a result that is too large is enciphered again until
//! it fits ("cycle walking": Black and Rogaway, Ciphers with Arbitrary Finite Domains, 2002). On average that takes less than two
//! rounds of it. It is meant to spread load, not to keep a secret. Lengths go beyond 64 bits: a /64 of IPv6 times its ports.

/// An order, settled by the length and a seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Permutation {
    len: u128,
    /// Widths of the two halves in bits; none is above 64.
    left: u32,
    right: u32,
    /// One a round; an even number, so that the halves end as wide as they began.
    keys: [u64; 8],
}

impl Permutation {
    /// The order of `0..len` that belongs to a seed.
    pub(crate) fn new(len: u128, seed: u64) -> Self {
        let bits = u128::BITS - len.saturating_sub(1).leading_zeros();
        let mut state = seed;
        let keys = std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mix(state)
        });
        Self { len, left: bits / 2, right: bits - bits / 2, keys }
    }

    /// What stands at a position below the length.
    pub(crate) fn at(&self, position: u128) -> u128 {
        debug_assert!(position < self.len);
        let mut number = position;
        loop {
            number = self.encipher(number);
            if number < self.len {
                return number;
            }
        }
    }

    fn encipher(&self, number: u128) -> u128 {
        let (mut widths, right_width) = ((self.left, self.right), self.right);
        let (mut left, mut right) = (low(number >> right_width), low(number) & ones(right_width));
        for key in self.keys {
            (left, right) = (right, (left ^ mix(right ^ key)) & ones(widths.0));
            widths = (widths.1, widths.0);
        }
        (u128::from(left) << right_width) | u128::from(right)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low(number: u128) -> u64 {
    number as u64
}

fn ones(width: u32) -> u64 {
    if width == 0 { 0 } else { u64::MAX >> (u64::BITS - width) }
}

/// A bijection of 64 bits in which every bit of the input reaches every bit of the output (the end of Steele, Lea and Flood's
/// `SplitMix64`, 2014).
pub(crate) fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_number_comes_once() {
        for len in (1..=300).chain([1000, 1023, 1024, 1025, 4095, 65_535, 65_536, 65_537, 100_003]) {
            for seed in [0, 1, u64::MAX] {
                let order = Permutation::new(len, seed);
                let mut seen = vec![false; usize::try_from(len).unwrap()];
                for position in 0..len {
                    let number = usize::try_from(order.at(position)).unwrap();
                    assert!(!std::mem::replace(&mut seen[number], true), "{number} of {len} comes twice");
                }
            }
        }
    }

    #[test]
    fn huge_lengths_are_kept() {
        for len in [1 << 63, (1 << 64) - 1, 1 << 64, (1 << 64) + 1, 65_535 << 64, 1 << 97] {
            let order = Permutation::new(len, 7);
            let numbers: HashSet<u128> = (0..1000).chain(len - 1000..len).map(|position| order.at(position)).collect();
            assert_eq!(numbers.len(), 2000, "{len}");
            assert!(numbers.iter().all(|&number| number < len));
        }
    }

    #[test]
    fn it_spreads_and_depends_on_the_seed_alone() {
        let order = |seed| (0..1000).map(|position| Permutation::new(100_000, seed).at(position)).collect::<Vec<_>>();
        assert_eq!(order(5), order(5));
        assert_ne!(order(5), order(6));
        // Of the first hundredth, each tenth of the numbers has its share.
        let mut tenths = [0; 10];
        for number in order(5) {
            tenths[usize::try_from(number / 10_000).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|count| (60..140).contains(count)), "{tenths:?}");
    }
}
