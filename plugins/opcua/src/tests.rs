//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Answer, Head, Kind};

const OPENED: &[u8] =
    b"\x06\0\0\0/\0\0\0http://opcfoundation.org/UA/SecurityPolicy#None\xff\xff\xff\xff\xff\xff\xff\xff\
    \x01\0\0\0\x01\0\0\0\x01\0\xc1\x01\xf0\x0e\x91\x15tz\xdd\x01\x01\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\
    \0\0\0\0\x06\0\0\0\x0d\0\0\0\xf0\x0e\x91\x15tz\xdd\x01\x60\xea\0\0\xff\xff\xff\xff";

#[test]
fn heads() {
    assert_eq!(Head::read(b"ACKF\x1c\0\0\0"), Some(Head { kind: Kind::Acknowledge, goes_on: false, length: 20 }));
    assert_eq!(Head::read(b"MSGC\x08\0\0\0"), Some(Head { kind: Kind::Message, goes_on: true, length: 0 }));
    assert_eq!(Head::read(b"MSGF\x07\0\0\0"), None);
    assert_eq!(Head::read(b"MSGF\xff\xff\xff\xff"), None);
    // The request, sent back.
    assert_eq!(Head::read(&wire::hello("opc.tcp://localhost:4840")), None);
}

#[test]
fn first_answers() {
    let body = b"\0\0\0\0\xff\xff\0\0\xff\xff\0\0\0\0\x08\0\x41\x06\0\0";
    assert_eq!(wire::acknowledge(body), Ok(0));
    assert!(wire::acknowledge(&body[..19]).is_err());
    assert!(wire::acknowledge(&[0; 20]).is_err());
    assert_eq!(wire::error(b"\0\0\x7e\x80\x03\0\0\0bad"), Ok((0x807e_0000, "bad".into())));
    assert_eq!(wire::error(b"\0\0\x7e\x80\xff\xff\xff\xff"), Ok((0x807e_0000, String::new())));
    assert!(wire::error(b"\0\0\x7e\0\x03\0\0\0bad").is_err());
}

#[test]
fn channels() {
    let Ok(Answer::Yes(channel)) = wire::channel(OPENED, 1) else { panic!("it is whole") };
    let close = channel.close(3);
    assert!(close.starts_with(b"CLOF\x39\0\0\0\x06\0\0\0\x0d\0\0\0\x03\0\0\0\x03\0\0\0\x01\0\xc4\x01"));
    assert!(wire::channel(OPENED, 2).is_err());
    for length in 0..OPENED.len() - 16 {
        assert!(wire::channel(&OPENED[..length], 1).is_err(), "{length}");
    }
}

#[test]
fn lists_that_are_too_long_end() {
    let mut message = b"\x01\0\xaf\x01\xf0\x0e\x91\x15tz\xdd\x01\x02\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0".to_vec();
    message.extend_from_slice(&[0xfe, 0xff, 0xff, 0xff]);
    assert!(wire::endpoints(&message, 2).is_err());
    let fault = b"\x01\0\x8d\x01\xf0\x0e\x91\x15tz\xdd\x01\x02\0\0\0\0\0\x0b\x80";
    assert_eq!(wire::endpoints(fault, 2), Ok(Answer::Fault(0x800b_0000)));
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
