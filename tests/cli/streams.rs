//! Exit codes, and how the program behaves at the ends of its pipes.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use super::{Place, bare, base64, feed};
#[cfg(unix)]
use crate::place::nobody_listens;

#[test]
fn exit_codes() {
    let place = Place::new();
    place.file("bad.probes", b"Probe TCP NULL q||\nmatch x m|(|\n");
    place.file("damaged.db", b"PORTPRNTxxxx");
    place.file("empty.db", b"");
    let ok = b"{\"proto\":\"tcp\",\"response\":\"\"}\n";
    for (arguments, input, code, said) in [
        (&["match"][..], &ok[..], 0, ""),
        (&["match"], b"x\n", 3, "not JSON"),
        (&["match", "no-such-file"], b"", 1, "no-such-file: "),
        (&["match", "."], b"", 1, ".: "),
        (&["--db", "no-such-db", "match"], ok, 1, "no-such-db: "),
        (&["--db", "damaged.db", "match"], ok, 1, "damaged.db: "),
        (&["--db", "bad.probes", "match"], ok, 1, "bad.probes:2"),
        (&["--rules", "bad.probes", "match"], ok, 1, "bad.probes:2"),
        // What is left of a compiled database whose writer failed.
        (&["--db", "empty.db", "match"], ok, 1, "empty.db: the file is empty"),
        (&["match", "--jobs", "0"], ok, 2, "--jobs"),
        // More threads than a system starts.
        (&["match", "--jobs", "1000000"], ok, 0, ""),
        (&["scan", "--max-response", "99999999999", "127.0.0.1:1"], ok, 2, "16777216"),
        (&["match", "--probe", "NULL"], ok, 2, "--raw"),
        (&["match", "--format", "xml"], ok, 2, "jsonl"),
        (&["match", "--no-such-flag"], ok, 2, "--no-such-flag"),
        (&["-q", "-v", "match"], ok, 2, "--verbose"),
        (&["no-such-command"], ok, 2, "no-such-command"),
        (&["--color", "never"], ok, 2, "a command is needed"),
        (&["db", "show", "Nothing"], ok, 2, "unknown probe"),
        (&["db", "show", "3999"], ok, 2, "line 3999"),
        (&["db", "show", "other.probes:5"], ok, 2, "unknown source"),
        (&["db", "explain", "--line", "1"], ok, 2, "line 1"),
        (&["man", "nonsense"], ok, 2, "nonsense"),
    ] {
        let mut command = bare(place.folder.path());
        if !arguments.contains(&"--db") {
            command.args(["--db", "test.probes"]);
        }
        let run = feed(command.args(arguments), input);
        assert_eq!(run.code, Some(code), "{arguments:?}: {}", run.err);
        assert!(run.err.replace("test.probes", "").contains(said), "{arguments:?}: {}", run.err);
        assert!(code == 0 || !run.err.is_empty());
        assert!(!run.err.contains("panicked"), "{}", run.err);
    }
}

#[test]
fn results_go_to_standard_output_and_nothing_else_does() {
    let place = Place::new();
    for arguments in
        [&["--help"][..], &["match", "--help"], &["db", "-h"], &["--version"], &["completions", "bash"], &["man"]]
    {
        let run = place.run(arguments, b"").ended(0);
        assert!(!run.out.is_empty() && run.err.is_empty(), "{arguments:?}: {}", run.err);
    }
    assert_eq!(place.run(&["match", "no-such-file"], b"").out, "");
    assert_eq!(feed(&mut bare(place.folder.path()), b"").ended(2).out, "");
}

#[cfg(unix)]
#[test]
fn a_closed_output_ends_quietly() {
    let place = Place::new();
    let input = format!("{{\"proto\":\"tcp\",\"response\":\"{}\"}}\n", base64(b"ALPHA")).repeat(100_000);
    let path = place.file("input.jsonl", input.as_bytes());
    let path = path.to_str().expect("temporary folders have plain names");
    let records = ["match", path];
    let text = ["match", "--format", "text", path];
    for arguments in [
        &records[..],
        &text,
        &["db", "explain", path],
        &["db", "export"],
        &["db", "stats"],
        &["completions", "zsh"],
        &["--help"],
    ] {
        let mut command = place.portprint(arguments);
        let output = command.stdin(Stdio::null()).stdout(nobody_listens()).output().expect("it can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*said), (Some(0), ""), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_closed_output_is_noticed_while_the_input_is_idle() {
    let place = Place::new();
    let mut child = place
        .portprint(&["match"])
        .stdin(Stdio::piped())
        .stdout(nobody_listens())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    // The input stays open: only the attempt to write can end the program.
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(b"x\n").expect("the program listens");
    assert_eq!(child.wait().expect("the program ends").code(), Some(0));
    drop(stdin);
}

#[test]
fn answers_come_before_the_next_question() {
    let place = Place::new();
    let mut child = place
        .portprint(&["match"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut stdin = child.stdin.take().expect("it is piped");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    for number in 0..3 {
        writeln!(stdin, "{{\"id\":{number},\"proto\":\"tcp\",\"response\":\"\"}}").expect("the program listens");
        let mut answer = String::new();
        stdout.read_line(&mut answer).expect("the program answers");
        assert_eq!(answer, format!("{{\"id\":{number},\"match\":null}}\n"));
    }
    drop(stdin);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("the program answers");
    assert_eq!(rest, "");
    assert!(child.wait().expect("the program ends").success());
}
