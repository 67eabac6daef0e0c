//! `portprint scan` from outside, against peers on loopback.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::kit::{nobody, nobody_takes};
#[cfg(unix)]
use crate::place::nobody_listens;
use crate::place::{Place, ended, interrupted};

const RULES: &str = r"Exclude T:1
Probe TCP NULL q||
match ssh m|^SSH-([\d.]+)-Opend_([\w.]+)\r?\n| p/Opend/ v/$2/ i/protocol $1/ h/host.example/ o/Unix/ d/router/ cpe:/a:opend:opend:$2/ cpe:/o:unix:unix/
softmatch ftp m|^220 |
Probe TCP Get q|GET / HTTP/1.0\r\n\r\n|
rarity 1
ports 80
match http m|^HTTP/1\.[01] \d\d\d .*\r\nServer: (.*)\r\n|s p/$1/
softmatch ftp m|^never|
";

const BANNER: &[u8] = b"SSH-2.0-Opend_9.6\r\n";

/// Serves every connection on a new port of this machine.
fn serve(mut serve: impl FnMut(&mut TcpStream) -> std::io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A peer that goes away is no concern of the test's.
            let _ = stream.and_then(|mut stream| serve(&mut stream));
        }
    });
    port
}

fn says(bytes: &'static [u8]) -> u16 {
    serve(move |stream| {
        stream.write_all(bytes)?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    })
}

fn records(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("each line is a record")).collect()
}

#[test]
fn a_record_has_the_fields_of_the_contract_in_order() {
    let port = says(BANNER);
    let (code, out, _) = Place::hurried(RULES).run(&["-o", "jsonl", &format!("tcp://127.0.0.1:{port}")]);
    assert_eq!(code, 0);
    // The order is part of it, so it is compared as text.
    let record = &records(&out)[0];
    let (timestamp, ms) = (record["timestamp"].as_str().expect("a time"), &record["ms"]);
    assert_eq!((timestamp.len(), &timestamp[10..11], &timestamp[23..]), (24, "T", "Z"), "{timestamp}");
    let expected = format!(
        "{{\"host\":\"127.0.0.1\",\"ip\":\"127.0.0.1\",\"port\":{port},\"protocol\":\"tcp\",\"tls\":false,\
         \"timestamp\":\"{timestamp}\",\"state\":\"open\",\"service\":\"ssh\",\"product\":\"Opend\",\"version\":\"9.6\",\
         \"info\":\"protocol 2.0\",\"hostname\":\"host.example\",\"os\":\"Unix\",\"device\":\"router\",\
         \"cpe\":[\"cpe:/a:opend:opend:9.6\",\"cpe:/o:unix:unix\"],\"method\":\"probed\",\"soft\":false,\
         \"outcome\":\"identified\",\"probe\":\"NULL\",\"source\":\"test.probes\",\"line\":3,\
         \"banner\":\"{}\",\"probes_sent\":0,\"ms\":{ms}}}\n",
        STANDARD.encode(BANNER)
    );
    assert_eq!(out, expected);
}

