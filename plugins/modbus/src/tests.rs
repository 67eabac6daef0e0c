//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Level, Reply};

#[test]
fn requests_are_as_in_the_specification() {
    assert_eq!(
        wire::frame(0x1234, 1, &wire::read_identification(Level::Basic, 0)),
        *b"\x12\x34\0\0\0\x05\x01\x2b\x0e\x01\0"
    );
}

#[test]
fn heads() {
    assert_eq!(wire::head(b"\x12\x34\0\0\0\x03\x01"), Some((0x1234, 2)));
    assert_eq!(wire::head(b"\x12\x34\0\0\0\x02\x01"), None);
    assert_eq!(wire::head(b"\x12\x34\0\x01\0\x03\x01"), None);
    assert_eq!(wire::head(b"\x12\x34\0\0\x01\0\x01"), None);
    assert_eq!(wire::head(b"HTTP/1."), None);
}

#[test]
fn replies() {
    let reply = Reply::read(0x2b, b"\x2b\x0e\x01\x83\0\0\x03\0\x03Lab\x01\x02LB\x02\x051.2.3");
    let Some(Reply::Identification(identification)) = reply else { panic!("{reply:?}") };
    assert!(identification.is_regular);
    assert_eq!(identification.next, None);
    assert_eq!(identification.objects.into_values().collect::<Vec<_>>(), ["Lab", "LB", "1.2.3"]);
    // An object that is longer than the reply.
    assert_eq!(Reply::read(0x2b, b"\x2b\x0e\x01\x83\0\0\x01\0\x04Lab"), None);
    // The request, sent back.
    assert_eq!(Reply::read(0x2b, b"\x2b\x0e\x01\0"), None);
    assert_eq!(Reply::read(3, b"\x03\0\0\0\x01"), None);
    assert_eq!(Reply::read(0x2b, b"\xab\x01"), Some(Reply::Exception(1)));
    assert_eq!(Reply::read(0x2b, b"\xab\x0e\x01"), Some(Reply::Exception(1)));
    assert_eq!(Reply::read(0x2b, b"\xab\x09"), None);
    assert_eq!(Reply::read(0x2b, b"\xab\x01\0"), None);
}

#[test]
fn server_ids() {
    assert_eq!(wire::libmodbus(b"\xb4\xffLMB3.1.6").as_deref(), Some("3.1.6"));
    assert_eq!(wire::libmodbus(b"\xb4\xffLMB"), None);
    assert_eq!(wire::server_text(b"\x01\xffPM5560 v2"), "PM5560 v2");
    assert_eq!(wire::server_text(b"\x01\xff"), "");
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
