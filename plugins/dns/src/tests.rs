//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Found, testkit};

use crate::software;
use crate::wire::{Answer, Edns, Question};

/// BIND 9.18 for `version.bind`.
const VERSION: &[u8] = b"\x12\x34\x84\0\0\x01\0\x01\0\0\0\0\x07version\x04bind\0\0\x10\0\x03\
    \xc0\x0c\0\x10\0\x03\0\0\0\0\0\x19\x189.18.49-1~deb12u3-Debian";

#[test]
fn a_text_is_read() {
    let question = Question::chaos([0x12, 0x34], ["version", "bind"]);
    let answer = Answer::read(VERSION, &question).expect("it is whole");
    assert_eq!(answer.text.as_deref(), Some("9.18.49-1~deb12u3-Debian"));
    assert!(answer.has_question && answer.edns.is_none());
    for end in 0..VERSION.len() {
        assert!(Answer::read(&VERSION[..end], &question).is_err(), "{end}");
    }
}

#[test]
fn only_the_answer_to_the_question() {
    assert!(Answer::read(VERSION, &Question::chaos([0x12, 0x35], ["version", "bind"])).is_err());
    assert!(Answer::read(VERSION, &Question::chaos([0x12, 0x34], ["version", "nsd"])).is_err());
    // An echo.
    let question = Question::root([0x12, 0x34]);
    assert!(Answer::read(&question.message, &question).is_err());
}

#[test]
fn refusals_may_be_headers_alone() {
    let question = Question::root([1, 2]);
    let answer = Answer::read(b"\x01\x02\x81\x05\0\0\0\0\0\0\0\0", &question).expect("it is whole");
    assert!(!answer.has_question);
    assert!(Answer::read(b"\x01\x02\x81\x00\0\0\0\0\0\0\0\0", &question).is_err());
}

#[test]
fn edns_is_read() {
    let message = b"\x01\x02\x81\x85\0\x01\0\0\0\0\0\x01\0\0\x02\0\x01\0\0\x29\x04\xd0\0\0\x80\0\0\x08\0\x03\0\x04host";
    let edns = Answer::read(message, &Question::root([1, 2])).expect("it is whole").edns;
    assert_eq!(edns, Some(Edns { version: 0, size: 1232, dnssec_ok: true, nsid: Some(b"host".to_vec()) }));
}

#[test]
fn software_is_told() {
    let tell = |said| {
        let mut found = Found::default();
        software::tell(&mut found, said);
        [found.product, found.version, found.info, found.cpe.join(" ")].join("|")
    };
    assert_eq!(tell("9.18.49-1~deb12u3-Debian"), "ISC BIND|9.18.49-1~deb12u3|Debian Linux|cpe:/a:isc:bind:9.18.49");
    assert_eq!(tell("9.11.4-P2-RedHat-9.11.4-26.P2.el7"), "ISC BIND|9.11.4-P2|Red Hat Linux|cpe:/a:isc:bind:9.11.4");
    assert_eq!(tell("dnsmasq-2.89"), "dnsmasq|2.89||cpe:/a:thekelleys:dnsmasq:2.89");
    assert_eq!(tell("dnsmasq-pi-hole-v2.90+1"), "dnsmasq|2.90+1|Pi-hole|cpe:/a:thekelleys:dnsmasq:2.90");
    assert_eq!(tell("unbound 1.17.1"), "Unbound|1.17.1||cpe:/a:nlnetlabs:unbound:1.17.1");
    assert_eq!(
        tell("PowerDNS Recursor 4.8.8 (built Jan 1 2024 by root@localhost)"),
        "PowerDNS Recursor|4.8.8||cpe:/a:powerdns:recursor:4.8.8"
    );
    assert_eq!(tell("Microsoft DNS 6.1.7601 (1DB15D39)"), "Microsoft DNS|6.1.7601||");
    assert_eq!(tell("CoreDNS-1.11.1"), "CoreDNS|1.11.1||cpe:/a:coredns.io:coredns:1.11.1");
    assert_eq!(tell("Technitium DNS Server 13.2"), "Technitium DNS Server|13.2||");
    for custom in ["none of your business", "", "1.0", "go away!", "-", "192.0.2.1", "é 9.1"] {
        assert_eq!(tell(custom), "|||", "{custom}");
    }
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
