//! Scans that die and go on: nothing that was found is lost, and little comes twice.
//!
//! `PORTPRINT_KILLS` sets how often the program is killed.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::place::Place;

const RULES: &str = r"Probe TCP NULL q||
match ssh m|^SSH-([\d.]+)-Peer_([\w.]+)\r?\n| p/Peer/ v/$2/
";

/// How many peers a scan visits.
const PEERS: usize = 300;

/// Starts a scan that will not be waited for; what it tells is added to the file `stderr`.
fn start(place: &Place, arguments: &[&str]) -> Child {
    let errors = OpenOptions::new().append(true).create(true).open(place.path("stderr")).expect("it can be made");
    place.scan(arguments).stdout(Stdio::null()).stderr(errors).spawn().expect("the program can be started")
}

/// The records of a file by address and port: what was found, and how often. Every line is whole.
fn found(lines: &str) -> BTreeMap<(String, u64), (String, usize)> {
    assert!(lines.is_empty() || lines.ends_with('\n'), "half a line at the end");
    let mut found = BTreeMap::new();
    for line in lines.lines() {
        let record: Value = serde_json::from_str(line).expect("each line is a record");
        let key = (record["ip"].as_str().expect("a text").to_owned(), record["port"].as_u64().expect("a number"));
        let what = format!("{} {} {}", record["state"], record["service"], record["version"]);
        let entry = found.entry(key).or_insert((String::new(), 0));
        // What was interrupted comes again, and then whole.
        entry.0 = what;
        entry.1 += 1;
    }
    found
}

/// Peers on ports of their own, each of which greets after up to 50 ms. Ports with their versions.
fn peers() -> Vec<u16> {
    (0..PEERS)
        .map(|number| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
            let port = listener.local_addr().expect("a bound socket has an address").port();
            thread::spawn(move || {
                for (count, stream) in listener.incoming().enumerate() {
                    thread::sleep(Duration::from_millis((number * 31 + count * 17) as u64 % 51));
                    // Who was killed does not listen.
                    let _ = stream.and_then(|mut stream| write!(stream, "SSH-2.0-Peer_{number}\r\n"));
                }
            });
            port
        })
        .collect()
}

/// `80,443` of ports, and the same as targets, one a line.
fn written(ports: &[u16]) -> (String, String) {
    let numbers: Vec<_> = ports.iter().map(u16::to_string).collect();
    let lines: Vec<_> = numbers.iter().map(|port| format!("127.0.0.1:{port}\n")).collect();
    (numbers.join(","), lines.concat())
}

#[cfg(unix)]
#[test]
fn killed_at_any_moment_nothing_is_lost() {
    let kills: usize = std::env::var("PORTPRINT_KILLS").ok().map_or(10, |kills| kills.parse().expect("a number"));
    let ports = peers();
    let (list, lines) = written(&ports);
    let place = Place::new(RULES);
    place.write("targets", &lines);
    let what: [&[&str]; 2] = [&["-p", &list, "127.0.0.1"], &["-i", "targets"]];
    let pace = ["--concurrency", "8", "--all-states"];
    let (code, out, err) = place.run(&[what[0], &pace, &["-o", "jsonl"]].concat());
    assert_eq!(code, 0, "{err}");
    let whole = found(&out);
    assert_eq!(whole.len(), PEERS);

    let (mut random, mut killed, mut scans, mut twice, mut again) = (88_172_645_463_325_252_u64, 0, 0, 0, 0);
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    while killed < kills {
        let (journal, output) = (format!("{scans}.journal"), format!("{scans}.jsonl"));
        let files = ["--resume", &journal, "-o", &format!("jsonl={output}")].map(str::to_owned);
        let files: Vec<_> = files.iter().map(String::as_str).collect();
        let command = [what[scans % 2], &pace, &files].concat();
        let mut ended = false;
        while !ended && killed < kills {
            let mut child = start(&place, &command);
            thread::sleep(Duration::from_millis(next(900)));
            ended = child.try_wait().expect("it is our child").is_some();
            // On Unix this is SIGKILL.
            child.kill().expect("it is our child");
            let status = child.wait().expect("it is our child");
            assert!(!ended || status.success(), "{}", place.read("stderr"));
            killed += usize::from(!ended);
        }
        let (code, _, err) = place.run(&command);
        assert_eq!(code, 0, "{err}");
        let union = found(&place.read(&output));
        let lost: Vec<_> =
            whole.iter().filter(|(key, (what, _))| union.get(*key).is_none_or(|it| it.0 != *what)).collect();
        assert!(lost.is_empty() && union.len() == whole.len(), "lost: {lost:?}");
        again += union.values().filter(|(_, count)| *count > 1).count();
        twice += union.values().map(|(_, count)| count - 1).sum::<usize>();
        scans += 1;
        // There is nothing left.
        let (code, _, err) = place.run(&command);
        assert!(code == 0 && err.contains("300 ports"), "{err}");
        assert_eq!(
            found(&place.read(&output)).values().map(|(_, count)| count).sum::<usize>(),
            union.values().map(|it| it.1).sum::<usize>()
        );
    }
    let journal = std::fs::metadata(place.path("0.journal")).expect("it is there").len();
    eprintln!(
        "{kills} kills in {scans} scans of {PEERS} ports: 0 lost, {twice} records too many of {again} ports; a journal of {journal} bytes"
    );
    // Noted down are ports that ended 200 ms before; 8 are in flight.
    assert!(twice <= killed * 120, "{twice} records came twice");
}

