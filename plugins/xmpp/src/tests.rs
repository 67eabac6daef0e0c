//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::software;
use crate::wire::{self, Kind, Stream};
use crate::xml::{Malformed, Tag, Tags};

/// The beginning of a stream, with this in it.
fn stream(inside: &str) -> Result<Option<Stream>, Malformed> {
    let root = "<?xml version='1.0'?>\n<stream:stream xmlns='jabber:client' from='a.example' id=\"x>y\" version='1.0' \
        xmlns:stream='http://etherx.jabber.org/streams'>";
    Stream::read(&format!("{root}{inside}"))
}

#[test]
fn streams_are_begun() {
    let begun = String::from_utf8(wire::open(Kind::Server, Some("a&b'.example"))).expect("it is text");
    assert!(begun.contains(" to='a&amp;b&apos;.example' xmlns='jabber:server' "));
    assert!(!String::from_utf8_lossy(&wire::open(Kind::Client, None)).contains(" to="));
}

#[test]
fn features_are_taken_apart() {
    let inside = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls><mechanisms>\
        <mechanism>PLAIN</mechanism><mechanism> SCRAM-SHA-1 </mechanism></mechanisms><compression><method>zlib</method></compression>\
        <c xmlns='http://jabber.org/protocol/caps' node='http://prosody.im'/></stream:features>";
    let read = stream(inside).expect("it is XML").expect("it has begun");
    assert_eq!(
        (read.kind, read.from.as_deref(), read.has_id, read.is_whole),
        (Some(Kind::Client), Some("a.example"), true, true)
    );
    let features = read.features.expect("they are there");
    assert_eq!(features.names, ["starttls", "mechanisms", "compression", "c"]);
    assert_eq!((features.requires_tls, features.has("starttls")), (true, true));
    assert_eq!(
        (features.mechanisms.join(" ").as_str(), features.compressions.join(" ").as_str()),
        ("PLAIN SCRAM-SHA-1", "zlib")
    );
    assert_eq!(features.software.as_deref().and_then(software::by_node).map(|it| it.0), Some("Prosody"));
    for length in 0..inside.len() {
        let part = stream(&inside[..length]).expect("it may go on").expect("it has begun");
        assert!(!part.is_whole, "{length}");
    }
}

#[test]
fn complaints_are_taken_apart() {
    let inside = "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xml:lang='en'>This server does \
        not serve &lt;you&gt;</text></stream:error></stream:stream>";
    let error = stream(inside).expect("it is XML").expect("it has begun").error.expect("it is there");
    assert_eq!((error.condition.as_str(), error.text.as_str()), ("host-unknown", "This server does not serve <you>"));
    let alone =
        "<stream:error xmlns:stream=\"http://etherx.jabber.org/streams\"><not-well-formed xmlns=\"x\"/></stream:error>";
    let read = Stream::read(alone).expect("it is XML").expect("it has begun");
    assert_eq!(
        (read.kind, read.is_whole, read.error.map(|it| it.condition)),
        (None, true, Some("not-well-formed".into()))
    );
}

#[test]
fn others_are_no_streams() {
    for other in [
        "HTTP/1.1 400 Bad Request",
        "<html><body></body></html>",
        "<?xml version='1.0'?><root/>",
        "<stream:stream xmlns:stream='else'>",
        "<error/>",
        "</stream:stream>",
        "<a b>",
        "<a b=c>",
        "<>",
        "<!DOCTYPE html>",
    ] {
        assert_eq!(Stream::read(other), Err(Malformed), "{other}");
    }
    assert_eq!(Stream::read(" \n<?xml version='1.0'?>"), Ok(None));
    assert_eq!(Stream::read("<stream:stream a='>"), Ok(None));
    assert!(stream(&"<a>".repeat(1000)).is_err());
    assert!(stream("<stream:features><a></b></stream:features>").is_err());
}

#[test]
fn tags_are_read() {
    let mut tags = Tags::new("x<a b = 'c\"' d=\"&amp;lt;\"/></é>");
    let Ok(Some((text, Tag::Empty(element)))) = tags.next() else { panic!("it is empty") };
    assert_eq!((text.as_str(), element.name.as_str()), ("x", "a"));
    assert_eq!((element.attribute("b"), element.attribute("d")), (Some("c\""), Some("&lt;")));
    assert_eq!(tags.next(), Ok(Some((String::new(), Tag::Close("é".into())))));
    assert_eq!(tags.next(), Ok(None));
}

#[test]
fn software_is_known_by_its_words() {
    for (text, name) in [
        ("This host does not serve 192.0.2.1", Some("Prosody")),
        ("This server does not serve any of this", None),
        ("Missing 'to' attribute", Some("ejabberd")),
        ("service requested for unknown domain", Some("jabberd")),
        ("", None),
    ] {
        assert_eq!(software::by_complaint(text).map(|it| it.0), name, "{text}");
    }
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
