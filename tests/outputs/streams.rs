//! Outputs that cannot be written, and scans that are broken off.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use super::RULES;
use super::peers::says;
#[cfg(target_os = "linux")]
use crate::place::ignores_hang_up;
use crate::place::{Place, ended};
#[cfg(unix)]
use crate::place::{nobody_listens, signalled, started};

const FORMATS: [&str; 5] = ["text", "jsonl", "xml", "csv", "html"];

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_scan_with_a_message() {
    let target = format!("127.0.0.1:{}", says(b"220 hello\r\n"));
    for format in FORMATS {
        let place = Place::hurried(RULES);
        let (code, _, err) = place.run(&["-o", &format!("{format}=/dev/full"), "-o", "jsonl=other.jsonl", &target]);
        assert_eq!(code, 1, "{format}: {err}");
        assert!(err.contains("error: /dev/full: No space left on device"), "{format}: {err}");
        assert_eq!(err.lines().count(), 1, "{format}: {err}");
        let full = std::fs::File::options().write(true).open("/dev/full").expect("there is such a file");
        let (code, _, err) =
            ended(place.scan(&["-o", format, &target]).stdout(full).output().expect("the program can be started"));
        assert!(code == 1 && err.contains("standard output: No space left on device"), "{format}: {code} {err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn other_outputs_are_finished_when_one_fails() {
    let target = format!("127.0.0.1:{}", says(b"220 hello\r\n"));
    let place = Place::hurried(RULES);
    let (code, _, _) = place.run(&["-o", "jsonl=/dev/full", "-o", "xml=r.xml", "-o", "html=r.html", &target]);
    assert_eq!(code, 1);
    assert!(place.read("r.xml").contains("name=\"ftp\"") && place.read("r.xml").ends_with("</nmaprun>\n"));
    assert!(place.read("r.html").ends_with("</html>\n"));
}

#[cfg(unix)]
#[test]
fn a_closed_output_ends_quietly_in_every_format() {
    let target = format!("127.0.0.1:{}", says(b"220 hello\r\n"));
    for format in FORMATS {
        let place = Place::hurried(RULES);
        let mut scan = place.scan(&["-o", format, &target]);
        let (code, _, err) = ended(scan.stdout(nobody_listens()).output().expect("it can be started"));
        assert_eq!((code, err.as_str()), (0, ""), "{format}");
    }
}

#[cfg(unix)]
#[test]
fn documents_of_a_scan_that_was_broken_off_are_whole() {
    let target = format!("127.0.0.1:{}", says(b""));
    // Of the terminal, of service managers and `timeout`, and when the terminal is closed.
    let mut signals = vec!["INT", "TERM"];
    #[cfg(target_os = "linux")]
    if ignores_hang_up() {
        eprintln!("SKIPPED: SIGHUP is ignored here");
    } else {
        signals.push("HUP");
    }
    for signal in signals {
        let place = Place::hurried(RULES);
        let outputs = ["-o", "xml=r.xml", "-o", "html=r.html", "-o", "text=r.txt"];
        let mut scan =
            place.scan(&[&["--patient", "--probe-timeout", "60s", "--trace", &target], &outputs[..]].concat());
        let (code, _, told) = signalled(started(&mut scan), &[(signal, "Get: begins")]);
        assert_eq!(code, 130, "{signal}: {told}");
        assert_eq!(told.matches("interrupted; writing what is known").count(), 1, "{signal}: {told}");
        let xml = place.read("r.xml");
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        roxmltree::Document::parse_with_options(&xml, options).expect("it is well-formed");
        assert!(xml.contains("exit=\"error\"") && xml.contains("<port "), "{signal}: {xml}");
        let html = place.read("r.html");
        assert!(html.contains("was broken off") && html.ends_with("</html>\n"), "{signal}: {html}");
        assert!(place.read("r.txt").contains("open"), "{signal}");
    }
}

/// A scan that nohup has started outlives its terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_is_ignored_stays_so() {
    let target = format!("127.0.0.1:{}", says(b""));
    let place = Place::new(RULES);
    let scan = format!(
        "trap '' HUP; exec {} --db test.probes scan --patient --probe-timeout 1s --trace -o jsonl {target}",
        env!("CARGO_BIN_EXE_portprint")
    );
    let mut command = Command::new("sh");
    let child = started(command.current_dir(place.folder()).args(["-c", &scan]));
    // The second probe does not begin in a scan that was interrupted in the first one.
    let (code, out, told) = signalled(child, &[("HUP", "NULL: begins"), ("TERM", "Get: begins")]);
    assert_eq!((code, out.lines().count()), (130, 1), "{told}");
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_the_program_at_once() {
    let place = Place::hurried(RULES);
    // A proxy that does not answer is waited for.
    let proxy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let address = proxy.local_addr().expect("a bound socket has an address");
    let mut scan = place.scan(&["--proxy", &format!("socks5://{address}"), "127.0.0.1:1", "-o", "xml=r.xml"]);
    let child = started(&mut scan);
    let (_peer, _) = proxy.accept().expect("the program connects");
    let begun = Instant::now();
    let (code, _, told) = signalled(child, &[("TERM", ""), ("INT", "interrupted; writing what is known")]);
    assert_eq!(code, 130, "{told}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
