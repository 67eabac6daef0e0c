//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Reader, Short, testkit};

use crate::wire::{self, Head};

#[test]
fn heads_are_checked() {
    assert_eq!(Head::read(b"\x84\0\0\x2a\x06\0\0\0\x60"), Ok(Head { flags: 0, opcode: 6, length: 0x60 }));
    assert_eq!(Head::read(b"\x82\0\x2a\x06\0\0\0\x60"), Ok(Head { flags: 0, opcode: 6, length: 0x60 }));
    assert_eq!(Head::read(b"\x84\0\0\x2b\x06\0\0\0\x60"), Err(Short));
    assert_eq!(Head::read(b"\x84\0\0\x2a\x06\x01\0\0\x60"), Err(Short));
    // A request, sent back.
    assert_eq!(Head::read(&wire::request(4, wire::OPTIONS, &[])), Err(Short));
}

#[test]
fn options_are_taken_apart() {
    let body = b"\0\x02\0\x0bCQL_VERSION\0\x01\0\x053.4.6\0\x0bCOMPRESSION\0\x02\0\x03lz4\0\x06snappy";
    let options = wire::supported(Reader::new(body)).expect("it is whole");
    assert_eq!(options[1].1, ["lz4", "snappy"]);
    for end in 0..body.len() {
        assert!(wire::supported(Reader::new(&body[..end])).is_err(), "{end}");
    }
    assert!(wire::supported(Reader::new(b"\0\0")).is_err());
}

#[test]
fn rows_are_taken_apart() {
    let body = b"\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\x06system\0\x05local\0\x01a\0\x0d\0\x01b\0\x0d\0\0\0\x01\0\0\0\x01x\xff\xff\xff\xff";
    let expected = vec![("a".to_owned(), "x".to_owned()), ("b".to_owned(), String::new())];
    assert_eq!(wire::row(Reader::new(body)), Ok(expected));
    for end in 0..body.len() {
        assert_eq!(wire::row(Reader::new(&body[..end])), Err(Short), "{end}");
    }
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
