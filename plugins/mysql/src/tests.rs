//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Short, testkit};

use crate::vendor::Vendor;
use crate::wire::{self, First};
use crate::x::{self, Value};

#[test]
fn first_packets_are_taken_apart() {
    assert_eq!(wire::length(*b"\x4a\0\0\0"), Some(0x4a));
    assert_eq!(wire::length(*b"\x4a\0\0\x01"), None);
    assert_eq!(wire::length(*b"HTTP"), None);
    // MySQL 8.0
    let packet = b"\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0abcdefghijkl\0caching_sha2_password\0";
    let Ok(First::Greeting(greeting)) = First::read(packet) else { panic!("it is a greeting") };
    assert_eq!((greeting.version.as_str(), greeting.plugin.as_deref()), ("8.0.36", Some("caching_sha2_password")));
    assert_ne!(greeting.capabilities & wire::SSL, 0);
    // Older than 4.1
    let Ok(First::Greeting(greeting)) =
        First::read(b"\x0a4.0.27\0\x01\0\0\0abcdefgh\0\x2c\0\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
    else {
        panic!("it is a greeting")
    };
    assert_eq!((greeting.plugin, greeting.capabilities), (None, 0x2c));
    // What comes after the lower capabilities may be missing, but not a part of it.
    for end in (0..packet.len() - 40).filter(|&end| end != 23) {
        assert_eq!(First::read(&packet[..end]), Err(Short), "{end}");
    }
}

#[test]
fn refusals_are_taken_apart() {
    let refusal = |code, message: &str| Ok(First::Refusal { code, message: message.into() });
    assert_eq!(First::read(b"\xff\x6a\x04Host 'a' is not allowed"), refusal(1130, "Host 'a' is not allowed"));
    assert_eq!(First::read(b"\xff\x10\x04#08004Too many connections"), refusal(1040, "Too many connections"));
    assert_eq!(First::read(b"\xff\x10\x00Too many connections"), Err(Short));
    assert_eq!(First::read(b"\xff\x10\x04#080"), Err(Short));
}

#[test]
fn versions_tell_products() {
    for (text, product, version) in [
        ("8.0.36", "MySQL", "8.0.36"),
        ("8.4.0-commercial", "MySQL", "8.4.0"),
        ("5.7.44-log", "MySQL", "5.7.44"),
        ("8.0.36-0ubuntu0.22.04.1", "MySQL", "8.0.36"),
        ("5.0.51a-24+lenny5-debian", "MySQL", "5.0.51"),
        ("5.0.51a-3ubuntu5", "MySQL", "5.0.51"),
        ("8.0.31-google", "MySQL", "8.0.31"),
        ("5.5.5-10.11.6-MariaDB-0+deb12u1", "MariaDB", "10.11.6"),
        ("11.4.2-MariaDB-ubu2404", "MariaDB", "11.4.2"),
        ("8.0.36-28", "Percona Server", "8.0.36-28"),
        ("5.7.44-48-log", "Percona Server", "5.7.44-48"),
        ("8.0.36-28.1", "Percona Server", "8.0.36-28.1"),
        ("8.0.11-TiDB-v7.5.1", "TiDB", "7.5.1"),
        ("5.7.25-OceanBase_CE-v4.2.1.2", "OceanBase", "4.2.1.2"),
        ("8.0.mysql_aurora.3.05.2", "Amazon Aurora MySQL", "3.05.2"),
        ("5.5.30 (ProxySQL)", "ProxySQL", ""),
        ("2.2.11-id64-release (95ae9a6)", "Sphinx Search SphinxQL", "2.2.11"),
        ("8.0.22-something", "", "8.0.22-something"),
        ("5.7.18-20170830-log", "", "5.7.18-20170830-log"),
        ("none of your business", "", "none of your business"),
    ] {
        let vendor = Vendor::read(text);
        assert_eq!((vendor.product, vendor.version.as_str()), (product, version), "{text}");
    }
}

#[test]
fn capabilities_of_the_x_protocol_are_taken_apart() {
    let body = b"\x0a\x0f\x0a\x03tls\x12\x08\x08\x01\x12\x04\x08\x07\x40\x01\
        \x0a\x2f\x0a\x19authentication.mechanisms\x12\x12\x08\x03\x22\x0e\x0a\x0c\x08\x01\x12\x08\x08\x08\x4a\x04\x0a\x02ab";
    let texts = Value::Texts(vec!["ab".into()]);
    let expected = vec![("tls".to_owned(), Value::Bool(true)), ("authentication.mechanisms".to_owned(), texts)];
    assert_eq!(x::capabilities(body), Ok(expected));
    assert_eq!(x::capabilities(b""), Err(Short));
    for end in 1..body.len() {
        if end != 17 {
            assert_eq!(x::capabilities(&body[..end]), Err(Short), "{end}");
        }
    }
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
