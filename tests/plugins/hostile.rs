//! Plugins that break rules: each ends with a message that names the plugin and the rule, and everything else is found.

use serde_json::Value;

use super::{answers, build, records};
use crate::databases::root;
use crate::place::Place;

const RULES: &str = r"Probe TCP NULL q||
totalwaitms 400
match ssh m|^SSH-([\d.]+)-|
softmatch greets m|^HOSTILE|
";

/// What is told of each case, here and in a process of its own.
enum Told {
    /// When it is loaded; then it is not used.
    Loading(&'static str),
    /// When it is used, wherever it runs.
    Using(&'static str),
    /// In this process it would end everything, or goes unseen.
    Isolated(&'static str),
    Nothing,
}

const CASES: [(&str, Told); 16] = [
    ("WRONG_MAGIC", Told::Loading("magic")),
    ("WRONG_MAJOR", Told::Loading("abi_major")),
    ("SHORT_STRUCT", Told::Loading("struct_size")),
    ("NULL_FUNCTION", Told::Loading("step")),
    ("NULL_POINTER", Told::Using("version")),
    ("UNKNOWN_ACTION", Told::Using("77")),
    ("ENDLESS_LOOP", Told::Using("did not come back")),
    ("PANIC", Told::Using("panicked")),
    ("SEGFAULT", Told::Isolated("SIGSEGV")),
    ("HUGE_RESULT", Told::Using("1073741824 bytes")),
    ("LEAK", Told::Nothing),
    ("WRITES_AFTER_CLOSE", Told::Isolated("")),
    ("ENDLESS_STEPS", Told::Using("steps")),
    ("SENDS_TOO_MUCH", Told::Using("bytes")),
    ("OTHER_SERVICE", Told::Using("http")),
    ("ABORT", Told::Isolated("SIGABRT")),
];

fn scan(place: &Place, ports: &[u16], more: &[&str]) -> (i32, Vec<Value>, String) {
    let list = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    let (code, out, err) =
        place.run(&[&["-o", "jsonl", "--plugin-dir", "plugins", "-p", &list, "127.0.0.1"], more].concat());
    (code, records(&out), err)
}

#[test]
fn whatever_a_plugin_does_the_rest_is_found() {
    let ssh = answers(|_| None, b"SSH-2.0-x\r\n");
    let greets: Vec<u16> = (0..5).map(|_| answers(|_| None, b"HOSTILE greeting\r\n")).collect();
    let ports = [&[ssh], &greets[..]].concat();
    let source = root().join("tests/fixtures/plugins/hostile.c");
    for (case, told) in CASES {
        let place = Place::new(RULES);
        let folder = place.path("plugins");
        std::fs::create_dir(&folder).expect("the folder can be made");
        build(&folder, "hostile", &source, &[&format!("-DCASE={case}")]);
        for isolated in [false, true] {
            let more: &[&str] = if isolated { &["--isolate-plugins"] } else { &[] };
            let words = match told {
                Told::Isolated(_) if !isolated => continue,
                Told::Loading(words) | Told::Using(words) | Told::Isolated(words) => words,
                Told::Nothing => "",
            };
            let (code, records, err) = scan(&place, &ports, more);
            assert_eq!(code, 0, "{case}: {err}");
            assert!(err.contains(words), "{case}, isolated {isolated}: {err}");
            assert!(words.is_empty() || err.contains("hostile"), "{case} is named: {err}");
            assert_eq!(records.len(), ports.len(), "{case}: {err}");
            for record in &records {
                let service = if record["port"] == ssh { "ssh" } else { "greets" };
                let is_found = record["service"] == service
                    || (record["service"] == "hostile" && matches!(told, Told::Nothing | Told::Isolated("")));
                assert!(is_found, "{case}, isolated {isolated}: {record}");
            }
        }
    }
}
