//! What every format does with whatever peers say: it can be read again, it says the same, and nothing in it is more than text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portprint_core::handshake::Value as Detail;
use portprint_core::session::{Outcome, PortState, TlsInfo};
use portprint_scan::Summary;
use portprint_tables::Protocol;
use proptest::prelude::*;
use scraper::{ElementRef, Html, Selector};
use serde_json::Value;

use super::{HostDone, ScanBegin, ScanEnd, Writer};
use crate::escape;
use crate::output::style;
use crate::scan::counts::Counts;
use crate::scan::record::{FIELDS, Record, Rule};
use crate::scan::{csv as rows, html, jsonl, text, xml};

/// What a record borrows.
#[derive(Clone, Debug)]
struct Said {
    host: String,
    ip: IpAddr,
    port: u16,
    protocol: Protocol,
    state: PortState,
    outcome: Outcome,
    answer: Option<SaidAnswer>,
    plugin: Option<SaidPlugin>,
    tls_info: Option<TlsInfo>,
    banner: Vec<u8>,
    fingerprint: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct SaidAnswer {
    service: String,
    fields: [Option<String>; FIELDS.len()],
    cpe: Vec<String>,
    probe: String,
    source: String,
    soft: bool,
}

/// A plugin's name, and what it told besides the answer.
#[derive(Clone, Debug)]
struct SaidPlugin {
    name: String,
    mechanisms: Vec<Detail>,
    key: Detail,
}

impl Said {
    fn record(&self) -> Record<'_> {
        let answer = self.answer.as_ref();
        Record {
            host: &self.host,
            ip: self.ip,
            port: self.port,
            protocol: self.protocol,
            tls: self.tls_info.is_some(),
            timestamp: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
            state: self.state,
            service: answer.map(|answer| answer.service.as_str()),
            fields: std::array::from_fn(|index| answer.and_then(|answer| answer.fields[index].as_deref())),
            cpe: answer.iter().flat_map(|answer| answer.cpe.iter().map(String::as_str)).collect(),
            outcome: self.outcome,
            rule: answer.map(|answer| Rule {
                soft: answer.soft,
                probe: answer.probe.as_str().into(),
                source: answer.source.as_str().into(),
                line: 7,
            }),
            plugin: self.plugin.as_ref().map(|plugin| plugin.name.as_str()),
            details: self.plugin.as_ref().map_or_else(Vec::new, |plugin| {
                vec![("mechanism", plugin.mechanisms.iter().collect()), ("key", vec![&plugin.key])]
            }),
            tls_info: self.tls_info.as_ref(),
            banner: &self.banner,
            fingerprint: self.fingerprint.as_deref(),
            probes_sent: 3,
            elapsed: Duration::from_millis(1234),
        }
    }
}

/// Any text, often one that some format could take for more than that.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\u{1b}[31m",
        "\0",
        "\r\n",
        "\t",
        "\u{9b}",
        "\u{7f}",
        "\u{202e}",
        "\u{2028}",
        "\u{feff}",
        "\u{ffff}",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "--",
        "]]>",
        "&lt;",
        "&#27;",
        "&",
        "\"",
        "'",
        "\" onmouseover=\"x",
        "=cmd|' /C calc'!A0",
        "=",
        "+",
        "-",
        "@SUM(1)",
        ",",
        ";",
        "\\",
        "\\u0000",
        "é",
        "日本",
        "🦀",
        " ",
        "  ",
        "a",
        "nginx",
        "\nSF:",
        "{{",
        "%s",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat()),
        prop::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let ip = prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::from(Ipv4Addr::from(bits))),
        any::<u128>().prop_map(|bits| IpAddr::from(Ipv6Addr::from(bits))),
    ];
    let some = || prop::option::of(hostile());
    let answer = (
        hostile().prop_filter("an empty service is none", |service| !service.is_empty()),
        prop::array::uniform6(some()),
        prop::collection::vec(hostile(), 0..3),
        hostile(),
        hostile(),
        any::<bool>(),
    );
    let answer = answer.prop_map(|(service, fields, cpe, probe, source, soft)| SaidAnswer {
        service,
        fields,
        cpe,
        probe,
        source,
        soft,
    });
    let mechanisms = prop::collection::vec(hostile().prop_map(Detail::Text), 1..3);
    let key = prop_oneof![
        any::<i64>().prop_map(Detail::Integer),
        any::<bool>().prop_map(Detail::Bool),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(Detail::Bytes),
    ];
    let plugin = (hostile(), mechanisms, key);
    let plugin = plugin.prop_map(|(name, mechanisms, key)| SaidPlugin { name, mechanisms, key });
    let tls_info =
        (hostile(), hostile(), some(), some(), some(), prop::collection::vec(hostile(), 0..3), some(), some());
    let tls_info = tls_info.prop_map(|(version, cipher, alpn, subject, issuer, names, not_after, sha256)| TlsInfo {
        version,
        cipher,
        alpn,
        subject,
        issuer,
        names,
        not_after,
        sha256,
    });
    (
        (hostile(), ip, any::<u16>(), prop::sample::select(vec![Protocol::Tcp, Protocol::Udp])),
        (prop::sample::select(PortState::ALL), prop::sample::select(Outcome::ALL)),
        (prop::option::of(answer), prop::option::of(plugin)),
        prop::option::of(tls_info),
        prop::collection::vec(any::<u8>(), 0..80),
        some(),
    )
        .prop_map(
            |((host, ip, port, protocol), (state, outcome), (answer, plugin), tls_info, banner, fingerprint)| Said {
                host,
                ip,
                port,
                protocol,
                state,
                outcome,
                answer,
                plugin,
                tls_info,
                banner,
                fingerprint,
            },
        )
}

