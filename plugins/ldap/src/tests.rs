//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Reader, testkit};

use crate::software::{self, Root};
use crate::wire::{self, Answer, Attribute, Outcome};

fn read(bytes: &[u8]) -> Option<Answer> {
    Answer::read(&mut Reader::new(bytes), 7).ok()
}

#[test]
fn requests_are_short() {
    let search = wire::search(0x4d54_a87d);
    assert!(search.starts_with(
        b"0r\x02\x04MT\xa8}cj\x04\0\x0a\x01\0\x0a\x01\0\x02\x01\0\x02\x01\0\x01\x01\0\x87\x0bobjectClass0J"
    ));
    assert_eq!(wire::lengths(&search), Ok(Some((2, search.len() - 2))));
    assert!(search.len() < 130);
    assert_eq!(wire::unbind(7), b"0\x08\x02\x04\0\0\0\x07B\0");
    // An echo does not answer.
    assert!(Answer::read(&mut Reader::new(&search), 0x4d54_a87d).is_err());
}

#[test]
fn lengths_come_in_many_sizes() {
    assert_eq!(wire::lengths(b"0\x82\x01"), Ok(None));
    assert_eq!(wire::lengths(b"0\x84\0\0\x12\x34"), Ok(Some((6, 0x1234))));
    assert!(wire::lengths(b"0\x84\xff\xff\xff\xff").is_err());
    assert!(wire::lengths(b"0\x80").is_err());
    assert!(wire::lengths(b"0\x88").is_err());
    assert!(wire::lengths(b"0\x05").is_err());
    assert!(wire::lengths(b"HT").is_err());
}

#[test]
fn entries_are_taken_apart() {
    let short = b"00\x02\x01\x07d+\x04\x000'0%\x04\x0bobjectClass1\x16\x04\x03top\x04\x0fOpenLDAProotDSE";
    let long = b"0\x84\0\0\0\x25\x02\x01\x07d\x84\0\0\0\x1c\x04\x000\x84\0\0\0\x14\x30\x84\0\0\0\x0e\x04\x01a\x31\x84\0\0\0\x05\x04\x03bcd";
    let entry = |name: &str, values: &[&str]| -> Option<Answer> {
        Some(Answer::Entry(vec![(name.to_owned(), values.iter().map(|&value| value.to_owned()).collect())]))
    };
    assert_eq!(read(short), entry("objectClass", &["top", "OpenLDAProotDSE"]));
    assert_eq!(read(long), entry("a", &["bcd"]));
    for length in 0..short.len() {
        assert_eq!(read(&short[..length]), None);
    }
    assert_eq!(Answer::read(&mut Reader::new(short), 8), Err(portprint_plugin_sdk::Short));
}

#[test]
fn refusals_are_answers_too() {
    let done = b"0\x1f\x02\x01\x07e\x1a\x0a\x01\x0d\x04\0\x04\x13confidentiality req";
    assert_eq!(read(done), Some(Answer::Done(Outcome { code: 13, message: "confidentiality req".into() })));
    let notice = b"0\x24\x02\x01\0x\x1f\x0a\x01\x02\x04\0\x04\0\x8a\x161.3.6.1.4.1.1466.20036";
    assert_eq!(read(notice), Some(Answer::Disconnection(Outcome { code: 2, message: String::new() })));
    assert_eq!(read(&notice.map(|byte| if byte == b'6' { b'7' } else { byte })), None);
}

#[test]
fn versions_are_cut_out() {
    for (vendor, parts) in [
        ("389-Directory/2.3.1 B2025.016.1616", ("389-Directory", "2.3.1")),
        ("Sun-Directory-Server/11.1.1.7.2", ("Sun-Directory-Server", "11.1.1.7.2")),
        ("LDAP Agent for Novell eDirectory 8.8 SP8 (20804.04)", ("LDAP Agent for Novell eDirectory", "8.8")),
        ("OpenDJ Server 4.4.11", ("OpenDJ Server", "4.4.11")),
        ("lldap_0.5.0", ("lldap", "0.5.0")),
        ("2.0.0.AM26", ("", "2.0.0.AM26")),
        ("Ünknown/", ("Ünknown/", "")),
        ("", ("", "")),
    ] {
        assert_eq!(software::split(vendor), parts, "{vendor}");
    }
}

fn root(attributes: &[(&str, &[&str])]) -> Vec<Attribute> {
    let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
    attributes.iter().map(|(name, values)| ((*name).to_owned(), owned(values))).collect()
}

#[test]
fn domain_controllers_say_where_they_are() {
    let settings = "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Here,CN=Sites,CN=Configuration,DC=lab,DC=example";
    let entry = root(&[
        ("supportedCapabilities", &["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"]),
        ("defaultNamingContext", &["DC=lab,DC=example"]),
        ("dsServiceName", &[settings]),
    ]);
    let software = Root(&entry).software();
    assert_eq!((software.product.as_str(), software.os), ("Microsoft Windows Active Directory LDAP", "Windows"));
    assert_eq!(Root(&entry).place(), "Domain: lab.example, Site: Here");
    let mut entry = entry;
    entry.extend(root(&[
        ("vendorName", &["Samba Team (https://www.samba.org)"]),
        ("vendorVersion", &["4.17.12-Debian"]),
    ]));
    let software = Root(&entry).software();
    assert_eq!((software.product.as_str(), software.version.as_str(), software.os), ("Samba", "4.17.12", ""));
}

#[test]
fn software_is_known_by_its_vendor() {
    let entry = root(&[("vendorname", &["Apache Software Foundation"]), ("VENDORVERSION", &["2.0.0.AM26"])]);
    let software = Root(&entry).software();
    assert_eq!((software.product.as_str(), software.version.as_str()), ("ApacheDS", "2.0.0.AM26"));
    assert_eq!(Root(&root(&[])).software(), software::Software::default());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
