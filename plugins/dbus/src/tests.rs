//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire;

#[test]
fn mechanisms_are_listed() {
    assert_eq!(wire::rejected(b"REJECTED EXTERNAL\r\n"), Some(vec!["EXTERNAL"]));
    assert_eq!(wire::rejected(b"REJECTED X-ONE ANONYMOUS\r\n"), Some(vec!["X-ONE", "ANONYMOUS"]));
    assert_eq!(wire::rejected(b"REJECTED by policy\r\n"), None);
    assert_eq!(wire::rejected(b"REJECTED \r\n"), None);
    assert_eq!(wire::rejected(b"REJECTED EXTERNAL\n"), None);
    assert_eq!(wire::rejected(wire::AUTH), None);
    assert_eq!(wire::rejected(b"\xff\r\n"), None);
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
