#!/bin/sh
# Builds the peer into a folder: setup.sh TARGETDIR
#
# nmaprs' function that fills in a template is private. So its source, as cargo fetches it, is copied and that one function made
# public; nothing else is changed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
target=$(cd "$1" && pwd)
crate=$target/crate
copy=$target/nmaprs
if [ -x "$target/nmaprs-peer" ] && [ -z "$(find "$here" -type f -newer "$target/nmaprs-peer")" ]; then
    exit 0
fi
rm -rf "$crate" "$copy"
mkdir -p "$crate"
cp -R "$here/Cargo.toml" "$here/src" "$crate"

cd "$crate"
manifest=$(cargo metadata --quiet --format-version 1 | sed -n 's/.*"manifest_path":"\([^"]*nmaprs-0\.1\.9[^"]*\)".*/\1/p')
cp -R "$(dirname "$manifest")" "$copy"
sed -i 's/^fn apply_template(/pub fn apply_template(/' "$copy/src/vscan.rs"
grep -q '^pub fn apply_template(' "$copy/src/vscan.rs"

# The dependencies as nmaprs was released with.
cp "$copy/Cargo.lock" "$crate/Cargo.lock"
printf '\n[patch.crates-io]\nnmaprs = { path = "../nmaprs" }\n' >>"$crate/Cargo.toml"
build=${CARGO_TARGET_DIR:-$target/build}
cargo build --release --target-dir "$build"
cp "$build/release/nmaprs-peer" "$target/nmaprs-peer"
