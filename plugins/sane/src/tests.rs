//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Answer};

#[test]
fn an_answer_is_taken_apart() {
    assert_eq!(Answer::read(b"\0\0\0\0\x01\x01\0\x03"), Ok(Answer { allowed: true, version: (1, 1, 3) }));
    assert_eq!(Answer::read(b"\0\0\0\x0b\x01\0\0\x03"), Ok(Answer { allowed: false, version: (1, 0, 3) }));
    assert!(Answer::read(&[0; 8]).is_err());
    assert!(Answer::read(b"\0\0\0\0\x01\0\0").is_err());
    assert_eq!(wire::init("me"), b"\0\0\0\0\x01\0\0\x03\0\0\0\x03me\0");
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