/// What a format writes of these ports. Only the first host is said to be done.
fn written(mut writer: impl Writer, ports: &[Said]) -> String {
    let (mut out, mut counts) = (Vec::new(), Counts::default());
    let summary = Summary { hosts: ports.len() as u64, ..Summary::default() };
    writer.begin(&mut out).expect("memory can be written");
    for port in ports {
        counts.add(&port.record());
        writer.port(&mut out, &port.record()).expect("memory can be written");
    }
    if let Some(Said { host, ip, .. }) = ports.first() {
        let done = HostDone { host, ip: *ip, not_open: 0, left_out: 0 };
        writer.host_done(&mut out, &done).expect("memory can be written");
    }
    let time = begin().time + Duration::from_secs(2);
    let end = ScanEnd { time, elapsed: Duration::from_secs(2), summary: &summary, counts: &counts };
    writer.end(&mut out, &end).expect("memory can be written");
    let mut out = String::from_utf8(out).expect("every output is UTF-8");
    // Our own styles, which the peers' are not: theirs are escaped.
    for style in [style::STRONG, style::FAINT, style::GOOD] {
        out = out.replace(&style.render().to_string(), "").replace(&style.render_reset().to_string(), "");
    }
    let is_raw = |c: char| c.is_control() && c != '\n';
    assert!(!out.contains(is_raw), "a raw control character: {out:?}");
    out
}

fn begin() -> ScanBegin {
    ScanBegin {
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        command: String::from("portprint scan '--->' <&\"\u{1b}"),
    }
}

fn check_jsonl(ports: &[Said]) {
    let out = written(jsonl::Lines::default(), ports);
    assert_eq!(out.lines().count(), ports.len());
    for (line, said) in out.lines().zip(ports) {
        let read: Value = serde_json::from_str(line).expect("each line is a record");
        assert_eq!(read["host"], said.host);
        assert_eq!(read["banner"].as_str().unwrap_or(""), STANDARD.encode(&said.banner));
        assert_eq!(read["fingerprint"].as_str(), said.fingerprint.as_deref());
        let answer = said.answer.as_ref();
        assert_eq!(read["service"].as_str(), answer.map(|answer| answer.service.as_str()));
        for ((_, name), index) in FIELDS.iter().zip(0..) {
            assert_eq!(read[name].as_str(), answer.and_then(|answer| answer.fields[index].as_deref()), "{name}");
        }
        let texts = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        assert_eq!(texts(&read["cpe"]), answer.map_or(vec![], |answer| answer.cpe.clone()));
        assert_eq!(texts(&read["tls_info"]["names"]), said.tls_info.as_ref().map_or(vec![], |info| info.names.clone()));
        let subject = said.tls_info.as_ref().and_then(|info| info.subject.as_deref()).filter(|text| !text.is_empty());
        assert_eq!(read["tls_info"]["subject"].as_str(), subject);
        assert_eq!(read["tls_info"].is_object(), said.tls_info.is_some());
        assert_eq!(read["plugin"].as_str(), said.plugin.as_ref().map(|plugin| plugin.name.as_str()));
        assert_eq!(read["details"].is_object(), said.plugin.is_some());
        if let Some(SaidPlugin { mechanisms, key, .. }) = &said.plugin {
            let written = match &read["details"]["mechanism"] {
                Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
                one => vec![one.as_str().expect("a text")],
            };
            let told: Vec<_> =
                mechanisms.iter().map(|it| if let Detail::Text(text) = it { text } else { "" }).collect();
            assert_eq!(written, told);
            let told = match key {
                Detail::Integer(number) => Value::from(*number),
                Detail::Bool(yes) => Value::from(*yes),
                Detail::Bytes(bytes) => Value::from(STANDARD.encode(bytes)),
                Detail::Text(text) => Value::from(text.as_str()),
            };
            assert_eq!(read["details"]["key"], told);
        }
    }
}

