//! Ranges and sets of addresses.
//!
//! An address that maps IPv4 into IPv6 (`::ffff:10.0.0.1`, RFC 4291 section 2.5.5.2) reaches the IPv4 host, so it is the IPv4 address
//! here, and a set that holds it holds the mapped address, too.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses of one family, from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressRange {
    pub(super) first: IpAddr,
    pub(super) last: IpAddr,
}

impl AddressRange {
    /// `None` if the ends are of different families, or the last is before the first.
    #[must_use]
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        let (first, last) = match (first.to_canonical(), last.to_canonical()) {
            (one, other) if one.is_ipv4() == other.is_ipv4() => (one, other),
            _ => (first, last),
        };
        (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Self { first, last })
    }

    /// The range of one address.
    #[must_use]
    pub fn one(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { first: address, last: address }
    }

    /// The first address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The last address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// How many addresses come after the first.
    pub(crate) fn span(&self) -> u128 {
        bits(self.last) - bits(self.first)
    }

    fn of_bits(is_ipv4: bool, first: u128, last: u128) -> Self {
        Self { first: address(is_ipv4, first), last: address(is_ipv4, last) }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { self.first.fmt(f) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// An address as a number.
pub(crate) fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of a number that [`bits`] gave.
pub(crate) fn address(is_ipv4: bool, bits: u128) -> IpAddr {
    if is_ipv4 {
        IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).expect("IPv4 addresses have 32 bits")))
    } else {
        IpAddr::V6(Ipv6Addr::from_bits(bits))
    }
}

/// The IPv6 address that stands for 0.0.0.0; the others follow it.
const MAPPED: u128 = 0xffff << 32;

/// A set of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AddressSet {
    /// First and last, ascending, with gaps between them.
    v4: Vec<(u128, u128)>,
    v6: Vec<(u128, u128)>,
}

impl FromIterator<AddressRange> for AddressSet {
    fn from_iter<I: IntoIterator<Item = AddressRange>>(ranges: I) -> Self {
        let mut set = Self::default();
        for range in ranges {
            let (first, last) = (bits(range.first), bits(range.last));
            if range.first.is_ipv4() {
                set.v4.push((first, last));
                set.v6.push((MAPPED + first, MAPPED + last));
            } else {
                set.v6.push((first, last));
            }
        }
        merge(&mut set.v4);
        merge(&mut set.v6);
        set
    }
}

fn merge(ranges: &mut Vec<(u128, u128)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, merged| {
        let touches = next.0 <= merged.1.saturating_add(1);
        if touches {
            merged.1 = merged.1.max(next.1);
        }
        touches
    });
    ranges.shrink_to_fit();
}

impl AddressSet {
    /// Whether an address is in it.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let (bits, ranges) = (bits(address), self.family(address.is_ipv4()));
        let after = ranges.partition_point(|range| range.0 <= bits);
        after > 0 && bits <= ranges[after - 1].1
    }

    /// The parts of a range that are not in it, ascending.
    pub(crate) fn without(&self, range: AddressRange) -> Vec<AddressRange> {
        let (mut first, last, is_ipv4) = (bits(range.first), bits(range.last), range.first.is_ipv4());
        let ranges = self.family(is_ipv4);
        let mut parts = Vec::new();
        for &(from, to) in &ranges[ranges.partition_point(|range| range.1 < first)..] {
            if from > last {
                break;
            }
            if from > first {
                parts.push(AddressRange::of_bits(is_ipv4, first, from - 1));
            }
            if to >= last {
                return parts;
            }
            first = to + 1;
        }
        parts.push(AddressRange::of_bits(is_ipv4, first, last));
        parts
    }

    fn family(&self, is_ipv4: bool) -> &[(u128, u128)] {
        if is_ipv4 { &self.v4 } else { &self.v6 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str) -> AddressRange {
        AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
    }

    #[test]
    fn parts_outside_of_a_set() {
        let set: AddressSet = [
            range("10.0.0.5", "10.0.0.9"),
            range("10.0.0.10", "10.0.0.12"),
            range("10.0.0.20", "10.0.0.20"),
            range("ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ]
        .into_iter()
        .collect();
        for (first, last, expected) in [
            ("10.0.0.0", "10.0.0.30", "10.0.0.0-10.0.0.4 10.0.0.13-10.0.0.19 10.0.0.21-10.0.0.30"),
            ("10.0.0.5", "10.0.0.12", ""),
            ("10.0.0.6", "10.0.0.13", "10.0.0.13"),
            ("10.0.0.1", "10.0.0.5", "10.0.0.1-10.0.0.4"),
            ("10.0.1.0", "10.0.1.1", "10.0.1.0-10.0.1.1"),
            ("::ffff:10.0.0.4", "::ffff:10.0.0.5", "10.0.0.4"),
            ("fffe::", "ffff::1", "fffe::-fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            let parts: Vec<_> = set.without(range(first, last)).iter().map(ToString::to_string).collect();
            assert_eq!(parts.join(" "), expected, "{first} {last}");
        }
        for (address, expected) in
            [("10.0.0.9", true), ("10.0.0.13", false), ("::ffff:10.0.0.9", true), ("::ffff:10.0.0.13", false)]
        {
            assert_eq!(set.contains(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn ends_must_fit() {
        let new = |first: &str, last: &str| AddressRange::new(first.parse().unwrap(), last.parse().unwrap());
        assert_eq!(new("10.0.0.2", "10.0.0.1"), None);
        assert_eq!(new("10.0.0.2", "::1"), None);
        assert_eq!(new("::ffff:10.0.0.1", "::ffff:10.0.0.2"), new("10.0.0.1", "10.0.0.2"));
    }
}
