//! The program run to its end, with its memory and the moment of every record.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::place::Place;

/// When a scan counts as hanging.
const HANGS: Duration = Duration::from_secs(50);

pub(super) const RULES: &str = r"Probe TCP NULL q||
totalwaitms 2000
tcpwrappedms 1500
match ssh m|^SSH-([\d.]+)-Opend_([\w.]+)\r?\n| p/Opend/ v/$2/ i/protocol $1/
softmatch ftp m|^220 |
Probe TCP Get q|GET / HTTP/1.0\r\n\r\n|
rarity 1
totalwaitms 2000
match http m|^HTTP/1\.[01] \d\d\d .*\r\nServer: (.*)\r\n|s p/$1/
match ssl m|^\x15\x03[\0-\x04]\0\x02|
match ssl m|^\x16\x03[\0-\x04]|
Probe TCP Help q|HELP\r\n|
rarity 3
totalwaitms 2000
match ftp m|^220 .*\r\n214 help|s p/Helpd/
";

/// A scan that has ended.
pub(super) struct Ran {
    pub(super) place: Place,
    pub(super) code: i32,
    /// With the time from the start to their arrival.
    pub(super) records: Vec<(Duration, Value)>,
    pub(super) took: Duration,
    /// The most memory that was resident, in KiB.
    pub(super) peak: u64,
    pub(super) stderr: String,
}

/// Scans what the lines of a file say.
pub(super) fn scan(targets: &str, rules: &str, arguments: &[&str]) -> Ran {
    let place = Place::new(rules);
    place.write("targets.txt", targets);
    let mut command = place.scan(&["-i", "targets.txt", "-o", "jsonl"]);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().expect("the program can be started");
    let (stdout, mut stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let records = thread::spawn(move || {
        let lines = BufReader::new(stdout).lines().map(|line| line.expect("the program writes UTF-8"));
        lines.map(|line| (start.elapsed(), line)).collect::<Vec<_>>()
    });
    let told = thread::spawn(move || {
        let mut told = String::new();
        stderr.read_to_string(&mut told).expect("the program writes UTF-8");
        told
    });
    let mut peak = 0;
    let status = loop {
        peak = resident(child.id()).unwrap_or_default().max(peak);
        if let Some(status) = child.try_wait().expect("it is a child") {
            break status;
        }
        if start.elapsed() > HANGS {
            child.kill().expect("it is a child");
            panic!("{arguments:?} hangs: {:?}", told.join());
        }
        thread::sleep(Duration::from_millis(4));
    };
    let took = start.elapsed();
    let lines = records.join().expect("standard output was read");
    let stderr = told.join().expect("standard error was read");
    for text in lines.iter().map(|(_, line)| line).chain([&stderr]) {
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    }
    let records = lines.iter().map(|(at, line)| (*at, serde_json::from_str(line).expect("a record"))).collect();
    Ran { place, code: status.code().expect("it was not killed"), records, took, peak, stderr }
}

/// The most that was resident of a process so far, in KiB. Nothing once it has ended.
fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    // For a moment after it was made a process is still this one, with all that is resident of it.
    if !status.starts_with("Name:\tportprint\n") {
        return None;
    }
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()
}
