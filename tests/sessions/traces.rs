//! Recorded conversations (`portprint scan --record`), gone through again without a peer and a clock.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use portprint_core::session::{Action, ConnId, Input, Outcome, Report, Session, SessionConfig, TlsInfo};
use portprint_core::{Matcher, Scratch};
use portprint_tables::{Database, Field, Protocol};
use serde_json::{Map, Value, json};

use crate::databases::{self, root};
use crate::place::Place;

use super::kit::nobody;

const FOLDER: &str = "tests/fixtures/traces";

/// A moment of a session, as it stands in its line.
type Line = Map<String, Value>;

/// The sessions of a recording, by their ports. One that was begun again is the later one.
fn sessions(text: &str) -> BTreeMap<String, Vec<Line>> {
    let mut sessions = BTreeMap::<String, Vec<Line>>::new();
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).expect("each line is an object");
        if line.contains_key("sources") {
            continue;
        }
        let moments = sessions.entry(word(&line, "id").to_owned()).or_default();
        if line.contains_key("begin") {
            moments.clear();
        }
        moments.push(line);
    }
    sessions
}

/// Goes through a session again: the protocol's time that it took, or where it goes another way than it did.
fn replay(database: &Database<'_>, moments: &[Line]) -> Result<Duration, String> {
    let (begin, moments) = moments.split_first().expect("it has begun");
    let protocol = if begin["protocol"] == "udp" { Protocol::Udp } else { Protocol::Tcp };
    let port = number(begin, "port").try_into().expect("it is a port");
    let config = begin["config"].as_object().expect("it is an object");
    let mut session = Session::new(&Matcher::new(database), read_config(config), protocol, port);
    let (mut scratch, mut conns, mut now) = (Scratch::default(), BTreeMap::<u64, ConnId>::new(), Duration::ZERO);
    for (place, line) in (1..).zip(moments) {
        if line.contains_key("do") {
            let action = session.next();
            if let Action::Connect { conn, .. } | Action::Wait { conn, .. } = action {
                conns.insert(conn.number().into(), conn);
            }
            let mut done = shown(&action);
            done.insert("id".to_owned(), line["id"].clone());
            if done != *line {
                let (done, line) = (Value::Object(done), Value::Object(line.clone()));
                return Err(format!("moment {place}: it was {line} and is {done}"));
            }
        } else if line["in"] == "abandon" {
            let named = |outcome: &&Outcome| line["outcome"] == outcome.as_str();
            session.abandon(*Outcome::ALL.iter().find(named).expect("it is an outcome"), &mut scratch);
        } else {
            now = time(line, "at");
            let conn = conns[&number(line, "conn")];
            let bytes = line.get("bytes").map(read_bytes).unwrap_or_default();
            let tls_info = line.get("tls_info").map(read_tls_info).unwrap_or_default();
            let input = read_input(word(line, "in"), &bytes, &tls_info);
            session.handle(now, conn, input, &mut scratch);
        }
    }
    match moments.last() {
        Some(last) if last.get("do").is_some_and(|word| word == "done") => Ok(now),
        _ => Err("the recording ends before the session".to_owned()),
    }
}

/// An action as a recording has it.
fn shown(action: &Action<'_>) -> Line {
    let shown = match action {
        Action::Connect { conn, tunnel, ahead, .. } => {
            json!({"do": "connect", "conn": conn.number(), "tunnel": tunnel, "ahead": ahead})
        }
        Action::Send { conn, bytes } => {
            let bytes: String = bytes.iter().map(|byte| char::from(*byte)).collect();
            json!({"do": "send", "conn": conn.number(), "bytes": bytes})
        }
        Action::Close { conn } => json!({"do": "close", "conn": conn.number()}),
        Action::Wait { conn, until } => {
            json!({"do": "wait", "conn": conn.number(), "until": until.as_nanos() as u64})
        }
        Action::StartTls { .. } | Action::Handshake { .. } | Action::Forget(_) => panic!("no plugin was recorded"),
        Action::Note(note) => panic!("nobody asked for {note:?}"),
        Action::Done(report) => return shown_report(report),
    };
    shown.as_object().expect("it is one").clone()
}

