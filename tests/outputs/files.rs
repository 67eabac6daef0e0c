//! Files that are named for two things, and `-` for those of lines.

use std::fs::{self, File};
use std::process::Command;

use super::RULES;
use super::peers::says;
#[cfg(unix)]
use crate::place::nobody_listens;
use crate::place::{Place, ended};

const BANNER: &[u8] = b"SSH-2.0-Opend_9.6\r\n";

/// A scan of one port that talks, with these arguments besides.
fn scan(place: &Place, more: &[&str]) -> (i32, String, String) {
    let target = format!("127.0.0.1:{}", says(BANNER));
    place.run(&[&[target.as_str()], more].concat())
}

#[test]
fn no_file_is_written_twice_or_written_and_read() {
    let place = Place::hurried(RULES);
    place.write("in.txt", "127.0.0.1:1\n");
    place.write("old", "what was found yesterday\n");
    fs::create_dir(place.path("folder")).expect("the folder can be made");
    let twice = |name: &str, flags: &str| format!("{name} is named twice ({flags})");
    for (arguments, told) in [
        (&["-i", "in.txt", "-o", "jsonl=in.txt"][..], twice("in.txt", "-i, -o jsonl")),
        (&["-i", "in.txt", "--resume", "in.txt"], twice("in.txt", "-i, --resume")),
        (&["--exclude-file", "in.txt", "--record", "in.txt"], twice("in.txt", "--exclude-file, --record")),
        (&["-o", "jsonl=test.probes"], twice("test.probes", "--db, -o jsonl")),
        (&["--rules", "in.txt", "-o", "xml=in.txt"], twice("in.txt", "--rules, -o xml")),
        (&["-o", "jsonl=old", "-o", "csv=old"], twice("old", "-o jsonl, -o csv")),
        (&["-o", "html=old", "--record", "old"], twice("old", "-o html, --record")),
        (&["--save-responses", "old", "--record", "old"], twice("old", "--save-responses, --record")),
        (&["--resume", "old", "-o", "jsonl=old"], twice("old", "-o jsonl, --resume")),
        (&["--resume", "old", "--record", "old"], twice("old", "--record, --resume")),
        (&["-o", "text=old", "-o", "text=old", "--dry-run"], twice("old", "-o text, -o text")),
        // Files that are not there yet.
        (&["-o", "jsonl=new", "-o", "csv=new"], twice("new", "-o jsonl, -o csv")),
        (&["--resume", "new", "--record", "new"], twice("new", "--record, --resume")),
        (&["-o", "jsonl=new", "--record", "folder/../new"], "new (-o jsonl) and folder/../new (--record)".to_owned()),
        (&["-o", "xml=./new", "--save-responses", "new"], "./new (-o xml) and new (--save-responses)".to_owned()),
    ] {
        let (code, out, err) = scan(&place, arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(&told) && err.contains("give each a file of its own"), "{arguments:?}: {err}");
        assert_eq!(place.read("in.txt"), "127.0.0.1:1\n", "{arguments:?}");
        assert_eq!(place.read("old"), "what was found yesterday\n", "{arguments:?}");
        assert_eq!(place.read("test.probes"), RULES, "{arguments:?}");
        assert!(!place.path("new").exists(), "{arguments:?}");
    }
    // What is only read may be read twice.
    let (code, _, err) = scan(&place, &["-i", "in.txt", "-i", "in.txt", "-o", "jsonl=new"]);
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = scan(&place, &["-o", "jsonl=no/folder", "-o", "csv=no/folder"]);
    assert!(code == 1 && err.contains("no/folder"), "{err}");
}

#[cfg(unix)]
#[test]
fn links_are_the_file_that_they_lead_to() {
    use std::os::unix::fs::symlink;

    let place = Place::hurried(RULES);
    place.write("old", "what was found yesterday\n");
    fs::hard_link(place.path("old"), place.path("hard")).expect("it can be linked");
    fs::create_dir(place.path("folder")).expect("the folder can be made");
    for (link, to) in
        [("soft", "old"), ("nowhere", "new"), ("folder/far", "../nowhere"), ("here", "folder"), ("round", "round")]
    {
        symlink(to, place.path(link)).expect("it can be linked");
    }
    for (first, second) in
        [("old", "hard"), ("old", "soft"), ("new", "nowhere"), ("nowhere", "folder/far"), ("folder/x", "here/x")]
    {
        let (code, _, err) = scan(&place, &["-o", &format!("jsonl={first}"), "--record", second]);
        let told = format!("{first} (-o jsonl) and {second} (--record) are the same file");
        assert!(code == 2 && err.contains(&told), "{first} {second}: {err}");
        assert_eq!(place.read("old"), "what was found yesterday\n");
        assert!(!place.path("new").exists());
    }
    let (code, _, err) = scan(&place, &["-o", "jsonl=round", "--record", "folder/round"]);
    assert!(code == 1 && err.contains("round: "), "{err}");
}

