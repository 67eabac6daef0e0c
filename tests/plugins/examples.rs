//! The example in C, and what `plugin new` makes.

use std::fs;
use std::path::Path;

use super::{answers, portprint, records, shout, toy};
use crate::databases::root;
use crate::place::Place;

const RULES: &str = r"Probe TCP NULL q||
totalwaitms 300
match ssh m|^SSH-([\d.]+)-|
";

#[test]
fn the_examples_are_what_plugin_new_makes() {
    let place = Place::new(RULES);
    let sdk = root().join("plugins/sdk");
    for (lang, example, unlike) in [("rust", "rust", "Cargo.toml"), ("c", "c", "portprint_plugin.h")] {
        let mut arguments = vec!["plugin", "new", "shout", "--lang", lang];
        if lang == "rust" {
            arguments.extend(["--sdk", sdk.to_str().expect("it is UTF-8")]);
        }
        let (code, _, err) = portprint(&place, &arguments);
        assert_eq!(code, 0, "{err}");
        let (code, _, err) = portprint(&place, &arguments);
        assert!(code == 1 && err.contains("shout: the folder cannot be made"), "{err}");
        compare(&place.path("shout"), &root().join("plugins/examples").join(example), unlike);
        fs::remove_dir_all(place.path("shout")).expect("it was made");
    }
}

fn compare(made: &Path, example: &Path, unlike: &str) {
    for entry in fs::read_dir(made).expect("it was made") {
        let entry = entry.expect("it can be read");
        let (path, other) = (entry.path(), example.join(entry.file_name()));
        if path.is_dir() {
            compare(&path, &other, unlike);
        } else if entry.file_name() != unlike {
            let text =
                |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(text(&path), text(&other), "{}", other.display());
        }
    }
}

#[test]
fn a_plugin_in_c_is_checked_run_and_used() {
    let place = Place::new(RULES);
    let (library, fixtures) = shout(place.folder());
    let (library, fixtures) = (library.as_str(), fixtures.as_str());
    let (code, out, err) = portprint(&place, &["plugin", "check", library, "--fixtures", fixtures]);
    assert_eq!(code, 0, "{out}{err}");

    let port = answers(toy, b"");
    let target = format!("127.0.0.1:{port}");
    let (code, out, err) = portprint(&place, &["plugin", "run", library, &target, "--record", "mine.txt"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("service              shout") && out.contains("farewell             see you"), "{out}");
    // What was recorded is a fixture of the same plugin.
    fs::create_dir(place.path("fixtures")).expect("the folder can be made");
    fs::rename(place.path("mine.txt"), place.path("fixtures/mine.txt")).expect("it was recorded");
    let (code, out, err) = portprint(&place, &["plugin", "check", library]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("mine"), "{out}");

    for more in [&[][..], &["--isolate-plugins"]] {
        let (code, out, err) = place.run(&[&["-o", "jsonl", "--plugin-dir", ".", &target], more].concat());
        assert_eq!(code, 0, "{err}");
        let record = &records(&out)[0];
        assert_eq!(record["service"], "shout", "{record}");
        assert_eq!((&record["method"], &record["plugin"]), (&"plugin".into(), &"shout".into()), "{record}");
        assert_eq!(
            (&record["version"], &record["details"]["farewell"]),
            (&"1.2".into(), &"see you".into()),
            "{record}"
        );
        assert_eq!(record["outcome"], "identified");
    }
    let (_, out, _) = place.run(&["-o", "jsonl", "--plugin-dir", ".", "--plugin-intensity", "0", &target]);
    assert_eq!(records(&out)[0]["outcome"], "silent", "nothing speaks for it but silence");
    let (code, out, _) = portprint(&place, &["plugin", "list", "--plugin-dir", "."]);
    assert!(code == 0 && out.contains("shout"), "{out}");
    let (code, _, err) = place.run(&["--plugin-dir", "no/such/folder", &target]);
    assert!(code == 2 && err.contains("no/such/folder"), "{err}");
}
