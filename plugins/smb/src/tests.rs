//! Its messages on real bytes, and its conversations.

use portprint_plugin_ntlm::{self as ntlm, Challenge};
use portprint_plugin_sdk::testkit;

use crate::wire::{self, Answer, Frame, Negotiated};
use crate::{smb1, spnego};

/// The challenge of [MS-NLMP], section 4.2.4.3, with a build of Windows 7.
const CHALLENGE: &[u8] = b"NTLMSSP\0\x02\0\0\0\x0c\0\x0c\0\x38\0\0\0\x33\x82\x8a\xe2\x01\x23\x45\x67\x89\xab\xcd\xef\0\0\0\0\0\0\0\0\
    \x24\0\x24\0\x44\0\0\0\x06\x01\xb1\x1d\0\0\0\x0fS\0e\0r\0v\0e\0r\0\x02\0\x0c\0D\0o\0m\0a\0i\0n\0\x01\0\x0c\0S\0e\0r\0v\0e\0r\0\0\0\0\0";

#[test]
fn a_challenge_tells_names() {
    let challenge = Challenge::find(&[b"wrapped in this ", CHALLENGE].concat()).expect("it is there");
    assert_eq!((challenge.netbios_name.as_str(), challenge.netbios_domain.as_str()), ("Server", "Domain"));
    assert_eq!(challenge.windows(), Some((6, 1, 7601)));
    for end in 0..CHALLENGE.len() - 4 {
        assert!(Challenge::find(&CHALLENGE[..end]).is_err(), "{end} bytes are too few");
    }
    assert!(Challenge::find(&ntlm::negotiate()).is_err(), "it is what was sent");
    assert_eq!(Challenge { version: Some((6, 1, 0)), ..Challenge::default() }.windows(), None);
}

#[test]
fn what_was_sent_is_no_answer() {
    for sent in [wire::negotiate([7; 16], [9; 32]), wire::session_setup(b"token")] {
        assert_eq!(wire::frame([sent[0], sent[1], sent[2], sent[3]]), Ok(Frame::Message(sent.len() - 4)));
        assert!(Answer::to_negotiate(&sent[4..]).is_err());
        assert!(Answer::to_session_setup(&sent[4..]).is_err());
    }
    assert!(smb1::Negotiated::read(&smb1::negotiate()[4..]).is_err());
    assert!(smb1::SessionSetup::read(&smb1::session_setup(1, b"token")[4..]).is_err());
    let request = wire::session_request();
    assert_eq!(request.len(), 72);
    assert!(wire::frame([request[0], request[1], request[2], request[3]]).is_err());
    assert!(wire::frame(*b"HTTP").is_err());
    assert!(wire::frame(*b"\x16\x03\x01\0").is_err());
}

#[test]
fn an_answer_to_negotiate_is_taken_apart() {
    let mut message = b"\xfeSMB@\0\0\0\0\0\0\0\0\0\x01\0\x01\0\0\0".to_vec();
    message.resize(64, 0);
    message.extend_from_slice(
        b"\x41\0\x03\0\x11\x03\x01\0labhost\0\0\0\0\0\0\0\0\0\x44\0\0\0\0\0\x80\0\0\0\x80\0\0\0\x80\0",
    );
    message.extend_from_slice(b"\"6F\xcatz\xdd\x01\0\0\0\0\0\0\0\0\x80\0\x02\0\x88\0\0\0\xab\xcd\0\0\0\0\0\0");
    message.extend_from_slice(b"\x02\0\x04\0\0\0\0\0\x01\0\x02\0");
    let answer = Answer::to_negotiate(&message).expect("it is one");
    let told = Negotiated::read(&answer).expect("it is whole");
    assert_eq!((told.signing_required, told.dialect, told.capabilities), (true, 0x0311, 0x44));
    assert_eq!((told.token, told.cipher), (&b"\xab\xcd"[..], Some(2)));
    assert_eq!(wire::guid(told.guid), "6862616c-736f-0074-0000-000000000000");
    assert_eq!(wire::time(told.system_time).as_deref(), Some("2026-11-22T11:29:51Z"));
    for end in 0..message.len() {
        let _ = Answer::to_negotiate(&message[..end]).and_then(|answer| Negotiated::read(&answer).map(|_| ()));
    }
}

#[test]
fn times_are_those_of_the_calendar() {
    assert_eq!(wire::time(116_444_736_000_000_000).as_deref(), Some("1970-01-01T00:00:00Z"));
    assert_eq!(wire::time(125_963_423_990_000_000).as_deref(), Some("2000-02-29T23:59:59Z"));
    assert_eq!(wire::time(0), None);
    assert_eq!(wire::time(u64::MAX), None);
}

#[test]
fn mechanisms_are_found() {
    let offer = spnego::offer(&ntlm::negotiate());
    assert_eq!(spnego::mechanisms(&offer).collect::<Vec<_>>(), ["NTLMSSP"]);
    assert_eq!(usize::from(offer[1]) + 2, offer.len());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
