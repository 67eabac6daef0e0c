//! `portprint db compile`, `stats` and `export`, and the ways to name a database.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{DATABASE, Place, bare, feed};

#[test]
fn a_compiled_database_answers_like_its_text() {
    let place = Place::new();
    feed(bare(place.folder.path()).args(["db", "compile", "test.probes", "-o", "test.db"]), b"").ended(0);
    let matched = |database: &str| {
        let arguments = ["--db", database, "match", "--raw", "--probe", "GetThing"];
        feed(bare(place.folder.path()).args(arguments), b"THING x").ended(0).out
    };
    assert_eq!(matched("test.db"), matched("test.probes"));
    assert!(matched("test.db").contains("\"line\":16"));
    // The same sources give the same bytes, also when they come from a compiled database.
    for arguments in [
        &["db", "compile", "test.db", "-o", "again.db"][..],
        &["--db", "test.db", "db", "compile", "-o", "again.db"],
        &["--db", "test.probes", "db", "compile", "-o", "again.db"],
    ] {
        feed(bare(place.folder.path()).args(arguments), b"").ended(0);
        assert!(std::fs::read(place.path("test.db")).unwrap() == std::fs::read(place.path("again.db")).unwrap());
    }
}

#[test]
fn a_bad_database_is_refused_whole_and_replaces_nothing() {
    let place = Place::new();
    place.file("one.probes", b"Probe TCP NULL q||\nmatch a m|(|\nnonsense\n");
    place.file("two.probes", b"Probe TCP\n");
    place.file("out.db", b"as it was");
    let run = feed(bare(place.folder.path()).args(["db", "compile", "one.probes", "two.probes", "-o", "out.db"]), b"")
        .ended(1);
    for part in ["one.probes:2:", "one.probes:3:", "two.probes:1:"] {
        assert!(run.err.contains(part), "{}", run.err);
    }
    assert_eq!(std::fs::read(place.path("out.db")).unwrap(), b"as it was");
    feed(bare(place.folder.path()).args(["db", "compile", "test.probes", "-o", "no-such-folder/out.db"]), b"").ended(1);
    place.run(&["db", "compile", "test.probes", "-o", "out.db"], b"").ended(2);
    feed(bare(place.folder.path()).args(["db", "compile", "test.probes"]), b"").ended(2);
    let left: Vec<_> =
        std::fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 4, "{left:?}");
}

#[test]
fn rules_of_the_user_come_first() {
    let place = Place::new();
    place.file("site.probes", b"Probe TCP NULL q||\nmatch mine m|^THING| p/ours/\nsoftmatch weak m|^NEW|\n");
    place.file("other.probes", b"Probe TCP NULL q||\nmatch second m|^THING|\nmatch second m|^NEW| p/hard/\n");
    let matched = |arguments: &[&str], response: &[u8]| {
        let run = place.run(&[arguments, &["match", "--raw"]].concat(), response).ended(0);
        let found = run.json().remove(0)["match"].take();
        format!("{}:{}", found["source"].as_str().unwrap_or("none"), found["line"])
    };
    assert_eq!(matched(&[], b"THING x"), "test.probes:16");
    assert_eq!(matched(&["--rules", "site.probes"], b"THING x"), "site.probes:2");
    assert_eq!(matched(&["--rules", "other.probes", "--rules", "site.probes"], b"THING x"), "other.probes:2");
    assert_eq!(matched(&["--rules", "site.probes", "--rules", "other.probes"], b"NEW"), "site.probes:3");
    assert_eq!(matched(&["--rules", "site.probes"], b"OTHER"), "test.probes:21");

    // Once for all.
    place.run(&["--rules", "site.probes", "db", "compile", "-o", "all.db"], b"").ended(0);
    let run = feed(bare(place.folder.path()).args(["--db", "all.db", "match", "--raw"]), b"THING x").ended(0);
    assert_eq!(run.json()[0]["match"]["source"], "site.probes");
    let run =
        feed(bare(place.folder.path()).args(["--db", "all.db", "--rules", "other.probes", "--version"]), b"").ended(0);
    let sources: Vec<_> =
        run.out.lines().filter(|line| line.contains("sha256")).map(|line| line.split_whitespace().next()).collect();
    assert_eq!(sources, [Some("other.probes"), Some("site.probes"), Some("test.probes")]);
}

