//! Files of every format, real ones and broken ones.

use std::collections::{BTreeSet, VecDeque};
use std::io::{BufReader, Read};
use std::path::Path;

use portprint_scan::{Hosts, Target};

use super::super::stream::{Told, recognise};

/// The targets of a file, sorted, and whether something in it was bad. It is read in pieces of this size.
fn read_by(bytes: Vec<u8>, piece: usize) -> (Vec<String>, bool) {
    let told = Told::new("test");
    let mut records = recognise(BufReader::with_capacity(piece, std::io::Cursor::new(bytes))).expect("it is memory");
    let mut out = VecDeque::new();
    while records.read(&mut out, &told).expect("it is memory") {}
    let list: BTreeSet<_> = out.iter().map(shown).collect();
    (list.into_iter().collect(), told.is_any())
}

fn read(bytes: impl Into<Vec<u8>>) -> (Vec<String>, bool) {
    let bytes = bytes.into();
    let found = read_by(bytes.clone(), 1 << 16);
    assert_eq!(read_by(bytes, 5), found, "it does not matter how much is read at a time");
    found
}

fn shown(target: &Target) -> String {
    let host = match &target.hosts {
        Hosts::One(host) => match host.address() {
            Some(address) if host.name() != address.to_string() => format!("{}={address}", host.name()),
            _ => host.name().into_owned(),
        },
        Hosts::Range(range) => range.to_string(),
    };
    let ports = target.ports.as_ref().map_or_else(|| String::from("-"), ToString::to_string);
    format!("{host} {ports}")
}

#[test]
fn real_files_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/scan-inputs");
    let masscan = ["10.9.9.1 T:21022", "10.9.9.1 T:21080", "10.9.9.1 U:21053"];
    for (file, expected, is_bad) in [
        ("masscan-oJ.json", &masscan[..], false),
        ("masscan-oL.txt", &masscan, false),
        ("masscan-oD.ndjson", &masscan, false),
        ("masscan-oL-closed.txt", &masscan[..1], false),
        ("masscan-oJ-cut.json", &masscan, true),
        ("zmap.csv", &masscan[..1], false),
        ("zmap-plain.csv", &["10.9.9.1 -"], false),
        ("zmap-rst.csv", &[], false),
        ("rustscan.txt", &["127.0.0.1 21022,21080", "::1 21022"], false),
        ("nmap.xml", &["127.0.0.1 T:21022,21080,U:21053"], false),
        ("nmap-oG.txt", &["127.0.0.1 T:21022,21080,U:21053"], false),
        ("nmap6.xml", &["::1 T:21022"], false),
        ("nmap6-oG.txt", &["::1 T:21022"], false),
        (
            "zgrab2.csv",
            &[
                "10.9.9.0-10.9.9.3 -",
                "10.9.9.1 -",
                "10.9.9.3 T:8443",
                "mail.example.org T:25",
                "v6.example.org=2001:db8::1 T:443",
                "www.example.org=10.9.9.2 -",
            ],
            false,
        ),
        ("naabu.jsonl", &["10.9.9.2 U:53", "2001:db8::1 T:8080", "www.example.org=10.9.9.1 T:443"], false),
        (
            "naabu.txt",
            &[
                "10.9.9.1 80",
                "10.9.9.1 U:53",
                "2606:4700::6810:6434 80",
                "2606:4700::6810:6434 8443",
                "www.example.org 443",
            ],
            false,
        ),
    ] {
        let bytes = std::fs::read(folder.join(file)).expect("the fixture is there");
        assert_eq!(read(bytes.clone()), (expected.iter().map(ToString::to_string).collect(), is_bad), "{file}");
        // Cut off anywhere: what comes out was in it, and no more is bad than the end.
        for end in (0..bytes.len()).step_by(7) {
            let (found, _) = read(&bytes[..end]);
            assert!(found.len() <= expected.len() + 1, "{file} cut at {end}: {found:?}");
        }
    }
}

