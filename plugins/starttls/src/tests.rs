//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::ldap;
use crate::numbered::strip_word;
use crate::wire::{self, Reply};
use crate::xmpp::{self, Kind, Tag};

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}

#[test]
fn replies_may_have_several_lines() {
    let mut reply = Reply::read("211-Features:").expect("it has a number");
    for line in [" AUTH TLS", "999 nothing", "211 End"] {
        assert!(!reply.is_whole);
        reply.go_on(line);
    }
    assert!(reply.is_whole);
    assert_eq!(reply.lines, ["Features:", " AUTH TLS", "999 nothing", "End"]);
    assert!(Reply::read("250").is_some_and(|reply| reply.is_whole));
    for other in ["", "22", "2200 a", "999 a", "099 a", "SSH-2.0-x", "é20 a", "22é a", "+OK"] {
        assert_eq!(Reply::read(other), None, "{other}");
    }
}

#[test]
fn words_are_whole() {
    assert_eq!(strip_word("AUTH PLAIN LOGIN", "AUTH"), Some("PLAIN LOGIN"));
    assert_eq!(strip_word("auth=login", "AUTH"), Some("login"));
    assert_eq!(strip_word("STARTTLS", "STARTTLS"), Some(""));
    assert_eq!(strip_word("AUTH-RESP-CODE", "AUTH"), None);
    assert_eq!(strip_word("STLSX", "STLS"), None);
    assert_eq!(strip_word("é", "AUTH"), None);
    assert_eq!(wire::strip_start("auth=PLAIN", "AUTH="), Some("PLAIN"));
    assert_eq!(wire::shortened("aé", 2), "a");
    assert_eq!(wire::shortened("aé", 3), "aé");
}

#[test]
fn quotes_are_taken_off() {
    let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
    assert_eq!(wire::quoted_pair(r#""SASL" "PLAIN""#), pair("SASL", "PLAIN"));
    assert_eq!(wire::quoted_pair(r#""STARTTLS""#), pair("STARTTLS", ""));
    assert_eq!(wire::quoted_pair(r#""a\"b" "c\\""#), pair("a\"b", "c\\"));
    for other in ["", "\"", "\"a", "a", r#""a" b"#, r#""a\"#] {
        assert_eq!(wire::quoted_pair(other), None, "{other}");
    }
}

#[test]
fn tags_are_taken_apart() {
    let tag = Tag::read("text<stream:features a='b'>").expect("it is a tag");
    assert_eq!((tag.kind, tag.name.as_str(), tag.before.as_str()), (Kind::Open, "features", "text"));
    assert_eq!(Tag::read("<required/>").map(|tag| tag.kind), Some(Kind::Empty));
    assert_eq!(Tag::read("PLAIN</mechanism>").map(|tag| (tag.kind, tag.before)), Some((Kind::Close, "PLAIN".into())));
    assert_eq!(Tag::read("<?xml version='1.0'?>").map(|tag| tag.kind), Some(Kind::Instruction));
    for other in ["", ">", "<>", "</>", "a>", "< a>", "<a$b>"] {
        assert_eq!(Tag::read(other), None, "{other}");
    }
    let attributes = "xmlns:from='x' from = \"a.example\" to=''";
    assert_eq!(xmpp::attribute(attributes, "from").as_deref(), Some("a.example"));
    assert_eq!(xmpp::attribute(attributes, "to").as_deref(), Some(""));
    assert_eq!(xmpp::attribute(attributes, "id"), None);
    assert_eq!(xmpp::attribute("from='a", "from"), None);
}

#[test]
fn entries_of_ldap_are_read() {
    let entry = b"\x04\0\x30\x1c\x30\x1a\x04\x0avendorName\x31\x0c\x04\x01a\x04\x07b.local";
    let expected = vec![("vendorName".to_owned(), vec!["a".to_owned(), "b.local".to_owned()])];
    assert_eq!(ldap::attributes(entry), Ok(expected));
    for length in 0..entry.len() {
        assert!(ldap::attributes(&entry[..length]).is_err(), "{length}");
    }
    assert_eq!(ldap::result_code(b"\x0a\x01\x0d\x04\0\x04\0"), Ok(13));
    assert!(ldap::result_code(b"\x0a\x02\x0d\x0d\x04\0\x04\0").is_err());
    assert!(ldap::is_answer(b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0"));
    assert!(ldap::is_answer(b"\x30\x84\0\0\0\x10\x02\x01\x01\x61\x84\0\0\0\x07\x0a\x01\0\x04\0\x04\0"));
    // A request, as an echo has it.
    assert!(!ldap::is_answer(&ldap::search()));
    assert!(!ldap::is_answer(b"0 files"));
}
