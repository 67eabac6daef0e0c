//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Reader, testkit};

use crate::wire::{self, Connack, Meaning, Property, Version};

#[test]
fn connect_is_as_in_the_specification() {
    assert_eq!(wire::connect(Version::V3), b"\x10\x0c\0\x04MQTT\x04\x02\0\x1e\0\0");
    assert_eq!(wire::connect(Version::V5), b"\x10\x0d\0\x04MQTT\x05\x02\0\x1e\0\0\0");
}

#[test]
fn lengths_are_checked() {
    assert_eq!(wire::lengths(b"\x20\x02"), Ok(Some((2, 2))));
    assert_eq!(wire::lengths(b"\x20\x80"), Ok(None));
    assert_eq!(wire::lengths(b"\x20\x80\x01"), Ok(Some((3, 128))));
    assert!(wire::lengths(b"\x20\xff\xff\xff\xff").is_err());
    assert!(wire::lengths(b"\x20\xff\xff\xff\x7f").is_err());
    assert!(wire::lengths(b"\x20\x01").is_err());
    // What comes back from an echo.
    assert!(wire::lengths(&wire::connect(Version::V5)).is_err());
    assert_eq!(wire::integer(&mut Reader::new(b"\xc1\x02")), Ok(321));
}

#[test]
fn answers_of_mqtt_5_have_properties() {
    let body = b"\0\0\x32\"\0\x0a\x12\0)auto-026B8A49-4598-88F1-CF78-BB470374DA77!\0\x14";
    let answer = Connack::read(body, Version::V5).expect("it is whole");
    assert_eq!((answer.version, answer.meaning()), (Version::V5, Meaning::Accepted));
    assert_eq!(
        answer.properties,
        [Property::Integer("topic_alias_maximum", 10), Property::Other, Property::Integer("receive_maximum", 20)]
    );
    for length in 0..body.len() {
        assert!(length == 2 || Connack::read(&body[..length], Version::V5).is_err());
    }
    assert!(Connack::read(body, Version::V3).is_err());
    let refused = Connack::read(b"\0\x87\0", Version::V5).expect("it is whole");
    assert_eq!(refused.meaning(), Meaning::NeedsAuthentication);
    // A property that there is not, a code that there is not, and a session that cannot be.
    assert!(Connack::read(b"\0\0\x02\x01\0", Version::V5).is_err());
    assert!(Connack::read(b"\0\x55\0", Version::V5).is_err());
    assert!(Connack::read(b"\x01\0\0", Version::V5).is_err());
}

#[test]
fn answers_of_mqtt_3_are_short() {
    for (code, meaning) in [
        (0, Meaning::Accepted),
        (1, Meaning::WrongVersion),
        (2, Meaning::Refused),
        (4, Meaning::NeedsAuthentication),
        (5, Meaning::NeedsAuthentication),
    ] {
        assert_eq!(Connack::read(&[0, code], Version::V3).map(|answer| answer.meaning()), Ok(meaning));
    }
    assert!(Connack::read(&[0, 6], Version::V3).is_err());
    assert!(Connack::read(&[1, 0], Version::V3).is_err());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
