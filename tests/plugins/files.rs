//! Folders of plugins with files that cannot be used: each is told by its name, and the scan goes on.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{answers, portprint, records, shout, toy};
use crate::place::Place;

const RULES: &str = "Probe TCP NULL q||\ntotalwaitms 300\nmatch ssh m|^SSH-|\n";

#[test]
fn what_cannot_be_loaded_is_told_and_the_scan_goes_on() {
    let place = Place::new(RULES);
    let (library, _) = shout(place.folder());
    let bytes = fs::read(&library).expect("it was built");
    let folder = place.path("plugins");
    let make = |name: &str, make: &dyn Fn(&Path)| make(&folder.join(format!("libportprint_plugin_{name}.so")));
    fs::create_dir(&folder).expect("the folder can be made");
    let write = |path: &Path, bytes: &[u8]| fs::write(path, bytes).expect("the folder can be written");
    make("good", &|path| write(path, &bytes));
    make("half", &|path| write(path, &bytes[..bytes.len() / 2]));
    make("thousand", &|path| write(path, &bytes[..1000]));
    make("pipe", &|path| {
        assert!(Command::new("mkfifo").arg(path).status().expect("there is mkfifo").success());
    });
    make("two\nlines\u{202e}", &|path| write(path, b"no library"));
    let expected = [
        "plugins/libportprint_plugin_half.so: it cannot be opened as a library: it is cut short: its headers need ",
        "plugins/libportprint_plugin_pipe.so: it is not a regular file but a pipe; not used",
        "plugins/libportprint_plugin_thousand.so: it cannot be opened as a library: it is cut short: its headers need ",
        "plugins/libportprint_plugin_two\\nlines\\u{202e}.so: ",
    ];
    let (ssh, shout) = (answers(|_| None, b"SSH-2.0-x\r\n"), answers(toy, b""));
    let ports = format!("{ssh},{shout}");
    let scan = ["scan", "--db", "test.probes", "-o", "jsonl", "--plugin-dir", "plugins", "-p", &ports, "127.0.0.1"];
    let list = ["plugin", "list", "--plugin-dir", "plugins"];
    for arguments in [&scan[..], &[&scan[..], &["--isolate-plugins"]].concat(), &list] {
        let (code, out, err) = portprint(&place, arguments);
        assert_eq!(code, 0, "{err}");
        let told: Vec<_> = err.lines().filter(|line| line.contains("portprint: warning: plugins/")).collect();
        assert_eq!(told.len(), expected.len(), "{err}");
        for (line, expected) in told.iter().zip(expected) {
            assert!(line.contains(expected) && line.ends_with("; not used"), "{line}");
        }
        if arguments[0] == "scan" {
            let mut services: Vec<_> = records(&out).iter().map(|record| record["service"].clone()).collect();
            services.sort_by_key(ToString::to_string);
            assert_eq!(services, ["shout", "ssh"], "{err}");
        }
    }
}

#[test]
fn a_folder_without_plugins_is_told_and_the_same_one_twice_is_one() {
    let place = Place::new(RULES);
    fs::create_dir(place.path("empty")).expect("the folder can be made");
    let said = "--plugin-dir empty: no plugins are in it; they are files named libportprint_plugin_NAME.so";
    for arguments in [
        &["plugin", "list", "--plugin-dir", "empty"][..],
        &["--db", "test.probes", "scan", "--plugin-dir", "empty", "127.0.0.1:1"],
    ] {
        let (code, _, err) = portprint(&place, arguments);
        assert!(code == 0 && err.contains(said), "{arguments:?}: {err}");
    }
    shout(place.folder());
    let (code, out, err) = portprint(&place, &["plugin", "list", "--plugin-dir", ".", "--plugin-dir", "empty/.."]);
    assert_eq!((code, err.as_str(), out.lines().count()), (0, "", 2), "a heading and one plugin: {out}");
}
