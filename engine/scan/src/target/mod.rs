//! What is to be scanned, as people write it.

mod exclusion;
mod range;
mod reserved;

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use portprint_tables::Protocol;

use crate::{PortSelection, PortsError};

pub use exclusion::{Excluded, Exclusion};
pub use range::AddressRange;
pub(crate) use range::{address, bits};
pub(crate) use reserved::without_reserved;

/// Hosts with, maybe, their ports: `HOSTS`, `HOSTS:PORTS`, `[v6]:PORTS`, `tcp://HOSTS:PORTS`, `udp://…`. Hosts are a name, an address, a
/// network `10.0.0.0/8`, or a range `10.0.0.1-20` or `10.0.0.1-10.0.0.20`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The hosts.
    pub hosts: Hosts,
    /// The transport, if it is given.
    pub protocol: Option<Protocol>,
    /// The ports, if any are given.
    pub ports: Option<PortSelection>,
}

/// The hosts of a target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hosts {
    /// One, by name or address.
    One(Host),
    /// Many, by address.
    Range(AddressRange),
}

/// A host by name, by address, or by both.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host {
    /// As it was given, if that is not how its address is written.
    given: Option<Arc<str>>,
    address: Option<IpAddr>,
}

impl Host {
    /// A host that must be resolved.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self { given: Some(name.into()), address: None }
    }

    /// A host by address.
    #[must_use]
    pub fn from_address(address: IpAddr) -> Self {
        Self { given: None, address: Some(address.to_canonical()) }
    }

    /// A host whose name and address are both known. The address is used; the name is how it is called.
    #[must_use]
    pub fn with_name(name: &str, address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { given: (name != address.to_string()).then(|| name.into()), address: Some(address) }
    }

    /// As it was given, without scheme, brackets and ports; a member of a network or range is called by its address.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match (&self.given, self.address) {
            (Some(given), _) => Cow::Borrowed(given),
            (None, Some(address)) => Cow::Owned(address.to_string()),
            (None, None) => Cow::Borrowed(""),
        }
    }

    /// Its address; a name has none before it is resolved.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    pub(crate) fn given(&self) -> Option<&Arc<str>> {
        self.given.as_ref()
    }
}

/// The shortest prefix of a network of IPv6: 2^80 addresses are more than anybody can visit.
const WIDEST_V6: u8 = 48;

impl Target {
    /// Whether it says that it, or some of its ports, are UDP.
    #[must_use]
    pub fn names_udp(&self) -> bool {
        self.protocol == Some(Protocol::Udp) || self.ports.as_ref().is_some_and(|ports| !ports.udp.is_empty())
    }

    /// Reads an IPv6 address without brackets whose last colon stands before a port, as naabu writes it. Where `None` comes back there is
    /// no such reading; where one does, the same text may be an address without a port, too: `2001:db8::5:80` is.
    #[must_use]
    pub fn from_bare_v6(text: &str) -> Option<Self> {
        let (head, port) = text.rsplit_once(':')?;
        let (head, protocol) = match head.rsplit_once(':') {
            Some((head, "u" | "U")) => (head, Some(Protocol::Udp)),
            Some((head, "t" | "T")) => (head, Some(Protocol::Tcp)),
            _ => (head, None),
        };
        let address: Ipv6Addr = head.parse().ok()?;
        let ports = if port.contains('-') { return None } else { port.parse().ok()? };
        Some(Self { hosts: Hosts::One(Host::with_name(head, address.into())), protocol, ports: Some(ports) })
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        parse(text).map_err(|kind| TargetError::new(text, kind))
    }
}

fn parse(text: &str) -> Result<Target, Kind> {
    let (protocol, rest) = match text.split_once("://") {
        None => (None, text),
        Some((scheme, rest)) => {
            let protocol = match scheme {
                _ if scheme.eq_ignore_ascii_case("tcp") => Protocol::Tcp,
                _ if scheme.eq_ignore_ascii_case("udp") => Protocol::Udp,
                _ => return Err(Kind::Scheme),
            };
            (Some(protocol), rest.strip_suffix('/').unwrap_or(rest))
        }
    };
    let (hosts, ports) = if let Some(rest) = rest.strip_prefix('[') {
        let (hosts, after) = rest.split_once(']').ok_or(Kind::Bracket)?;
        match after.strip_prefix(':') {
            Some(ports) => (hosts, Some(ports)),
            None if after.is_empty() => (hosts, None),
            None => return Err(Kind::Bracket),
        }
    } else if rest.matches(':').count() > 1 {
        // Without brackets, several colons can only be an IPv6 address, or a transport before the ports.
        if let Ok(hosts) = parse_hosts(rest) {
            hosts.check()?;
            return Ok(Target { hosts, protocol, ports: None });
        }
        if let Some(target) = Target::from_bare_v6(rest) {
            return Ok(Target { protocol: protocol.or(target.protocol), ..target });
        }
        match rest.split_once(':') {
            Some((hosts, ports)) if ports.parse::<PortSelection>().is_ok() => (hosts, Some(ports)),
            _ => return Err(Kind::Name),
        }
    } else {
        rest.split_once(':').map_or((rest, None), |(hosts, ports)| (hosts, Some(ports)))
    };
    let hosts = parse_hosts(hosts)?;
    hosts.check()?;
    Ok(Target { hosts, protocol, ports: ports.map(str::parse).transpose().map_err(Kind::Ports)? })
}

