//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Headers};

#[test]
fn headers_are_taken_apart() {
    let packet =
        b"\x04\0\xc8\0\x02OK\0\0\x03\xa0\x0a\0\x04Test\0\0\x0cX-Powered-By\0\0\x03JSP\0\xa0\x01\0\x09text/html\0";
    let headers = Headers::read(packet).expect("it is whole");
    assert_eq!((headers.status, headers.server.as_str(), headers.powered_by.as_str()), (200, "Test", "JSP"));
    for end in 0..packet.len() {
        assert!(Headers::read(&packet[..end]).is_err(), "{end} bytes are too few");
    }
}

#[test]
fn what_was_sent_is_no_answer() {
    let request = wire::head_request("lab.example", 80);
    assert_eq!(usize::from(request[3]) + 4, request.len());
    assert!(wire::length(&request).is_err());
    assert!(wire::length(&wire::PING).is_err());
    assert!(wire::length(b"ABCD").is_err());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