#[test]
fn figures_of_a_database() {
    let place = Place::new();
    let run = place.run(&["db", "stats", "--format", "json"], b"").ended(0);
    let stats: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(stats["probes"], json!({"all": 4, "tcp": 3, "udp": 1, "without_lines": 0, "with_fallback": 1}));
    assert_eq!(
        stats["lines"],
        json!({"all": 10, "match": 9, "softmatch": 1, "caseless": 1, "dotall": 1, "with_fields": 7, "with_captures": 5})
    );
    assert_eq!(stats["services"], 8);
    assert_eq!(stats["strategies"], json!({"automaton": 9, "program": 0, "bounded_program": 1}));
    let found: u64 = ["lines_by_literal", "lines_by_window", "lines_by_position"]
        .iter()
        .map(|key| stats["prefilter"][key].as_u64().unwrap())
        .sum();
    assert_eq!(found, 10);
    let text = place.run(&["db", "stats"], b"").ended(0).out;
    assert!(text.contains("  test.probes: 4 probes, 10 lines, licence unknown, priority 0\n"), "{text}");
    assert!(text.contains("  softmatch                            1\n"), "{text}");
}

#[test]
fn an_export_loses_nothing() {
    let place = Place::new();
    let export = |database: &str| {
        let run =
            feed(bare(place.folder.path()).args(["--db", database, "db", "export", "--format", "json"]), b"").ended(0);
        serde_json::from_str::<Value>(&run.out).unwrap()
    };
    let exported = export("test.probes");
    assert_eq!(exported["format"], "portprint-export");
    assert_eq!(exported["sources"][0]["name"], "test.probes");
    assert_eq!(exported["sources"][0]["exclude"], json!({"line": 2, "text": "T:9100-9107,U:53"}));
    let probes = &exported["sources"][0]["probes"];
    assert_eq!(
        probes[0]["lines"][0],
        json!({
            "line": 5, "soft": false, "service": "alpha", "pattern": "^ALPHA/([\\d.]+) ready\\r\\n$", "caseless": false, "dotall": false,
            "templates": [
                {"field": "product", "text": "Alpha server"}, {"field": "version", "text": "$1"}, {"field": "info", "text": "two words"},
                {"field": "hostname", "text": "host.example"}, {"field": "os", "text": "Unix"}, {"field": "device", "text": "router"},
                {"field": "cpe", "text": "cpe:/a:alpha:server:$1", "flags": "a"}, {"field": "cpe", "text": "cpe:/o:alpha:os"},
            ],
        })
    );
    assert_eq!(
        probes[0]["lines"][2]["templates"],
        json!([{"field": "product", "text": "first"}, {"field": "product", "text": "Bravo $1"}])
    );
    assert_eq!(probes[0]["lines"][4]["pattern"], json!({"base64": STANDARD.encode(b"^CAF\xe9")}));
    assert_eq!(probes[3]["payload"], STANDARD.encode(b"\0\x01ping"));
    assert_eq!(probes[3]["no_payload"], true);

    // The text that is written from the export says the same, but for the numbers of its lines; so does its database.
    place.file("rebuilt.probes", &rebuild(&exported["sources"][0]));
    assert_eq!(without_lines(export("rebuilt.probes")), without_lines(exported.clone()));
    feed(bare(place.folder.path()).args(["db", "compile", "test.probes", "-o", "test.db"]), b"").ended(0);
    assert_eq!(export("test.db"), exported);
    assert_ne!(rebuild(&exported["sources"][0]), DATABASE);
}

fn without_lines(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            for field in ["line", "name"] {
                if fields
                    .get(field)
                    .is_some_and(|value| value.is_number() || value == "rebuilt.probes" || value == "test.probes")
                {
                    fields.remove(field);
                }
            }
            fields.values_mut().for_each(|field| *field = without_lines(field.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_lines(item.take())),
        _ => {}
    }
    value
}

