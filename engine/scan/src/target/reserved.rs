//! Addresses that do not belong to hosts of the Internet.

use std::sync::LazyLock;

use ipnet::IpNet;

use super::range::{AddressRange, AddressSet};

/// IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and its successors), without the entries that are part of
/// others; and multicast (RFC 5771, RFC 4291 section 2.7), which no connection can go to.
const RESERVED: [&str; 34] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

static RANGES: LazyLock<Vec<AddressRange>> = LazyLock::new(|| {
    let range = |text: &str| {
        let network: IpNet = text.parse().expect("the list above holds networks");
        // Not by AddressRange::new: the block of mapped addresses is meant as IPv6 here, or it would stand for all of IPv4.
        AddressRange { first: network.network(), last: network.broadcast() }
    };
    RESERVED.into_iter().map(range).collect()
});

static SET: LazyLock<AddressSet> = LazyLock::new(|| RANGES.iter().copied().collect());

/// The parts of a range that are to be visited: all of it if it lies within a reserved block and so is meant, else what is not reserved.
pub(crate) fn without_reserved(range: AddressRange) -> Vec<AddressRange> {
    let is_within = |block: &AddressRange| {
        block.first.is_ipv4() == range.first.is_ipv4() && block.first <= range.first && range.last <= block.last
    };
    if RANGES.iter().any(is_within) { vec![range] } else { SET.without(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_blocks_are_left_out_of_larger_ranges_only() {
        for (first, last, expected) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
            ("10.0.0.0", "10.255.255.255", "10.0.0.0-10.255.255.255"),
            ("9.255.255.255", "11.0.0.0", "9.255.255.255 11.0.0.0"),
            ("224.0.0.0", "255.255.255.255", ""),
            ("1.0.0.0", "1.255.255.255", "1.0.0.0-1.255.255.255"),
            ("::", "::2", "::2"),
            ("2001:db8::", "2001:db8::ff", "2001:db8::-2001:db8::ff"),
            ("::fffe:ffff:ffff", "::1:0:0:0", "::fffe:ffff:ffff ::1:0:0:0"),
        ] {
            let range = AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap();
            let parts: Vec<_> = without_reserved(range).iter().map(ToString::to_string).collect();
            assert_eq!(parts.join(" "), expected, "{first} {last}");
        }
    }
}
