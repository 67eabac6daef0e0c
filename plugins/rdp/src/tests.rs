//! Its messages on real bytes, and its conversations.

use portprint_plugin_ntlm::{self as ntlm, Challenge};
use portprint_plugin_sdk::testkit;

use crate::wire::{self, Confirm, Outcome, Response};

#[test]
fn a_confirm_is_taken_apart() {
    let message = b"\x03\0\0\x13\x0e\xd0\0\0\x124\0\x02\x01\x08\0\x02\0\0\0";
    let outcome = Outcome::Selected { protocol: wire::CREDSSP, flags: 1 };
    assert_eq!(Confirm::read(message), Ok(Confirm { source: 0x1234, outcome }));
    for end in 0..message.len() {
        assert!(Confirm::read(&message[..end]).is_err(), "{end} bytes are too few");
    }
    let failed = b"\x03\0\0\x13\x0e\xd0\0\0\0\0\0\x03\0\x08\0\x05\0\0\0";
    assert_eq!(Confirm::read(failed).map(|it| it.outcome), Ok(Outcome::Failed { code: 5 }));
    let plain = b"\x03\0\0\x0b\x06\xd0\0\0\x124\0";
    assert_eq!(Confirm::read(plain).map(|it| it.outcome), Ok(Outcome::Nothing));
}

#[test]
fn others_over_x224_are_no_answer() {
    // Siemens' S7 confirms with parameters of its own.
    let s7 = b"\x03\0\0\x16\x11\xd0\0\x01\0\x02\0\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02";
    assert!(Confirm::read(s7).is_err());
    assert!(Confirm::read(&wire::request(7)).is_err(), "it is what was sent");
    assert!(wire::length(b"HTTP").is_err());
    assert!(wire::length(b"\x16\x03\x01\0").is_err());
}

#[test]
fn requests_have_their_lengths() {
    let initial = wire::connect_initial();
    assert_eq!(wire::length(&initial), Ok(initial.len()));
    assert!(Response::read(&initial).is_err(), "it is what was sent");
    let request = wire::credssp(&ntlm::negotiate());
    assert_eq!(wire::sequence(&request), Ok(request.len()));
    assert_eq!(wire::credssp_version(&request), Some(6));
    assert!(Challenge::find(&request).is_err(), "it is what was sent");
    assert!(wire::sequence(b"\x30\x84\0\0").is_err());
    assert!(wire::sequence(b"\x30\x80\0\0").is_err());
}

#[test]
fn a_connect_response_is_taken_apart() {
    let message =
        b"\x03\0\0\x27\x02\xf0\x80\x7f\x66\x1cMcDn\x14\x01\x0c\x08\0\x04\0\x08\0\x02\x0c\x0c\0\x02\0\0\0\x03\0\0\0";
    assert_eq!(Response::read(message), Ok(Response { version: Some(0x0008_0004), encryption_level: Some(3) }));
    for end in 0..message.len() {
        let _ = Response::read(&message[..end]);
    }
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
