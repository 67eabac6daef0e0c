//! Targets as numbers: every port of every host has an index, and a host that is given twice has its ports once.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use portprint_tables::Protocol;

use crate::done::Place;
use crate::permutation::mix;
use crate::target::{address, bits, without_reserved};
use crate::{Exclusion, Host, Hosts, PortSelection, Ports, Target};

/// What targets leave open.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// The transport of targets that name none.
    pub protocol: Protocol,
    /// The ports of targets that name none.
    pub ports: PortSelection,
    /// The ports of targets that name none, for a transport of which `ports` has none.
    pub usual: Ports,
}

impl Defaults {
    fn ports(&self, protocol: Option<Protocol>, ports: Option<&PortSelection>) -> Ports {
        let meant = protocol.unwrap_or(self.protocol);
        match (ports, protocol) {
            // A prefix says more than the scheme before the host.
            (Some(ports), _) => return ports.ports(meant),
            (None, None) => self.ports.ports(meant),
            (None, Some(protocol)) => self.ports.ports_of(protocol),
        }
        .or(|| self.usual.only(meant))
    }
}

/// One port of one host. Two are the same if host, transport and port are, wherever they stand in the order.
#[derive(Clone, Debug)]
pub struct Item {
    /// The host.
    pub host: Host,
    /// The transport.
    pub protocol: Protocol,
    /// The port.
    pub port: u16,
    /// How many ports of the host are to be visited.
    pub(crate) siblings: u32,
    /// Where it stands in the order.
    pub(crate) place: Place,
}