/// The text of an exported source.
fn rebuild(source: &Value) -> Vec<u8> {
    let bytes = |value: &Value| match value {
        Value::String(text) => text.clone().into_bytes(),
        encoded => {
            STANDARD.decode(encoded["base64"].as_str().expect("bytes are text or base64")).expect("it is base64")
        }
    };
    let mut text = b"Exclude ".to_vec();
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| text.extend_from_slice(part));
    put(&[&bytes(&source["exclude"]["text"]), b"\n"]);
    for probe in source["probes"].as_array().unwrap() {
        let payload = STANDARD.decode(probe["payload"].as_str().unwrap()).unwrap();
        let payload: String = payload.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        let flag = if probe["no_payload"] == true { " no-payload" } else { "" };
        let protocol = probe["protocol"].as_str().unwrap().to_uppercase();
        put(&[
            b"Probe ",
            protocol.as_bytes(),
            b" ",
            &bytes(&probe["name"]),
            b" q|",
            payload.as_bytes(),
            b"|",
            flag.as_bytes(),
            b"\n",
        ]);
        for directive in ["rarity", "totalwaitms", "tcpwrappedms"] {
            put(&[format!("{directive} {}\n", probe[directive]).as_bytes()]);
        }
        for directive in ["ports", "sslports"] {
            let ranges: Vec<_> =
                probe[directive].as_array().unwrap().iter().map(|pair| format!("{}-{}", pair[0], pair[1])).collect();
            if !ranges.is_empty() {
                put(&[format!("{directive} {}\n", ranges.join(",")).as_bytes()]);
            }
        }
        for fallback in probe["fallback"].as_array().unwrap() {
            put(&[b"fallback ", &bytes(fallback), b"\n"]);
        }
        for line in probe["lines"].as_array().unwrap() {
            let flags = [("caseless", "i"), ("dotall", "s")]
                .map(|(field, flag)| if line[field] == true { flag } else { "" })
                .concat();
            put(&[if line["soft"] == true { b"softmatch " } else { b"match " }, &bytes(&line["service"]), b" m\x01"]);
            put(&[&bytes(&line["pattern"]), b"\x01", flags.as_bytes()]);
            for template in line["templates"].as_array().unwrap() {
                let mode: &[u8] = match template["field"].as_str().unwrap() {
                    "cpe" => b"",
                    other => &other.as_bytes()[..1],
                };
                let delimiter: &[u8] = if mode.is_empty() { b"/" } else { b"\x01" };
                let opening = if mode.is_empty() { b"" } else { delimiter };
                let flags = template["flags"].as_str().unwrap_or("");
                put(&[b" ", mode, opening, &bytes(&template["text"]), delimiter, flags.as_bytes()]);
            }
            put(&[b"\n"]);
        }
    }
    text
}

#[test]
fn compiling_to_standard_output_gives_what_a_file_gets() {
    let place = Place::new();
    place.run(&["db", "compile", "-o", "test.db"], b"").ended(0);
    let written = place.portprint(&["db", "compile", "-o", "-"]).output().expect("the program can be started");
    assert_eq!(written.status.code(), Some(0));
    assert!(written.stdout == std::fs::read(place.path("test.db")).unwrap());
    assert!(!place.path("-").exists());
}

#[cfg(unix)]
#[test]
fn compiling_through_a_link_leaves_the_link_and_a_file_keeps_its_mode() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let place = Place::new();
    std::fs::create_dir(place.path("folder")).unwrap();
    for (link, to) in [("near", "folder/far"), ("folder/far", "../new.db"), ("round", "circle"), ("circle", "round")] {
        symlink(to, place.path(link)).expect("it can be linked");
    }
    let mode = || std::fs::metadata(place.path("new.db")).unwrap().permissions().mode() & 0o777;
    // First the file is not there yet.
    place.run(&["db", "compile", "-o", "near"], b"").ended(0);
    let first = std::fs::read(place.path("new.db")).unwrap();
    assert!(first.starts_with(b"PORTPRNT"));
    std::fs::set_permissions(place.path("new.db"), PermissionsExt::from_mode(0o440)).unwrap();
    place.run(&["--rules", "test.probes", "db", "compile", "-o", "near"], b"").ended(0);
    assert!(first != std::fs::read(place.path("new.db")).unwrap());
    assert_eq!(mode(), 0o440);
    let run = place.run(&["db", "compile", "-o", "round"], b"").ended(1);
    assert!(run.err.contains("round: "), "{}", run.err);
    for link in ["near", "folder/far", "round", "circle"] {
        assert!(place.path(link).is_symlink(), "{link}");
    }
}