fn parse_hosts(text: &str) -> Result<Hosts, Kind> {
    if text.is_empty() {
        return Err(Kind::Empty);
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Hosts::One(Host::with_name(text, address)));
    }
    if let Some(range) = parse_range(text)? {
        return Ok(Hosts::Range(range));
    }
    // A zone, as in fe80::1%eth0, is for the resolver to read.
    let zoned = text.split_once('%').is_some_and(|(host, _)| host.parse::<Ipv6Addr>().is_ok());
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') || byte >= 0x80;
    if !zoned && !text.bytes().all(is_name_byte) {
        return Err(Kind::Name);
    }
    Ok(Hosts::One(Host::from_name(text)))
}

/// A network or a range, if the text is meant as one.
fn parse_range(text: &str) -> Result<Option<AddressRange>, Kind> {
    if text.contains('/') {
        let network: IpNet = text.parse().map_err(|_| Kind::Network)?;
        let range = AddressRange::new(network.network(), network.broadcast()).ok_or(Kind::Network)?;
        return Ok(Some(range));
    }
    let Some((first, last)) = text.split_once('-') else { return Ok(None) };
    let Ok(first) = first.parse::<IpAddr>() else {
        let is_range = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        return if is_range { Err(Kind::Range) } else { Ok(None) };
    };
    let last = match (first, last.parse()) {
        (_, Ok(last)) => last,
        (IpAddr::V4(first), Err(_)) => {
            let [a, b, c, _] = first.octets();
            let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
            let last = last.parse().ok().filter(|_| is_number).ok_or(Kind::Range)?;
            [a, b, c, last].into()
        }
        (IpAddr::V6(_), Err(_)) => return Err(Kind::Range),
    };
    AddressRange::new(first, last).ok_or(Kind::Backwards).map(Some)
}

impl Hosts {
    /// Fails if there are more hosts than can be visited.
    fn check(&self) -> Result<(), Kind> {
        match self {
            Self::Range(range) if range.span() >> (128 - u32::from(WIDEST_V6)) > 0 => Err(Kind::TooWide),
            _ => Ok(()),
        }
    }
}

/// A target that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetError {
    target: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Empty,
    Scheme,
    Bracket,
    Network,
    TooWide,
    Range,
    Backwards,
    Name,
    Ports(PortsError),
}

