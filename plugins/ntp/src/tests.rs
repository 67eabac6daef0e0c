//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{self, Part, Time};

#[test]
fn the_time_is_read() {
    let mut answer = b"\x24\x02\x03\xe9\0\0\0\x0a\0\0\0\x0b\xc0\0\x02\x01".to_vec();
    answer.extend_from_slice(b"referenc12345678received_transmit");
    answer.truncate(48);
    let time = Time::read(&answer, *b"12345678").expect("it is whole");
    assert_eq!((time.version, time.stratum, time.reference().as_str()), (4, 2, "192.0.2.1"));
    assert!(Time::read(&answer, *b"87654321").is_err());
    assert!(Time::read(&answer[..47], *b"12345678").is_err());
    // An echo.
    assert!(Time::read(&wire::request(*b"12345678"), *b"12345678").is_err());
}

#[test]
fn parts_are_read() {
    let part = Part::read(b"\x16\xa2\x01\x02\x06\x15\0\0\0\0\0\x03a=1\0", [1, 2]).expect("it is whole");
    assert_eq!(part, Part { is_error: false, is_last: false, offset: 0, data: b"a=1" });
    assert!(Part::read(&wire::read_variables([1, 2]), [1, 2]).is_err());
    assert!(Part::read(b"\x16\x82\x01\x02\0\0\0\0\0\0\0\x03a=", [1, 2]).is_err());
}

#[test]
fn variables_are_taken_apart() {
    let variables = wire::variables(b"version=\"ntpd 4.2.8p15, yes\", leap=0,\r\nrefid=GPS, system=\"Linux/5");
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        variables,
        [("version", "ntpd 4.2.8p15, yes"), ("leap", "0"), ("refid", "GPS"), ("system", "\"Linux/5")]
    );
    assert!(wire::variables(b"nothing").is_empty());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
