//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Reader, testkit};

use crate::releases;
use crate::wire::{self, Api, ApiVersions, Feature, Metadata, SaslHandshake};

/// A broker that takes these requests, by their keys and highest versions.
fn broker(apis: &[(u16, u16)]) -> ApiVersions {
    let apis = apis.iter().map(|&(key, max)| Api { key, min: 0, max }).collect();
    ApiVersions { apis, ..ApiVersions::default() }
}

#[test]
fn requests_are_as_in_the_protocol_guide() {
    assert_eq!(
        wire::api_versions(3, 0x4d54_a87d),
        b"\0\0\0\x21\0\x12\0\x03MT\xa8}\0\x09portprint\0\x0aportprint\x021\0"
    );
    assert_eq!(wire::api_versions(0, 1), b"\0\0\0\x13\0\x12\0\0\0\0\0\x01\0\x09portprint");
    assert_eq!(wire::metadata(4, 1), b"\0\0\0\x18\0\x03\0\x04\0\0\0\x01\0\x09portprint\0\0\0\0\0");
}

#[test]
fn answers_are_taken_apart() {
    // Flexible: one request, no throttling, and two tagged fields of which the first has a feature.
    let body = b"\0\0\x02\0\x12\0\0\0\x04\0\0\0\0\0\x02\0\x17\x02\x11metadata.version\0\x01\0\x15\0\x01\x08\xff\xff\xff\xff\xff\xff\xff\xff";
    let answer = ApiVersions::read(body, 3).expect("it is whole");
    assert_eq!(answer.apis, [Api { key: 18, min: 0, max: 4 }]);
    assert_eq!(answer.features, [Feature { name: "metadata.version".into(), max: 21 }]);
    assert_eq!(releases::by_features(&answer), Some(Some("3.9")));
    // A refusal, with and without what could be asked instead, and of librdkafka's mock.
    let refusal = ApiVersions::read(b"\0\x23\0\0\0\x01\0\x12\0\0\0\x02", 3).expect("it is whole");
    assert!(refusal.is_refused && refusal.max(18) == Some(2));
    for body in [&b"\0\x23\0\0\0\0"[..], b"\0\x23\x01\0\x12\0\0\0\x02\0\0\0\0"] {
        let refusal = ApiVersions::read(body, 3).expect("it is whole");
        assert!(refusal.is_refused && refusal.apis.is_empty());
        assert!(ApiVersions::read(body, 0).is_err());
    }
    // A byte too much, too many requests, and none for ApiVersions.
    assert!(ApiVersions::read(b"\0\0\0\0\0\x01\0\x12\0\0\0\x02\0", 0).is_err());
    assert!(ApiVersions::read(b"\0\0\xff\xff\xff\xff\0\x12\0\0\0\x02", 0).is_err());
    assert!(ApiVersions::read(b"\0\0\0\0\0\x01\0\x11\0\0\0\x02", 0).is_err());
}

#[test]
fn sasl_is_needed_where_the_listener_says_so() {
    let answer = SaslHandshake::read(b"\0\x21\0\0\0\x02\0\x0dSCRAM-SHA-512\0\x06GSSAPI").expect("it is whole");
    assert!(answer.is_needed("PLAIN"));
    assert!(SaslHandshake::read(b"\0\0\0\0\0\x01\0\x05PLAIN").expect("it is whole").is_needed("PLAIN"));
    assert!(!SaslHandshake::read(b"\0\x21\0\0\0\x01\0\x05PLAIN").expect("it is whole").is_needed("PLAIN"));
    assert!(!SaslHandshake::read(b"\0\x22\0\0\0\0").expect("it is whole").is_needed("PLAIN"));
}

#[test]
fn releases_are_told_apart() {
    let mut apis = vec![(0, 9), (1, 13), (2, 7), (3, 12), (8, 8), (9, 8), (10, 4), (11, 9), (16, 4), (18, 3), (19, 7)];
    apis.extend([(24, 3), (35, 4), (4, 7), (67, 0)]);
    assert_eq!(releases::exact(&broker(&apis)), Some("3.3 - 3.4"));
    apis[5] = (9, 7);
    assert_eq!((releases::exact(&broker(&apis)), releases::like(&broker(&apis))), (None, Some("3.3 - 3.4")));
    assert_eq!(releases::like(&broker(&[(18, 3)])), None);
}

#[test]
fn clusters_are_taken_apart() {
    let body = b"\0\0\0\0\0\0\0\x01\0\0\0\x6f\0\x04mine\0\0\x23\x84\xff\xff\0\x04test\0\0\0\x6f\0\0\0\0";
    let answer = Metadata::read(body, 4).expect("it is whole");
    assert_eq!((answer.cluster.as_deref(), answer.controller), (Some("test"), 111));
    assert_eq!((answer.brokers[0].host.as_str(), answer.brokers[0].port), ("mine", 9092));
    assert!(Metadata::read(&body[..20], 4).is_err());
}

#[test]
fn integers_of_variable_length_end() {
    assert_eq!(wire::varint(&mut Reader::new(b"\xac\x02")), Ok(300));
    assert!(wire::varint(&mut Reader::new(b"\xff\xff\xff\xff\xff\x01")).is_err());
}

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}
