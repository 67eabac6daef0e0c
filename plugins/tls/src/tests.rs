//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Alert, Answer, Hello, ServerFlight, Version};

fn hello(version: Version) -> Hello {
    Hello {
        version,
        random: [1; 32],
        session: [2; 32],
        share: [3; 32],
        host: Some("a.example".into()),
        applications: &["h2"],
    }
}

/// A record's payload.
fn payload(record: &[u8]) -> (u8, &[u8]) {
    let (kind, length) = wire::record_head(&record[..wire::RECORD_HEAD]).expect("it is a record");
    assert_eq!(record.len(), wire::RECORD_HEAD + length);
    (kind, &record[wire::RECORD_HEAD..])
}

/// A hello of TLS 1.2 with these extensions, and the end of the flight.
fn answer_of_1_2(cipher: [u8; 2], extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend_from_slice(&[9; 32]);
    body.push(0);
    body.extend_from_slice(&cipher);
    body.push(0);
    body.extend_from_slice(&u16::try_from(extensions.len()).expect("they are few").to_be_bytes());
    body.extend_from_slice(extensions);
    let mut messages = vec![2, 0, 0, u8::try_from(body.len()).expect("it is short")];
    messages.extend_from_slice(&body);
    messages.extend_from_slice(b"\x0e\0\0\0");
    messages
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}

#[test]
fn hellos_are_records() {
    for (version, code) in
        [(Version::Ssl30, [3, 0]), (Version::Tls10, [3, 1]), (Version::Tls12, [3, 3]), (Version::Tls13, [3, 3])]
    {
        let record = hello(version).record();
        let (kind, message) = payload(&record);
        assert_eq!((kind, message[0], &message[4..6]), (22, 1, &code[..]));
        assert_eq!(u32::from_be_bytes([0, message[1], message[2], message[3]]) as usize, message.len() - 4);
        assert!(!(256..512).contains(&message.len()), "{version:?}: {}", message.len());
    }
}

#[test]
fn flights_are_read_in_any_pieces() {
    let asked = hello(Version::Tls12);
    let messages = answer_of_1_2([0xc0, 0x2f], b"\0\x17\0\0\xff\x01\0\x01\0\0\x10\0\x05\0\x03\x02h2");
    for piece in 1..messages.len() {
        let mut flight = ServerFlight::new(&asked);
        let mut last = None;
        for part in messages.chunks(piece) {
            assert_eq!(last, None);
            last = flight.take(22, part).expect("it makes sense");
        }
        assert_eq!(last, Some(Answer::Done));
        let hello = flight.hello.expect("it came");
        assert_eq!((hello.version, hello.cipher_name()), (Version::Tls12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
        assert_eq!(hello.application.as_deref(), Some("h2"));
        assert!(hello.secure_renegotiation && hello.extended_master_secret);
        assert_eq!(hello.asks_for_certificate, Some(false));
    }
}

#[test]
fn what_was_not_asked_for_is_no_answer() {
    let record = hello(Version::Tls12).record();
    let (kind, echo) = payload(&record);
    let asked = hello(Version::Tls12);
    assert!(ServerFlight::new(&asked).take(kind, echo).is_err());
    let old = hello(Version::Tls11);
    let newer = answer_of_1_2([0xc0, 0x2f], b"");
    assert!(ServerFlight::new(&old).take(22, &newer).is_err());
    let unknown = answer_of_1_2([0xfa, 0xfa], b"");
    assert!(ServerFlight::new(&asked).take(22, &unknown).is_err());
    // TLS 1.3 says our session again.
    let new = hello(Version::Tls13);
    let mut body = vec![3, 3];
    body.extend_from_slice(&[9; 32]);
    body.push(32);
    body.extend_from_slice(&[2; 32]);
    body.extend_from_slice(b"\x13\x01\0\0\x0c\0\x2b\0\x02\x03\x04\0\x33\0\x02\0\x1d");
    let mut message = vec![2, 0, 0, u8::try_from(body.len()).expect("it is short")];
    message.extend_from_slice(&body);
    let mut flight = ServerFlight::new(&new);
    assert_eq!(flight.take(22, &message), Ok(Some(Answer::Done)));
    assert_eq!(flight.hello.and_then(|hello| hello.group).and_then(wire::group_name), Some("x25519"));
    message[50] ^= 1;
    assert!(ServerFlight::new(&new).take(22, &message).is_err());
}

#[test]
fn alerts_are_known_ones() {
    let asked = hello(Version::Tls12);
    let mut flight = ServerFlight::new(&asked);
    let refused = Alert { is_fatal: true, description: 70 };
    assert_eq!(flight.take(21, &[2, 70]), Ok(Some(Answer::Alert(refused))));
    assert_eq!(refused.name(), Some("protocol_version"));
    // A warning that the name is not known, after which the hello comes.
    assert_eq!(flight.take(21, &[1, 112]), Ok(None));
    assert!(flight.take(21, &[3, 70]).is_err());
    assert!(flight.take(21, &[2, 200]).is_err());
    assert!(flight.take(21, &[2, 70, 0]).is_err());
}

#[test]
fn records_are_told_from_text() {
    for other in
        [&b"HTTP/"[..], b"SSH-2", b"\x16\x03\x05\0\x10", b"\x16\x03\x01\0\0", b"\x16\x03\x01\xff\xff", b"\x16\x03"]
    {
        assert!(wire::record_head(other).is_err());
    }
}

#[test]
fn addresses_are_no_names() {
    assert_eq!(wire::server_name("a.example.").as_deref(), Some("a.example"));
    for host in ["192.0.2.1", "2001:db8::1", "", "."] {
        assert_eq!(wire::server_name(host), None);
    }
}
