//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Answer};

const TOKEN: wire::Token = *b"whatever";

#[test]
fn an_answer_is_read() {
    let message = b"\x68\x45\x12\x34whatever\xc1\x28\xff</time>;rt=\"a b\",</x>";
    let answer = Answer::read(message, [0x12, 0x34], TOKEN).expect("it is whole");
    assert_eq!((answer.code, answer.format, answer.is_confirmable), ((2, 5), Some(40), false));
    let links = wire::links(&answer.payload);
    assert_eq!(links.len(), 2);
    assert_eq!((links[0].target.as_str(), links[0].kind.as_str()), ("/time", "a b"));
    assert!(Answer::read(message, [0x12, 0x35], TOKEN).is_err());
    assert!(Answer::read(message, [0x12, 0x34], *b"whatelse").is_err());
    for end in 0..12 {
        assert!(Answer::read(&message[..end], [0x12, 0x34], TOKEN).is_err(), "{end}");
    }
}

#[test]
fn an_echo_is_none() {
    let message = wire::get([1, 2], TOKEN, b"");
    assert!(Answer::read(&message, [1, 2], TOKEN).is_err());
}

#[test]
fn what_is_wanted_again_is_read_again() {
    for echo in [&b"short"[..], b"something that is longer"] {
        let mut message = wire::get([1, 2], TOKEN, echo);
        // As if it were an answer: without what only requests have.
        message.drain(12..12 + 17);
        message.splice(12..14, [0xd0 | message[12] & 0xf, 239]);
        (message[0], message[1]) = (0x68, 0x81);
        let answer = Answer::read(&message, [1, 2], TOKEN).expect("it is whole");
        assert_eq!((answer.code, answer.echo.as_slice()), ((4, 1), echo));
    }
}

#[test]
fn links_may_be_cut_off() {
    assert!(wire::links(b"</tim").is_empty());
    assert_eq!(wire::links(b"</a>;title=\"x,y\",</b>;ct=\"40").len(), 2);
    assert!(wire::links("é,<".as_bytes()).is_empty());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