impl Item {
    fn identity(&self) -> (&Host, Protocol, u16) {
        (&self.host, self.protocol, self.port)
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Item {}

impl Hash for Item {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

/// Targets, excluded and reserved addresses taken out, without overlaps.
#[derive(Debug, Default)]
pub(crate) struct Space {
    pieces: Vec<Piece>,
    len: u128,
    hosts: u128,
}

#[derive(Debug)]
struct Piece {
    /// The index of the first port of the first host.
    start: u128,
    /// The first host; others follow by address.
    first: Host,
    ports: Arc<Ports>,
}

/// Addresses, all with the same ports. All are of one family.
struct Block {
    first: u128,
    last: u128,
    ports: Arc<Ports>,
}

impl Space {
    /// The space of some targets.
    pub(crate) fn new(targets: &[Target], defaults: &Defaults, exclusion: &Exclusion, reserved: bool) -> Self {
        let mut known = Known::default();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        let mut named = Vec::<(Host, Vec<Arc<Ports>>)>::new();
        let mut places = HashMap::<Host, usize>::new();
        // Most targets of a file name no ports, and the usual ones are many.
        let mut by_default = HashMap::<Option<Protocol>, Arc<Ports>>::new();
        for target in targets {
            let ports = match &target.ports {
                Some(ports) => known.get(defaults.ports(target.protocol, Some(ports))),
                None => by_default
                    .entry(target.protocol)
                    .or_insert_with(|| known.get(defaults.ports(target.protocol, None)))
                    .clone(),
            };
            match &target.hosts {
                Hosts::One(host) if exclusion.has(host) => {}
                Hosts::One(host) => match (host.given(), host.address()) {
                    (None, Some(address)) => {
                        let block = Block { first: bits(address), last: bits(address), ports };
                        if address.is_ipv4() { v4.push(block) } else { v6.push(block) }
                    }
                    _ => match places.entry(host.clone()) {
                        Entry::Occupied(place) => named[*place.get()].1.push(ports),
                        Entry::Vacant(place) => {
                            place.insert(named.len());
                            named.push((host.clone(), vec![ports]));
                        }
                    },
                },
                Hosts::Range(range) => {
                    let parts = if reserved { vec![*range] } else { without_reserved(*range) };
                    for part in parts.into_iter().flat_map(|part| exclusion.without(part)) {
                        let block = Block { first: bits(part.first()), last: bits(part.last()), ports: ports.clone() };
                        if part.first().is_ipv4() { v4.push(block) } else { v6.push(block) }
                    }
                }
            }
        }
        let mut space = Self::default();
        for (blocks, is_ipv4) in [(v4, true), (v6, false)] {
            for block in disjoint(blocks, &mut known) {
                let first = Host::from_address(address(is_ipv4, block.first));
                space.push(first, block.last - block.first + 1, block.ports);
            }
        }
        for (host, ports) in named {
            space.push(host, 1, known.union(&ports));
        }
        space
    }

    fn push(&mut self, first: Host, hosts: u128, ports: Arc<Ports>) {
        if ports.len() > 0 {
            let len = hosts * u128::from(ports.len());
            self.pieces.push(Piece { start: self.len, first, ports });
            // A target has at most 2^80 hosts of 2^17 ports, and there is no memory for 2^31 targets.
            self.len += len;
            self.hosts += hosts;
        }
    }

    /// How many ports there are.
    pub(crate) fn len(&self) -> u128 {
        self.len
    }

    /// How many hosts there are.
    pub(crate) fn hosts(&self) -> u128 {
        self.hosts
    }

    /// The port of an index below the length, which stands at `place` in the order.
    pub(crate) fn get(&self, index: u128, place: Place) -> Item {
        let piece = &self.pieces[self.pieces.partition_point(|piece| piece.start <= index) - 1];
        let (offset, siblings) = (index - piece.start, piece.ports.len());
        let (host, position) = (offset / u128::from(siblings), offset % u128::from(siblings));
        let host = match piece.first.address() {
            Some(first) if host > 0 => Host::from_address(address(first.is_ipv4(), bits(first) + host)),
            _ => piece.first.clone(),
        };
        let position = u32::try_from(position).expect("a remainder is below its divisor");
        let (protocol, port) = piece.ports.get(position).expect("the position is below the number of ports");
        Item { host, protocol, port, siblings, place }
    }
}

/// Port sets, each once.
#[derive(Default)]
struct Known(HashSet<Arc<Ports>>);

impl Known {
    fn get(&mut self, ports: Ports) -> Arc<Ports> {
        if let Some(known) = self.0.get(&ports) {
            return known.clone();
        }
        let ports = Arc::new(ports);
        self.0.insert(ports.clone());
        ports
    }

    fn union<'a>(&mut self, all: impl IntoIterator<Item = &'a Arc<Ports>, IntoIter: Clone>) -> Arc<Ports> {
        let all = all.into_iter();
        let mut rest = all.clone();
        match rest.next() {
            Some(first) if rest.all(|ports| Arc::ptr_eq(ports, first)) => first.clone(),
            _ => self.get(Ports::union(all.map(|ports| &**ports))),
        }
    }
}

/// The same addresses and ports without overlaps: where blocks overlap, their ports are joined.
fn disjoint(mut blocks: Vec<Block>, known: &mut Known) -> Vec<Block> {
    blocks.sort_by_key(|block| block.first);
    let mut blocks = blocks.into_iter().peekable();
    let mut out = Vec::<Block>::new();
    let mut active = Vec::<Block>::new();
    let mut at = 0;
    loop {
        if active.is_empty() {
            let Some(next) = blocks.peek() else { return out };
            at = next.first;
        }
        while let Some(block) = blocks.next_if(|block| block.first == at) {
            active.push(block);
        }
        let first_end = active.iter().map(|block| block.last).min().expect("something begins or goes on here");
        let last = blocks.peek().map_or(first_end, |next| first_end.min(next.first - 1));
        let ports = known.union(active.iter().map(|block| &block.ports));
        match out.last_mut() {
            Some(before) if Arc::ptr_eq(&before.ports, &ports) && before.last.checked_add(1) == Some(at) => {
                before.last = last;
            }
            _ => out.push(Block { first: at, last, ports }),
        }
        active.retain(|block| block.last > last);
        // What is active goes on beyond, so there is a next address.
        at = last.saturating_add(1);
    }
}

impl Item {
    /// A number that belongs to the host, transport and port alone, and is the same in every run.
    pub(crate) fn digest(&self) -> u64 {
        let rest = u64::from(self.port) | (self.protocol as u64) << 16;
        let words = |hash: u64, bits: u128| {
            let (high, low) = (bits >> 64, bits & u128::from(u64::MAX));
            [high, low]
                .into_iter()
                .fold(hash, |hash, word| mix(hash ^ u64::try_from(word).expect("it was cut to size")))
        };
        let hash = match (self.host.given(), self.host.address()) {
            (Some(name), _) => name.bytes().fold(1, |hash, byte| mix(hash ^ u64::from(byte))),
            (None, Some(IpAddr::V4(address))) => words(2, address.to_bits().into()),
            (None, Some(IpAddr::V6(address))) => words(3, address.to_bits()),
            (None, None) => 0,
        };
        mix(hash ^ rest)
    }
}
