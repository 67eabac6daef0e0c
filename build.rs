//! Compiles the database that the library embeds. Everything that thinks is in `portprint-codegen`.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use portprint_codegen::find;

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-env-changed={}", find::VARIABLE);
    let setting = env::var_os(find::VARIABLE);
    let found =
        find::sources(setting.as_deref(), &root.join("probes")).unwrap_or_else(|error| fail(&error.to_string()));
    for path in &found.watched {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let compiled =
        portprint_codegen::compile(&found.sources).unwrap_or_else(|diagnostics| fail(&diagnostics.to_string()));
    for note in found.notes() {
        println!("cargo::warning={note}");
    }
    write(&out.join("portprint.db"), &compiled.database);
    write(&out.join("portprint.text"), &compiled.text);
    write(&out.join("index.rs"), compiled.index.as_bytes());
    write(&out.join("report.txt"), compiled.report.to_string().as_bytes());
}

/// Writes a file, but leaves one alone that is the same already, so that nothing is built again for it.
fn write(path: &Path, bytes: &[u8]) {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return;
    }
    fs::write(path, bytes).unwrap_or_else(|error| fail(&format!("cannot write {}: {error}", path.display())));
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    process::exit(1);
}
