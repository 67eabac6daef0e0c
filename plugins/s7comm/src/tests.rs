//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Connection, Part};

#[test]
fn packets() {
    assert_eq!(wire::head(b"\x03\0\0\x16"), Some(18));
    assert_eq!(wire::head(b"\x03\0\0\x04"), None);
    assert_eq!(wire::head(b"\x03\0\xff\xff"), None);
    assert_eq!(wire::head(b"HTTP"), None);
    assert_eq!(
        wire::connection_request(0x1234, 0x0102),
        *b"\x03\0\0\x16\x11\xe0\0\0\x12\x34\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02"
    );
    assert_eq!(wire::disconnect_request(0x1234, 1), *b"\x03\0\0\x0b\x06\x80\0\x01\x12\x34\0");
}

#[test]
fn connections() {
    let read = |packet| Connection::read(packet, 0x1234);
    assert_eq!(
        read(b"\x11\xd0\x12\x34\0\x01\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02"),
        Ok(Connection::Confirmed(1))
    );
    assert_eq!(read(b"\x06\x80\x12\x34\0\0\x01"), Ok(Connection::Refused));
    // The request, sent back; and a confirmation for somebody else.
    assert!(read(b"\x11\xe0\0\0\x12\x34\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02").is_err());
    assert!(read(b"\x06\xd0\0\0\x12\x34\0").is_err());
}

#[test]
fn setup() {
    let reply = b"\x02\xf0\x80\x32\x03\0\0\xa8\x7e\0\x08\0\0\0\0\xf0\0\0\x01\0\x01\x01\xe0";
    assert_eq!(wire::setup_reply(reply, 0xa87e), Ok(Some(480)));
    assert!(wire::setup_reply(reply, 0xa87f).is_err());
    assert!(wire::setup_reply(&reply[..22], 0xa87e).is_err());
    assert_eq!(wire::setup_reply(b"\x02\xf0\x80\x32\x02\0\0\xa8\x7e\0\0\0\0\x81\x04", 0xa87e), Ok(None));
    // As from Conpot, which counts wrongly.
    let wrong = b"\x02\xf0\x80\x32\x03\0\0\xa8\x7e\0\x23\0\0\0\0\xf0\0\0\x01\0\x01\x01\xe0";
    assert_eq!(wire::setup_reply(wrong, 0xa87e), Ok(Some(480)));
    // The request, sent back.
    assert!(wire::setup_reply(&wire::setup(0xa87e)[4..], 0xa87e).is_err());
}

#[test]
fn lists() {
    let reply = b"\x02\xf0\x80\x32\x07\0\0\xa8\x81\0\x0c\0\x0a\0\x01\x12\x08\x12\x84\x01\x07\0\x01\0\0\xff\x09\0\x06\x02\x32\0\x04\0\x28";
    let part = wire::part(reply, 0xa881).expect("it is whole").expect("it is there");
    assert_eq!(part, Part { sequence: 7, is_last: false, bytes: b"\x02\x32\0\x04\0\x28".to_vec() });
    let refused = b"\x02\xf0\x80\x32\x07\0\0\xa8\x81\0\x0c\0\x04\0\x01\x12\x08\x12\x84\x01\x00\0\0\xd4\x01\x0a\0\0\0";
    assert_eq!(wire::part(refused, 0xa881), Ok(None));

    let list = b"\0\x11\0\0\0\x1c\0\x01\0\x076ES7 315-2EH14-0AB0 \0\xc0V\x03\x02\x06";
    let records = wire::records(list, 0x11);
    assert_eq!(records.len(), 1);
    assert_eq!(wire::module(records[0].1), Ok(("6ES7 315-2EH14-0AB0".into(), Some("3.2.6".into()))));
    assert_eq!(wire::records(list, 0x1c), []);
    assert_eq!(wire::records(b"\0\x11\0\0\0\0\0\x01\0\x07", 0x11), []);
    assert_eq!(wire::protection(b"\0\x01\0\0\0\x03"), Ok(3));
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
