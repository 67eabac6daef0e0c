//! Layout of the sources, and what may be said in which of them.

use std::fs;
use std::path::Path;

use super::{files, is_generated, read, sources};
use crate::databases::root;

/// Files that may say `unsafe`, with the reason.
const UNSAFE: [(&str, &str); 10] = [
    ("benches/peers/pcre2/src/lib.rs", "a binding to a C library"),
    ("engine/core/src/matcher/scan/avx2.rs", "SIMD"),
    ("engine/core/src/matcher/scan/avx512.rs", "SIMD"),
    ("engine/core/src/matcher/scan/mod.rs", "which SIMD runs, and prefetching"),
    ("plugins/abi/src/lib.rs", "what describes a plugin is shared by threads"),
    ("plugins/host/src/load/library.rs", "opening libraries"),
    ("plugins/host/tests/toys.rs", "the other side of the ABI"),
    ("plugins/sdk/src/export.rs", "the ABI, from the plugin's side"),
    ("plugins/sdk/src/testkit.rs", "an entry is a pointer"),
    ("tests/pcre2.rs", "the binding to the oracle"),
];
/// Folders likewise.
const UNSAFE_FOLDERS: [(&str, &str); 2] =
    [("engine/tables/", "views of bytes"), ("plugins/host/src/raw/", "calls of plugins, and what they pass")];

/// Files that may have more lines than others, with the reason.
const LONG_FILES: [(&str, &str); 0] = [];
const LONGEST_FILE: usize = 600;
const LONGEST_BUILD_SCRIPT: usize = 60;

/// Words that say nothing, or that are not ours: no module and no type is called so.
const WORDS: [&str; 4] = ["signature", "manager", "helper", "util"];

#[test]
fn every_module_says_why_it_exists() {
    let without: Vec<String> =
        sources().into_iter().filter(|file| !is_generated(file) && !read(file).starts_with("//! ")).collect();
    assert!(without.is_empty(), "these files do not begin with `//!`: {without:?}");
}

