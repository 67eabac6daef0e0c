//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Short, testkit};

use crate::wire::{self, Authentication, Failure};

#[test]
fn heads_are_checked() {
    assert_eq!(wire::head(*b"R\0\0\0\x0c"), Some((b'R', 8)));
    assert_eq!(wire::head(*b"R\0\0\0\x03"), None);
    assert_eq!(wire::head(*b"HTTP/"), None);
    assert_eq!(wire::head(*b"SSH-2"), None);
}

#[test]
fn questions_are_taken_apart() {
    let sasl = Authentication::read(b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0").expect("it is whole");
    assert_eq!(
        (sasl.method, sasl.mechanisms.join(" ").as_str()),
        ("scram-sha-256", "SCRAM-SHA-256-PLUS SCRAM-SHA-256")
    );
    assert_eq!(Authentication::read(b"\0\0\0\x05abcd").map(|it| it.method), Ok("md5"));
    for wrong in [&b"\0\0\0\x05abc"[..], b"\0\0\0\x03a", b"\0\0\0\x0a\0", b"\0\0\0\x0aSCRAM", b"\0\0\0\x63", b""] {
        assert_eq!(Authentication::read(wrong), Err(Short), "{wrong:?}");
    }
}

#[test]
fn failures_are_taken_apart() {
    let failure = Failure::read(b"SFATAL\0C28000\0Mno\0Fauth.c\0L1\0\0").expect("it is whole");
    assert_eq!((failure.code.as_str(), failure.message.as_str(), failure.file.as_str()), ("28000", "no", "auth.c"));
    assert_eq!(failure.supported(), None);
    for wrong in [&b"SFATAL\0C28000\0\0"[..], b"SFATAL\0C2800\0Mno\0\0", b"SFATAL\0C28000\0Mno\0", b"\0"] {
        assert_eq!(Failure::read(wrong), Err(Short), "{wrong:?}");
    }
}

#[test]
fn supported_protocols_are_found_in_any_language() {
    for message in [
        "unsupported frontend protocol 255.0: server supports 3.0 to 3.2",
        "nicht unterstütztes Frontend-Protokoll 255.0: Server unterstützt 3.0 bis 3.2",
        "サポートされないフロントエンドプロトコル 255.0: サーバーは 3.0 から 3.2 までをサポートします",
    ] {
        let failure = Failure { code: "0A000".into(), message: message.into(), ..Failure::default() };
        assert_eq!(failure.supported(), Some(("3.0", "3.2")), "{message}");
    }
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
