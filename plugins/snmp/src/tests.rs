//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::testkit;

use crate::wire::{Engine, Report, discovery};

/// net-snmp 5.9.3, to the id 0x4a690001.
const REPORT: &[u8] = b"\x30\x6d\x02\x01\x03\x30\x11\x02\x04\x4a\x69\0\x01\x02\x03\0\xff\xe3\x04\x01\0\x02\x01\x03\
    \x04\x21\x30\x1f\x04\x11\x80\0\x1f\x88\x80\x59\xdc\x48\x61\x45\xa2\x63\x22\0\0\0\0\x02\x01\x07\x02\x01\x2a\x04\0\x04\0\x04\0\
    \x30\x32\x04\x11\x80\0\x1f\x88\x80\x59\xdc\x48\x61\x45\xa2\x63\x22\0\0\0\0\x04\0\
    \xa8\x1b\x02\x01\0\x02\x01\0\x02\x01\0\x30\x10\x30\x0e\x06\x09\x2b\x06\x01\x06\x03\x0f\x01\x01\x04\x41\x01\x05";

/// The sample with its lengths as they should be.
fn report() -> Vec<u8> {
    let mut report = REPORT.to_vec();
    report[1] = u8::try_from(report.len() - 2).expect("it is short");
    report
}

#[test]
fn a_report_is_read() {
    let sample = report();
    let report = Report::read(&sample, 0x4a69_0001).expect("it is whole");
    assert_eq!((report.boots, report.time, report.engine.len()), (7, 42, 17));
    assert_eq!(Engine::read(&report.engine).map(|engine| engine.enterprise), Ok(8072));
    assert!(Report::read(&sample, 1).is_err());
    for end in 0..sample.len() {
        assert!(Report::read(&sample[..end], 0x4a69_0001).is_err(), "{end}");
    }
    // An echo.
    assert!(Report::read(&discovery(0x4a69_0001), 0x4a69_0001).is_err());
}

#[test]
fn engines_are_told() {
    let engine = Engine::read(b"\x80\0\0\x09\x03\0\x1b\x2c\x3d\x4e\x5f").expect("it is whole");
    assert_eq!((engine.enterprise, engine.address.as_deref()), (9, Some("00:1b:2c:3d:4e:5f")));
    let engine = Engine::read(b"\x80\0\x1f\x88\x04gateway").expect("it is whole");
    assert_eq!(engine.text.as_deref(), Some("gateway"));
    assert!(Engine::read(b"\x80\0").is_err());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
