//! Help, manual pages, completions, `--version`.

use super::{Place, bare, feed};

const COMMANDS: [&[&str]; 9] = [
    &["match"],
    &["db"],
    &["db", "stats"],
    &["db", "explain"],
    &["db", "show"],
    &["db", "export"],
    &["db", "compile"],
    &["completions"],
    &["man"],
];

#[test]
fn every_command_has_help_with_examples_and_a_manual_page() {
    let place = Place::new();
    for command in COMMANDS {
        let help = place.run(&[command, &["--help"]].concat(), b"").ended(0).out;
        assert!(help.contains("Examples:") && help.contains("Usage: portprint"), "{command:?}: {help}");
        let page = place.run(&[&["man"], command].concat(), b"").ended(0).out;
        assert!(page.starts_with(".ie") && page.contains(".TH"), "{command:?}: {page}");
    }
    place.run(&["man", "--output-dir", "pages"], b"").ended(0);
    for page in ["portprint.1", "portprint-match.1", "portprint-db-explain.1"] {
        assert!(place.path("pages").join(page).is_file(), "{page}");
    }
}

#[test]
fn completions_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.run(&["completions", shell], b"").ended(0).out;
        assert!(script.contains("portprint") && script.contains("explain"), "{shell}");
    }
}

#[test]
fn version_tells_what_is_inside() {
    let place = Place::new();
    let run = place.run(&["--version"], b"").ended(0);
    let lines: Vec<_> = run.out.lines().collect();
    assert_eq!(lines[0], format!("portprint {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(lines[1], "database: test.probes (text)");
    assert!(
        lines[2].starts_with("  test.probes  sha256 ") && lines[2].contains("  10 rules, 4 probes  licence "),
        "{}",
        lines[2]
    );
    assert!(lines[3].starts_with("table format: "), "{}", lines[3]);
    assert!(lines[4].starts_with("cpu features: "), "{}", lines[4]);

    let run = feed(bare(place.folder.path()).arg("-V"), b"").ended(0);
    assert!(run.out.contains("\ndatabase: the embedded database\n"), "{}", run.out);
}
