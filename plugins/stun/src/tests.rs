//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Answer, Header};

const TRANSACTION: [u8; 12] = *b"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae";

/// RFC 5769, section 2.2.
const SAMPLE: &[u8] = b"\x01\x01\x00\x3c\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
    \x80\x22\x00\x0b\x74\x65\x73\x74\x20\x76\x65\x63\x74\x6f\x72\x20\
    \x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43\
    \x00\x08\x00\x14\x2b\x91\xf5\x99\xfd\x9e\x90\xc3\x8c\x74\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7\xd7\
    \x80\x28\x00\x04\xc0\x7d\x4c\x96";

#[test]
fn the_standards_own_sample() {
    let header = Header::read(&SAMPLE[..20], wire::BINDING, TRANSACTION).expect("it is an answer");
    assert_eq!(header, Header { is_error: false, length: 60 });
    let answer = Answer::read(&SAMPLE[20..], TRANSACTION).expect("it is whole");
    assert_eq!(answer.software, "test vector");
    assert_eq!(answer.mapped, Some(([192, 0, 2, 1], 32853).into()));
}

#[test]
fn only_the_answer_to_the_request() {
    assert!(Header::read(&SAMPLE[..20], wire::ALLOCATE, TRANSACTION).is_err());
    assert!(Header::read(&SAMPLE[..20], wire::BINDING, [0; 12]).is_err());
    // An echo.
    assert!(Header::read(&wire::request(wire::BINDING, TRANSACTION, &[]), wire::BINDING, TRANSACTION).is_err());
    for end in 0..SAMPLE.len() - 20 {
        // Cut between attributes it is a shorter message.
        let whole = [0, 16, 28, 52].contains(&end);
        assert_eq!(Answer::read(&SAMPLE[20..20 + end], TRANSACTION).is_ok(), whole, "{end}");
    }
}

#[test]
fn software_is_taken_apart() {
    assert_eq!(wire::software("Coturn-4.6.1 'Gorst'"), ("Coturn", "4.6.1", "Gorst"));
    assert_eq!(wire::software("restund v0.4.12 (x86_64/linux)"), ("restund", "0.4.12", "(x86_64/linux)"));
    assert_eq!(wire::software("Vovida.org 0.98-CPC"), ("Vovida.org", "0.98-CPC", ""));
    assert_eq!(wire::software("reTURNServer (RFC5389)"), ("reTURNServer (RFC5389)", "", ""));
    assert_eq!(wire::software("é 1"), ("é", "1", ""));
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
