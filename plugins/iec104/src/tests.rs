//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::Function;

#[test]
fn frames() {
    assert_eq!(Function::TestAct.frame(), *b"h\x04\x43\0\0\0");
    assert_eq!(Function::read(b"h\x04\x83\0\0\0"), Some(Function::TestCon));
    assert_eq!(Function::read(b"h\x04\x83\0\0\x01"), None);
    assert_eq!(Function::read(b"h\x04\x83\0\0"), None);
    assert_eq!(Function::read(b"hello\0"), None);
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