fn shown_report(report: &Report) -> Line {
    let mut line = Line::new();
    let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
    put("do", "done".into());
    put("state", report.state.as_str().into());
    put("outcome", report.outcome.as_str().into());
    put("tls", report.tls.into());
    put("probes_sent", report.probes_sent.into());
    let Some(answer) = &report.answer else { return line };
    put("service", answer.service.as_str().into());
    put("soft", answer.soft.into());
    for (field, name) in [
        (Field::Product, "product"),
        (Field::Version, "version"),
        (Field::Info, "info"),
        (Field::Hostname, "hostname"),
        (Field::Os, "os"),
        (Field::Device, "device"),
    ] {
        if let Some(value) = answer.get(field) {
            put(name, value.into());
        }
    }
    let cpe: Vec<&str> = answer.cpe().collect();
    if !cpe.is_empty() {
        put("cpe", cpe.into());
    }
    line
}

fn word<'l>(line: &'l Line, name: &str) -> &'l str {
    line[name].as_str().expect("it is a text")
}

fn number(line: &Line, name: &str) -> u64 {
    line[name].as_u64().expect("it is a number")
}

fn flag(line: &Line, name: &str) -> bool {
    line[name].as_bool().expect("it is true or false")
}

fn time(line: &Line, name: &str) -> Duration {
    Duration::from_nanos(number(line, name))
}

fn read_bytes(text: &Value) -> Vec<u8> {
    let characters = text.as_str().expect("it is a text").chars();
    characters.map(|character| u8::try_from(character).expect("each character stands for a byte")).collect()
}

fn read_tls_info(info: &Value) -> TlsInfo {
    let text = |name: &str| info.get(name).map(|text| text.as_str().expect("it is a text").to_owned());
    let names = info.get("names").and_then(Value::as_array).into_iter().flatten();
    TlsInfo {
        version: text("version").unwrap_or_default(),
        cipher: text("cipher").unwrap_or_default(),
        alpn: text("alpn"),
        subject: text("subject"),
        issuer: text("issuer"),
        names: names.map(|name| name.as_str().expect("it is a text").to_owned()).collect(),
        not_after: text("not_after"),
        sha256: text("sha256"),
    }
}

fn read_input<'a>(word: &str, bytes: &'a [u8], tls_info: &'a TlsInfo) -> Input<'a> {
    let inputs = [
        Input::Connected,
        Input::Secured(tls_info),
        Input::TlsFailed,
        Input::Held,
        Input::Data(bytes),
        Input::Eof,
        Input::Refused,
        Input::Reset,
        Input::TimedOut,
        Input::Failed,
    ];
    inputs.into_iter().find(|input| input.as_str() == word).unwrap_or_else(|| panic!("{word:?} is no input"))
}

fn read_config(config: &Line) -> SessionConfig {
    let limit = |name| config.contains_key(name).then(|| time(config, name));
    SessionConfig {
        intensity: number(config, "intensity").try_into().expect("it is small"),
        all_ports: flag(config, "all_ports"),
        adaptive: flag(config, "adaptive"),
        connections: number(config, "connections").try_into().expect("it is small"),
        tls: flag(config, "tls"),
        dtls: flag(config, "dtls"),
        connect_timeout: time(config, "connect_timeout"),
        probe_timeout: limit("probe_timeout"),
        settle: limit("settle"),
        max_response: number(config, "max_response").try_into().expect("it is small"),
        retries: number(config, "retries").try_into().expect("it is small"),
        // Those that were recorded without plugins have none.
        handshakes: 0,
        notes: false,
    }
}

/// The recordings, by the names of their files.
fn recordings() -> Vec<(String, String)> {
    let mut recordings: Vec<_> = fs::read_dir(root().join(FOLDER))
        .expect("the folder is there")
        .map(|entry| entry.expect("it is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| {
            let name = path.file_stem().and_then(|name| name.to_str()).expect("names are text").to_owned();
            (name, fs::read_to_string(&path).expect("it is text"))
        })
        .collect();
    recordings.sort();
    recordings
}

fn own_rules() -> Database<'static> {
    let bytes = databases::compiled(&databases::folder(&root().join(FOLDER).join("rules"))).leak();
    Database::from_bytes(bytes).expect("it was just compiled")
}

