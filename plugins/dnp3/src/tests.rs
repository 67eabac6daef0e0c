//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Function, Head};

#[test]
fn requests_are_as_in_the_specification() {
    // CRC-16/DNP of "123456789", as in catalogues of them.
    assert_eq!(wire::check(b"123456789"), 0xea82);
    assert_eq!(wire::request_link_status(0, 0), *b"\x05\x64\x05\xc9\0\0\0\0\x36\x4c");
}

#[test]
fn heads() {
    let frame = |control: u8| {
        let head = [0x05, 0x64, 5, control, 1, 0, 10, 0];
        let [a, b] = wire::check(&head).to_le_bytes();
        [&head[..], &[a, b]].concat()
    };
    let read = |control| Head::read(&frame(control));
    assert_eq!(read(0x0b), Some(Head { outstation: 10, master: 1, function: Function::LinkStatus }));
    assert_eq!(read(0x0f).map(|head| head.function), Some(Function::NotSupported));
    assert_eq!(read(0x44).map(|head| head.function), Some(Function::Own));
    assert_eq!(read(0x07), None);
    // The request, sent back.
    assert_eq!(Head::read(&wire::request_link_status(10, 1)), None);
    let mut wrong = frame(0x0b);
    wrong[9] ^= 1;
    assert_eq!(Head::read(&wrong), None);
    assert_eq!(Head::read(&wrong[..9]), None);
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
