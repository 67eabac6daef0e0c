//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Option, Reply};

#[test]
fn messages_are_taken_apart() {
    let head = b"\0\x03\xe8\x89\x04\x55\x65\xa9\0\0\0\x03\0\0\0\x02\0\0\0\x07";
    assert_eq!(wire::reply(head, Option::List), Ok((Reply::Export, 7)));
    assert!(wire::reply(head, Option::StartTls).is_err(), "it answers another option");
    assert!(wire::reply(b"\0\x03\xe8\x89\x04\x55\x65\xa9\0\0\0\x03\0\0\0\x02\xff\xff\xff\xff", Option::List).is_err());
    assert_eq!(wire::export(b"\0\0\0\x03lab"), Ok(("lab".into(), String::new())));
    assert_eq!(wire::export(b"\0\0\0\x03labdisk"), Ok(("lab".into(), "disk".into())));
    assert!(wire::export(b"\0\0\0\x04lab").is_err());
    assert_eq!(Option::Abort.request(), b"IHAVEOPT\0\0\0\x02\0\0\0\0");
    assert_eq!(wire::disconnect().len(), 28);
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
