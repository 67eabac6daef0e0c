//! Vendor ids: what they tell of the software.

use portprint_plugin_sdk::Found;

/// MD5 of "RFC 3947".
pub(crate) const NAT_TRAVERSAL: &[u8] = b"\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f";
/// RFC 3706, version 1.0.
pub(crate) const DEAD_PEER: &[u8] = b"\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57\x01\x00";

/// How ids begin that say what the peer can do.
const CAPABILITIES: &[(&[u8], &str)] = &[
    (NAT_TRAVERSAL, "nat-traversal"),
    // MD5 of "draft-ietf-ipsec-nat-t-ike-02\n", "…-02" and "…-03".
    (b"\x90\xcb\x80\x91\x3e\xbb\x69\x6e\x08\x63\x81\xb5\xec\x42\x7b\x1f", "nat-traversal"),
    (b"\xcd\x60\x46\x43\x35\xdf\x21\xf8\x7c\xfd\xb2\xfc\x68\xb6\xa4\x48", "nat-traversal"),
    (b"\x7d\x94\x19\xa6\x53\x10\xca\x6f\x2c\x17\x9d\x92\x15\x52\x9d\x56", "nat-traversal"),
    // Without the version at its end.
    (b"\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57", "dead-peer-detection"),
    // MD5 of "draft-ietf-ipsra-isakmp-xauth-06.txt", its first half.
    (b"\x09\x00\x26\x89\xdf\xd6\xb7\x12", "xauth"),
    // MD5 of "FRAGMENTATION".
    (b"\x40\x48\xb7\xd5\x6e\xbc\xe8\x85\x25\xe7\xde\x7f\x00\xd6\xc2\xd3", "fragmentation"),
    // MD5 of "CISCO-UNITY" without its end, for which there is a version. Not only Cisco has it.
    (b"\x12\xf5\xf2\x8c\x45\x71\x68\xa9\x70\x2d\x9f\xe2\x74\xcc", "cisco-unity"),
];

/// How ids begin that say who the peer is: product, CPE, system, device.
const PRODUCTS: &[(&[u8], [&str; 4])] = &[
    // MD5 of "strongSwan".
    (
        b"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb",
        ["strongSwan", "cpe:/a:strongswan:strongswan", "", ""],
    ),
    // MD5 of "MS NT5 ISAKMPOAKLEY"; a version follows.
    (
        b"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61",
        ["Microsoft Windows IKE", "cpe:/o:microsoft:windows", "Windows", ""],
    ),
    // MD5 of "KAME/racoon".
    (b"\x70\x03\xcb\xc1\x09\x7d\xbe\x9c\x26\x00\xba\x69\x83\xbc\x8b\x35", ["racoon", "", "", ""]),
    // As FortiOS itself calls it in its logs; four bytes of a build follow.
    (
        b"\x82\x99\x03\x17\x57\xa3\x60\x82\xc6\xa6\x21\xde",
        ["Fortinet FortiGate", "cpe:/o:fortinet:fortios", "FortiOS", "firewall"],
    ),
    (b"CISCO-DELETE-REASON", ["Cisco IKE", "", "", ""]),
    (b"CISCO(COPYRIGHT)", ["Cisco IKE", "", "", ""]),
    (b"FLEXVPN-SUPPORTED", ["Cisco IKE", "", "", ""]),
];

/// Names of software that says its version: `OE-Libreswan-4.10`, `OpenIKED-7.3`.
const NAMES: &[(&str, &str, &str)] = &[
    ("OE-Libreswan-", "Libreswan", "cpe:/a:libreswan:libreswan"),
    ("Libreswan ", "Libreswan", "cpe:/a:libreswan:libreswan"),
    ("Openswan ", "Openswan", "cpe:/a:openswan:openswan"),
    ("OpenIKED-", "OpenIKED", ""),
    ("strongSwan ", "strongSwan", "cpe:/a:strongswan:strongswan"),
];

/// Fills in what a vendor id tells, if nothing told it before.
pub(crate) fn tell(found: &mut Found, id: &[u8]) {
    if let Some((_, name)) = CAPABILITIES.iter().find(|(start, _)| id.starts_with(start)) {
        return once(found, "capability", name);
    }
    let text = std::str::from_utf8(id).ok().filter(|text| text.chars().all(|c| matches!(c, ' '..='~')));
    match text {
        Some(text) => once(found, "vendor_id", text),
        None => once(found, "vendor_id", &id.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
    if !found.product.is_empty() {
        return;
    }
    if let Some((_, [product, cpe, os, device])) = PRODUCTS.iter().find(|(start, _)| id.starts_with(start)) {
        (found.product, found.os, found.device) = ((*product).into(), (*os).into(), (*device).into());
        found.cpe = Some(*cpe).filter(|cpe| !cpe.is_empty()).map(str::to_owned).into_iter().collect();
        return;
    }
    let Some(text) = text else { return };
    for (start, product, cpe) in NAMES {
        let Some(version) = text.strip_prefix(start) else { continue };
        let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
        let version = version[..end].trim_end_matches('.');
        (found.product, found.version) = ((*product).into(), version.into());
        if !cpe.is_empty() {
            found.cpe = vec![format!("{cpe}:{version}").trim_end_matches(':').into()];
        }
    }
}

/// Adds a detail that may have been told before.
pub(crate) fn once(found: &mut Found, key: &str, text: &str) {
    let detail = (key.to_owned(), text.into());
    if !found.details.contains(&detail) {
        found.details.push(detail);
    }
}
