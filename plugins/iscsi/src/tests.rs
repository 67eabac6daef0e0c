//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, HEAD, Head, Kind, Stage};

/// What istgt answers to a login that it lets in.
const ACCEPTED: &[u8; HEAD] =
    b"#\x81\0\0\0\0\0\x10\x80\0PP\0\0\0\0\x0dT\xa8p\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\0\0\0\0\0";

#[test]
fn a_login_response_is_taken_apart() {
    let head = Head::read(ACCEPTED, 0x0d54_a870).expect("it is whole");
    assert_eq!(head.kind, Kind::Login { to: Some(Stage::Operational), status: 0 });
    assert_eq!((head.additional, head.data, head.status_number), (0, 16, 5));
    assert!(Head::read(ACCEPTED, 0x0d54_a871).is_err(), "it answers another request");
    for end in 0..HEAD {
        assert!(Head::read(&ACCEPTED[..end], 0x0d54_a870).is_err(), "{end} bytes are too few");
    }
}

#[test]
fn what_was_sent_is_no_answer() {
    let login = wire::login(7, 0, Stage::Security, Stage::Operational, &["SessionType=Discovery"]);
    assert_eq!(login.len(), HEAD + 24);
    assert!(Head::read(&login, 7).is_err());
    assert!(Head::read(&wire::ask(7, 0, &["SendTargets=All"]), 7).is_err());
    assert!(Head::read(&[0xff; HEAD], u32::MAX).is_err());
}

#[test]
fn keys_have_values() {
    let keys = wire::keys(b"TargetName=iqn.a:b\0no value\0TargetAddress=[::1]:3260,1\0X=\0\0\0");
    let keys: Vec<_> = keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(keys, [("TargetName", "iqn.a:b"), ("TargetAddress", "[::1]:3260,1"), ("X", "")]);
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