#[cfg(unix)]
#[test]
fn an_interrupted_scan_goes_on() {
    let ports = peers();
    let (list, _) = written(&ports);
    let place = Place::new(RULES);
    let command = [
        "-p",
        &list,
        "127.0.0.1",
        "--concurrency",
        "4",
        "--resume",
        "j",
        "-o",
        "csv=a.csv",
        "-o",
        "xml=a.xml",
        "-o",
        "jsonl=a.jsonl",
    ];
    let child = start(&place, &command);
    while !place.path("a.jsonl").exists() || place.read("a.jsonl").lines().count() < 20 {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("there is kill").success());
    let output = child.wait_with_output().expect("it ends");
    let err = place.read("stderr");
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("the same command goes on from here"), "{err}");
    let before = found(&place.read("a.jsonl")).len();
    assert!(before < PEERS);
    // As a crash of the machine may leave it.
    for name in ["a.jsonl", "a.csv"] {
        let mut file = OpenOptions::new().append(true).open(place.path(name)).expect("it is there");
        file.write_all(b"{\"host\":\"half a").expect("it can be written");
    }
    let (code, _, err) = place.run(&command);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("a.xml: what the scan had found before is in a.xml.1 now"), "{err}");
    assert_eq!(found(&place.read("a.jsonl")).len(), PEERS);
    let csv = place.read("a.csv");
    let rows: Vec<_> = csv::Reader::from_reader(csv.as_bytes()).into_records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.iter().filter(|row| &row[0] == "host").count(), 0, "there is one header");
    let in_csv: std::collections::BTreeSet<_> = rows.iter().map(|row| row[2].to_owned()).collect();
    assert_eq!(in_csv.len(), PEERS);
}

#[test]
fn results_that_have_gone_are_told() {
    let place = Place::new(RULES);
    let port = peers()[7];
    let target = format!("127.0.0.1:{port}");
    let scan = || place.run(&["--resume", "j", "-o", "jsonl=a.jsonl", "--record", "t.jsonl", &target]);
    let (code, _, err) = scan();
    assert!(code == 0 && !err.contains("does not exist"), "{err}");
    let (code, _, err) = scan();
    assert!(code == 0 && !err.contains("does not exist"), "{err}");
    assert!(err.contains("j: the scan goes on after 1 port\n"), "{err}");
    std::fs::remove_file(place.path("a.jsonl")).expect("it was written");
    let (code, _, err) = scan();
    assert_eq!(code, 0, "{err}");
    let told = "a.jsonl does not exist, and what was found on the 1 port that j says is done will not be in it";
    assert!(err.contains(told) && !err.contains("t.jsonl"), "{err}");
    // A scan of which nothing is done has nothing to lose.
    let header = place.read("j").lines().next().expect("it has a header").to_owned() + "\n";
    place.write("j", &header);
    std::fs::remove_file(place.path("a.jsonl")).expect("it was written");
    let (code, _, err) = scan();
    assert!(code == 0 && !err.contains("does not exist"), "{err}");
    assert_eq!(found(&place.read("a.jsonl")).len(), 1);
}