fn check_csv(ports: &[Said]) {
    let out = written(rows::Rows, ports);
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let names = reader.headers().expect("there is a header").clone();
    let cells: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("each row is whole")).collect();
    assert_eq!(cells.len(), ports.len());
    for (row, said) in cells.iter().zip(ports) {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "a formula: {row:?}");
        let cell = |name: &str| {
            let at = names.iter().position(|it| it == name).expect("there is such a column");
            let cell = &row[at];
            // An apostrophe can be the peer's own.
            cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(cell).to_owned()
        };
        let expect = |name: &str, value: Option<&str>| {
            let value = escape::line(value.unwrap_or(""));
            if !value.starts_with('\'') {
                assert_eq!(cell(name).trim_start_matches('\''), value, "{name}");
            }
        };
        expect("host", Some(&said.host));
        expect("banner", Some(&STANDARD.encode(&said.banner)));
        let answer = said.answer.as_ref();
        expect("service", answer.map(|answer| answer.service.as_str()));
        for ((_, name), index) in FIELDS.iter().zip(0..) {
            expect(name, answer.and_then(|answer| answer.fields[index].as_deref()));
        }
        expect("tls_subject", said.tls_info.as_ref().and_then(|info| info.subject.as_deref()));
        assert_eq!(cell("port"), said.port.to_string());
    }
}

fn check_xml(ports: &[Said]) {
    let out = written(xml::Document::new(begin()), ports);
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document =
        roxmltree::Document::parse_with_options(&out, options).unwrap_or_else(|error| panic!("{error}: {out}"));
    for said in ports {
        let escaped = |text: &str| escape::line(text).into_owned();
        let element = document.descendants().find(|node| {
            node.attribute("portid") == Some(&said.port.to_string())
                && node.attribute("protocol") == Some(said.protocol.as_str())
                && node.ancestors().any(|host| {
                    let has = |name: &str, value: &str| {
                        host.descendants().any(|node| node.attribute(name).is_some_and(|found| found == value))
                    };
                    host.has_tag_name("host") && has("addr", &said.ip.to_string()) && has("name", &escaped(&said.host))
                })
        });
        let port = element.unwrap_or_else(|| panic!("no port element for {said:?}: {out}"));
        let service = port.children().find(|node| node.has_tag_name("service"));
        let attribute = |name: &str| service.and_then(|service| service.attribute(name));
        if let Some(SaidAnswer { service: name, fields, cpe, .. }) = &said.answer {
            assert_eq!(attribute("name"), Some(&*escaped(name)));
            let names = ["product", "version", "extrainfo", "hostname", "ostype", "devicetype"];
            for (name, value) in names.into_iter().zip(fields) {
                assert_eq!(attribute(name).map(str::to_owned), value.as_deref().map(escaped), "{name}");
            }
            let found =
                port.descendants().filter(|node| node.has_tag_name("cpe")).map(|node| node.text().unwrap_or(""));
            assert_eq!(found.collect::<Vec<_>>(), cpe.iter().map(|cpe| escaped(cpe)).collect::<Vec<_>>());
        }
        let element = |key: &str| port.descendants().find(|node| node.attribute("key") == Some(key))?.text();
        assert_eq!(element("banner").unwrap_or(""), STANDARD.encode(&said.banner));
    }
}

