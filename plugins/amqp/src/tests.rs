//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::one::{self, Open, Performative, Value};
use crate::wire::{self, Field, Start};

const START: &[u8] =
    b"\0\x0a\0\x0a\0\x09\0\0\0\x47\x0ccapabilitiesF\0\0\0\x0d\x0abasic.nackt\x01\x07productS\0\0\0\x08RabbitMQ\
    \x07versionS\0\0\0\x063.10.8\0\0\0\x0ePLAIN AMQPLAIN\0\0\0\x05en_US\xce";

#[test]
fn headers_name_a_protocol() {
    assert_eq!(wire::protocol(wire::AMQP_0_9_1), Some("0-9-1"));
    assert_eq!(wire::protocol(wire::SASL_1_0), Some("1.0"));
    assert_eq!(wire::protocol(*b"AMQP\x01\x01\x00\x0a"), Some("0-10"));
    assert_eq!(wire::protocol(*b"AMQP\x00\x02\x00\x00"), None);
    assert_eq!(wire::protocol(*b"HTTP/1.1"), None);
}

#[test]
fn servers_introduce_themselves() {
    let start = Start::read(START).expect("it is whole");
    assert_eq!(start.version, (0, 9));
    assert_eq!(wire::find(&start.properties, "version"), Some("3.10.8"));
    assert_eq!(start.properties[0].1, Field::Table(vec![("basic.nack".into(), Field::Bool(true))]));
    assert_eq!(start.mechanisms, ["PLAIN", "AMQPLAIN"]);
    for length in 0..START.len() {
        assert!(Start::read(&START[..length]).is_err());
    }
    assert_eq!(wire::method_frame(*b"\x01\0\0\0\0\x01\xf4"), Some(500));
    assert_eq!(wire::method_frame(*b"\x01\0\0\xff\xff\xff\xff"), None);
    assert_eq!(wire::method_frame(*b"AMQP\0\0\x09"), None);
}

#[test]
fn what_is_sent_can_be_read() {
    let frame = one::open("me", "you");
    let open = Open { container: "me".into(), capabilities: Vec::new(), product: None, version: None, platform: None };
    assert_eq!(Performative::read(&frame), Ok(Performative::Open(open)));
    assert_eq!(one::length(*b"\0\0\0\x19"), Some(one::SASL_ANONYMOUS.len()));
    assert_eq!(one::length(*b"\0\0\0\x07"), None);
    assert_eq!(one::open("me", ""), b"\0\0\0\x12\x02\0\0\0\0\x53\x10\xc0\x05\x01\xa1\x02me");
    // Not of a server.
    assert_eq!(Performative::read(&one::SASL_ANONYMOUS), Ok(Performative::Other));
    assert_eq!(Performative::read(&one::CLOSE), Ok(Performative::Other));
    assert_eq!(one::open(&"x".repeat(300), "you").len(), 14 + 2 + 100 + 5);
}

#[test]
fn mechanisms_come_in_three_ways() {
    let three = b"\0\0\0\x34\x02\x01\0\0\0S@\xc0'\x01\xe0$\x03\xb3\0\0\0\x09ANONYMOUS\0\0\0\x05PLAIN\0\0\0\x08AMQPLAIN";
    let two = b"\0\0\0\x2e\x02\x01\0\0\0S@\xd0\0\0\0\x1e\0\0\0\x01\xf0\0\0\0\x15\0\0\0\x02\xa3\x09ANONYMOUS\x05PLAIN";
    let one = b"\0\0\0\x17\x02\x01\0\0\0S@\xc0\x0a\x01\xa3\x07ANYBODY";
    for (frame, mechanisms) in [
        (&three[..], &["ANONYMOUS", "PLAIN", "AMQPLAIN"][..]),
        (&two[..], &["ANONYMOUS", "PLAIN"][..]),
        (&one[..], &["ANYBODY"][..]),
    ] {
        let mechanisms = mechanisms.iter().map(|&it| it.to_owned()).collect();
        assert_eq!(Performative::read(frame), Ok(Performative::Mechanisms(mechanisms)));
    }
    assert_eq!(Performative::read(b"\0\0\0\x10\x02\x01\0\0\0SD\xc0\x03\x01P\0"), Ok(Performative::Outcome(true)));
    assert_eq!(Performative::read(b"\0\0\0\x10\x02\x01\0\0\0SD\xc0\x03\x01P\x01"), Ok(Performative::Outcome(false)));
}

#[test]
fn values_do_not_lie_too_deep() {
    let mut frame = b"\0\0\0\0\x02\x01\0\0\0S@".to_vec();
    frame.extend([0].repeat(100_000));
    assert!(Performative::read(&frame).is_err());
    let mut list = vec![0x45];
    for _ in 0..30 {
        let length = u8::try_from(list.len() + 1).expect("it is short");
        list = [&[0xc0, length, 1][..], &list[..]].concat();
    }
    assert!(Performative::read(&[&b"\0\0\0\0\x02\x01\0\0\0S@"[..], &list[..]].concat()).is_err());
    // Many items of no length.
    let array = b"\0\0\0\0\x02\x01\0\0\0S@\xf0\0\0\0\x05\xff\xff\xff\xff\x40";
    assert!(Performative::read(array).is_err());
    assert_eq!(Value::Items(vec![Value::Text("a".into()), Value::Null]).get("a"), None);
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
