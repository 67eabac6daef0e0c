//! Lists of ports, in nmap's way of writing them.

use std::fmt;
use std::str::FromStr;

use portprint_tables::{Database, PortRange, Protocol};

/// A set of ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSet {
    /// Ascending, and with gaps between them.
    ranges: Vec<PortRange>,
}

impl PortSet {
    /// Ports 1 to 65535.
    #[must_use]
    pub fn all() -> Self {
        Self { ranges: vec![PortRange { first: 1, last: u16::MAX }] }
    }

    /// These ports.
    #[must_use]
    pub fn from_ports(ports: impl IntoIterator<Item = u16>) -> Self {
        Self::from_ranges(ports.into_iter().map(|port| PortRange { first: port, last: port }))
    }

    /// The ports of these ranges.
    #[must_use]
    pub fn from_ranges(ranges: impl IntoIterator<Item = PortRange>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().collect();
        ranges.sort_unstable();
        ranges.dedup_by(|next, merged| {
            let touches = u32::from(next.first) <= u32::from(merged.last) + 1;
            if touches {
                merged.last = merged.last.max(next.last);
            }
            touches
        });
        Self { ranges }
    }

    /// The ports that the probes of `database` list, as far as their rarity is not above `rarity`.
    #[must_use]
    pub fn usual(database: &Database<'_>, protocol: Protocol, rarity: u8) -> Self {
        let probes = database.probes().filter(|probe| probe.protocol() == protocol && probe.rarity() <= rarity);
        Self::from_ranges(probes.flat_map(|probe| probe.ports().collect::<Vec<_>>()))
    }

    /// The ports as ranges, ascending, with gaps between them.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = PortRange> {
        self.ranges.iter().copied()
    }

    /// How many ports there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranges.iter().map(|range| usize::from(range.last - range.first) + 1).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The ports, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + Send + use<> {
        self.ranges.clone().into_iter().flat_map(|range| range.first..=range.last)
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if range.first == range.last {
                write!(f, "{comma}{}", range.first)?;
            } else {
                write!(f, "{comma}{}-{}", range.first, range.last)?;
            }
        }
        Ok(())
    }
}

/// Ports by transport, as `-p` has them: `22,80,1-1000,-100,60000-,-`, with `T:` or `U:` before an item for it and those after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortSelection {
    /// TCP ports; those without a prefix are among them.
    pub tcp: PortSet,
    /// UDP ports.
    pub udp: PortSet,
}

impl FromStr for PortSelection {
    type Err = PortsError;

    fn from_str(text: &str) -> Result<Self, PortsError> {
        let (mut tcp, mut udp) = (Vec::new(), Vec::new());
        let mut protocol = Protocol::Tcp;
        for item in text.split(',') {
            let mut range = item.trim();
            if let Some((prefix, rest)) = range.split_once(':') {
                protocol = match prefix.trim() {
                    "T" | "t" => Protocol::Tcp,
                    "U" | "u" => Protocol::Udp,
                    _ => return Err(PortsError::new(item, Kind::Prefix)),
                };
                range = rest.trim();
            }
            let range = parse_range(range).map_err(|kind| PortsError::new(item, kind))?;
            match protocol {
                Protocol::Tcp => tcp.push(range),
                Protocol::Udp => udp.push(range),
            }
        }
        Ok(Self { tcp: PortSet::from_ranges(tcp), udp: PortSet::from_ranges(udp) })
    }
}

fn parse_range(text: &str) -> Result<PortRange, Kind> {
    let (first, last) = match text.split_once('-') {
        None => {
            let port = parse_port(text)?;
            (port, port)
        }
        // Port 0 is meant only where it is written.
        Some((first, last)) => (
            if first.trim().is_empty() { 1 } else { parse_port(first)? },
            if last.trim().is_empty() { u16::MAX } else { parse_port(last)? },
        ),
    };
    if first > last { Err(Kind::Backwards) } else { Ok(PortRange { first, last }) }
}

fn parse_port(text: &str) -> Result<u16, Kind> {
    let text = text.trim();
    match text {
        "" => Err(Kind::Empty),
        _ if !text.bytes().all(|byte| byte.is_ascii_digit()) => Err(Kind::NotANumber),
        _ => text.parse().map_err(|_| Kind::TooLarge),
    }
}

/// A list of ports that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortsError {
    item: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Empty,
    NotANumber,
    TooLarge,
    Backwards,
    Prefix,
}

impl PortsError {
    fn new(item: &str, kind: Kind) -> Self {
        Self { item: item.trim().escape_debug().collect(), kind }
    }
}

impl fmt::Display for PortsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let item = &self.item;
        match self.kind {
            Kind::Empty => write!(f, "an item of the list of ports is empty; write it like 22,80,8000-8100"),
            Kind::NotANumber => write!(f, "'{item}' is not a port; ports are given as numbers, like 22,80,8000-8100"),
            Kind::TooLarge => write!(f, "'{item}' is not a port; the highest is 65535"),
            Kind::Backwards => write!(f, "the range '{item}' runs backwards; write the lower port first"),
            Kind::Prefix => write!(f, "'{item}' has an unknown prefix; there are T: for TCP and U: for UDP"),
        }
    }
}

impl std::error::Error for PortsError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> String {
        text.parse::<PortSelection>().map_or_else(|error| error.to_string(), |ports| ports.tcp.to_string())
    }

    #[test]
    fn lists_are_read_as_nmap_reads_them() {
        for (text, expected) in [
            ("22", "22"),
            ("22,80,443", "22,80,443"),
            ("443,22,22", "22,443"),
            ("1-3,2-5,6,8", "1-6,8"),
            ("-100", "1-100"),
            ("60000-", "60000-65535"),
            ("-", "1-65535"),
            ("0-", "0-65535"),
            ("0", "0"),
            ("T:5,U:7,8,T:9", "5,9"),
            (" 5 , 6 - 7 ", "5-7"),
        ] {
            assert_eq!(tcp(text), expected, "{text}");
        }
        let both: PortSelection = "T:5,U:7,8,T:9".parse().unwrap();
        assert_eq!(both.udp.to_string(), "7-8");
        assert_eq!(PortSet::all().len(), 65535);
    }

    #[test]
    fn faults_are_named() {
        for (text, expected) in [
            ("", "empty"),
            ("22,", "empty"),
            ("http", "'http' is not a port; ports are given as numbers"),
            ("22,65536", "'65536' is not a port; the highest is 65535"),
            ("+5", "is not a port"),
            ("90-80", "'90-80' runs backwards"),
            ("X:5", "unknown prefix"),
            ("1--5", "is not a port"),
        ] {
            assert!(tcp(text).contains(expected), "{text}: {}", tcp(text));
        }
    }

    #[test]
    fn sets_are_joined() {
        let set = PortSet::from_ports([5, 1, 65535, 2, 3]);
        assert_eq!(set.to_string(), "1-3,5,65535");
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 2, 3, 5, 65535]);
        assert_eq!(set.len(), 5);
    }
}