#[cfg(unix)]
#[test]
fn compiling_into_a_pipe_leaves_the_pipe() {
    use std::os::unix::fs::FileTypeExt;

    let place = Place::new();
    let pipe = place.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read(pipe).expect("the pipe can be read")
    });
    place.run(&["db", "compile", "-o", "pipe"], b"").ended(0);
    assert!(reader.join().expect("the reader ends").starts_with(b"PORTPRNT"));
    assert!(std::fs::metadata(&pipe).expect("it is still there").file_type().is_fifo());
}

#[test]
fn rules_are_linted_with_their_examples() {
    let place = Place::new();
    let rules = place.path("rules");
    std::fs::create_dir_all(rules.join("examples")).expect("the folder can be made");
    let write = |name: &str, text: &str| std::fs::write(rules.join(name), text).expect("the folder can be written");
    let example = |response: &str, expect: &str| {
        let response = STANDARD.encode(response);
        format!("{{\"proto\":\"tcp\",\"probe\":\"P\",\"response\":\"{response}\",\"expect\":{expect}}}\n")
    };
    write("a.probes", "Probe TCP P q|x|\nmatch one m|^one(.)| v/$1/\n");
    write("b.probes", "Probe TCP P q|x|\nmatch two m|^two| p/Two\u{e9}/\n");
    let good = example("one1", r#"{"service":"one","soft":false,"version":"1"}"#);
    let lint = |arguments: &[&str]| feed(bare(place.folder.path()).args(["db", "lint"]).args(arguments), b"");
    // A line without an example, and one that says otherwise.
    write("examples/a.jsonl", &(good.clone() + &example("one2", r#"{"service":"one","soft":false}"#) + "{}\n"));
    let run = lint(&["rules"]).ended(3);
    for told in [
        "lint: a.jsonl:2: expected {\"service\":\"one\",\"soft\":false}, answered {\"service\":\"one\",\"soft\":false,\"version\":\"2\"}",
        "lint: a.jsonl:3: no proto: expected \"tcp\" or \"udp\"",
        "lint: b.probes:2: no example is answered by this line",
        "2 lines, 1 probe: 2 example-differs, 1 no-example\n",
    ] {
        assert!(run.out.contains(told), "{told}\n{}", run.out);
    }
    write("examples/a.jsonl", &(good + &example("two", r#"{"service":"two","soft":false,"product":"Two.."}"#)));
    assert_eq!(lint(&["rules"]).ended(0).out, "2 lines, 1 probe: nothing found\n");
    // Null is for what nobody is to answer; where an answer stands is not compared. What is foreign is shown without control bytes.
    let nobody = example("three", "null");
    let placed = example("one3", r#"{"service":"one","soft":false,"version":"3","line":99,"probe":"Q","source":"s"}"#);
    write("examples/b.jsonl", &(nobody + &placed));
    assert_eq!(lint(&["rules"]).ended(0).out, "2 lines, 1 probe: nothing found\n");
    write("examples/b.jsonl", &(example("one1", "null") + &example("x", "3") + &example("x", "{\"os\":\"\u{9b}1m\"}")));
    let out = lint(&["rules"]).ended(3).out;
    for told in [
        "lint: b.jsonl:1: expected {}, answered {\"service\":\"one\",\"soft\":false,\"version\":\"1\"}",
        "lint: b.jsonl:2: expect is 3: expected an object, or null for no answer",
        "lint: b.jsonl:3: expected {\"os\":\"\\u{9b}1m\"}, answered {}",
    ] {
        assert!(out.contains(told), "{told}\n{out}");
    }
    // A pipe is not waited for, and examples that cannot be looked at are not passed over.
    std::fs::remove_file(rules.join("examples/b.jsonl")).expect("it is there");
    let pipe = rules.join("examples/p.jsonl");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("there is mkfifo").success());
    assert!(lint(&["rules"]).ended(1).err.contains("rules/examples: \"p.jsonl\" is not a file"));
    std::fs::remove_file(&pipe).expect("it is there");
    std::fs::create_dir(place.path("other")).expect("the folder can be made");
    std::fs::copy(rules.join("a.probes"), place.path("other/a.probes")).expect("it can be copied");
    std::fs::write(place.path("other/examples"), "").expect("the folder can be written");
    assert!(lint(&["other"]).ended(1).err.contains("other/examples: it is not a folder"));
    // Together the files of a folder are one set: a line of one hides that of another.
    write("b.probes", "Probe TCP P q|x|\nmatch two m|^one!| p/$3/\n");
    let run = lint(&["rules", "--format", "json", "--examples", "rules/examples/a.jsonl"]).ended(3);
    let document = &run.json()[0];
    let told: Vec<_> = document["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| (it["file"].as_str().unwrap(), it["line"].as_u64().unwrap(), it["kind"].as_str().unwrap()))
        .collect();
    let hidden = ("b.probes", 2, "shadowed");
    let expected =
        [hidden, ("b.probes", 2, "template-fails"), ("a.jsonl", 2, "example-differs"), ("b.probes", 2, "no-example")];
    assert_eq!(told, expected, "{document}");
    assert_eq!(document["findings"][0]["by"], json!([{"file": "a.probes", "line": 2}]));
    assert_eq!((&document["lines"], &document["undecided"]), (&json!(2), &json!([])));
    // Faults are faults, and an empty folder is no set of rules.
    write("b.probes", "Probe TCP P q|x|\nmatch two m|(|\n");
    assert!(lint(&["rules"]).ended(1).err.contains("b.probes:2:"));
    let run = lint(&["rules/examples"]).ended(1);
    assert!(run.err.contains("rules/examples: there is no *.probes in it"), "{}", run.err);
}

#[test]
fn a_folder_of_rules_is_a_database() {
    let place = Place::new();
    let rules = place.path("rules");
    std::fs::create_dir(&rules).expect("the folder can be made");
    let write = |name: &str, text: &str| std::fs::write(rules.join(name), text).expect("the folder can be written");
    write("a.probes", "Probe TCP P q|x|\nmatch one m|^one|\n");
    write("b.probes", "Probe TCP P q|x|\nmatch two m|^two|\nmatch never m|^one|\n");
    let record =
        |text: &str| format!("{{\"proto\":\"tcp\",\"probe\":\"P\",\"response\":\"{}\"}}\n", STANDARD.encode(text));
    let run = |arguments: &[&str]| {
        let input = record("one") + &record("two");
        let run = feed(bare(place.folder.path()).args(arguments), input.as_bytes()).ended(0);
        let matched = |answer: &Value| {
            format!("{} {}:{}", answer["match"]["service"], answer["match"]["source"], answer["match"]["line"])
        };
        run.json().iter().map(matched).collect::<Vec<_>>()
    };
    // Files of a folder are one set: the line that stands first wins, in whichever of them.
    let expected = ["\"one\" \"a.probes\":2", "\"two\" \"b.probes\":2"];
    assert_eq!(run(&["--db", "rules", "match"]), expected);
    assert_eq!(run(&["--db", "test.probes", "--rules", "rules", "match"]), expected);
    feed(bare(place.folder.path()).args(["db", "compile", "rules", "-o", "own.db"]), b"").ended(0);
    assert_eq!(run(&["--db", "own.db", "match"]), expected);
    std::fs::create_dir(place.path("empty")).expect("the folder can be made");
    let empty = feed(bare(place.folder.path()).args(["--db", "empty", "match"]), b"").ended(1);
    assert!(empty.err.contains("empty: there is no *.probes in it"), "{}", empty.err);
}
