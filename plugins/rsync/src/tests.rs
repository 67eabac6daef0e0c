//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{Greeting, Line};

#[test]
fn a_greeting_is_taken_apart() {
    let greeting = Greeting::read("@RSYNCD: 32.0 sha512 md4").expect("it is whole");
    assert_eq!((greeting.version, greeting.digests), ("32.0", vec!["sha512", "md4"]));
    assert_eq!(Greeting::read("@RSYNCD: 29").map(|it| it.version), Some("29"));
    assert_eq!(Greeting::read("@RSYNCD: EXIT"), None);
    assert_eq!(Greeting::read("@RSYNCD: 30."), None);
    assert_eq!(Greeting::read("@RSYNCD: "), None);
}

#[test]
fn modules_have_comments() {
    assert_eq!(Line::read("lab            \tA comment"), Line::Module("lab", "A comment"));
    assert_eq!(Line::read("two words      \t"), Line::Module("two words", ""));
    assert_eq!(Line::read("Welcome!"), Line::Text);
    assert_eq!(Line::read("Do not\tworry."), Line::Text);
    assert_eq!(Line::read("@ERROR: access denied"), Line::Error("access denied"));
    assert_eq!(Line::read("@RSYNCD: EXIT"), Line::End);
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
