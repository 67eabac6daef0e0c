//! Which crate may depend on which, and what a crate without features brings along.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::read;
use crate::databases::root;

/// What each crate may depend on, features of it left aside. Dev-dependencies are free.
///
/// A new arrow between our own crates changes the design: change ARCHITECTURE.md with it.
const ARROWS: [(&str, &[&str], &[&str]); 8] = [
    (
        "portprint",
        &["portprint-core", "portprint-plugin-host", "portprint-scan", "portprint-tables", "portprint-codegen"],
        &[
            "anstream",
            "anstyle",
            "base64",
            "clap",
            "clap_complete",
            "clap_mangen",
            "cpufeatures",
            "csv",
            "env_logger",
            "hdrhistogram",
            "humantime",
            "indicatif",
            "log",
            "memchr",
            "quick-xml",
            "serde",
            "serde_json",
            "sha2",
            "strsim",
            "tempfile",
            "terminal_size",
            "tokio",
        ],
    ),
    (
        "portprint-codegen",
        &["portprint-tables"],
        &[
            "aho-corasick",
            "annotate-snippets",
            "memchr",
            "prettyplease",
            "proc-macro2",
            "quote",
            "rayon",
            "regex-automata",
            "regex-syntax",
            "rustc-hash",
            "sha2",
            "syn",
        ],
    ),
    ("portprint-core", &["portprint-tables"], &["cpufeatures", "memchr", "serde"]),
    ("portprint-plugin-abi", &[], &[]),
    (
        "portprint-plugin-host",
        &["portprint-core", "portprint-plugin-abi", "portprint-tables"],
        &["aho-corasick", "libloading", "postcard", "rustix", "serde"],
    ),
    // The host is there for the test kit alone.
    ("portprint-plugin-sdk", &["portprint-plugin-abi", "portprint-plugin-host"], &[]),
    (
        "portprint-scan",
        &["portprint-core", "portprint-tables"],
        &[
            "base64",
            "httparse",
            "ipnet",
            "openssl",
            "percent-encoding",
            "rlimit",
            "rustls",
            "sha2",
            "time",
            "tokio",
            "tokio-openssl",
            "tokio-rustls",
            "tokio-socks",
            "tokio-util",
            "x509-parser",
        ],
    ),
    ("portprint-tables", &[], &[]),
];

/// What a protocol plugin may depend on, of ours and of others, and which does. All others have the SDK alone.
const PLUGINS: [(&str, &[&str], &[&str]); 3] = [
    ("portprint-plugin-quic", &["portprint-plugin-sdk"], &["ring"]),
    ("portprint-plugin-rdp", &["portprint-plugin-ntlm", "portprint-plugin-sdk"], &[]),
    ("portprint-plugin-smb", &["portprint-plugin-ntlm", "portprint-plugin-sdk"], &[]),
];

/// What the library alone may have, without any feature: nothing that is optional.
const LIBRARY_ALONE: [&str; 2] = ["portprint-core", "portprint-tables"];

/// The crates that know no operating system.
const NO_STD: [&str; 2] = ["engine/core/src/lib.rs", "engine/tables/src/lib.rs"];

#[test]
fn arrows_between_crates() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("a list");
    let names: BTreeSet<&str> = packages.iter().map(|package| text(&package["name"])).collect();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, ..)| *name).collect();
    let is_protocol = |name: &str| name.starts_with("portprint-plugin-") && !known.contains(name);
    let others: BTreeSet<&str> = names.iter().copied().filter(|name| !is_protocol(name)).collect();
    assert_eq!(others, known, "every crate of the workspace has a row in ARROWS, or is a protocol's plugin");
    let mut faults = Vec::new();
    for package in packages {
        let name = text(&package["name"]);
        let protocol = || {
            let row = PLUGINS.iter().find(|(known, ..)| *known == name);
            row.map_or((&["portprint-plugin-sdk"][..], &[][..]), |(_, own, foreign)| (*own, *foreign))
        };
        let row = ARROWS.iter().find(|(known, ..)| *known == name).map(|(_, own, foreign)| (*own, *foreign));
        let (own, foreign) = row.unwrap_or_else(protocol);
        let found: BTreeSet<(&str, bool)> = dependencies(package)
            .filter(|it| it["kind"] != "dev")
            .map(|it| (text(&it["name"]), it["path"].is_string()))
            .collect();
        for (dependency, is_own) in &found {
            let allowed = if *is_own { own } else { foreign };
            if !allowed.contains(dependency) {
                faults.push(format!("{name} -> {dependency} is not in the table"));
            }
        }
        for dependency in own.iter().filter(|own| !found.iter().any(|(found, _)| found == *own)) {
            faults.push(format!("{name} -> {dependency} is in the table, but there is no such arrow"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Who embeds the library gets no compiler, no runtime and no command line.
#[test]
fn the_library_alone_is_small() {
    let metadata = metadata();
    let root = package(&metadata, "portprint");
    let always: BTreeSet<&str> = dependencies(root)
        .filter(|it| it["kind"].is_null() && it["optional"] == false)
        .map(|dependency| text(&dependency["name"]))
        .collect();
    assert_eq!(always, BTreeSet::from(LIBRARY_ALONE));
    let build: Vec<&str> = dependencies(root).filter(|it| it["kind"] == "build").map(|it| text(&it["name"])).collect();
    assert_eq!(build, ["portprint-codegen"], "the build script is a shell around one crate");
    let features = root["features"].as_object().expect("a table");
    let with_compiler: Vec<&String> = features
        .iter()
        .filter(|(_, parts)| list(parts).any(|part| part == "dep:portprint-codegen"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(with_compiler, ["cli"], "only the program has the compiler in it");
}

#[test]
fn crates_can_be_published() {
    let metadata = metadata();
    for package in metadata["packages"].as_array().expect("a list") {
        let name = text(&package["name"]);
        for field in ["description", "license", "rust_version"] {
            assert!(package[field].is_string(), "{name} has no {field}");
        }
        for dependency in dependencies(package).filter(|it| it["path"].is_string() && it["kind"] != "dev") {
            assert!(dependency["req"] != "*", "{name}: the path dependency {} has no version", dependency["name"]);
        }
    }
}

#[test]
fn core_and_tables_have_no_std() {
    for file in NO_STD {
        let text = read(file);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.contains(&"#![no_std]"), "{file} has no #![no_std]");
        let std = lines.iter().position(|line| line.starts_with("extern crate std"));
        let is_optional = |at: usize| lines[at - 1].contains("cfg(feature = \"std\")");
        assert!(std.is_none_or(is_optional), "{file} needs std");
    }
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs these tests");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

fn package<'v>(metadata: &'v Value, name: &str) -> &'v Value {
    metadata["packages"].as_array().into_iter().flatten().find(|it| it["name"] == name).expect("it is in the workspace")
}

fn dependencies(package: &Value) -> impl Iterator<Item = &Value> {
    package["dependencies"].as_array().expect("a list").iter()
}

fn list(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().expect("a list").iter().map(text)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
