//! What must never be scanned.

use std::collections::HashSet;
use std::net::IpAddr;
use std::str::FromStr;

use super::range::{AddressRange, AddressSet};
use super::{Host, Hosts, TargetError, parse_hosts};

/// Hosts that are not to be scanned: an address, a network, a range or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excluded {
    /// Addresses.
    Range(AddressRange),
    /// A name, in lower case.
    Name(String),
}

impl FromStr for Excluded {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        match parse_hosts(inner) {
            Ok(Hosts::Range(range)) => Ok(Self::Range(range)),
            Ok(Hosts::One(host)) => Ok(match host.address() {
                Some(address) => Self::Range(AddressRange::one(address)),
                None => Self::Name(folded(&host.name())),
            }),
            Err(kind) => Err(TargetError::new(text, kind)),
        }
    }
}

/// A set of hosts that are not to be scanned.
#[derive(Clone, Debug, Default)]
pub struct Exclusion {
    addresses: AddressSet,
    names: HashSet<String>,
}

impl FromIterator<Excluded> for Exclusion {
    fn from_iter<I: IntoIterator<Item = Excluded>>(list: I) -> Self {
        let mut ranges = Vec::new();
        let mut names = HashSet::new();
        for excluded in list {
            match excluded {
                Excluded::Range(range) => ranges.push(range),
                Excluded::Name(name) => drop(names.insert(name)),
            }
        }
        Self { addresses: ranges.into_iter().collect(), names }
    }
}

impl Exclusion {
    /// Whether a host is not to be scanned, as far as can be told before its name is resolved.
    #[must_use]
    pub fn has(&self, host: &Host) -> bool {
        let has_name = || host.given().is_some_and(|name| self.names.contains(&folded(name)));
        host.address().is_some_and(|address| self.has_address(address)) || (!self.names.is_empty() && has_name())
    }

    /// Whether an address is not to be scanned.
    #[must_use]
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.addresses.contains(address)
    }

    pub(crate) fn without(&self, range: AddressRange) -> Vec<AddressRange> {
        self.addresses.without(range)
    }
}

/// A name as it is compared: DNS knows no case (RFC 4343), and a last dot is the root.
fn folded(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_kept_out_by_address_and_by_name() {
        let list = ["10.0.0.0/8", "192.0.2.1-9", "[::1]", "Example.ORG.", "::/0"];
        let exclusion: Exclusion = list.iter().map(|text| text.parse::<Excluded>().unwrap()).collect();
        for (host, expected) in [
            (Host::from_address("10.1.2.3".parse().unwrap()), true),
            (Host::from_address("192.0.2.10".parse().unwrap()), false),
            (Host::from_address("2001:db8::1".parse().unwrap()), true),
            (Host::from_name("example.org"), true),
            (Host::from_name("www.example.org"), false),
            (Host::with_name("other", "10.0.0.1".parse().unwrap()), true),
        ] {
            assert_eq!(exclusion.has(&host), expected, "{host:?}");
        }
        assert!("10.0.0.1:22".parse::<Excluded>().is_err() && "a b".parse::<Excluded>().is_err());
    }
}