impl TargetError {
    fn new(target: &str, kind: Kind) -> Self {
        /// A line of a file can be anything.
        const SHOWN: usize = 100;
        let mut shown: String = target.chars().take(SHOWN).flat_map(char::escape_debug).collect();
        if target.chars().nth(SHOWN).is_some() {
            shown.push_str("...");
        }
        Self { target: shown, kind }
    }
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "target '{}': ", self.target)?;
        match &self.kind {
            Kind::Empty => write!(f, "there is no host"),
            Kind::Scheme => write!(f, "unknown scheme; there are tcp:// and udp://"),
            Kind::Bracket => write!(f, "brackets stand around an IPv6 address, like [::1]:22"),
            Kind::Network => write!(f, "a network is an address and a length, like 10.0.0.0/8 or [2001:db8::/64]:22"),
            Kind::TooWide => write!(f, "nobody can visit so many hosts; an IPv6 network is /{WIDEST_V6} at the widest"),
            Kind::Range => write!(f, "a range of addresses is written like 10.0.0.1-20 or 10.0.0.1-10.0.1.20"),
            Kind::Backwards => write!(f, "the range runs backwards; write the lower address first"),
            Kind::Name => write!(f, "neither an address nor a host name; write host, host:22,80 or [::1]:22"),
            Kind::Ports(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TargetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Ports(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match text.parse::<Target>() {
            Ok(target) => {
                let protocol = target.protocol.map_or("any", Protocol::as_str);
                let hosts = match &target.hosts {
                    Hosts::One(host) => {
                        format!("{} {}", if host.address().is_some() { "address" } else { "name" }, host.name())
                    }
                    Hosts::Range(range) => format!("range {range}"),
                };
                let ports = target.ports.map_or(String::from("-"), |ports| ports.to_string());
                format!("{protocol} {hosts} {ports}")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn targets_are_read() {
        for (text, expected) in [
            ("example.org", "any name example.org -"),
            ("example.org:22", "any name example.org 22"),
            ("example.org:22,80-90", "any name example.org 22,80-90"),
            ("127.0.0.1", "any address 127.0.0.1 -"),
            ("127.0.0.1:8080", "any address 127.0.0.1 8080"),
            ("127.0.0.1:9,U:53", "any address 127.0.0.1 9,U:53"),
            ("127.0.0.1:U:53,T:22", "any address 127.0.0.1 T:22,U:53"),
            ("1.2.3.4:u:53", "any address 1.2.3.4 U:53"),
            ("::1", "any address ::1 -"),
            ("0::1", "any address 0::1 -"),
            ("fe80::1%eth0", "any name fe80::1%eth0 -"),
            ("[::1]", "any address ::1 -"),
            ("[::1]:443", "any address ::1 443"),
            ("2001:db8::80", "any address 2001:db8::80 -"),
            ("2001:db8::1:21022", "any address 2001:db8::1 21022"),
            ("1:2:3:4:5:6:7:8:80", "any address 1:2:3:4:5:6:7:8 80"),
            ("2001:db8::1:u:53", "udp address 2001:db8::1 53"),
            ("tcp://127.0.0.1:21022", "tcp address 127.0.0.1 21022"),
            ("TCP://[::1]:5/", "tcp address ::1 5"),
            ("udp://127.0.0.1:53", "udp address 127.0.0.1 53"),
            ("my-host_1:-", "any name my-host_1 1-65535"),
            ("10.0.0.7/8", "any range 10.0.0.0-10.255.255.255 -"),
            ("udp://10.0.0.0/30:53,67", "udp range 10.0.0.0-10.0.0.3 53,67"),
            ("10.0.0.1-20", "any range 10.0.0.1-10.0.0.20 -"),
            ("10.0.0.1-20:22", "any range 10.0.0.1-10.0.0.20 22"),
            ("10.0.0.1-10.0.1.20", "any range 10.0.0.1-10.0.1.20 -"),
            ("2001:db8::/64", "any range 2001:db8::-2001:db8::ffff:ffff:ffff:ffff -"),
            ("[2001:db8::/127]:22", "any range 2001:db8::-2001:db8::1 22"),
            ("[2001:db8::1-2001:db8::9]:22", "any range 2001:db8::1-2001:db8::9 22"),
            ("::ffff:10.0.0.1/127", "any range 10.0.0.0-10.0.0.1 -"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        // What may be read in two ways is an address unless the caller knows better.
        let bare = Target::from_bare_v6("2606:4700::6810:6434:80").unwrap();
        assert_eq!(bare.ports.unwrap().to_string(), "80");
        assert_eq!(shown("2606:4700::6810:6434:80"), "any address 2606:4700::6810:6434:80 -");
        for text in ["2001:db8::1", "1.2.3.4:80", "::1-5", "2001:db8::ab"] {
            assert_eq!(Target::from_bare_v6(text), None, "{text}");
        }
    }

    #[test]
    fn faults_are_named() {
        for (text, expected) in [
            ("", "there is no host"),
            (":22", "there is no host"),
            ("tcp://", "there is no host"),
            ("http://example.org", "unknown scheme"),
            ("[::1", "brackets"),
            ("[::1]22", "brackets"),
            ("10.0.0.0/33", "a network is an address and a length"),
            ("example.org/8", "a network is an address and a length"),
            ("2000::/3", "/48 at the widest"),
            ("10.0.0-5.1", "a range of addresses is written like"),
            ("10.0.0.1-256", "a range of addresses is written like"),
            ("10.0.0.1-+5", "a range of addresses is written like"),
            ("10.0.0.20-1", "runs backwards"),
            ("a b", "neither an address nor a host name"),
            ("a\u{1b}[0m", "'a\\u{1b}[0m'"),
            ("1:2:3", "neither an address nor a host name"),
            ("example.org:http", "'http' is not a port"),
            ("example.org:", "empty"),
        ] {
            assert!(shown(text).contains(expected), "{text}: {}", shown(text));
        }
        assert!(shown(&"/".repeat(1 << 20)).len() < 1000);
    }
}
