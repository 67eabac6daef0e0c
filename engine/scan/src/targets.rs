//! From targets to ports, one at a time and in random order.
//!
//! The targets that are added make one space, which is visited in the order of a [permutation](crate::permutation): no list of it is
//! ever made. Streams of targets are taken in windows, each a space of its own with an order of its own. So memory depends on how many
//! targets were added and on the size of a window, not on how many hosts and ports they stand for.
//!
//! Within a space every port of every address comes once, however often it was given. Not noticed is what is given again in another
//! window or in a stream as well as among the added targets; and one address under several names or spellings, which are several hosts.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::permutation::{Permutation, mix};
use crate::space::Space;
use crate::{Defaults, Exclusion, Item, Target};

/// How many targets of streams are taken together.
pub const WINDOW: usize = 65_536;

/// What a stream of targets gives.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// A target.
    Target(Target),
    /// Nothing more will come for a while: what has come is not to wait for it.
    Pause,
}

/// Targets that come while the scan runs. It may block.
pub type Stream = Box<dyn Iterator<Item = Arrival> + Send>;

/// A part of a scan, one of several that together are the whole: every port of every host is in exactly one.
///
/// Ports of added targets are dealt out in turn along the order, so that the shards are of equal size. Those of streams are told apart by
/// address, transport and port, so that it does not matter in which order or how often they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// Shard number `number`, from 1, of `count`.
    #[must_use]
    pub fn new(number: u32, count: u32) -> Option<Self> {
        (1..=count).contains(&number).then(|| Self { index: number - 1, count })
    }

    fn has(self, item: &Item) -> bool {
        // The high bits of a product spread as well as a remainder, without a division.
        (u128::from(item.hash()) * u128::from(self.count)) >> 64 == u128::from(self.index)
    }
}

/// What is to be scanned.
pub struct Targets {
    defaults: Defaults,
    added: Vec<Target>,
    streams: VecDeque<Stream>,
    exclusion: Exclusion,
    reserved: bool,
    seed: u64,
    shard: Option<Shard>,
}

impl Targets {
    /// Nothing yet. The order of what will be is settled by `seed`.
    #[must_use]
    pub fn new(defaults: Defaults, seed: u64) -> Self {
        Self {
            defaults,
            added: Vec::new(),
            streams: VecDeque::new(),
            exclusion: Exclusion::default(),
            reserved: false,
            seed,
            shard: None,
        }
    }

    /// Adds a target.
    pub fn add(&mut self, target: Target) {
        self.added.push(target);
    }

    /// Adds a stream of targets, to be read after those added and the streams before it.
    pub fn add_stream(&mut self, stream: Stream) {
        self.streams.push_back(stream);
    }

    /// What is never to be scanned, whoever names it.
    pub fn exclude(&mut self, exclusion: Exclusion) {
        self.exclusion = exclusion;
    }

    /// Visit reserved addresses in networks and ranges that are larger than their block, too. A target within such a block is always
    /// visited.
    pub fn include_reserved(&mut self) {
        self.reserved = true;
    }

    /// Only one part of the whole.
    pub fn shard(&mut self, shard: Shard) {
        self.shard = Some(shard);
    }

    /// The ports, in the order in which they are to be visited.
    #[must_use]
    pub fn into_items(self) -> Items {
        let space = Space::new(&self.added, &self.defaults, &self.exclusion, self.reserved);
        let (first, step) = self.shard.map_or((0, 1), |shard| (shard.index.into(), shard.count.into()));
        let len = space.len().saturating_sub(first).div_ceil(step);
        let is_known = self.streams.is_empty();
        Items {
            total: u64::try_from(len).ok().filter(|_| is_known),
            hosts: space.hosts(),
            whole_hosts: is_known && self.shard.is_none(),
            walk: Some(Walk::new(space, self.seed, first, step)),
            defaults: self.defaults,
            streams: self.streams,
            exclusion: Arc::new(self.exclusion),
            reserved: self.reserved,
            seed: self.seed,
            shard: self.shard,
            windows: 0,
        }
    }
}

impl fmt::Debug for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Targets")
            .field("added", &self.added)
            .field("streams", &self.streams.len())
            .finish_non_exhaustive()
    }
}

/// The ports of [`Targets`], in the order in which they are to be visited. The same targets and seed give the same order, but for streams
/// that pause.
pub struct Items {
    total: Option<u64>,
    hosts: u128,
    whole_hosts: bool,
    walk: Option<Walk>,
    defaults: Defaults,
    streams: VecDeque<Stream>,
    exclusion: Arc<Exclusion>,
    reserved: bool,
    seed: u64,
    shard: Option<Shard>,
    /// How many windows have begun.
    windows: u64,
}

/// A space being visited.
struct Walk {
    space: Space,
    order: Permutation,
    position: u128,
    step: u128,
}

impl Walk {
    fn new(space: Space, seed: u64, first: u128, step: u128) -> Self {
        Self { order: Permutation::new(space.len(), seed), space, position: first, step }
    }

    fn next(&mut self) -> Option<Item> {
        if self.position >= self.space.len() {
            return None;
        }
        let item = self.space.get(self.order.at(self.position));
        self.position += self.step;
        Some(item)
    }
}

impl Items {
    /// How many ports there are in all, if that can be told beforehand: not with streams, nor beyond 64 bits.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// How many hosts there are, as far as they have been read.
    pub(crate) fn hosts(&self) -> u64 {
        u64::try_from(self.hosts).unwrap_or(u64::MAX)
    }

    /// Whether all hosts are known, and all of their ports will come.
    pub(crate) fn has_whole_hosts(&self) -> bool {
        self.whole_hosts
    }

    pub(crate) fn exclusion(&self) -> Arc<Exclusion> {
        self.exclusion.clone()
    }

    /// Some more, at most `most`; none at the end. Only if there are none at all is the next window waited for.
    pub(crate) fn next_batch(&mut self, most: usize) -> Option<Vec<Item>> {
        let mut batch = Vec::with_capacity(most);
        batch.push(self.next()?);
        while batch.len() < most
            && let Some(item) = self.next_of_walk()
        {
            batch.push(item);
        }
        Some(batch)
    }

    fn next_of_walk(&mut self) -> Option<Item> {
        let shard = self.shard.filter(|_| self.windows > 0);
        let walk = self.walk.as_mut()?;
        loop {
            let item = walk.next()?;
            if shard.is_none_or(|shard| shard.has(&item)) {
                return Some(item);
            }
        }
    }

    /// Reads the next window.
    fn next_window(&mut self) -> Option<Walk> {
        self.walk = None;
        let mut window = Vec::new();
        while let Some(stream) = self.streams.front_mut() {
            match stream.next() {
                Some(Arrival::Target(target)) => window.push(target),
                Some(Arrival::Pause) if window.is_empty() => {}
                Some(Arrival::Pause) => break,
                None => drop(self.streams.pop_front()),
            }
            if window.len() == WINDOW {
                break;
            }
        }
        if window.is_empty() {
            return None;
        }
        let space = Space::new(&window, &self.defaults, &self.exclusion, self.reserved);
        self.windows += 1;
        self.hosts = self.hosts.saturating_add(space.hosts());
        Some(Walk::new(space, mix(self.seed ^ mix(self.windows)), 0, 1))
    }
}

impl Iterator for Items {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.next_of_walk() {
                return Some(item);
            }
            self.walk = Some(self.next_window()?);
        }
    }
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("total", &self.total).field("seed", &self.seed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