fn check_html(ports: &[Said]) {
    let out = written(html::Page::new(begin()).expect("there is room for a temporary file"), ports);
    let page = Html::parse_document(&out);
    let all = |selector: &str| -> Vec<ElementRef<'_>> {
        page.select(&Selector::parse(selector).expect("the selector is right")).collect()
    };
    // What peers say becomes no element and no attribute that was not there before.
    const ELEMENTS: &str = " html head meta title style body header h1 p code time section dl div dt dd h2 ol li button span svg rect \
                            details summary main input select option label table thead tr th tbody td bdi small strong pre footer \
                            script ";
    for element in page.root_element().descendent_elements() {
        assert!(ELEMENTS.contains(&format!(" {} ", element.value().name())), "<{}>: {out}", element.value().name());
        let handler =
            element.value().attrs().find(|(name, _)| name.starts_with("on") || ["style", "href", "src"].contains(name));
        assert!(handler.is_none(), "{handler:?}: {out}");
    }
    assert_eq!(all("script").len(), 1);
    let rows = all("#ports tbody tr");
    assert_eq!(rows.len(), ports.len());
    for said in ports {
        let host = escape::line(&said.host).into_owned();
        let is_it = |row: &&ElementRef<'_>| {
            let text = row.text().collect::<String>();
            text.contains(&host)
                && text.contains(&format!("{}/{}", said.port, said.protocol))
                && said.answer.as_ref().is_none_or(|SaidAnswer { service, fields, .. }| {
                    text.contains(&*escape::line(service))
                        && fields.iter().flatten().all(|field| text.contains(&*escape::line(field)))
                })
        };
        assert!(rows.iter().any(|row| is_it(&row)), "{said:?} has no row: {out}");
    }
}

