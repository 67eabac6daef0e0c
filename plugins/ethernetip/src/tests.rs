//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire;

const CONTEXT: [u8; 8] = *b"\xf4\x01\rT\xa8}\x90\x9d";
/// Of cpppo 5.2.5.
const HEAD: &[u8] = b"c\0<\0\0\0\0\0\0\0\0\0\xf4\x01\rT\xa8}\x90\x9d\0\0\0\0";
const BODY: &[u8] =
    b"\x01\0\x0c\x006\0\x01\0\0\x02\xaf\x12\x7f\0\0\x01\0\0\0\0\0\0\0\0\x01\0\x0e\x006\0\x14\x0b`1\x1a\x06l\0\
    \x141756-L61/B LOGIX5561\xff";

#[test]
fn heads() {
    assert_eq!(wire::head(HEAD, CONTEXT), Some(60));
    assert_eq!(wire::head(HEAD, [1; 8]), None);
    assert_eq!(wire::head(&HEAD[..23], CONTEXT), None);
    // The request, sent back.
    assert_eq!(wire::head(&wire::list_identity(CONTEXT), CONTEXT), None);
}

#[test]
fn identities() {
    let identity = wire::identity(BODY).expect("it is whole");
    assert_eq!((identity.vendor, identity.device_type, identity.product_code), (1, 14, 54));
    assert_eq!((identity.revision, identity.serial), ((20, 11), 0x006c_061a));
    assert_eq!((identity.address, identity.port), ([127, 0, 0, 1], 44818));
    assert_eq!(identity.name, "1756-L61/B LOGIX5561");
    for length in 0..BODY.len() {
        assert!(wire::identity(&BODY[..length]).is_err(), "{length}");
    }
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
