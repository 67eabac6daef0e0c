//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Reader, testkit};

use crate::crypto::{self, Keys, Side, VERSIONS};
use crate::tls;
use crate::wire::{self, Arrived, Packet};

/// RFC 9001, appendix A: the id that its samples are made of.
const ID: &[u8] = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08";

/// RFC 9001, appendix A.3: a server's Initial packet, to an empty id.
const INITIAL: &[u8] = b"\xcf\x00\x00\x00\x01\x00\x08\xf0\x67\xa5\x50\x2a\x42\x62\xb5\x00\x40\x75\xc0\xd9\x5a\x48\x2c\xd0\x99\x1c\xd2\x5b\x0a\xac\x40\x6a\
    \x58\x16\xb6\x39\x41\x00\xf3\x7a\x1c\x69\x79\x75\x54\x78\x0b\xb3\x8c\xc5\xa9\x9f\x5e\xde\x4c\xf7\x3c\x3e\xc2\x49\x3a\x18\x39\xb3\
    \xdb\xcb\xa3\xf6\xea\x46\xc5\xb7\x68\x4d\xf3\x54\x8e\x7d\xde\xb9\xc3\xbf\x9c\x73\xcc\x3f\x3b\xde\xd7\x4b\x56\x2b\xfb\x19\xfb\x84\
    \x02\x2f\x8e\xf4\xcd\xd9\x37\x95\xd7\x7d\x06\xed\xbb\x7a\xaf\x2f\x58\x89\x18\x50\xab\xbd\xca\x3d\x20\x39\x8c\x27\x64\x56\xcb\xc4\
    \x21\x58\x40\x7d\xd0\x74\xee";

/// RFC 9001, appendix A.4: a Retry packet.
const RETRY: &[u8] = b"\xff\x00\x00\x00\x01\x00\x08\xf0\x67\xa5\x50\x2a\x42\x62\xb5\x74\x6f\x6b\x65\x6e\
    \x04\xa2\x65\xba\x2e\xff\x4d\x82\x90\x58\xfb\x3f\x0f\x24\x96\xba";

#[test]
fn the_standards_own_samples() {
    let keys = Keys::new(&VERSIONS[0], ID, Side::Server).expect("there are keys");
    let frames = keys.open(INITIAL, 18).expect("it is whole");
    let mut arrived = Arrived::default();
    arrived.take(&frames).expect("they are whole");
    assert_eq!(tls::server_hello(&arrived.handshake), Ok(Some(0x1301)));
    assert_eq!(arrived.close, None);
    let (packet, checksum) = RETRY.split_last_chunk().expect("it is long enough");
    assert!(crypto::is_retry(&VERSIONS[0], ID, packet, *checksum));
    assert!(!crypto::is_retry(&VERSIONS[1], ID, packet, *checksum));
}

#[test]
fn what_is_sealed_can_be_opened() {
    for version in &VERSIONS {
        let keys = Keys::new(version, ID, Side::Client).expect("there are keys");
        let packet = wire::initial(version, ID, *b"ourownid", b"token", 1, &wire::CLOSE_FRAME);
        let number_at = packet.0.len() - 4;
        let packet = keys.seal(packet, 1).expect("it can be sealed");
        assert_eq!(packet.len(), wire::DATAGRAM);
        let mut arrived = Arrived::default();
        arrived.take(&keys.open(&packet, number_at).expect("it is whole")).expect("they are whole");
        assert_eq!(arrived.close.map(|close| close.code), Some(0));
        // An echo.
        let read = wire::packet(&mut Reader::new(&packet), version, ID, *b"ourownid");
        assert!(read.is_err());
    }
}

#[test]
fn versions_are_read() {
    let packet = b"\xcb\0\0\0\0\x08ourownid\x08theirsid\x1a\x2a\x3a\x4a\0\0\0\x01\x6b\x33\x43\xcf";
    let read = |packet: &[u8], id: &[u8]| match wire::packet(&mut Reader::new(packet), &VERSIONS[0], id, *b"ourownid") {
        Ok(Packet::Versions(versions)) => Some(versions),
        _ => None,
    };
    let versions = read(packet, b"theirsid").expect("it is whole");
    let names: Vec<_> = versions.into_iter().filter_map(wire::version_name).collect();
    assert_eq!(names, ["QUICv1", "QUICv2"]);
    assert_eq!(read(packet, b"another!"), None);
    for end in 0..23 {
        assert_eq!(read(&packet[..end], b"theirsid"), None, "{end}");
    }
    // An echo.
    let unknown = wire::unknown(*b"theirsid", *b"ourownid");
    assert_eq!(read(&unknown, b"theirsid"), None);
}

#[test]
fn parts_are_put_together() {
    let mut arrived = Arrived::default();
    arrived.take(b"\x06\x04\x02ef\x06\x02\x03cde\0\0").expect("they are whole");
    assert_eq!(arrived.handshake, b"");
    arrived.take(b"\x02\0\0\0\0\x06\0\x02ab").expect("they are whole");
    assert_eq!(arrived.handshake, b"abcdef");
    assert!(arrived.take(b"\x06\x80\xff\xff\xff\x01a").is_err());
    assert!(arrived.take(b"\x08").is_err());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
