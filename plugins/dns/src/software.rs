//! What servers call themselves in `version.bind`.

use portprint_plugin_sdk::Found;

/// Names as servers say them, in lower case: product, and CPE without a version.
const KNOWN: &[(&str, &str, &str)] = &[
    ("bind", "ISC BIND", "cpe:/a:isc:bind"),
    ("coredns", "CoreDNS", "cpe:/a:coredns.io:coredns"),
    ("dnsdist", "PowerDNS dnsdist", "cpe:/a:powerdns:dnsdist"),
    ("dnsmasq", "dnsmasq", "cpe:/a:thekelleys:dnsmasq"),
    ("dnsmasq-pi-hole", "dnsmasq", "cpe:/a:thekelleys:dnsmasq"),
    ("knot dns", "cz.nic Knot DNS", ""),
    ("microsoft dns", "Microsoft DNS", ""),
    ("nsd", "NLnet Labs NSD", "cpe:/a:nlnetlabs:nsd"),
    ("powerdns authoritative server", "PowerDNS Authoritative Server", "cpe:/a:powerdns:authoritative"),
    ("powerdns recursor", "PowerDNS Recursor", "cpe:/a:powerdns:recursor"),
    ("unbound", "Unbound", "cpe:/a:nlnetlabs:unbound"),
];

/// Systems that BIND's packagers add to its version.
const SYSTEMS: &[(&str, &str)] = &[
    ("-Debian", "Debian Linux"),
    ("-Ubuntu", "Ubuntu Linux"),
    ("-RedHat", "Red Hat Linux"),
    ("-RH", "Red Hat Linux"),
    ("-SUSE", "SUSE Linux"),
];

/// Fills in what the text of `version.bind` tells. It is the administrator's to choose: what looks like no software's is left alone.
pub(crate) fn tell(found: &mut Found, said: &str) {
    let Some((name, version)) = split(said) else { return };
    let lower = name.to_ascii_lowercase();
    let (product, cpe) = match KNOWN.iter().find(|(known, ..)| *known == lower) {
        Some(&(_, product, cpe)) => (product, cpe),
        None if lower == "named" => ("ISC BIND", "cpe:/a:isc:bind"),
        None => (name, ""),
    };
    let mut version = version;
    if product == "ISC BIND" {
        for (mark, system) in SYSTEMS {
            if let Some(at) = version.find(mark) {
                version = &version[..at];
                found.info = (*system).into();
                found.os = "Linux".into();
                break;
            }
        }
    } else if lower == "dnsmasq-pi-hole" {
        found.info = "Pi-hole".into();
    } else if product == "Microsoft DNS" {
        found.os = "Windows".into();
    }
    product.clone_into(&mut found.product);
    version.clone_into(&mut found.version);
    if !cpe.is_empty() {
        let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
        found.cpe = vec![match version[..end].trim_end_matches('.') {
            "" => cpe.into(),
            number => format!("{cpe}:{number}"),
        }];
    }
}

/// Name and version: `unbound 1.17.1`, `dnsmasq-2.89`, `PowerDNS Recursor 4.8.8 (built …)`, and BIND's `9.18.49-1~deb12u3-Debian`.
fn split(said: &str) -> Option<(&str, &str)> {
    const LONGEST: usize = 40;
    let first = said.split_whitespace().next()?;
    if is_version(first) {
        // BIND says its version alone, and there have been only these.
        let is_bind = ["9.", "8.", "4."].iter().any(|major| first.starts_with(major));
        return is_bind.then_some(("BIND", first));
    }
    for (at, separator) in said.char_indices().filter(|&(at, c)| at > 0 && matches!(c, ' ' | '-' | '/')) {
        let after = &said[at + separator.len_utf8()..];
        let version = after.strip_prefix(['v', 'V']).unwrap_or(after).split_whitespace().next().unwrap_or_default();
        if is_version(version) {
            let name = said[..at].trim();
            let is_name =
                name.len() <= LONGEST && name.chars().all(|c| c.is_ascii_alphanumeric() || " .-_/".contains(c));
            return (is_name && name.starts_with(|c: char| c.is_ascii_alphabetic()))
                .then_some((name, version.trim_end_matches([',', ';', ')'])));
        }
    }
    None
}

/// Digits, a dot, digits, and whatever more without blanks.
fn is_version(text: &str) -> bool {
    text.split_once('.').is_some_and(|(major, rest)| {
        !major.is_empty() && major.chars().all(|c| c.is_ascii_digit()) && rest.starts_with(|c: char| c.is_ascii_digit())
    })
}
