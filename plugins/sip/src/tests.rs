//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Answer, Call};

fn call() -> Call {
    Call { id: "0123456789abcdef".into(), number: 1 }
}

#[test]
fn an_answer_is_read() {
    let said =
        b"SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP portprint.invalid\r\ni: 0123456789abcdef\r\nCSeq: 1 OPTIONS\r\n\
        Allow: INVITE, ACK,\r\n BYE\r\nWWW-Authenticate: Digest realm=\"example.org\", nonce=\"x\"\r\n\r\n";
    let answer = Answer::read(said, &call()).expect("it is whole");
    assert_eq!((answer.status, answer.reason.as_str()), (401, "Unauthorized"));
    assert_eq!(answer.list("allow").collect::<Vec<_>>(), ["INVITE", "ACK", "BYE"]);
    let challenge = answer.header("www-authenticate").and_then(wire::challenge);
    assert_eq!(challenge, Some(("digest".into(), "example.org".into())));
    assert!(Answer::read(said, &Call { number: 2, ..call() }).is_err());
    assert!(Answer::read(said, &Call { id: "0".into(), ..call() }).is_err());
}

#[test]
fn other_things_are_none() {
    assert!(Answer::read(&wire::options(&call(), "UDP", "192.0.2.1"), &call()).is_err());
    for wrong in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"SIP/2.0 1000 x\r\n\r\n",
        b"SIP/2.0 +20 x\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
    ] {
        assert!(Answer::read(wrong, &call()).is_err());
    }
}

#[test]
fn software_is_taken_apart() {
    assert_eq!(wire::software("kamailio (5.6.3 (x86_64/linux))"), ("kamailio", "5.6.3", "x86_64/linux"));
    assert_eq!(wire::software("Asterisk PBX 18.10.0~dfsg"), ("Asterisk PBX", "18.10.0~dfsg", ""));
    assert_eq!(wire::software("FPBX-16.0.40(18.13.0)"), ("FPBX", "16.0.40", "18.13.0"));
    assert_eq!(wire::software("snom320/8.7.5.35"), ("snom320", "8.7.5.35", ""));
    assert_eq!(wire::software("Cisco-SIPGateway/IOS-15.2.4.M3"), ("Cisco-SIPGateway/IOS", "15.2.4.M3", ""));
    assert_eq!(wire::software("é (1"), ("é (1", "", ""));
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
