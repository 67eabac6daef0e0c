//! What is to be scanned, as people write it.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use portprint_tables::{PortRange, Protocol};

use crate::{PortSelection, PortSet, PortsError};

/// A host with, maybe, its ports: `host`, `host:PORTS`, `[v6]:PORTS`, `tcp://host:PORTS`, `udp://…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub host: Host,
    /// The transport.
    pub protocol: Protocol,
    /// The ports, if any are given.
    pub ports: Option<PortSet>,
}

/// A host by address or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// As it was given, without scheme, brackets and ports.
    pub given: Arc<str>,
    /// Its address; a name has none before it is resolved.
    pub address: Option<IpAddr>,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        parse(text).map_err(|kind| TargetError { target: text.escape_debug().collect(), kind })
    }
}

fn parse(text: &str) -> Result<Target, Kind> {
    let (protocol, rest) = match text.split_once("://") {
        None => (Protocol::Tcp, text),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tcp") => {
            (Protocol::Tcp, rest.strip_suffix('/').unwrap_or(rest))
        }
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("udp") => {
            (Protocol::Udp, rest.strip_suffix('/').unwrap_or(rest))
        }
        Some(_) => return Err(Kind::Scheme),
    };
    let (host, ports) = if let Some(rest) = rest.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or(Kind::Bracket)?;
        match after.strip_prefix(':') {
            Some(ports) => (host, Some(ports)),
            None if after.is_empty() => (host, None),
            None => return Err(Kind::Bracket),
        }
    } else if rest.matches(':').count() > 1 {
        // Without brackets, several colons can only be an IPv6 address.
        (rest, None)
    } else {
        rest.split_once(':').map_or((rest, None), |(host, ports)| (host, Some(ports)))
    };
    Ok(Target { host: parse_host(host)?, protocol, ports: ports.map(parse_ports).transpose()? })
}

fn parse_host(text: &str) -> Result<Host, Kind> {
    let address = text.parse::<IpAddr>().ok();
    if address.is_none() {
        if text.is_empty() {
            return Err(Kind::Empty);
        }
        if text.contains('/') {
            return Err(Kind::Network);
        }
        if text.contains('-') && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-')) {
            return Err(Kind::Range);
        }
        // A zone, as in fe80::1%eth0, is for the resolver to read.
        let zoned = text.split_once('%').is_some_and(|(host, _)| host.parse::<std::net::Ipv6Addr>().is_ok());
        let is_name_byte =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') || byte >= 0x80;
        if !zoned && !text.bytes().all(is_name_byte) {
            return Err(Kind::Name);
        }
    }
    Ok(Host { given: text.into(), address })
}

fn parse_ports(text: &str) -> Result<PortSet, Kind> {
    if text.contains(':') {
        return Err(Kind::Name);
    }
    text.parse::<PortSelection>().map(|ports| ports.tcp).map_err(Kind::Ports)
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
    Range,
    Name,
    Ports(PortsError),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "target '{}': ", self.target)?;
        match &self.kind {
            Kind::Empty => write!(f, "there is no host"),
            Kind::Scheme => write!(f, "unknown scheme; there are tcp:// and udp://"),
            Kind::Bracket => write!(f, "brackets stand around an IPv6 address, like [::1]:22"),
            Kind::Network => write!(f, "networks are not supported yet; give single hosts"),
            Kind::Range => write!(f, "ranges of addresses are not supported yet; give single hosts"),
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

/// The hosts of a scan, each once, in the order in which they were first given.
#[derive(Clone, Debug)]
pub struct Hosts {
    default_ports: PortSet,
    list: Vec<(Host, Vec<PortRange>)>,
    known: HashMap<Arc<str>, usize>,
}

impl Hosts {
    /// No host yet. Targets without ports get `default_ports`.
    #[must_use]
    pub fn new(default_ports: PortSet) -> Self {
        Self { default_ports, list: Vec::new(), known: HashMap::new() }
    }

    /// Adds a target, joining its ports to those of the same host. `false`, and nothing is added, when its transport is not offered
    /// yet: UDP.
    #[must_use]
    pub fn add(&mut self, target: &Target) -> bool {
        if target.protocol != Protocol::Tcp {
            return false;
        }
        let index = *self.known.entry(target.host.given.clone()).or_insert_with(|| {
            self.list.push((target.host.clone(), Vec::new()));
            self.list.len() - 1
        });
        let ports = target.ports.as_ref().unwrap_or(&self.default_ports);
        self.list[index].1.extend(ports.ranges());
        true
    }

    /// How many hosts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The hosts with their ports.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Host, PortSet)> {
        self.list.iter().map(|(host, ranges)| (host, PortSet::from_ranges(ranges.iter().copied())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match text.parse::<Target>() {
            Ok(target) => {
                let kind = if target.host.address.is_some() { "address" } else { "name" };
                let ports = target.ports.map_or(String::from("-"), |ports| ports.to_string());
                format!("{} {kind} {} {ports}", target.protocol, target.host.given)
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn targets_are_read() {
        for (text, expected) in [
            ("example.org", "tcp name example.org -"),
            ("example.org:22", "tcp name example.org 22"),
            ("example.org:22,80-90", "tcp name example.org 22,80-90"),
            ("127.0.0.1", "tcp address 127.0.0.1 -"),
            ("127.0.0.1:8080", "tcp address 127.0.0.1 8080"),
            ("::1", "tcp address ::1 -"),
            ("fe80::1%eth0", "tcp name fe80::1%eth0 -"),
            ("[::1]", "tcp address ::1 -"),
            ("[::1]:443", "tcp address ::1 443"),
            ("tcp://127.0.0.1:21022", "tcp address 127.0.0.1 21022"),
            ("TCP://[::1]:5/", "tcp address ::1 5"),
            ("udp://127.0.0.1:53", "udp address 127.0.0.1 53"),
            ("my-host_1:-", "tcp name my-host_1 1-65535"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
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
            ("10.0.0.0/8", "networks are not supported yet"),
            ("10.0.0.1-20", "ranges of addresses are not supported yet"),
            ("a b", "neither an address nor a host name"),
            ("a\u{1b}[0m", "'a\\u{1b}[0m'"),
            ("1:2:3", "neither an address nor a host name"),
            ("example.org:http", "'http' is not a port"),
            ("example.org:", "empty"),
        ] {
            assert!(shown(text).contains(expected), "{text}: {}", shown(text));
        }
    }

    #[test]
    fn a_host_is_scanned_once() {
        let mut hosts = Hosts::new(PortSet::from_ports([1]));
        for target in ["a:5", "b", "a:3", "a", "tcp://a:5"] {
            assert!(hosts.add(&target.parse().unwrap()));
        }
        let list: Vec<_> = hosts.iter().map(|(host, ports)| format!("{} {ports}", host.given)).collect();
        assert_eq!(list, ["a 1,3,5", "b 1"]);
        assert!(!hosts.add(&"udp://a:53".parse().unwrap()));
    }
}
