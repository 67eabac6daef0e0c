//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Capabilities, Pong};

#[test]
fn a_command_as_everybody_sends_it() {
    let command = wire::command(0, wire::GET_AUTHENTICATION_CAPABILITIES, &[0x8e, 0x04]);
    assert_eq!(command, b"\x06\0\xff\x07\0\0\0\0\0\0\0\0\0\x09\x20\x18\xc8\x81\0\x38\x8e\x04\xb5");
}

#[test]
fn capabilities_are_read() {
    let mut packet = b"\x06\0\xff\x07\0\0\0\0\0\0\0\0\0\x10\x81\x1c\x63\x20\x04\x38\0\x01\x94\x06\x03\0\0\0\0".to_vec();
    packet.push(packet[17..].iter().fold(0_u8, |sum, &byte| sum.wrapping_sub(byte)));
    let (code, data) = wire::answer(&packet, 1, 0x38).expect("it is whole");
    assert_eq!(code, 0);
    let capabilities = Capabilities::read(data).expect("it is whole");
    assert_eq!(capabilities.methods().collect::<Vec<_>>(), ["md5", "password"]);
    assert_eq!(capabilities.versions, Some((true, true)));
    assert!(!capabilities.has_anonymous_login() && capabilities.has_null_users() && capabilities.has_named_users());
    assert!(wire::answer(&packet, 2, 0x38).is_err());
    for end in 0..packet.len() {
        assert!(wire::answer(&packet[..end], 1, 0x38).is_err(), "{end}");
    }
    packet[22] ^= 1;
    assert!(wire::answer(&packet, 1, 0x38).is_err());
    // An echo.
    let command = wire::command(1, 0x38, &[0x8e, 0x04]);
    assert!(wire::answer(&command, 1, 0x38).is_err());
}

#[test]
fn the_newer_form_is_read() {
    // Of pyghmi 1.6.
    let packet = b"\x06\0\xff\x07\x06\0\0\0\0\0\0\0\0\0\x0e\0\x81\x1cc \xf4T\0\x01\xc0\x03\x01A\x81\x11";
    assert_eq!(wire::answer(packet, 61, 0x54), Ok((0, &b"\x01\xc0\x03\x01\x41\x81"[..])));
}

#[test]
fn suites_are_read() {
    assert_eq!(wire::suites(b"\xc0\x00\x00\x40\x80\xc0\x03\x01\x41\x81\xc1\x80\0\0\x02\x01\xc0\x11"), [0, 3, 17]);
    assert_eq!(wire::suites(b"\xc0"), []);
}

#[test]
fn a_pong_is_read() {
    let packet = b"\x06\0\xff\x06\0\0\x11\xbe\x40\x07\0\x10\0\0\x02\xa2\0\0\0\0\x81\x20\0\0\0\0\0\0";
    let pong = Pong { vendor: 674, has_ipmi: true, has_secure_rmcp: false, has_dash: true };
    assert_eq!(Pong::read(packet, 7), Ok(pong));
    assert!(Pong::read(packet, 8).is_err());
    assert!(Pong::read(&wire::ping(7), 7).is_err());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
