//! `portprint plugin …` from outside: what is refused, with which exit code, and what is left behind.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use super::{answers, portprint, shout, toy};
use crate::place::Place;

/// A folder with the example in C as `shout.so`, its first half as `half.so`, and a fixture.
fn place() -> Place {
    let place = Place::new("");
    let (library, _) = shout(place.folder());
    fs::rename(library, place.path("shout.so")).expect("it was built");
    let bytes = fs::read(place.path("shout.so")).expect("it was built");
    fs::write(place.path("half.so"), &bytes[..bytes.len() / 2]).expect("the folder can be written");
    place.write("there.txt", "a fixture that nobody can record again");
    for folder in ["pipes", "broken"] {
        fs::create_dir(place.path(folder)).expect("the folder can be written");
    }
    place.write("broken/x.txt", "target");
    for name in ["pipe.so", "pipes/x.txt"] {
        assert!(Command::new("mkfifo").arg(place.path(name)).status().expect("there is mkfifo").success());
    }
    place
}

/// Longer than the name of a file can be.
static LONG: LazyLock<String> = LazyLock::new(|| "n".repeat(300));

#[test]
fn what_makes_no_sense_is_refused() {
    let place = place();
    let run = |target: &'static str| vec!["plugin", "run", "shout.so", target];
    let record = |file: &'static str| vec!["plugin", "run", "shout.so", "127.0.0.1:1", "--record", file];
    let check = |more: &[&'static str]| [&["plugin", "check", "shout.so"], more].concat();
    let new = |more: &[&'static str]| [&["plugin", "new"], more].concat();
    let cases = [
        (run("127.0.0.1:1,2"), 2, "the target is several ports; expected one host and one port"),
        (run("127.0.0.1:1-9"), 2, "the target is several ports"),
        (run("127.0.0.1-2:1"), 2, "the target is several hosts"),
        (run("127.0.0.0/30:1"), 2, "the target is several hosts"),
        (run("127.0.0.1"), 2, "the target has no port"),
        (run("127.0.0.1:0"), 2, "no port has the number 0"),
        (run("tcp://127.0.0.1:U:1"), 2, "the target names two transports"),
        ([run("udp://127.0.0.1:1"), vec!["--tls"]].concat(), 2, "--tls is for TCP"),
        (record("there.txt"), 2, "--record there.txt: it is there already, and is not replaced"),
        (record("shout.so"), 2, "--record shout.so: it is there already"),
        (record("pipes"), 2, "--record pipes: it is there already"),
        (record("-"), 2, "--record -: what is found goes to standard output"),
        (record("no/such/folder.txt"), 1, "--record no/such/folder.txt: No such file or directory (os error 2)\n"),
        (record("new/"), 1, "--record new/: "),
        (record(&LONG), 1, "File name too long"),
        (vec!["plugin", "run", "missing.so", "127.0.0.1:1"], 2, "missing.so: No such file"),
        (vec!["plugin", "run", "pipe.so", "127.0.0.1:1"], 2, "pipe.so: it is not a regular file but a pipe"),
        (
            vec!["plugin", "run", "half.so", "127.0.0.1:1"],
            1,
            "half.so: it cannot be opened as a library: it is cut short",
        ),
        (vec!["plugin", "check", "missing.so"], 2, "missing.so: No such file"),
        (vec!["plugin", "check", "pipe.so"], 2, "pipe.so: it is not a regular file but a pipe"),
        (vec!["plugin", "check", "half.so"], 1, "half.so: it cannot be opened as a library: it is cut short"),
        (check(&["--fixtures", "missing"]), 2, "--fixtures missing: No such file"),
        (check(&["--fixtures", "shout.so"]), 2, "--fixtures shout.so: Not a directory"),
        (check(&["--fixtures", "pipes"]), 1, "pipes/x.txt: it is not a regular file but a pipe"),
        (check(&["--fixtures", "broken"]), 1, "broken/x.txt:1:7: expected"),
        (check(&["--executions", "-1"]), 2, "-1 is not in 0"),
        (check(&["--sessions", "-1"]), 2, "-1 is not in 0"),
        (new(&["sdk"]), 2, "abi, host and sdk are what a plugin is built with"),
        (new(&["abi"]), 2, "abi, host and sdk"),
        (new(&["host"]), 2, "abi, host and sdk"),
        (new(&["fresh", "--sdk", "missing"]), 2, "--sdk missing: No such file"),
        (new(&["fresh", "--sdk", "there.txt"]), 2, "--sdk there.txt: it is not the folder of the SDK"),
        (new(&["fresh", "--sdk", "broken"]), 2, "--sdk broken: it is not the folder of the SDK"),
        (new(&["fresh", "--lang", "c", "--sdk", "broken"]), 2, "--sdk is for Rust"),
    ];
    let files = listed(&place);
    for (arguments, expected, said) in cases {
        let (code, out, err) = portprint(&place, &arguments);
        assert_eq!((code, out.as_str()), (expected, ""), "{arguments:?}: {err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
        assert_eq!(listed(&place), files, "{arguments:?} leaves nothing behind");
    }
    assert_eq!(place.read("there.txt"), "a fixture that nobody can record again");
}

fn listed(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.folder()).expect("it is there");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A disk that is full is played by a limit of the shell's.
#[test]
fn half_a_new_plugin_is_taken_back() {
    let place = Place::new("");
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" plugin new fresh 2>/dev/null";
    let mut command = Command::new("sh");
    command.current_dir(place.folder()).args(["-c", script, env!("CARGO_BIN_EXE_portprint")]);
    assert_eq!(command.status().expect("there is a shell").code(), Some(1));
    assert!(!place.path("fresh").exists());
    let (code, _, err) = portprint(&place, &["plugin", "new", "fresh"]);
    assert_eq!(code, 0, "{err}");
}

#[test]
fn a_recording_is_there_when_it_is_whole() {
    let place = place();
    let files = listed(&place);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let closed = listener.local_addr().expect("a bound socket has an address");
    drop(listener);
    let record = |target: &str| portprint(&place, &["plugin", "run", "shout.so", target, "--record", "mine.txt"]);
    let (code, out, err) = record(&closed.to_string());
    assert_eq!((code, out.as_str()), (1, "nothing found; the port is closed\n"), "{err}");
    assert!(err.contains("there was no conversation, because the port is closed; nothing is recorded"), "{err}");
    assert_eq!(listed(&place), files);
    let port = answers(toy, b"");
    let (code, _, err) = record(&format!("127.0.0.1:{port}"));
    assert_eq!(code, 0, "{err}");
    let recorded = place.read("mine.txt");
    assert!(recorded.starts_with("target tcp "), "{recorded}");
    let (code, _, err) = record(&format!("127.0.0.1:{port}"));
    assert!(code == 2 && err.contains("mine.txt: it is there already"), "{err}");
    // What is no file takes it as it comes.
    let (code, out, err) =
        portprint(&place, &["plugin", "run", "shout.so", &format!("127.0.0.1:{port}"), "--record", "/dev/stdout"]);
    assert!(code == 0 && out.starts_with(&recorded), "{out}{err}");
    // It does not matter whether somebody reads what was found.
    fs::remove_file(place.path("mine.txt")).expect("it can be removed");
    let (reader, writer) = std::io::pipe().expect("there are pipes");
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_portprint"));
    command.args(["plugin", "run", "shout.so", &format!("127.0.0.1:{port}"), "--record", "mine.txt"]);
    let status = command.current_dir(place.folder()).stdout(writer).status().expect("the program can be started");
    assert_eq!((status.code(), place.read("mine.txt")), (Some(0), recorded));
}

#[test]
fn a_recording_that_is_killed_leaves_nothing() {
    let place = place();
    let files = listed(&place);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let target = listener.local_addr().expect("a bound socket has an address").to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portprint"));
    command.args(["plugin", "run", "shout.so", &target, "--record", "mine.txt"]).current_dir(place.folder());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program can be started");
    let silent = listener.accept();
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(silent.is_ok());
    assert_eq!(listed(&place), files);
}

#[test]
fn the_checking_process_is_told_everything() {
    let place = place();
    let (_, fixtures) = shout(place.folder());
    fs::copy(place.path("shout.so"), place.path("-dash.so")).expect("the folder can be written");
    let few = ["--executions", "5", "--sessions", "1", "--fixtures", &fixtures];
    let (code, out, err) = portprint(&place, &[&["plugin", "check"], &few[..], &["--", "-dash.so"]].concat());
    assert!(code == 0 && out.contains("changed fixtures: 5 executions"), "{out}{err}");
    for quiet in [&["--log-level", "off"][..], &["--color=always", "--log-level=off"], &["-v", "--log-level", "off"]] {
        let (code, out, err) = portprint(&place, &[quiet, &["plugin", "check", "half.so"]].concat());
        assert_eq!((code, out.as_str(), err.as_str()), (1, "", ""), "{quiet:?}");
    }
    let (code, _, err) = portprint(&place, &["-q", "plugin", "check", "half.so"]);
    assert!(code == 1 && err.contains("error"), "{err}");
}

#[test]
fn names_of_fixtures_are_shown_on_one_line() {
    let place = place();
    fs::create_dir(place.path("odd")).expect("the folder can be made");
    place.write("odd/a\n\u{1b}[31m\u{202e}.txt", "target tcp 7\n> connect\n< connected\n= give-up\n");
    let few = ["--executions", "5", "--sessions", "1", "--fixtures", "odd"];
    let (code, out, err) = portprint(&place, &[&["plugin", "check", "shout.so"], &few[..]].concat());
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("FAIL a\\n\\u{1b}[31m\\u{202e}.txt, "), "{out}");
    assert!(!(out + &err).contains(['\u{1b}', '\u{202e}']));
}

/// However the command ends, the process that it has started ends with it, and lets go of what it holds.
#[test]
fn the_checking_process_ends_with_its_parent() {
    let place = place();
    let (_, fixtures) = shout(place.folder());
    // Others may be ignored by whoever runs the tests, and are then by all that they start.
    for signal in ["-TERM", "-KILL"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portprint"));
        command.current_dir(place.folder()).args(["plugin", "check", "shout.so", "--fixtures", &fixtures]);
        command.args(["--executions", "1000000000000"]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let mut output = child.stdout.take().expect("it is piped");
        let (said, hears) = mpsc::channel();
        let reader = thread::spawn(move || {
            let mut piece = [0; 4096];
            while matches!(output.read(&mut piece), Ok(1..)) {
                said.send(true).ok();
            }
            said.send(false).ok();
        });
        // The last check goes on for ever, after those before it were told.
        assert_eq!(hears.recv_timeout(Duration::from_secs(60)), Ok(true));
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("there is kill").success());
        child.wait().expect("it ends");
        let is_closed = |it: Result<bool, _>| it.map(|is_more| !is_more);
        let closed = loop {
            match is_closed(hears.recv_timeout(Duration::from_secs(20))) {
                Ok(false) => {}
                end => break end,
            }
        };
        assert_eq!(closed, Ok(true), "{signal}: somebody still holds standard output");
        reader.join().expect("it ends");
    }
}