#[cfg(target_os = "linux")]
#[test]
fn devices_and_pipes_may_be_named_often() {
    let place = Place::hurried(RULES);
    let null = ["-o", "jsonl=/dev/null", "-o", "xml=/dev/null", "--record", "/dev/null"];
    let (code, _, err) = scan(&place, &[&null[..], &["--save-responses", "/dev/null", "-o", "text"]].concat());
    assert_eq!(code, 0, "{err}");
    let (code, out, err) = scan(&place, &["-o", "jsonl=/dev/stdout", "--record", "/dev/stdout"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("\"host\"") && out.contains("\"do\":\"connect\""), "{out}");
    assert!(Command::new("mkfifo").arg(place.path("pipe")).status().expect("there is mkfifo").success());
    let pipe = place.path("pipe");
    let reader = std::thread::spawn(move || fs::read_to_string(pipe).expect("it is text"));
    let (code, _, err) = scan(&place, &["-o", "jsonl=pipe", "--record", "pipe"]);
    assert_eq!(code, 0, "{err}");
    assert!(reader.join().expect("it reads").contains("\"host\""));
}

#[cfg(unix)]
#[test]
fn standard_streams_that_are_files_count() {
    let place = Place::hurried(RULES);
    place.write("in.txt", "127.0.0.1:1\n");
    let open = || File::options().read(true).append(true).open(place.path("in.txt")).expect("it is there");
    let run = |command: &mut Command| ended(command.output().expect("the program can be started"));
    let (code, _, err) = run(place.scan(&["-i", "-", "-o", "jsonl=in.txt"]).stdin(open()));
    assert!(code == 2 && err.contains("standard input (-i) and in.txt (-o jsonl) are the same file"), "{err}");
    let (code, _, err) = run(place.scan(&["-o", "jsonl", "--record", "in.txt", "127.0.0.1:1"]).stdout(open()));
    assert!(code == 2 && err.contains("standard output (-o jsonl) and in.txt (--record) are the same file"), "{err}");
    let (code, _, err) = run(place.scan(&["-o", "jsonl", "-i", "in.txt"]).stdout(open()));
    assert!(code == 2 && err.contains("in.txt (-i) and standard output (-o jsonl) are the same file"), "{err}");
    assert_eq!(place.read("in.txt"), "127.0.0.1:1\n");
    let (code, _, err) = run(place.scan(&["-o", "jsonl=found", "-i", "in.txt"]).stdout(open()));
    assert_eq!(code, 0, "nothing goes there: {err}");
}

#[test]
fn recordings_and_responses_may_go_to_standard_output() {
    let place = Place::hurried(RULES);
    for (flag, part) in [("--record", "\"do\":\"connect\""), ("--save-responses", "\"response\":\"U1NI")] {
        let (code, out, err) = scan(&place, &[flag, "-", "-o", "jsonl=found"]);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains(part), "{flag}: {out}");
        assert!(out.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{flag}: {out}");
        let (code, out, err) = scan(&place, &[flag, "-"]);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(&format!("only one of -o text and {flag} - can go to standard output")), "{err}");
    }
    let (code, _, err) = scan(&place, &["--record", "-", "--save-responses", "-", "-o", "jsonl=found"]);
    assert!(code == 2 && err.contains("only one of --save-responses - and --record - can go"), "{err}");
    let (code, _, err) = scan(&place, &["--resume", "-"]);
    assert!(code == 2 && err.contains("--resume -: a journal must be a regular file"), "{err}");
    assert!(!place.path("-").exists());
}

#[cfg(unix)]
#[test]
fn a_recording_whose_reader_goes_ends_quietly() {
    let place = Place::hurried(RULES);
    let target = format!("127.0.0.1:{}", says(BANNER));
    let mut scan = place.scan(&["--record", "-", "-o", "jsonl=found", &target]);
    let (code, _, err) = ended(scan.stdout(nobody_listens()).output().expect("it can be started"));
    assert_eq!((code, err.as_str()), (0, ""));
}
