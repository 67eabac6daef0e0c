//! Its messages on real bytes, and its conversations.

use portprint_plugin_sdk::{Found, testkit};

use crate::hpack::{self, Decoder, Header};
use crate::wire::{self, Head};
use crate::{huffman, software};

#[test]
fn it_keeps_the_rules_and_knows_its_fixtures() {
    testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.into(), value: value.into() }
}

#[test]
fn huffmans_code_is_read() {
    // RFC 7541, C.4.1, C.6.1 and C.6.3.
    for (code, text) in [
        (&b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"[..], &b"www.example.com"[..]),
        (b"\x64\x02", b"302"),
        (b"\xae\xc3\x77\x1a\x4b", b"private"),
        (b"\x9b\xd9\xab", b"gzip"),
        (b"", b""),
    ] {
        assert_eq!(huffman::decode(code).as_deref(), Some(text));
    }
    // A zero in the padding, a whole byte of padding, and the code for the end.
    for code in [&b"\x1e"[..], b"\x64\x02\xff", b"\xff\xff\xff\xff"] {
        assert_eq!(huffman::decode(code), None);
    }
}

#[test]
fn headers_refer_to_those_before() {
    // RFC 7541, C.6.1 and C.6.2: the table is smaller there, so that something falls out of it.
    let mut decoder = Decoder::new();
    let first = b"\x3f\xe1\x01\x48\x82\x64\x02\x58\x85\xae\xc3\x77\x1a\x4b\x61\x96\xd0\x7a\xbe\x94\x10\x54\xd4\x44\xa8\x20\x05\x95\
        \x04\x0b\x81\x66\xe0\x82\xa6\x2d\x1b\xff\x6e\x91\x9d\x29\xad\x17\x18\x63\xc7\x8f\x0b\x97\xc8\xe9\xae\x82\xae\x43\xd3";
    let expected = [
        header(":status", "302"),
        header("cache-control", "private"),
        header("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
        header("location", "https://www.example.com"),
    ];
    assert_eq!(decoder.decode(first).as_deref(), Ok(&expected[..]));
    let [_, cache, date, location] = expected;
    let second = [header(":status", "307"), cache, date, location];
    assert_eq!(decoder.decode(b"\x48\x83\x64\x0e\xff\xc1\xc0\xbf").as_deref(), Ok(&second[..]));
    assert!(decoder.decode(b"\xff\x80\x80\x80\x80\x01").is_err(), "a number without end");
    assert!(decoder.decode(b"\xc2").is_err(), "what has fallen out");
    assert!(decoder.decode(b"\x80").is_err(), "nothing");
}

#[test]
fn what_is_encoded_is_decoded() {
    let long = "x".repeat(300);
    let headers = [(":method", "HEAD"), ("te", "trailers"), ("user-agent", long.as_str())];
    let expected: Vec<_> = headers.iter().map(|(name, value)| header(name, value)).collect();
    assert_eq!(Decoder::new().decode(&hpack::encode(&headers)), Ok(expected));
}

#[test]
fn only_settings_come_first() {
    let first = |bytes: &[u8]| Head::read(bytes).is_ok_and(Head::is_first);
    assert!(first(b"\0\0\x12\x04\0\0\0\0\0"));
    for other in [
        &b"\0\0\x12\x04\x01\0\0\0\0"[..],
        b"\0\0\x11\x04\0\0\0\0\0",
        b"\0\0\x12\x04\0\0\0\0\x01",
        b"\0\0\x08\x07\0\0\0\0\0",
        b"\0\0\0\x04",
        b"HTTP/1.1 ",
        // An echo.
        &wire::PREFACE[..9],
    ] {
        assert!(!first(other), "{other:?}");
    }
    assert_eq!(wire::read_settings(b"\0\x03\0\0\0\x80"), Ok(vec![(3, 128)]));
    assert!(wire::read_settings(b"\0\x05\0\0\0\x01").is_err());
    assert!(wire::read_settings(b"\0\x03\0").is_err());
}

#[test]
fn padding_is_taken_off() {
    let padded = Head { length: 8, kind: 1, flags: 0x2c, stream: 1 };
    assert_eq!(wire::header_block(padded, b"\x01\0\0\0\0\x10ab\0"), Ok(&b"ab"[..]));
    assert!(wire::header_block(padded, b"\x09\0\0\0\0\x10ab\0").is_err());
    assert!(wire::data(padded, b"").is_err());
}

#[test]
fn software_is_named() {
    for (server, product, version, info, cpe) in [
        ("nginx/1.22.1", "nginx", "1.22.1", "", "cpe:/a:f5:nginx:1.22.1"),
        ("nginx", "nginx", "", "", "cpe:/a:f5:nginx"),
        ("Apache/2.4.62 (Debian) OpenSSL/3", "Apache httpd", "2.4.62", "Debian", "cpe:/a:apache:http_server:2.4.62"),
        ("nghttpd nghttp2/1.52.0", "nghttpd", "1.52.0", "", "cpe:/a:nghttp2:nghttp2:1.52.0"),
        ("Jetty(12.0.8)", "Jetty", "12.0.8", "", "cpe:/a:eclipse:jetty:12.0.8"),
        ("Kestrel", "Microsoft Kestrel httpd", "", "", ""),
        ("é", "", "", "", ""),
        ("something/1", "", "", "", ""),
    ] {
        let mut found = Found::default();
        software::name(server, &mut found);
        assert_eq!((found.product.as_str(), found.version.as_str(), found.info.as_str()), (product, version, info));
        assert_eq!(found.cpe.first().map_or("", String::as_str), cpe);
    }
}