#[test]
fn records_of_all_kinds() {
    for (text, expected, is_bad) in [
        ("", "", false),
        ("\u{feff}10.0.0.1\r\n", "10.0.0.1 -", false),
        ("[::1]:22\n10.0.0.0/30:1-3", "10.0.0.0-10.0.0.3 1-3|::1 22", false),
        ("2001:db8::5:80\n10.0.0.1:5", "10.0.0.1 5|2001:db8::5:80 -", false),
        ("10.0.0.1:5\n2001:db8::5:80", "10.0.0.1 5|2001:db8::5 80", false),
        ("10.0.0.1 -> [22,80\n10.0.0.2 -> [1]", "10.0.0.2 1", true),
        ("10.0.0.1,80\n10.0.0.2,www", "10.0.0.1 T:80|www=10.0.0.2 -", false),
        (",,,\n10.0.0.1,,,x\n10.0.0.2", "10.0.0.2 -", true),
        ("saddr,success\n10.0.0.1,1\n10.0.0.2,0\nx y,1", "10.0.0.1 -", true),
        ("open tcp 80 10.0.0.1 5\nopen tcp 99999 10.0.0.2 5\nopen sctp 80 10.0.0.3 5", "10.0.0.1 T:80", true),
        (
            "Host: 10.0.0.1 ()\tPorts: 80/open/tcp//http//A, b)/, 81/filtered/tcp///, 82/open/tcp//",
            "10.0.0.1 T:80,82",
            false,
        ),
        ("{\"ip\":\"10.0.0.1\",\"port\":80,\"protocol\":\"tcp\",\"state\":\"closed\"}", "", false),
        ("{\"ip\":\"10.0.0.1\",\"port\":80\n{\"saddr\":\"10.0.0.2\",\"sport\":5}", "10.0.0.2 T:5", true),
        ("{\"port\":80}\n{\"ip\":\"10.0.0.1\"}\n{\"host\":\"a b\",\"port\":1}", "", true),
        ("[]", "", false),
        ("[\n]\n", "", false),
        ("[{\"ip\":\"10.0.0.1\",\n\"ports\":[{\"port\":1}]},{finished: 1}]", "10.0.0.1 T:1", false),
        ("[{\"ip\":\"10\n{\"ip\":\"10.0.0.1\",\"ports\":[{\"port\":1}]}", "10.0.0.1 T:1", true),
        (
            "<nmaprun><host><address addr='10.0.0.1'/><ports><port protocol='tcp' portid='1'><state state='open'/>",
            "10.0.0.1 T:1",
            true,
        ),
        (
            "<nmaprun><host><ports><port protocol='tcp' portid='1'><state state='open'/></port></ports></host></nmaprun>",
            "",
            true,
        ),
        (
            "<nmaprun><host><address addr='&lol;'/></host><host><address addr='::1'/><hostnames><hostname name='six' type='user'/>\
          </hostnames><ports><port protocol='udp' portid='5'><state state='open'/></port></ports></host></nmaprun>",
            "six=::1 U:5",
            true,
        ),
    ] {
        let (found, bad) = read(text);
        assert_eq!((found.join("|").as_str(), bad), (expected, is_bad), "{text}");
    }
}

#[test]
fn hostile_files_end_soon_and_are_told() {
    let bomb = "<!DOCTYPE a [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;'>]><nmaprun>&c;&c;</nmaprun>";
    assert!(read_by(bomb.into(), 4096).0.is_empty());
    let attribute = format!("{}<host><address addr='&b;'/></host>", &bomb[..bomb.find("<nmaprun>").unwrap_or(0)]);
    assert!(read_by(attribute.into(), 4096).1);
    for endless in [
        &b"<a>"[..],
        b"<a x='",
        b"<!--",
        b"<![CDATA[",
        b"<a b='c' ",
        b"[{\"a\":[",
        b"[[[[",
        b"{\"a\":",
        b"10.0.0.1,",
        b"\x00\xff",
    ] {
        let input = endless.chain(std::io::repeat(endless[endless.len() - 1]).take(40 << 20));
        let told = Told::new("test");
        let mut records = recognise(BufReader::new(input)).expect("it is memory");
        let mut out = VecDeque::new();
        while records.read(&mut out, &told).expect("it is memory") {}
        assert!(out.is_empty() && (told.is_any() || endless == b"[[[["), "{}", endless.escape_ascii());
    }
    let deep = "<a>".repeat(1_000_000);
    assert!(read_by(deep.into(), 1 << 16).1);
}
