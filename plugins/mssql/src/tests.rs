//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Short, testkit};

use crate::builds::Release;
use crate::wire::{self, Encryption, Prelogin};

/// What SQL Server 2019 answers with: 15.0.2000, encryption of the login.
const ANSWER: &[u8] = b"\x04\x01\0\x25\0\0\x01\0\
    \0\0\x15\0\x06\x01\0\x1b\0\x01\x02\0\x1c\0\x01\x03\0\x1d\0\0\xff\
    \x0f\0\x07\xd0\0\0\0\0";

#[test]
fn the_question_has_its_own_length() {
    let packet = wire::prelogin();
    assert_eq!(packet[..4], [0x12, 1, 0, u8::try_from(packet.len()).expect("it is short")]);
    // A server that sends it back is none.
    assert_eq!(wire::length(&packet[..8]), Err(Short));
}

#[test]
fn answers_are_taken_apart() {
    let (head, body) = ANSWER.split_at(wire::HEAD);
    assert_eq!(wire::length(head), Ok(body.len()));
    let expected = Prelogin { major: 15, build: 2000, encryption: Some(Encryption::Off), ..Prelogin::default() };
    assert_eq!(Prelogin::read(body), Ok(expected));
    for end in 0..body.len() {
        assert_eq!(Prelogin::read(&body[..end]), Err(Short), "{end}");
    }
    assert_eq!(wire::length(b"\x04\x01\0\x07\0\0\x01\0"), Err(Short));
    assert_eq!(wire::length(b"HTTP/1.1"), Err(Short));
}

#[test]
fn builds_have_names() {
    let pack = |major, minor, build| Release::of(major, minor).and_then(|release| release.pack(build));
    assert_eq!(pack(13, 0, 5026), Some((2, false)));
    assert_eq!(pack(13, 0, 5850), Some((2, true)));
    assert_eq!(pack(15, 0, 4375), Some((0, true)));
    assert_eq!(pack(10, 50, 1600), Some((0, false)));
    assert_eq!(pack(8, 0, 100), None);
    assert_eq!(Release::of(99, 0), None);
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