#[test]
fn journals_that_cannot_be_gone_on_with_are_refused() {
    let place = Place::new(RULES);
    let scan = |more: &[&str]| place.run(&[&["--resume", "j", "-o", "jsonl=a.jsonl"], more].concat());
    place.write("targets", "127.0.0.1:1\n");
    let first = ["-p", "1", "127.0.0.1", "-i", "targets", "--seed", "5"];
    assert_eq!(scan(&first).0, 0);
    let journal = place.read("j");
    assert_eq!(scan(&["-p", "1", "127.0.0.1", "-i", "targets"]).0, 0, "the seed is known");
    for (other, told) in [
        (&["-p", "2", "127.0.0.1", "-i", "targets"][..], "the ports of targets without any differ"),
        (&["-p", "1", "127.0.0.2", "-i", "targets"], "the targets named on the command line differ"),
        (&["-p", "1", "127.0.0.1"], "the number of files of -i differs"),
        (&["-p", "1", "127.0.0.1", "-i", "targets", "--exclude", "10.0.0.1"], "what is excluded differs"),
        (&["-p", "1", "127.0.0.1", "-i", "targets", "--seed", "6"], "--seed differs"),
        (&["-p", "1", "127.0.0.1", "-i", "targets", "--intensity", "9"], "--intensity differs"),
        (&["-p", "1", "127.0.0.1", "--dry-run"], "cannot be used with"),
    ] {
        let (code, _, err) = scan(other);
        assert!(code == 2 && err.contains(told), "{err}");
    }
    assert_eq!(place.read("j"), journal);
    place.write("targets", "127.0.0.1:2\n");
    let (code, _, err) = scan(&first);
    assert!(code == 1 && err.contains("of window 1 are others now; give the same input again"), "{err}");

    place.write("j", &journal.replacen("intensity=7", "intensity=8", 1));
    let (code, _, err) = scan(&first);
    assert!(code == 2 && err.contains("j:1: the journal is damaged at byte 0"), "{err}");
    place.write("j", "my notes\n");
    let (code, _, err) = scan(&first);
    assert!(code == 2 && err.contains("j is no journal of a scan"), "{err}");
    assert_eq!(place.read("j"), "my notes\n");

    place.write("j", &journal);
    let held = File::open(place.path("j")).expect("it is there");
    held.lock().expect("it can be locked");
    let (code, _, err) = scan(&first);
    assert!(code == 2 && err.contains("another scan is writing this journal"), "{err}");
    drop(held);
    let (code, _, err) = place.run(&["--resume", "no/such/folder", "127.0.0.1:1"]);
    assert!(code == 1 && err.contains("the journal cannot be opened"), "{err}");
    let (code, _, err) = place.run(&["--resume", ".", "127.0.0.1:1"]);
    assert!(code != 0 && !err.is_empty(), "{err}");
}

/// A file of any size is more than the shell allows here: the disk is full, as far as the program can see.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_scan_with_what_is_known() {
    let ports = peers();
    let (list, _) = written(&ports);
    let place = Place::new(RULES);
    // The journal's header has about 200 bytes, so that a limit of one block of 512 bytes is met soon.
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec {} --db test.probes scan --concurrency 1 --resume j -o jsonl -p {list} 127.0.0.1",
        env!("CARGO_BIN_EXE_portprint")
    );
    let run = |script: &str| {
        let mut command = Command::new("sh");
        command.current_dir(place.folder()).env_remove("RUST_LOG").stdin(Stdio::null()).args(["-c", script]);
        command.output().expect("there is a shell")
    };
    let output = run(&script);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("j: the journal cannot be written") && err.contains("ends with what is known"), "{err}");
    let first = found(&String::from_utf8_lossy(&output.stdout));
    assert!((1..PEERS).contains(&first.len()), "{}", first.len());
    // There is room again.
    let output = run(&script.replace("ulimit -f 1; ", ""));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut both = found(&String::from_utf8_lossy(&output.stdout));
    assert!(both.len() < PEERS, "some were known to be done");
    both.extend(first);
    assert_eq!(both.len(), PEERS);
}