fn check_text(ports: &[Said]) {
    let out = written(text::Tables::new(true, Some(100)), ports);
    for said in ports {
        assert!(out.contains(&*escape::line(&said.host)), "{out}");
        assert!(out.contains(&format!("{}/{}", said.port, said.protocol)), "{out}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_format_can_be_read_again_and_says_the_same(ports in prop::collection::vec(said(), 0..4)) {
        check_jsonl(&ports);
        check_csv(&ports);
        check_xml(&ports);
        check_html(&ports);
        check_text(&ports);
    }
}

/// The record with every field that there is, which peers with certificates make.
#[test]
fn a_record_with_everything_is_as_its_schema_says() {
    let some = |text: &str| Some(String::from(text));
    let said = Said {
        host: String::from("shop.example.org"),
        ip: IpAddr::from(Ipv6Addr::LOCALHOST),
        port: 443,
        protocol: Protocol::Tcp,
        state: PortState::Open,
        outcome: Outcome::Identified,
        answer: Some(SaidAnswer {
            service: String::from("http"),
            fields: [some("nginx"), some("1.22.1"), some("a -- b"), some("shop"), some("Linux"), some("router")],
            cpe: vec![String::from("cpe:/a:igor_sysoev:nginx:1.22.1")],
            probe: String::from("GetRequest"),
            source: String::from("nmap-service-probes"),
            soft: false,
        }),
        plugin: Some(SaidPlugin {
            name: String::from("tls"),
            mechanisms: vec![Detail::Text(String::from("PLAIN")), Detail::Text(String::from("SCRAM-SHA-256"))],
            key: Detail::Bool(true),
        }),
        tls_info: Some(TlsInfo {
            version: String::from("TLSv1.3"),
            cipher: String::from("TLS_AES_256_GCM_SHA384"),
            alpn: some("http/1.1"),
            subject: some("CN=shop.example.org,O=\"Shop\" & Sons <AG>"),
            issuer: some("CN=Some CA"),
            names: vec![String::from("shop.example.org"), String::from("192.0.2.1")],
            not_after: some("2027-01-01T00:00:00Z"),
            sha256: Some("0123456789abcdef".repeat(4)),
        }),
        banner: b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n\r\n".to_vec(),
        fingerprint: some("SF-Port443-TCP:V=7.93%I=7%r(NULL,5,\"a\\r\nSF:\\nb\");"),
    };
    let schema = include_str!("../../../../docs/record.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("it is JSON");
    let valid = jsonschema::options().should_validate_formats(true).build(&schema).expect("it is a schema");
    let line = written(jsonl::Lines::default(), std::slice::from_ref(&said));
    let record: Value = serde_json::from_str(&line).expect("it is a record");
    let faults: Vec<_> = valid.iter_errors(&record).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}: {line}");
    // All are there, in the schema's order.
    let listed = |object: &Value| object.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let ordered = |names: Vec<String>, text: &str| {
        let places: Vec<_> =
            names.iter().map(|name| text.find(&format!("\"{name}\":")).expect("it is there")).collect();
        assert!(places.is_sorted(), "{names:?}");
    };
    let mut names = listed(&schema["properties"]);
    names.sort();
    let mut found = listed(&record);
    found.sort();
    assert_eq!(found, names);
    const ORDER: &str = "host ip port protocol tls timestamp state service product version info hostname os device cpe method soft \
                         outcome probe source line plugin details tls_info banner fingerprint probes_sent ms";
    ordered(
        ORDER.split_whitespace().map(str::to_owned).collect(),
        &line.replace("\"tls_info\":{\"version\":", "\"tls_info\":{"),
    );

    let xml = written(xml::Document::new(begin()), std::slice::from_ref(&said));
    for part in [
        "<service name=\"http\" product=\"nginx\" version=\"1.22.1\" extrainfo=\"a -&#45; b\" hostname=\"shop\" ostype=\"Linux\" \
         devicetype=\"router\" servicefp=\"SF-Port443-TCP:V=7.93%I=7%r(NULL,5,&quot;a\\r\\nb&quot;);\" tunnel=\"ssl\" \
         method=\"probed\" conf=\"10\"><cpe>cpe:/a:igor_sysoev:nginx:1.22.1</cpe></service>",
        "<address addr=\"::1\" addrtype=\"ipv6\"/>",
        "<hostname name=\"shop.example.org\" type=\"user\"/>",
        "<elem key=\"subject\">CN=shop.example.org,O=&quot;Shop&quot; &amp; Sons &lt;AG&gt;</elem>",
    ] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
}

/// As nmap has it: what a service element says at each end of a conversation.
#[test]
fn services_in_xml_are_as_sure_as_nmap_says() {
    let port = |outcome, service: Option<&str>, tls: bool, fingerprint: Option<&str>| {
        let said = Said {
            host: String::from("h"),
            ip: IpAddr::from(Ipv4Addr::LOCALHOST),
            port: 1,
            protocol: Protocol::Tcp,
            state: PortState::Open,
            outcome,
            answer: service.map(|name| SaidAnswer { service: name.to_owned(), ..SaidAnswer::default() }),
            plugin: None,
            tls_info: tls.then(TlsInfo::default),
            banner: Vec::new(),
            fingerprint: fingerprint.map(str::to_owned),
        };
        let xml = written(xml::Document::new(begin()), &[said]);
        xml.split_once("<service ").map(|(_, rest)| rest.split("/>").next().unwrap_or(rest).to_owned())
    };
    for (outcome, service, tls, fingerprint, expected) in [
        (Outcome::Identified, Some("a"), false, None, Some("name=\"a\" method=\"probed\" conf=\"10\"")),
        (Outcome::Soft, Some("a"), true, None, Some("name=\"a\" tunnel=\"ssl\" method=\"probed\" conf=\"10\"")),
        (Outcome::Tcpwrapped, None, false, None, Some("name=\"tcpwrapped\" method=\"probed\" conf=\"8\"")),
        (Outcome::Error, Some("a"), false, None, Some("name=\"a\" method=\"table\" conf=\"3\"")),
        (Outcome::Silent, None, false, None, None),
        (Outcome::Excluded, None, false, None, None),
        (Outcome::Unrecognized, None, true, None, Some("name=\"unknown\" tunnel=\"ssl\" method=\"table\" conf=\"3\"")),
        (
            Outcome::Unrecognized,
            None,
            false,
            Some("SF-P"),
            Some("name=\"unknown\" servicefp=\"SF-P\" method=\"table\" conf=\"3\""),
        ),
    ] {
        assert_eq!(port(outcome, service, tls, fingerprint).as_deref(), expected, "{outcome} {service:?}");
    }
}
