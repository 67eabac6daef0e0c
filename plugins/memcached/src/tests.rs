//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Short, testkit};

use crate::wire::{self, Answer, Command, Response};

#[test]
fn lines_are_taken_apart() {
    assert_eq!(Answer::read(b"VERSION 1.6.18\r\n"), Ok(Answer::Version("1.6.18".into())));
    assert_eq!(Answer::read(b"CLIENT_ERROR unauthenticated\r\n"), Ok(Answer::Unauthenticated));
    for wrong in [&b"VERSION \r\n"[..], b"VERSION 1\n", b"ERROR\r\n", b"version\r\n", b"VERSION \xff\r\n", b""] {
        assert_eq!(Answer::read(wrong), Err(Short), "{wrong:?}");
    }
}

#[test]
fn datagrams_answer_their_number() {
    let sent = wire::datagram(*b"ab");
    assert_eq!(wire::payload(&sent, *b"ab"), Ok(wire::VERSION));
    assert_eq!(wire::payload(&sent, *b"ac"), Err(Short));
    assert_eq!(wire::payload(&sent[..7], *b"ab"), Err(Short));
}

#[test]
fn responses_answer_their_number() {
    let mut packet = wire::request(Command::Version, *b"abcd");
    assert_eq!(Response::read(&packet, Command::Version, *b"abcd"), Err(Short));
    packet[0] = 0x81;
    packet[11] = 6;
    let response = Response { status: 0, before: 0, length: 6 };
    assert_eq!(Response::read(&packet, Command::Version, *b"abcd"), Ok(response));
    assert_eq!(Response::read(&packet, Command::Quit, *b"abcd"), Err(Short));
    assert_eq!(Response::read(&packet, Command::Version, *b"abce"), Err(Short));
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
