//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{Packet, hard_reset};

/// OpenVPN 2.6.14 to the session `ABCDEFGH`.
const ANSWER: &[u8] = b"@\x8dL\xe1#\x10\xb9}\x05\x01\0\0\0\0ABCDEFGH\0\0\0\0";

#[test]
fn the_answer_to_a_session() {
    let packet = Packet::read(ANSWER).expect("it is whole");
    assert!(packet.is_reset && packet.answers(*b"ABCDEFGH"));
    assert!(!packet.answers(*b"ABCDEFGX"));
    for end in 0..ANSWER.len() {
        assert!(Packet::read(&ANSWER[..end]).is_err(), "{end}");
    }
}

#[test]
fn a_server_that_speaks_first() {
    let packet = Packet::read(b"@\x8dL\xe1#\x10\xb9}\x05\0\0\0\0\0").expect("it is whole");
    assert!(packet.is_reset && packet.acknowledged.is_none());
}

#[test]
fn an_echo_is_none() {
    assert!(Packet::read(&hard_reset(*b"ABCDEFGH")).is_err());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
