//! `portprint match`: what goes in, what comes out.

use serde_json::{Value, json};

use super::{Place, base64};

/// A record, and the line that answers it.
#[track_caller]
fn answers(cases: &[(&str, &str)]) {
    let input: String = cases.iter().map(|(record, _)| format!("{record}\n")).collect();
    let run = Place::new().run(&["match"], input.as_bytes());
    let out: Vec<_> = run.out.lines().collect();
    for (index, (record, expected)) in cases.iter().enumerate() {
        assert_eq!(out.get(index), Some(expected), "answer to {record}");
    }
    assert_eq!(out.len(), cases.len());
    let bad = cases.iter().any(|(_, expected)| expected.contains("\"error\":"));
    run.ended(if bad { 3 } else { 0 });
}

fn record(probe: &str, response: &[u8]) -> String {
    json!({"id": "r", "proto": "tcp", "probe": probe, "response": base64(response)}).to_string()
}

#[test]
fn fields_come_in_their_order_and_only_with_a_value() {
    let hit = |record: String, expected: &str| (record, format!("{{\"id\":\"r\",\"match\":{expected}}}"));
    let cases = [
        hit(
            record("NULL", b"ALPHA/1.2 ready\r\n"),
            r#"{"probe":"NULL","source":"test.probes","line":5,"soft":false,"service":"alpha","product":"Alpha server","version":"1.2","info":"two words","hostname":"host.example","os":"Unix","device":"router","cpe":["cpe:/a:alpha:server:1.2","cpe:/o:alpha:os"]}"#,
        ),
        hit(
            record("NULL", b"Alpha"),
            r#"{"probe":"NULL","source":"test.probes","line":6,"soft":true,"service":"alpha"}"#,
        ),
        hit(
            record("NULL", b"BRAVO \x1b[31mred\x7f\n"),
            r#"{"probe":"NULL","source":"test.probes","line":7,"soft":false,"service":"bravo","product":"Bravo .[31mred."}"#,
        ),
        hit(
            record("NULL", b"QUOTED \"a\\b\""),
            r#"{"probe":"NULL","source":"test.probes","line":8,"soft":false,"service":"quoted","info":"say \"a\\b\" \\\\o\\\\"}"#,
        ),
        hit(
            record("NULL", b"CAF\xe9"),
            "{\"probe\":\"NULL\",\"source\":\"test.probes\",\"line\":9,\"soft\":false,\"service\":\"caf\u{e9}\",\"product\":\"raw .\"}",
        ),
        hit(
            record("NULL", b"<aa>aa"),
            r#"{"probe":"NULL","source":"test.probes","line":10,"soft":false,"service":"twice","version":"aa"}"#,
        ),
        // The chain: the probe itself, its fallback, the NULL probe; and whose line it was.
        hit(
            record("GetThing", b"THING WORD"),
            r#"{"probe":"GetThing","source":"test.probes","line":16,"soft":false,"service":"thing","version":"WORD"}"#,
        ),
        hit(
            record("GetThing", b"OTHER"),
            r#"{"probe":"GetOther","source":"test.probes","line":21,"soft":false,"service":"other"}"#,
        ),
        hit(
            record("GetThing", b"ALPHA"),
            r#"{"probe":"NULL","source":"test.probes","line":6,"soft":true,"service":"alpha"}"#,
        ),
        hit(record("GetOther", b"THING WORD"), "null"),
        hit(record("GetOther", b""), "null"),
    ];
    answers(&cases.iter().map(|(record, expected)| (record.as_str(), expected.as_str())).collect::<Vec<_>>());
}

