//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Found, testkit};

use crate::{request, vendor, wire};

/// strongSwan 5.9.8: a proposal chosen, and what follows left out.
fn answer(spi: wire::Spi) -> Vec<u8> {
    let proposal =
        b"\0\0\0\x24\x01\x01\0\x03\x03\0\0\x0c\x01\0\0\x14\x80\x0e\x01\0\x03\0\0\x08\x02\0\0\x05\0\0\0\x08\x04\0\0\x0e";
    let mut message = wire::message(spi, 0x20, wire::SA_INIT, 0x20, &[(wire::SA_2, proposal.to_vec())]);
    message[8..16].copy_from_slice(b"RESPONSE");
    message
}

#[test]
fn an_answer_is_read() {
    let message = answer(*b"INITIATE");
    let read = wire::Answer::read(&message, *b"INITIATE").expect("it is whole");
    let transforms = wire::chosen(read.of(wire::SA_2).next().expect("there is one")).expect("it is whole");
    let names: Vec<_> = transforms.into_iter().map(wire::transform_name).collect();
    assert_eq!(names, ["ENCR_AES_GCM_16_256", "PRF_HMAC_SHA2_256", "modp2048"]);
    assert!(wire::Answer::read(&message, *b"initiate").is_err());
    for end in 0..message.len() {
        assert!(wire::Answer::read(&message[..end], *b"INITIATE").is_err(), "{end}");
    }
}

#[test]
fn an_echo_is_none() {
    let spi = *b"INITIATE";
    for group in [2, 14, 19, 20, 21, 31] {
        let message = request::init(spi, group, [7; 32], b"cookie").expect("there is a value");
        assert!(wire::Answer::read(&message, spi).is_err());
    }
    assert!(wire::Answer::read(&request::main_mode(spi, &[1, 3]), spi).is_err());
    assert!(request::init(spi, 9999, [7; 32], b"").is_none());
}

#[test]
fn refusals_are_read() {
    let spi = *b"INITIATE";
    let message = wire::message(spi, 0x20, wire::SA_INIT, 0x20, &[(wire::NOTIFY_2, b"\0\0\0\x11\0\x13".to_vec())]);
    let read = wire::Answer::read(&message, spi).expect("it is whole");
    assert_eq!(read.notifications(), [(17, &b"\0\x13"[..])]);
}

#[test]
fn vendors_are_told() {
    let mut found = Found::default();
    vendor::tell(&mut found, vendor::DEAD_PEER);
    vendor::tell(&mut found, b"OE-Libreswan-4.10");
    vendor::tell(&mut found, b"\x88\x2f\xe5");
    assert_eq!((found.product.as_str(), found.version.as_str()), ("Libreswan", "4.10"));
    assert_eq!(found.cpe, ["cpe:/a:libreswan:libreswan:4.10"]);
    let texts: Vec<_> = found.details.into_iter().map(|(key, _)| key).collect();
    assert_eq!(texts, ["capability", "vendor_id", "vendor_id"]);
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
