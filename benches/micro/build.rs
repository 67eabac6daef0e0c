//! Compiles rules of our own, so that the benchmarks need no other database and do not compile one while they run. They are those that the
//! recorded conversations were made with: a new rule in `probes/` must not change what is counted.

use std::path::PathBuf;
use std::{env, fs};

use portprint_codegen::{compile, find};

fn main() {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let found = find::folder(&package.join("../../tests/fixtures/traces/rules")).expect("the rules are there");
    for path in &found.watched {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let compiled = compile(&found.sources).unwrap_or_else(|faults| panic!("{faults}"));
    fs::write(out.join("own.db"), compiled.database).expect("cargo's folder can be written to");
}
