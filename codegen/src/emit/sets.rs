//! The sets of bytes that automata and programs share.

use std::collections::HashMap;

use crate::analyse::ByteSet;

/// Numbered sets; the first 256 hold one byte each.
#[derive(Clone, Debug)]
pub(crate) struct SetTable {
    sets: Vec<ByteSet>,
    numbers: HashMap<ByteSet, u16>,
}

/// More of something than a number of two bytes can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany(pub(crate) &'static str);

impl SetTable {
    pub(crate) fn new() -> Self {
        let sets: Vec<ByteSet> = (0..=u8::MAX).map(ByteSet::of).collect();
        let numbers = sets.iter().zip(0..).map(|(set, number)| (*set, number)).collect();
        Self { sets, numbers }
    }

    pub(crate) fn number(&mut self, set: ByteSet) -> Result<u16, TooMany> {
        if let Some(&number) = self.numbers.get(&set) {
            return Ok(number);
        }
        let number = u16::try_from(self.sets.len()).map_err(|_| TooMany("different sets of bytes in patterns"))?;
        self.sets.push(set);
        self.numbers.insert(set, number);
        Ok(number)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        self.sets.iter().flat_map(|set| set.to_bytes()).collect()
    }
}
