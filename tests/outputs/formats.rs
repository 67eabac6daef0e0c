//! One scan in all formats, each read again by a reader of that format.

use std::collections::{BTreeMap, BTreeSet};

use scraper::{Html, Selector};
use serde_json::Value;

use super::RULES;
use super::peers::{HOSTILE, says};
use crate::databases::root;
use crate::place::Place;

#[test]
fn every_format_tells_the_same_ports() {
    let mut ports = BTreeSet::from([says(b"SSH-2.0-Opend_9.6\r\n"), says(b"220 hello\r\n"), says(b"")]);
    ports.extend(HOSTILE.map(says));
    let list = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    let place = Place::hurried(RULES);
    let outputs =
        ["-o", "text=r.txt", "-o", "jsonl=r.jsonl", "-o", "xml=r.xml", "-o", "csv=r.csv", "-o", "html=r.html"];
    let (code, out, err) = place.run(&[&outputs[..], &["-p", &list, "localhost"]].concat());
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.starts_with(&format!("1 host, {} open ports in ", ports.len())), "{err}");
    assert!(err.contains("5 identified, 1 by a soft line, 3 unidentified"), "{err}");
    assert!(err.contains("services: odd 4, ftp 1, ssh 1"), "{err}");
    for name in ["r.txt", "r.jsonl", "r.xml", "r.csv", "r.html"] {
        let text = place.read(name);
        assert!(!text.contains(|c: char| c != '\n' && c.is_control()), "{name}: {text:?}");
    }

    // Port to product, as each format has it.
    let mut found = BTreeMap::new();
    found.insert("jsonl", jsonl(&place.read("r.jsonl")));
    found.insert("csv", csv(&place.read("r.csv")));
    found.insert("xml", xml(&place.read("r.xml")));
    found.insert("html", html(&place.read("r.html")));
    for (format, products) in &found {
        assert_eq!(products, &found["jsonl"], "{format}");
        assert_eq!(products.keys().copied().collect::<BTreeSet<_>>(), ports, "{format}");
    }
    let text = place.read("r.txt");
    assert!(ports.iter().all(|port| text.contains(&format!("\n{port}/tcp"))), "{text}");
}

#[test]
fn records_are_as_their_schema_says() {
    let schema = std::fs::read(root().join("docs/record.schema.json")).expect("it is in the tree");
    let schema: Value = serde_json::from_slice(&schema).expect("it is JSON");
    let schema = jsonschema::options().should_validate_formats(true).build(&schema).expect("it is a schema");
    let ports: Vec<_> = HOSTILE.into_iter().map(says).chain([says(b"220 hello\r\n"), says(b"")]).collect();
    let list = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    let (code, out, err) =
        Place::hurried(RULES).run(&["-o", "jsonl", "--all-states", "-p", &format!("{list},1"), "127.0.0.1"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(out.lines().count(), ports.len() + 1);
    for line in out.lines() {
        let record: Value = serde_json::from_str(line).expect("each line is a record");
        let faults: Vec<_> = schema.iter_errors(&record).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}: {line}");
        // A record with a field that the schema does not have is found.
        let mut other = record.clone();
        other["confidence"] = Value::from(10);
        assert!(!schema.is_valid(&other));
    }
}

fn jsonl(text: &str) -> BTreeMap<u16, String> {
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is a record"));
    records
        .map(|record| (port(&record["port"].to_string()), record["product"].as_str().unwrap_or("").to_owned()))
        .collect()
}

fn csv(text: &str) -> BTreeMap<u16, String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().expect("there is a header").clone();
    let rows: Vec<_> = reader.records().map(|row| row.expect("each row is whole")).collect();
    let cell = |row: &csv::StringRecord, name: &str| {
        row[names.iter().position(|it| it == name).expect("there is such a column")].to_owned()
    };
    for row in &rows {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "a formula: {row:?}");
        assert!(["", "'=1+1", "9.6"].contains(&&*cell(row, "version")), "{row:?}");
    }
    let product = |row| cell(row, "product").trim_start_matches('\'').to_owned();
    rows.iter().map(|row| (port(&cell(row, "port")), product(row))).collect()
}

fn xml(text: &str) -> BTreeMap<u16, String> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text, options).expect("it is well-formed");
    let hosts: Vec<_> = document.descendants().filter(|node| node.has_tag_name("host")).collect();
    assert_eq!(hosts.len(), 1, "ports stand in their host");
    let ports = hosts[0].descendants().filter(|node| node.has_tag_name("port"));
    ports
        .map(|node| {
            let service = node.children().find(|child| child.has_tag_name("service"));
            let names: Vec<_> = service.iter().flat_map(|service| service.attributes()).map(|it| it.name()).collect();
            const ORDER: [&str; 11] = [
                "name",
                "product",
                "version",
                "extrainfo",
                "hostname",
                "ostype",
                "devicetype",
                "servicefp",
                "tunnel",
                "method",
                "conf",
            ];
            let places: Vec<_> = names.iter().map(|name| ORDER.iter().position(|it| it == name)).collect();
            assert!(places.is_sorted() && !places.contains(&None), "{names:?}");
            let product = service.and_then(|service| service.attribute("product")).unwrap_or("");
            (port(node.attribute("portid").expect("every port has a number")), product.to_owned())
        })
        .collect()
}

fn html(text: &str) -> BTreeMap<u16, String> {
    assert_eq!(text.matches("<script>").count(), 1, "one script, ours");
    let page = Html::parse_document(text);
    let all = |selector| Selector::parse(selector).expect("the selector is right");
    let (row, cell, product) = (all("#ports tbody tr"), all("td.port"), all("td.version summary strong"));
    page.select(&row)
        .map(|row| {
            let text = |selector| row.select(selector).next().map(|it| it.text().collect::<String>());
            let number = text(&cell).expect("every row has a port");
            (port(number.split('/').next().expect("it has a first part")), text(&product).unwrap_or_default())
        })
        .collect()
}

fn port(text: &str) -> u16 {
    text.parse().expect("ports are numbers")
}
