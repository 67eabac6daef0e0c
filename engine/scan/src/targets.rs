//! From targets to ports, one at a time and in random order.
//!
//! The targets that are added make one space, which is visited in the order of a [permutation](crate::permutation): no list of it is
//! ever made. Streams of targets are taken in windows, each a space of its own with an order of its own. So memory depends on how many
//! targets were added and on the size of a window, not on how many hosts and ports they stand for.
//!
//! Within a space every port of every address comes once, however often it was given. Not noticed is what is given again in another
//! window or in a stream as well as among the added targets; and one address under several names or spellings, which are several hosts.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::done::Ranges;
use crate::permutation::{Permutation, mix};
use crate::space::Space;
use crate::{Defaults, Done, Event, Exclusion, Host, Item, Place, Target, Window};

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

/// If no more ports than this are done, those of each host are counted, so that its end can be told.
const COUNTED: u64 = 1 << 22;

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
        (u128::from(item.digest()) * u128::from(self.count)) >> 64 == u128::from(self.index)
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
    done: Option<Done>,
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
            done: None,
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

    /// Leaves out what an earlier run of the same scan did: one with equal targets, streams, exclusion, seed and shard. That streams are
    /// equal is looked after. Windows are told of, so that another run can go on with this one; nothing need be done for that.
    pub fn go_on(&mut self, done: Done) {
        self.done = Some(done);
    }

    /// The ports, in the order in which they are to be visited.
    #[must_use]
    pub fn into_items(self) -> Items {
        let space = Space::new(&self.added, &self.defaults, &self.exclusion, self.reserved);
        let (first, step) = self.shard.map_or((0, 1), |shard| (shard.index.into(), shard.count.into()));
        let len = space.len().saturating_sub(first).div_ceil(step);
        let is_known = self.streams.is_empty();
        let is_journalled = self.done.is_some();
        let mut done = self.done.unwrap_or_default();
        let hosts = space.hosts();
        let mut walk = Walk { first, step, ..Walk::new(0, space, self.seed, done.take(0)) };
        let left = u64::try_from(len).ok().map(|len| len.saturating_sub(walk.done.count()));
        let whole_hosts = is_known
            && self.shard.is_none()
            && (walk.done.count() == 0 || hosts <= Event::WHOLE_HOSTS.into() && walk.done.count() <= COUNTED);
        if whole_hosts {
            walk.count_done();
        }
        Items {
            total: left.filter(|_| is_known),
            hosts,
            whole_hosts,
            walk: Some(walk),
            is_journalled,
            done,
            begun: Vec::new(),
            fault: None,
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
    /// Whether windows are to be told of.
    is_journalled: bool,
    /// What is done of the windows to come.
    done: Done,
    /// Windows that have begun and were not told of.
    begun: Vec<Window>,
    /// Why there is nothing more, if it is not the end.
    fault: Option<io::Error>,
}

/// A space being visited.
struct Walk {
    window: u64,
    space: Space,
    order: Permutation,
    first: u128,
    step: u128,
    /// The next one of those that are `step` apart.
    position: u64,
    done: Ranges,
    /// How many ports of hosts are done, if hosts are to be whole.
    done_of_hosts: HashMap<Host, u32>,
}

impl Walk {
    fn new(window: u64, space: Space, seed: u64, done: Ranges) -> Self {
        let order = Permutation::new(space.len(), seed);
        Self { window, space, order, first: 0, step: 1, position: 0, done, done_of_hosts: HashMap::new() }
    }

    fn next(&mut self) -> Option<Item> {
        let position = self.done.first_without(self.position);
        let mut item = self.at(position)?;
        self.position = position.saturating_add(1);
        item.siblings -= self.done_of_hosts.get(&item.host).copied().unwrap_or(0);
        Some(item)
    }

    fn at(&self, position: u64) -> Option<Item> {
        let index = self.first + u128::from(position) * self.step;
        let place = Place { window: self.window, first: position, last: position };
        (index < self.space.len()).then(|| self.space.get(self.order.at(index), place))
    }

    /// Looks up how many ports of each host are done.
    fn count_done(&mut self) {
        let mut counts = HashMap::new();
        for item in self.done.iter().flat_map(|range| range.map_while(|position| self.at(position))) {
            *counts.entry(item.host).or_default() += 1;
        }
        self.done_of_hosts = counts;
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

    /// The windows that have begun since the last time.
    pub(crate) fn take_begun(&mut self) -> Vec<Window> {
        std::mem::take(&mut self.begun)
    }

    /// Why the end is not the end.
    pub(crate) fn take_fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }

    fn next_of_walk(&mut self) -> Option<Item> {
        let shard = self.shard.filter(|_| self.windows > 0);
        let walk = self.walk.as_mut()?;
        let mut first = None;
        loop {
            let mut item = walk.next()?;
            let first = *first.get_or_insert(item.place.first);
            if shard.is_none_or(|shard| shard.has(&item)) {
                item.place.first = first;
                return Some(item);
            }
        }
    }

    /// Reads the next window.
    fn next_window(&mut self) -> Option<Walk> {
        self.walk = None;
        // A window ends where it ended before, not where the stream pauses now.
        let known = self.done.window(self.windows + 1);
        let most = known.and_then(|known| usize::try_from(known.targets).ok()).unwrap_or(WINDOW);
        let mut window = Vec::new();
        while let Some(stream) = self.streams.front_mut() {
            match stream.next() {
                Some(Arrival::Target(target)) => window.push(target),
                Some(Arrival::Pause) if window.is_empty() || known.is_some() => {}
                Some(Arrival::Pause) => break,
                None => drop(self.streams.pop_front()),
            }
            if window.len() == most {
                break;
            }
        }
        if window.is_empty() && known.is_none() {
            return None;
        }
        self.windows += 1;
        if self.is_journalled {
            let read = Window::of(self.windows, &window);
            match known {
                Some(known) if known == read => {}
                None => self.begun.push(read),
                Some(known) => {
                    self.streams.clear();
                    self.fault = Some(other_targets(known));
                    return None;
                }
            }
        }
        let space = Space::new(&window, &self.defaults, &self.exclusion, self.reserved);
        self.hosts = self.hosts.saturating_add(space.hosts());
        let done = self.done.take(self.windows);
        Some(Walk::new(self.windows, space, mix(self.seed ^ mix(self.windows)), done))
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

fn other_targets(known: Window) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "they are not those of the scan that is to go on: the {} targets of window {} are others now; give the same input again",
            known.targets, known.number
        ),
    )
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("total", &self.total).field("seed", &self.seed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
