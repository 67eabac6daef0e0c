//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Short, testkit};

use crate::bson::{Document, Value, Writer};
use crate::wire::{self, Form};

#[test]
fn documents_are_written_and_read() {
    let inner = Writer::new().text("name", "admin");
    let bytes = Writer::new().integer("a", -2).bool("b", true).text("c", "x").document("d", inner).finish();
    let document = Document::read(&bytes).expect("it is whole");
    assert_eq!(document.integer("a"), Some(-2));
    assert_eq!(document.bool("b"), Some(true));
    assert_eq!(document.text("c").as_deref(), Some("x"));
    assert_eq!(document.document("d").and_then(|it| it.text("name")).as_deref(), Some("admin"));
    assert_eq!(document.get("e"), None);
    assert!(!document.has_prefix("ferret"));
    for end in 0..bytes.len() {
        assert_eq!(Document::read(&bytes[..end]), Err(Short), "{end}");
    }
}

#[test]
fn all_types_are_passed_over() {
    let elements: &[&[u8]] = &[
        b"\x01a\0\0\0\0\0\0\0\xf0\x3f",
        b"\x04b\0\x0e\0\0\0\x020\0\x02\0\0\0x\0\0",
        b"\x05c\0\x01\0\0\0\0\xff",
        b"\x06d\0",
        b"\x07e\0abcdefghijkl",
        b"\x09f\0abcdefgh",
        b"\x0ag\0",
        b"\x0bh\0.*\0i\0",
        b"\x0ci\0\x02\0\0\0x\0abcdefghijkl",
        b"\x0fj\0\x05\0\0\0\0",
        b"\x11k\0abcdefgh",
        b"\x12l\0\x07\0\0\0\0\0\0\0",
        b"\x13m\0abcdefghijklmnop",
        b"\xffn\0",
    ];
    let body = elements.concat();
    let mut bytes = u32::try_from(body.len() + 5).expect("it is short").to_le_bytes().to_vec();
    bytes.extend_from_slice(&body);
    bytes.push(0);
    let document = Document::read(&bytes).expect("it is whole");
    assert_eq!(document.number("a"), Some(1.0));
    assert_eq!(document.texts("b"), ["x"]);
    assert_eq!(document.integer("l"), Some(7));
    assert_eq!(document.get("n"), Some(&Value::Other));
}

#[test]
fn heads_are_checked() {
    let reply = b"\x3a\x01\0\0\x07\0\0\0\x01\x02\x03\x04\x01\0\0\0";
    assert_eq!(wire::head(reply, 0x0403_0201), Ok((0x13a - 16, Form::Query)));
    assert_eq!(wire::head(reply, 0x0403_0202), Err(Short));
    // What was sent, sent back.
    for form in [Form::Query, Form::Msg] {
        let request = wire::command(form, 9, Writer::new().integer("hello", 1));
        assert_eq!(wire::head(&request[..16], 9), Err(Short));
    }
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