#[test]
fn layout_of_text_files() {
    let mut faults = Vec::new();
    for file in files() {
        let bytes = fs::read(root().join(&file)).expect("it was listed");
        // What other programs write is as they write it.
        if bytes.contains(&0) || file == "Cargo.lock" || file.starts_with("tests/fixtures/scan-inputs/") {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        let is_generated = is_generated(&file);
        for (number, line) in (1..).zip(text.split('\n')) {
            if line.contains('\t') && !is_makefile(&file) {
                faults.push(format!("{file}:{number}: a tab"));
            }
            if line.ends_with([' ', '\r']) && !is_generated && !ends_in_space_by_meaning(&file) {
                faults.push(format!("{file}:{number}: white space at the end of the line"));
            }
        }
        if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
            faults.push(format!("{file}: does not end with one line feed"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_are_short() {
    let mut faults = Vec::new();
    for file in sources().into_iter().filter(|file| !is_generated(file)) {
        let lines = read(&file).lines().count();
        let excused = LONG_FILES.iter().any(|(long, _)| *long == file);
        match (lines > LONGEST_FILE, excused) {
            (true, false) => faults.push(format!("{file} has {lines} lines, at most {LONGEST_FILE} are allowed")),
            (false, true) => faults.push(format!("{file} is short; strike it from LONG_FILES")),
            _ => {}
        }
    }
    let lines = read("build.rs").lines().count();
    if lines > LONGEST_BUILD_SCRIPT {
        faults.push(format!("build.rs has {lines} lines, at most {LONGEST_BUILD_SCRIPT} are allowed"));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn unsafe_code_is_where_it_may_be() {
    let found = find_code("", |line| words(line).any(|word| word == "unsafe"));
    let allowed = |place: &&String| UNSAFE.iter().chain(&UNSAFE_FOLDERS).any(|(start, _)| place.starts_with(start));
    let faults: Vec<_> = found.iter().filter(|place| !allowed(place)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    for (file, reason) in UNSAFE {
        assert!(found.iter().any(|place| place.starts_with(file)), "{file} has none; strike it ({reason})");
    }
}

#[test]
fn every_crate_has_the_lints_of_the_workspace() {
    let root = read("Cargo.toml");
    let lints: Vec<&str> = root
        .split("\n\n")
        .filter(|table| table.starts_with("[workspace.lints."))
        .flat_map(|table| table.lines().skip(1))
        .collect();
    assert!(lints.contains(&"unsafe_code = \"deny\""), "{lints:?}");
    // What authors begin with is theirs.
    let is_ours = |file: &String| file.ends_with("Cargo.toml") && !file.starts_with("plugins/examples/");
    for file in files().into_iter().filter(is_ours) {
        let manifest = read(&file);
        // A workspace of its own says them again.
        let has_all = lints.iter().all(|lint| manifest.lines().any(|line| line == *lint));
        assert!(has_all || manifest.contains("[lints]\nworkspace = true"), "{file} has other lints than the workspace");
    }
}

#[test]
fn nothing_is_unwrapped_in_the_engine() {
    let found = find_code("engine/", |line| line.contains(".unwrap()") || line.contains(".unwrap_err()"));
    assert!(found.is_empty(), "`expect` says what is known, `unwrap` does not: {found:#?}");
}

#[test]
fn words_of_the_project() {
    let is_bad = |name: &str| {
        parts_of_name(name).any(|part| WORDS.iter().any(|word| part == *word || part == format!("{word}s")))
    };
    let mut faults: Vec<String> = sources()
        .into_iter()
        .filter(|file| {
            Path::new(file)
                .components()
                .any(|part| is_bad(part.as_os_str().to_str().expect("names are text").trim_end_matches(".rs")))
        })
        .collect();
    const KINDS: [&str; 6] = ["struct", "enum", "trait", "type", "union", "mod"];
    faults.extend(find_code("", |line| {
        let words: Vec<&str> = words(line).collect();
        words.windows(2).any(|pair| KINDS.contains(&pair[0]) && is_bad(pair[1]))
    }));
    assert!(faults.is_empty(), "these names have words that we do not use ({WORDS:?}): {faults:#?}");
}

#[test]
fn names_come_apart() {
    let parts = |name| parts_of_name(name).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    assert_eq!(parts("RowManager"), "row manager");
    assert_eq!(parts("string_utils"), "string utils");
    assert_eq!(parts("utility"), "utility");
}

fn is_makefile(file: &str) -> bool {
    file.ends_with("Makefile")
}

/// In nmap's format a last space can be needed, because something must follow a template.
fn ends_in_space_by_meaning(file: &str) -> bool {
    file.ends_with(".probes")
}

/// The lines of code below a folder that `is_wanted` says, as `file:line: text`. Comments, and tests inside of modules, are no code.
fn find_code(folder: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in sources()
        .into_iter()
        .filter(|file| file.starts_with(folder) && !file.ends_with("/tests.rs") && !is_generated(file))
    {
        for (number, line) in (1..).zip(read(&file).lines()) {
            if line.trim() == "#[cfg(test)]" && !file.starts_with("tests/") {
                break;
            }
            let code = line.split("//").next().unwrap_or(line);
            if is_wanted(&without_texts(code)) {
                found.push(format!("{file}:{number}: {}", line.trim()));
            }
        }
    }
    found
}

/// The line without what stands between quotes.
fn without_texts(line: &str) -> String {
    line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|character: char| !character.is_alphanumeric() && character != '_').filter(|word| !word.is_empty())
}

/// `snake_case` and `CamelCase` to words in lower case.
fn parts_of_name(name: &str) -> impl Iterator<Item = String> {
    let mut parts = vec![String::new()];
    for character in name.chars() {
        if character.is_uppercase() || !character.is_alphanumeric() {
            parts.push(String::new());
        }
        if character.is_alphanumeric() {
            parts.last_mut().expect("there is one").extend(character.to_lowercase());
        }
    }
    parts.into_iter()
}