#[test]
fn fields_without_a_value_are_left_out() {
    let (silent, closed) = (says(b""), nobody());
    let target = format!("localhost:{silent},{closed}");
    let (code, out, _) = Place::hurried(RULES).run(&["-o", "jsonl", "--all-states", &target]);
    assert_eq!(code, 0);
    let mut seen: Vec<_> = records(&out)
        .iter()
        .map(|record| {
            let names: Vec<_> = record.as_object().expect("an object").keys().cloned().collect();
            assert_eq!(record["host"], "localhost");
            assert_eq!(
                names.len(),
                11,
                "host ip port protocol tls timestamp state method outcome probes_sent ms: {names:?}"
            );
            format!("{} {} {}", record["state"], record["method"], record["outcome"])
        })
        .collect();
    seen.sort();
    assert_eq!(seen, [r#""closed" "none" "refused""#, r#""open" "none" "silent""#]);
    let (_, out, _) = Place::hurried(RULES).run(&["-o", "jsonl", &target]);
    assert_eq!(records(&out).len(), 1, "only open ports have a record");
}

#[test]
fn text_is_a_table_without_control_characters() {
    let (ssh, ftp, odd) = (says(BANNER), says(b"220 hello\r\n"), says(b"\x1b[31mred\x9b\r\n"));
    let (code, out, _) = Place::hurried(RULES).run(&["-p", &format!("{ssh},{ftp},{odd},{}", nobody()), "127.0.0.1"]);
    assert_eq!(code, 0);
    let mut lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.remove(0), "127.0.0.1 1 port not open");
    assert_eq!(lines.remove(0).split_whitespace().collect::<Vec<_>>(), ["PORT", "STATE", "SERVICE", "VERSION"]);
    let row = |port: u16| {
        let start = format!("{port}/tcp");
        let line = lines.iter().find(|line| line.starts_with(&start)).expect("every open port has a row");
        line.split_once("open").expect("it is open").1.trim().to_owned()
    };
    assert_eq!(row(ssh), "ssh      Opend 9.6 (protocol 2.0) [host host.example] [os Unix] [device router]");
    assert_eq!(row(ftp), "ftp?");
    assert_eq!(row(odd), "-        unrecognized: \\x1b[31mred\\x9b\\r\\n");
    assert!(out.chars().all(|c| c == '\n' || !c.is_control()), "{out:?}");
    assert!(out.lines().all(|line| !line.ends_with(' ')));
}

#[test]
fn several_outputs_at_a_time() {
    let place = Place::hurried(RULES);
    let target = format!("127.0.0.1:{}", says(BANNER));
    let (code, out, _) = place.run(&["-o", "text=t.txt", "-o", "jsonl=r.jsonl", &target]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(place.read("t.txt").contains("Opend 9.6"));
    assert_eq!(records(&place.read("r.jsonl")).len(), 1);
    let (code, _, err) = place.run(&["-o", "text", "-o", "jsonl", &target]);
    assert_eq!(code, 2, "{err}");
    let (code, _, err) = place.run(&["-o", "jsonl=no/such/folder", &target]);
    assert!(code == 1 && err.contains("no/such/folder"), "{err}");
}

#[test]
fn targets_from_files_that_are_bad_are_told_and_skipped() {
    let (ssh, place) = (says(BANNER), Place::hurried(RULES));
    let long = "x".repeat(200_000);
    place.write(
        "targets.txt",
        &format!("# comment\n\ntcp://127.0.0.1:{ssh}\r\n10.0.0.0/33\n127.0.0.1:x\n{long}\n127.0.0.1:{ssh}\n"),
    );
    let (code, out, err) = place.run(&["-i", "targets.txt", "-o", "jsonl"]);
    assert_eq!((code, records(&out).len()), (3, 1), "{err}");
    assert!(err.contains("targets.txt:4: target '10.0.0.0/33': a network is an address and a length"), "{err}");
    assert!(err.contains("targets.txt:5: target '127.0.0.1:x': 'x' is not a port"), "{err}");
    assert!(err.contains("targets.txt:6: the line is longer than 64 KiB; skipped"), "{err}");
    assert_eq!(err.lines().filter(|line| line.contains("warning")).count(), 3, "{err}");
    let (code, _, err) = place.run(&["-p", &ssh.to_string(), "does-not-exist.invalid"]);
    assert!(code == 3 && err.contains("does-not-exist.invalid"), "{err}");
}

#[test]
fn wrong_usage_is_told() {
    let place = Place::hurried(RULES);
    for (arguments, told) in [
        (&[][..], "there is no target"),
        (&["a b"], "neither an address nor a host name"),
        (&["-p", "80-70", "a"], "runs backwards"),
        (&["--intensity", "10", "a"], "10 is not in 0..=9"),
        (&["--settle", "soon", "a"], "write a duration like"),
        (&["-o", "yaml", "a"], "the formats are text, jsonl, xml, csv and html"),
        (&["--concurrency", "0", "a"], "--concurrency"),
        (&["10.0.0.20-1"], "runs backwards"),
        (&["2000::/3"], "/48 at the widest"),
        (&["--exclude", "10.0.0.0/99", "a"], "--exclude: target '10.0.0.0/99'"),
        (&["--exclude", "does-not-exist.invalid", "127.0.0.1"], "does-not-exist.invalid has no address"),
        (&["--shards", "2", "--shard", "1", "a"], "--seed"),
        (&["--shards", "2", "--seed", "1", "a"], "--shard"),
        (&["--shards", "2", "--shard", "3", "--seed", "1", "a"], "from 1 to 2"),
        (&["-i", "-", "-i", "-"], "only once"),
        (&["--proxy", "ftp://h:1", "a"], "--proxy: unknown scheme"),
        (&["--proxy", "socks5h://h:1", "a"], "names are resolved here"),
        (&["--proxy", "http://h:1", "-u", "a"], "UDP does not go through a proxy"),
        (&["--proxy", "http://h:1", "-p", "U:53", "a"], "UDP does not go through a proxy"),
        (&["--proxy", "http://h:1", "udp://a:53"], "target 'udp://a:53': UDP does not go through a proxy"),
        (&["--sni", "127.0.0.1", "a"], "write a DNS name"),
    ] {
        let (code, out, err) = place.run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(told), "{arguments:?}: {err}");
    }
}

#[test]
fn a_proxy_that_fails_ends_the_scan_and_its_password_is_not_told() {
    let place = Place::hurried(RULES);
    // It lets nobody in, and the other is none.
    let refuses = serve(|stream| {
        let _ = stream.read(&mut [0; 1024])?;
        stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    });
    for (proxy, code, told) in [
        (format!("http://me:hush@127.0.0.1:{refuses}"), 1, "it refuses the user or the password"),
        (format!("socks5://me:hush@127.0.0.1:{}", nobody()), 1, "Connection refused"),
        ("socks5://me:hu/sh@127.0.0.1:1".to_owned(), 2, "encode a / in a password"),
    ] {
        let arguments = ["--proxy", &proxy, "-p", "22,80", "127.0.0.1", "-o", "xml=x.xml", "-o", "jsonl", "--trace"];
        let (ended, out, err) = place.run(&arguments);
        assert_eq!((ended, out.as_str()), (code, ""), "{err}");
        assert_eq!(err.matches("error: ").count(), 1, "{err}");
        assert!(err.contains(told) && !err.contains("hu") && !err.contains("me:"), "{err}");
        assert!(code == 2 || !place.read("x.xml").contains("hush"));
    }
}

#[test]
fn saved_responses_are_judged_as_the_scan_judged_them() {
    let place = Place::hurried(RULES);
    let port = serve(|stream| {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut request = [0; 64];
        if stream.read(&mut request)? > 0 {
            stream.write_all(b"HTTP/1.0 200 ok\r\nServer: Tiny\r\n\r\n")?;
        }
        Ok(())
    });
    let target = format!("127.0.0.1:{port}");
    let (code, out, err) = place.run(&["-o", "jsonl", "--trace", "--save-responses", "saved.jsonl", &target]);
    assert_eq!(code, 0);
    assert_eq!(records(&out)[0]["product"], "Tiny");
    for part in
        ["NULL: begins", "NULL: timed out", "Get: begins", "test.probes:8 (match http)", "Get: closed with 33 bytes"]
    {
        assert!(err.contains(part), "{part}: {err}");
    }
    let mut again = Command::new(env!("CARGO_BIN_EXE_portprint"));
    again.current_dir(place.folder()).args(["--db", "test.probes", "match", "saved.jsonl"]);
    let (code, out, _) = ended(again.output().expect("the program can be started"));
    assert_eq!(code, 0);
    assert_eq!(records(&out)[0]["match"]["product"], "Tiny");
}

#[test]
fn a_udp_port_that_refuses_is_closed_at_once() {
    let rules =
        "Probe UDP Ask q|ask|\nrarity 1\nmatch asked m|^yes|\nProbe UDP Beg q|beg|\nrarity 2\nmatch asked m|^yes|\n";
    let target = format!("udp://127.0.0.1:{}", nobody_takes());
    let (code, out, err) = Place::new(rules).run(&["--all-states", "-o", "jsonl", &target]);
    assert_eq!(code, 0, "{err}");
    let record = &records(&out)[0];
    assert_eq!((record["state"].as_str(), record["outcome"].as_str()), (Some("closed"), Some("refused")), "{out}");
    assert!(record["probes_sent"] == 1 && record["ms"].as_u64().is_some_and(|time| time < 2000), "{out}");
}

#[test]
fn a_dry_run_sends_nothing() {
    let (code, out, _) = Place::hurried(RULES).run(&["--dry-run", "-p", "1,22,80,90", "does-not-exist.invalid"]);
    assert_eq!(code, 0);
    assert_eq!(
        out,
        "\
does-not-exist.invalid
  tcp 1: excluded; only a connection
  tcp 22,80,90: NULL Get

Probes:
  NULL sends nothing, listens
  Get GET / HTTP/1.0\\r\\n\\r\\n
"
    );
}

#[test]
fn a_dry_run_of_many_ports_lists_them_as_targets() {
    let place = Place::hurried(RULES);
    let arguments = ["--dry-run", "--seed", "5", "-p", "1-100,U:53", "10.0.0.0/25", "[2001:db8::1]:7", "name:9"];
    let (code, out, err) = place.run(&arguments);
    assert_eq!((code, out.lines().count()), (0, 128 * 101 + 2), "{err}");
    assert!(err.contains("12930 ports would be visited; nothing was sent"), "{err}");
    for line in ["tcp://10.0.0.77:99", "udp://10.0.0.127:53", "tcp://[2001:db8::1]:7", "tcp://name:9"] {
        assert!(out.lines().any(|other| other == line), "{line}");
    }
    assert_eq!(place.run(&arguments).1, out, "the seed settles the order");
    // What was listed is what is scanned when it is read again, in parts or whole.
    place.write("list.txt", &out);
    let mut parts = Vec::new();
    for number in ["1", "2", "3"] {
        let (_, part, _) =
            place.run(&["--dry-run", "--seed", "5", "--shards", "3", "--shard", number, "-i", "list.txt"]);
        parts.extend(part.lines().filter(|line| line.contains("://")).map(str::to_owned));
    }
    let mut all: Vec<_> = out.lines().map(str::to_owned).collect();
    all.sort();
    parts.sort();
    assert_eq!(parts, all);
}

#[test]
fn what_is_excluded_is_not_scanned() {
    let place = Place::hurried(RULES);
    place.write("leave.txt", "# these asked for it\n10.0.0.0/30 # all of it\n\n::1\n");
    let dry = |more: &[&str]| place.run(&[&["--dry-run", "-p", "22", "10.0.0.0/29", "[::1]:22"], more].concat());
    let hosts = |out: &str| out.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).count() - 1;
    assert_eq!(hosts(&dry(&[]).1), 9);
    assert_eq!(hosts(&dry(&["--exclude-file", "leave.txt"]).1), 4);
    assert_eq!(hosts(&dry(&["--exclude-file", "leave.txt", "--exclude", "10.0.0.4,10.0.0.6-7"]).1), 1);
    place.write("bad.txt", "10.0.0.0/30\nnot an address\n");
    let (code, _, err) = dry(&["--exclude-file", "bad.txt"]);
    assert!(code == 2 && err.contains("bad.txt:2: target 'not an address'"), "{err}");
    let (code, out, err) = place.run(&["--exclude", "127.0.0.0/8,::1", "-p", "22", "localhost", "127.0.0.1"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("localhost: its address") && err.contains("is excluded; skipped"), "{err}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_scan_with_what_is_known() {
    let place = Place::hurried(RULES);
    let target = format!("127.0.0.1:{}", says(b"220 hello\r\n"));
    let scan = place.scan(&["--patient", "--probe-timeout", "60s", "-o", "jsonl", "--trace", &target]);
    // Once the second probe has begun, the first has matched.
    let (code, out, told) = interrupted(scan, "Get: begins");
    assert_eq!(code, 130, "{told}");
    let record = &records(&out)[0];
    assert_eq!((record["service"].as_str(), record["outcome"].as_str()), (Some("ftp"), Some("error")));
}

#[cfg(unix)]
#[test]
fn a_closed_standard_output_ends_quietly() {
    let mut targets = Vec::new();
    for _ in 0..20 {
        targets.push(format!("127.0.0.1:{}", says(BANNER)));
    }
    let arguments: Vec<_> = ["-o", "jsonl"].into_iter().chain(targets.iter().map(String::as_str)).collect();
    let place = Place::hurried(RULES);
    let (code, _, err) = ended(place.scan(&arguments).stdout(nobody_listens()).output().expect("it can be started"));
    assert_eq!((code, err.as_str()), (0, ""));
}