#[test]
fn real_servers_are_asked_again_as_they_were() {
    let database = own_rules();
    let (mut faults, mut took, mut count) = (Vec::new(), Duration::ZERO, 0);
    for (name, text) in recordings() {
        for (id, moments) in sessions(&text) {
            count += 1;
            match replay(&database, &moments) {
                Ok(time) => took += time,
                Err(fault) => faults.push(format!("{name}, {id}: {fault}")),
            }
        }
    }
    assert!(
        faults.is_empty(),
        "If what is asked was changed on purpose, record anew; {FOLDER}/README.md says how.\n{}",
        faults.join("\n")
    );
    assert!(count >= 10 && took > Duration::from_secs(30), "{count} sessions of {took:?}");
}

#[test]
fn a_recording_that_was_changed_is_not_gone_through() {
    let database = own_rules();
    let recordings = recordings();
    let (_, text) = recordings.iter().find(|(name, _)| name == "openssh").expect("it is there");
    let (_, moments) = sessions(text).pop_first().expect("it has a session");
    replay(&database, &moments).expect("as it is it goes");
    let mut tried = 0;
    for (index, line) in moments.iter().enumerate().skip(1) {
        let mut changed = moments.clone();
        match line.get("bytes") {
            Some(bytes) => changed[index]["bytes"] = bytes.as_str().expect("it is a text").replace("SSH", "SSX").into(),
            None if line.contains_key("until") => changed[index]["until"] = 0.into(),
            None if line.contains_key("do") => drop(changed.remove(index)),
            None => continue,
        }
        tried += 1;
        replay(&database, &changed).expect_err("it is another conversation");
    }
    assert!(tried >= 4, "{tried}");
}

const RULES: &str = r"Probe TCP NULL q||
match ssh m|^SSH-([\d.]+)-Opend_([\w.]+)\r?\n| p/Opend/ v/$2/ i/protocol $1/ cpe:/a:opend:opend:$2/
softmatch ftp m|^220 |
Probe TCP Get q|GET / HTTP/1.0\r\n\r\n|
rarity 1
match http m|^HTTP/1\.[01] \d\d\d .*\r\nServer: (.*)\r\n|s p/$1/
Probe UDP Ping q|\0ping|
rarity 1
ports 7
match ping m|^pong|
";

/// Greets, and keeps the connection. Empty greetings are none.
fn greets(greeting: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            // A scan that goes away is no concern of the test's.
            let _ = stream.write_all(greeting);
            kept.push(stream);
        }
    });
    port
}

#[test]
fn what_a_scan_records_can_be_gone_through() {
    let every_byte: &'static [u8] = (0..=255).collect::<Vec<u8>>().leak();
    let ports = [greets(b"SSH-2.0-Opend_9.6\r\n"), greets(b"220 hello\r\n"), greets(b""), greets(every_byte), nobody()];
    let place = Place::new(RULES);
    let database = Database::from_bytes(databases::compiled(&databases::read(&place.path("test.probes"))).leak())
        .expect("it was just compiled");
    let targets = ports.map(|port| format!("127.0.0.1:{port}")).join(" ") + " udp://127.0.0.1:7";
    // The last one ends in the middle.
    for (limit, time, pace) in
        [("--probe-timeout", "400ms", "1"), ("--probe-timeout", "400ms", "16"), ("--host-timeout", "500ms", "16")]
    {
        let mut arguments = vec!["-o", "jsonl", "--record", "t.jsonl", limit, time, "--port-concurrency", pace];
        arguments.extend(targets.split(' '));
        let (code, out, err) = place.run(&arguments);
        assert_eq!(code, 0, "{err}");
        let text = place.read("t.jsonl");
        assert!(text.chars().all(|character| character == '\n' || !character.is_control()));
        let sessions = sessions(&text);
        assert_eq!(sessions.len(), 6);
        for (id, moments) in &sessions {
            replay(&database, moments).unwrap_or_else(|fault| panic!("{id}: {fault}"));
        }
        let silent = &sessions[&format!("127.0.0.1:{}/tcp", ports[2])];
        assert_eq!(
            silent.iter().any(|line| line.get("in").is_some_and(|word| word == "abandon")),
            limit == "--host-timeout"
        );
        // What is told of a port is what its recording ends with.
        for record in out.lines() {
            let record: Line = serde_json::from_str(record).expect("each line is a record");
            let last = sessions[&format!("127.0.0.1:{}/tcp", record["port"])].last().expect("it has moments");
            for name in ["state", "outcome", "service", "product", "version", "tls", "probes_sent"] {
                assert_eq!(last.get(name), record.get(name), "{name}: {record:?}");
            }
        }
    }
}