#[test]
fn records_may_be_written_in_many_ways() {
    let ping = base64(b"pong\0\xff");
    let hit = r#""match":{"probe":"Ping","source":"test.probes","line":26,"soft":false,"service":"ping"}}"#;
    let cases = [
        (format!(r#"{{"proto":"udp","probe":"Ping","response":"{ping}"}}"#), format!("{{\"id\":1,{hit}")),
        (format!(r#"{{"protocol":"udp","probe":"Ping","response":"{ping}"}}"#), format!("{{\"id\":2,{hit}")),
        // Without a probe every probe of the protocol is tried.
        (format!(r#"{{"proto":"udp","response":"{ping}"}}"#), format!("{{\"id\":3,{hit}")),
        (format!(r#"{{"proto":"udp","probe":null,"response":"{ping}"}}"#), format!("{{\"id\":4,{hit}")),
        (format!(r#"{{"proto":"tcp","response":"{ping}"}}"#), r#"{"id":5,"match":null}"#.into()),
        // Unknown fields, white space, escapes, a carriage return at the end; the last of several equal names counts.
        (
            format!(r#" {{ "x" : [{{"id":9}}, "]"] , "proto":"udp", "response":"{ping}" , "id":"e" }} "#),
            format!("{{\"id\":\"e\",{hit}"),
        ),
        (
            format!("{{\"id\":1,\"id\":2,\"proto\":\"udp\",\"response\":\"AA\",\"response\":\"{ping}\"}}\r"),
            format!("{{\"id\":2,{hit}"),
        ),
        (
            format!(
                r#"{{"\u0069d":7,"proto":"u\u0064p","probe":"Pin\u0067","response":"{}"}}"#,
                ping.replace('/', "\\/")
            ),
            format!("{{\"id\":7,{hit}"),
        ),
        // Padding may be left out.
        (
            r#"{"id":8,"proto":"tcp","response":"QUxQSEE="}"#.into(),
            r#"{"id":8,"match":{"probe":"NULL","source":"test.probes","line":6,"soft":true,"service":"alpha"}}"#.into(),
        ),
        (
            r#"{"id":9,"proto":"tcp","response":"QUxQSEE"}"#.into(),
            r#"{"id":9,"match":{"probe":"NULL","source":"test.probes","line":6,"soft":true,"service":"alpha"}}"#.into(),
        ),
    ];
    answers(&cases.iter().map(|(record, expected)| (record.as_str(), expected.as_str())).collect::<Vec<_>>());
}

#[test]
fn ids_come_back_as_they_were() {
    for id in [
        "null",
        "true",
        "0",
        "-1.50e+10",
        "123456789012345678901234567890",
        "0.1000000000000000055511151231257827",
        "\"\"",
        "\"é\\u00e9\\n\\\"\"",
        "[1,  {\"a\" : null}]",
        "{}",
        "{\"id\":1}",
    ] {
        let record = format!("{{\"id\":{id},\"proto\":\"tcp\",\"response\":\"\"}}");
        answers(&[(&record, &format!("{{\"id\":{id},\"match\":null}}"))]);
        let record = format!("{{\"response\":1,\"id\":{id}}}");
        answers(&[(&record, &format!("{{\"id\":{id},\"error\":\"no proto: expected \\\"tcp\\\" or \\\"udp\\\"\"}}"))]);
    }
    // What a terminal would obey is written as an escape, which is the same id.
    answers(&[(
        "{\"id\":\"\u{9b}\x7f\",\"proto\":\"tcp\",\"response\":\"\"}",
        r#"{"id":"\u009b\u007f","match":null}"#,
    )]);
}

#[test]
fn bad_records_get_an_answer_and_are_told() {
    let cases = [
        ("", r#"{"id":1,"error":"the line is empty"}"#),
        (" \t\r", r#"{"id":2,"error":"the line is empty"}"#),
        ("{", r#"{"id":3,"error":"not JSON: EOF while parsing an object at column 1"}"#),
        (
            r#"{"id":5,"proto":"tcp","response":""} x"#,
            r#"{"id":4,"error":"not JSON: trailing characters at column 38"}"#,
        ),
        ("[1]", r#"{"id":5,"error":"not a record: invalid type: sequence, expected an object at column 0"}"#),
        ("\"x\"", r#"{"id":6,"error":"not a record: invalid type: string \"x\", expected an object at column 3"}"#),
        (r#"{"id":"a"}"#, r#"{"id":"a","error":"no proto: expected \"tcp\" or \"udp\""}"#),
        (r#"{"id":"b","proto":"tcp"}"#, r#"{"id":"b","error":"no response: expected a string of base64"}"#),
        (r#"{"id":"c","proto":"tcp","response":null}"#, r#"{"id":"c","error":"response is not a string"}"#),
        (r#"{"id":"d","proto":"tcp","response":["QQ=="]}"#, r#"{"id":"d","error":"response is not a string"}"#),
        (
            r#"{"id":"e","proto":"sctp","response":""}"#,
            r#"{"id":"e","error":"unknown proto \"sctp\": expected \"tcp\" or \"udp\""}"#,
        ),
        (r#"{"id":"f","proto":6,"response":""}"#, r#"{"id":"f","error":"proto is not a string"}"#),
        (r#"{"id":"g","proto":"tcp","probe":[],"response":""}"#, r#"{"id":"g","error":"probe is not a string"}"#),
        (
            r#"{"id":"h","proto":"tcp","probe":"GetTing","response":""}"#,
            r#"{"id":"h","error":"unknown tcp probe \"GetTing\"; near by name: GetThing"}"#,
        ),
        // Names are case-sensitive, and a probe belongs to its protocol.
        (
            r#"{"id":"i","proto":"tcp","probe":"getthing","response":""}"#,
            r#"{"id":"i","error":"unknown tcp probe \"getthing\"; near by name: GetThing"}"#,
        ),
        (
            r#"{"id":"j","proto":"udp","probe":"NULL","response":""}"#,
            r#"{"id":"j","error":"unknown udp probe \"NULL\"; there is a tcp probe of this name"}"#,
        ),
        (
            r#"{"id":"k","proto":"udp","probe":"\u001b[2J\n","response":""}"#,
            r#"{"id":"k","error":"unknown udp probe \"\\u{1b}[2J\\n\""}"#,
        ),
        (
            r#"{"id":"l","proto":"tcp","response":"Q"}"#,
            r#"{"id":"l","error":"response is not base64: its length of 1 characters"}"#,
        ),
        (
            r#"{"id":"m","proto":"tcp","response":"Q-=="}"#,
            r#"{"id":"m","error":"response is not base64: character \"-\" at offset 1"}"#,
        ),
        (
            r#"{"id":"n","proto":"tcp","response":"QQ\n=="}"#,
            r#"{"id":"n","error":"response is not base64: character \"\\n\" at offset 2"}"#,
        ),
        (
            r#"{"id":"p","proto":"tcp","response":"QQ😀="}"#,
            r#"{"id":"p","error":"response is not base64: character \"😀\" at offset 2"}"#,
        ),
        (
            r#"{"id":"o","proto":"tcp","response":"QUxQSEE="}"#,
            r#"{"id":"o","match":{"probe":"NULL","source":"test.probes","line":6,"soft":true,"service":"alpha"}}"#,
        ),
    ];
    answers(&cases);
    let input: String = cases.iter().map(|(record, _)| format!("{record}\n")).collect();
    let run = Place::new().run(&["match"], input.as_bytes()).ended(3);
    assert_eq!(run.err.lines().count(), cases.len() - 1, "{}", run.err);
    for (number, line) in (1..).zip(run.err.lines()) {
        assert!(line.starts_with(&format!("portprint: warning: input line {number}: ")), "{line}");
    }
    assert_eq!(Place::new().run(&["-q", "match"], input.as_bytes()).ended(3).err, "");
}

#[test]
fn bytes_that_are_not_utf8_are_a_bad_record() {
    let run = Place::new()
        .run(&["match"], b"{\"id\":1,\"x\":\"\xff\"}\n{\"id\":2,\"proto\":\"tcp\",\"response\":\"\"}\n")
        .ended(3);
    assert_eq!(run.out, "{\"id\":1,\"error\":\"not UTF-8: byte 14 of the line\"}\n{\"id\":2,\"match\":null}\n");
}

#[test]
fn the_edges_of_a_file() {
    let record = r#"{"proto":"tcp","response":""}"#;
    for (input, expected) in [
        (String::new(), 0),
        (record.into(), 1),
        (format!("{record}\n"), 1),
        (format!("{record}\r\n{record}"), 2),
        (format!("\u{feff}{record}\n"), 1),
    ] {
        let run = Place::new().run(&["match"], input.as_bytes()).ended(0);
        assert_eq!(run.out.lines().count(), expected, "{input:?}");
    }
}

#[test]
fn order_is_kept_whatever_the_number_of_jobs() {
    let place = Place::new();
    let responses = [&b"ALPHA/1 ready\r\n"[..], b"nothing", b"alpha", b"", b"BRAVO \n"];
    let input: String = (0..20_000)
        .map(|number| {
            // Lines of very different lengths, so that jobs end out of order.
            let pad = "x".repeat(if number % 1000 == 0 { 300_000 } else { number % 97 });
            let response = base64(responses[number % responses.len()]);
            format!("{{\"id\":{number},\"pad\":\"{pad}\",\"proto\":\"tcp\",\"probe\":\"NULL\",\"response\":\"{response}\"}}\n")
        })
        .collect();
    let path = place.file("input.jsonl", input.as_bytes());
    let path = path.to_str().expect("temporary folders have plain names");
    let alone = place.run(&["match", "--jobs", "1", path], b"").ended(0).out;
    for (number, answer) in alone.lines().enumerate() {
        assert!(answer.starts_with(&format!("{{\"id\":{number},")), "{answer}");
    }
    assert_eq!(alone.lines().count(), 20_000);
    for jobs in ["2", "7"] {
        assert!(place.run(&["match", "-j", jobs, path], b"").ended(0).out == alone, "{jobs} jobs");
    }
    assert!(place.run(&["match"], input.as_bytes()).ended(0).out == alone, "from standard input");
}

#[test]
fn large_responses() {
    let mut response = b"BRAVO ".to_vec();
    response.resize(10 << 20, b'x');
    response.push(b'\n');
    let input = record("NULL", &response) + "\n" + &record("NULL", b"alpha") + "\n";
    let run = Place::new().run(&["match"], input.as_bytes()).ended(0);
    // A product that does not fit is dropped whole; the line has matched all the same.
    assert_eq!(
        run.json()[0]["match"],
        json!({"probe": "NULL", "source": "test.probes", "line": 7, "soft": false, "service": "bravo"})
    );
    assert_eq!(run.json()[1]["match"]["line"], 6);
}

#[test]
fn raw_input_is_one_response() {
    let place = Place::new();
    let path = place.file("response", b"THING one");
    let path = path.to_str().expect("temporary folders have plain names");
    for (arguments, input, expected) in [
        (&["match", "--raw", "--probe", "GetThing", path][..], &b""[..], json!(16)),
        (&["match", "--raw", "--probe", "GetThing", "--proto", "tcp", "-"], b"OTHER", json!(21)),
        (&["match", "--raw", "--probe", "Ping", "--proto", "udp"], b"pong\0\xff", json!(26)),
        (&["match", "--raw"], b"OTHER", json!(21)),
        (&["match", "--raw", "--proto", "udp"], b"OTHER", Value::Null),
        (&["match", "--raw", "--probe", "NULL"], b"", Value::Null),
    ] {
        let run = place.run(arguments, input).ended(0);
        let answers = run.json();
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0]["id"], 1);
        let found = answers[0]["match"].get("line").cloned().unwrap_or(answers[0]["match"].clone());
        assert_eq!(found, expected, "{arguments:?}");
    }
    let run = place.run(&["match", "--raw", "--probe", "GetTing"], b"").ended(2);
    assert_eq!(run.err, "portprint: error: unknown tcp probe \"GetTing\"; near by name: GetThing\n");
}

#[test]
fn text_for_people() {
    let input = [
        record("NULL", b"ALPHA/1.2 ready\r\n"),
        record("NULL", b"alpha"),
        record("NULL", b"?"),
        "{\"id\":\"a\\u001b[31m\\nb\",\"proto\":\"tcp\",\"response\":\"\"}".into(),
        "x".into(),
    ]
    .join("\n");
    let expected = "\
r: alpha  Alpha server 1.2 (two words); hostname host.example; os Unix; device router; cpe:/a:alpha:server:1.2; cpe:/o:alpha:os  [NULL test.probes:5]
r: alpha (soft)  [NULL test.probes:6]
r: no match
a\\u{1b}[31m\\nb: no match
5: error: not JSON: expected value at column 1
";
    let place = Place::new();
    for arguments in [&["match", "--format", "text"][..], &["--color", "never", "match", "--format", "text"]] {
        assert_eq!(place.run(arguments, input.as_bytes()).ended(3).out, expected);
    }
    let coloured = place.run(&["match", "--format", "text", "--color", "always"], input.as_bytes()).ended(3).out;
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), expected);
    assert_ne!(coloured, expected);
}

#[test]
fn figures() {
    let input =
        [record("NULL", b"ALPHA/1.2 ready\r\n"), record("NULL", b"alpha"), "x".into(), record("NULL", b"")].join("\n");
    let run = Place::new().run(&["-q", "match", "--stats", "--jobs", "2"], input.as_bytes()).ended(3);
    let lines: Vec<Vec<&str>> =
        run.err.lines().map(|line| line.split([' ', ',']).filter(|word| !word.is_empty()).collect()).collect();
    let number = |word: &str| word.parse::<f64>().unwrap_or_else(|_| panic!("{word} is no number"));
    assert_eq!(lines.len(), 2, "{}", run.err);
    let [matching, total] = [&lines[0], &lines[1]];
    assert_eq!(
        [matching[0], matching[1], matching[2], matching[3], matching[4]],
        ["matching:", "3", "responses", "22", "bytes"]
    );
    assert_eq!(
        [matching[6], matching[8], matching[9], matching[11], matching[12], matching[14]],
        ["s", "responses/s", "p50", "ns", "p99", "ns"]
    );
    for place in [5, 7, 10, 13] {
        number(matching[place]);
    }
    assert_eq!([total[0], total[1], total[2], total[6], total[8]], ["total:", "3", "responses", "s", "responses/s"]);
    assert!(number(total[5]) >= 0.0 && number(total[7]) > 0.0);
}
