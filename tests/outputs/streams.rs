//! Outputs that cannot be written, and scans that are broken off.

use std::process::Stdio;

use super::RULES;
use super::peers::says;
use crate::place::{Place, ended, interrupted};

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
fn a_closed_pipe_ends_quietly_in_every_format() {
    let target = format!("127.0.0.1:{}", says(b"220 hello\r\n"));
    for format in FORMATS {
        let place = Place::hurried(RULES);
        let mut command = place.scan(&["-o", format, &target]);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started");
        drop(child.stdout.take());
        let (code, _, err) = ended(child.wait_with_output().expect("it ends"));
        assert_eq!((code, err.as_str()), (0, ""), "{format}");
    }
}

#[cfg(unix)]
#[test]
fn documents_of_a_scan_that_was_broken_off_are_whole() {
    let target = format!("127.0.0.1:{}", says(b""));
    let place = Place::hurried(RULES);
    let outputs = ["-o", "xml=r.xml", "-o", "html=r.html"];
    let scan = place.scan(&[&["--patient", "--probe-timeout", "60s", "--trace", &target], &outputs[..]].concat());
    let (code, _, told) = interrupted(scan, "Get: begins");
    assert_eq!(code, 130, "{told}");
    let xml = place.read("r.xml");
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    roxmltree::Document::parse_with_options(&xml, options).expect("it is well-formed");
    assert!(xml.contains("exit=\"error\"") && xml.contains("<port "), "{xml}");
    let html = place.read("r.html");
    assert!(html.contains("was broken off") && html.ends_with("</html>\n"), "{html}");
}
