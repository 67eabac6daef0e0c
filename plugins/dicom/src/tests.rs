//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Found, testkit};

use crate::implementations;
use crate::wire::{self, Accepted};

/// What dcmtk's storescp 3.6.7 says, without the names that it repeats.
fn accepted() -> Vec<u8> {
    [
        &b"\0\x01\0\0"[..],
        &[0; 64],
        b"\x10\0\0\x151.2.840.10008.3.1.1.1!\0\0\x19\x01\0\0\0@\0\0\x111.2.840.10008.1.2",
        b"P\0\0:Q\0\0\x04\0\0@\0R\0\0\x1b1.2.276.0.7230010.3.0.3.6.7U\0\0\x0fOFFIS_DCMTK_367",
    ]
    .concat()
}

#[test]
fn an_acceptance_is_taken_apart() {
    let body = accepted();
    let read = Accepted::read(&body).expect("it is whole");
    assert!(read.verification);
    assert_eq!(
        (read.implementation.as_str(), read.version.as_str(), read.max_pdu),
        ("1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367", 16384)
    );
    for end in 0..body.len() {
        assert!(Accepted::read(&body[..end]).is_err(), "{end} bytes are no answer");
    }
}

#[test]
fn what_was_sent_is_no_answer() {
    let request = wire::associate();
    assert!(wire::head(&request).is_err());
    assert!(wire::head(b"\x02\0\0\0\0\x04").is_err());
    assert!(wire::head(b"\x02\0\xff\xff\xff\xff").is_err());
    assert!(wire::head(b"HTTP/1").is_err());
    assert_eq!(request.len(), 6 + usize::from(request[5]));
}

#[test]
fn reasons_have_words() {
    assert_eq!(wire::rejected(&[0, 1, 1, 7]), Some("called AE title not recognized"));
    assert_eq!(wire::rejected(&[0, 3, 1, 7]), None);
    assert_eq!(wire::aborted(&[0, 0, 2, 1]), Some("unrecognized PDU"));
    assert_eq!(wire::aborted(&[0, 0, 1, 1]), None);
}

#[test]
fn implementations_have_names() {
    let mut found = Found::default();
    implementations::name(&mut found, "1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367");
    assert_eq!((found.product.as_str(), found.version.as_str()), ("OFFIS DCMTK", "3.6.7"));
    assert_eq!(found.cpe, ["cpe:/a:offis:dcmtk:3.6.7"]);
    let mut found = Found::default();
    implementations::name(&mut found, "1.2.276.0.7230010.3.0.x y", "whoever");
    assert_eq!(found, Found::default());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
