//! Lists of ports, in nmap's way of writing them.

use std::fmt;
use std::str::FromStr;

use portprint_tables::{Database, PortRange, Protocol};

/// A set of ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PortSelection {
    /// Ports before any prefix, which are of the transport that is meant otherwise.
    pub plain: PortSet,
    /// TCP ports.
    pub tcp: PortSet,
    /// UDP ports.
    pub udp: PortSet,
}

impl PortSelection {
    /// These ports of one transport.
    #[must_use]
    pub fn from_ports(protocol: Protocol, ports: impl IntoIterator<Item = u16>) -> Self {
        let ports = PortSet::from_ports(ports);
        match protocol {
            Protocol::Tcp => Self { tcp: ports, ..Self::default() },
            Protocol::Udp => Self { udp: ports, ..Self::default() },
        }
    }

    /// The ports when those without a prefix are of this transport.
    #[must_use]
    pub fn ports(&self, protocol: Protocol) -> Ports {
        let join = |set: &PortSet, wanted| {
            let plain = (protocol == wanted).then(|| self.plain.ranges()).into_iter().flatten();
            PortSet::from_ranges(set.ranges().chain(plain))
        };
        Ports::new(&join(&self.tcp, Protocol::Tcp), &join(&self.udp, Protocol::Udp))
    }

    /// The ports of this transport alone; those without a prefix are of it.
    #[must_use]
    pub fn ports_of(&self, protocol: Protocol) -> Ports {
        self.ports(protocol).only(protocol)
    }
}

impl FromStr for PortSelection {
    type Err = PortsError;

    fn from_str(text: &str) -> Result<Self, PortsError> {
        let (mut plain, mut tcp, mut udp) = (Vec::new(), Vec::new(), Vec::new());
        let mut ranges = &mut plain;
        for item in text.split(',') {
            let mut range = item.trim();
            if let Some((prefix, rest)) = range.split_once(':') {
                ranges = match prefix.trim() {
                    "T" | "t" => &mut tcp,
                    "U" | "u" => &mut udp,
                    _ => return Err(PortsError::new(item, Kind::Prefix)),
                };
                range = rest.trim();
            }
            ranges.push(parse_range(range).map_err(|kind| PortsError::new(item, kind))?);
        }
        let [plain, tcp, udp] = [plain, tcp, udp].map(PortSet::from_ranges);
        Ok(Self { plain, tcp, udp })
    }
}

impl fmt::Display for PortSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (prefix, set) in [("", &self.plain), ("T:", &self.tcp), ("U:", &self.udp)] {
            if !set.is_empty() {
                write!(f, "{comma}{prefix}{set}")?;
                comma = ",";
            }
        }
        Ok(())
    }
}

/// Ports of both transports, each with a position: TCP before UDP, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ports {
    runs: Box<[Run]>,
    len: u32,
}

/// Ports that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Run {
    /// The position of the first.
    start: u32,
    protocol: Protocol,
    range: PortRange,
}

impl Ports {
    /// The ports of two sets.
    #[must_use]
    pub fn new(tcp: &PortSet, udp: &PortSet) -> Self {
        let mut len = 0;
        let tcp = tcp.ranges().map(|range| (Protocol::Tcp, range));
        let runs = tcp.chain(udp.ranges().map(|range| (Protocol::Udp, range))).map(|(protocol, range)| {
            let start = len;
            len += u32::from(range.last - range.first) + 1;
            Run { start, protocol, range }
        });
        Self { runs: runs.collect(), len }
    }

    /// All ports that are in any of these.
    #[must_use]
    pub fn union<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut tcp, mut udp) = (Vec::new(), Vec::new());
        for run in all.into_iter().flat_map(|ports| ports.runs.iter()) {
            match run.protocol {
                Protocol::Tcp => tcp.push(run.range),
                Protocol::Udp => udp.push(run.range),
            }
        }
        Self::new(&PortSet::from_ranges(tcp), &PortSet::from_ranges(udp))
    }

    /// Those of one transport.
    #[must_use]
    pub fn of(&self, protocol: Protocol) -> PortSet {
        PortSet::from_ranges(self.runs.iter().filter(|run| run.protocol == protocol).map(|run| run.range))
    }

    /// These, or others if there are none.
    pub(crate) fn or(self, others: impl FnOnce() -> Self) -> Self {
        if self.len == 0 { others() } else { self }
    }

    pub(crate) fn only(&self, protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tcp => Self::new(&self.of(protocol), &PortSet::default()),
            Protocol::Udp => Self::new(&PortSet::default(), &self.of(protocol)),
        }
    }

    /// How many there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "none is as good a number as any")]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// The port at a position.
    #[must_use]
    pub fn get(&self, position: u32) -> Option<(Protocol, u16)> {
        let run = self.runs[..self.runs.partition_point(|run| run.start <= position)].last()?;
        let offset = u16::try_from(position - run.start).ok().filter(|_| position < self.len)?;
        Some((run.protocol, run.range.first + offset))
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

    fn shown(text: &str) -> String {
        text.parse::<PortSelection>().map_or_else(|error| error.to_string(), |ports| ports.to_string())
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
            ("T:5,U:7,8,T:9", "T:5,9,U:7-8"),
            ("1,u:2,t:3", "1,T:3,U:2"),
            (" 5 , 6 - 7 ", "5-7"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
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
            assert!(shown(text).contains(expected), "{text}: {}", shown(text));
        }
    }

    #[test]
    fn sets_are_joined() {
        let set = PortSet::from_ports([5, 1, 65535, 2, 3]);
        assert_eq!(set.to_string(), "1-3,5,65535");
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 2, 3, 5, 65535]);
        assert_eq!(set.len(), 5);
    }

    #[test]
    fn every_port_has_a_position() {
        let selection: PortSelection = "1-3,7,T:9,U:5-6".parse().unwrap();
        for (ports, expected) in [
            (selection.ports(Protocol::Tcp), "tcp 1-3,7,9 udp 5-6"),
            (selection.ports(Protocol::Udp), "tcp 9 udp 1-3,5-7"),
            (selection.ports_of(Protocol::Udp), "tcp  udp 1-3,5-7"),
            (
                Ports::union([&selection.ports_of(Protocol::Tcp), &selection.ports(Protocol::Udp)]),
                "tcp 1-3,7,9 udp 1-3,5-7",
            ),
            (Ports::new(&"0-".parse::<PortSelection>().unwrap().plain, &PortSet::all()), "tcp 0-65535 udp 1-65535"),
        ] {
            assert_eq!(format!("tcp {} udp {}", ports.of(Protocol::Tcp), ports.of(Protocol::Udp)), expected);
            let all: Vec<_> = (0..ports.len()).map(|position| ports.get(position).unwrap()).collect();
            let tcp = ports.of(Protocol::Tcp).iter().map(|port| (Protocol::Tcp, port)).collect::<Vec<_>>();
            let udp = ports.of(Protocol::Udp).iter().map(|port| (Protocol::Udp, port)).collect::<Vec<_>>();
            assert_eq!(all, [tcp, udp].concat());
            assert_eq!(ports.get(ports.len()), None);
        }
    }
}
