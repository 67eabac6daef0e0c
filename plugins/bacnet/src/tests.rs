//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Reader, testkit};

use crate::property::{IDENTIFIER, Value};
use crate::tag::Tag;
use crate::wire::{self, Message};

#[test]
fn requests_are_as_in_the_specification() {
    assert_eq!(wire::who_is(), b"\x81\x0a\0\x08\x01\0\x10\x08");
    assert_eq!(
        wire::read_property(7, wire::ANY, IDENTIFIER),
        b"\x81\x0a\0\x11\x01\x04\0\x05\x07\x0c\x0c\x02\x3f\xff\xff\x19\x4b"
    );
}

#[test]
fn tags() {
    let read = |bytes| Tag::read(&mut Reader::new(bytes));
    assert_eq!(read(b"\xc4\x02\0\x02W"), Ok(Tag::Application(12, b"\x02\0\x02W")));
    assert_eq!(read(b"\x75\x03abc"), Ok(Tag::Application(7, b"abc")));
    assert_eq!(read(b"\x75\xfe\0\x01a"), Ok(Tag::Application(7, b"a")));
    assert_eq!(read(b"\x11"), Ok(Tag::Application(1, b"")));
    assert_eq!(read(b"\x3e"), Ok(Tag::Open(3)));
    assert_eq!(read(b"\xff\x21"), Ok(Tag::Close(0x21)));
    assert!(read(b"\x75\xff\xff\xff\xff\xff").is_err());
    assert!(read(b"\x36").is_err());
}

#[test]
fn strings() {
    let read = |bytes| Value::read(&mut Reader::new(bytes));
    let text = |text: &str| Ok(Some(Value::Text(text.into())));
    assert_eq!(read(b"\x75\x04\0abc"), text("abc"));
    assert_eq!(read(b"\x75\x05\x04\0K\0\xfc"), text("K\u{fc}"));
    assert_eq!(read(b"\x73\x05K\xfc"), text("K\u{fc}"));
    assert_eq!(read(b"\x75\x05\x03\0\0\0K"), text("K"));
}

#[test]
fn messages() {
    let read = |bytes| Message::read(bytes);
    let one = b"\x81\x0a\0\x14\x01\0\x30\x14\x0c\x0c\x02\0\x02W\x19x>!\x0f?";
    assert_eq!(read(one), Ok(Message::Properties(0x14, vec![(120, Value::Number(15))])));
    let no_object = b"\x81\x0a\0\x0d\x01\0\x50\x0d\x0e\x91\x01\x91\x1f";
    assert_eq!(read(no_object), Ok(Message::Failed { invoke: 13, has_no_object: true }));
    assert_eq!(read(b"\x81\x0a\0\x09\x01\0\x60\x0d\x09"), Ok(Message::Failed { invoke: 13, has_no_object: false }));
    let i_am = b"\x81\x0b\0\x15\x01\0\x10\0\xc4\x02\0\x04\xd2\"\x04\0\x91\0\"\x03\xe7";
    assert_eq!(read(i_am), Ok(Message::IAm(1234)));
    // By a router, from somewhere else.
    let routed = b"\x81\x0a\0\x0f\x01\x08\0\x05\x01\x07\x60\x0d\x09\0\0";
    assert!(read(routed).is_err());
    assert_eq!(
        read(b"\x81\x0a\0\x0d\x01\x08\0\x05\x01\x07\x60\x0d\x09"),
        Ok(Message::Failed { invoke: 13, has_no_object: false })
    );
    // The request, sent back, says nothing about who did it.
    assert_eq!(Message::read(&wire::who_is()), Ok(Message::Other));
    assert!(Message::read(&wire::read_all_properties(1, wire::ANY)).is_err());
    for length in 0..one.len() {
        assert!(read(&one[..length]).is_err(), "{length}");
    }
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
