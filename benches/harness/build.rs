//! Tells the harness where the folder is that it stands in, so that it works from any folder.

fn main() {
    let benches = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo::rustc-env=BENCHES={benches}");
    println!("cargo::rerun-if-changed=harness/build.rs");
}
