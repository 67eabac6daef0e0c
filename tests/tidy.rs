//! What must be true of the tree itself: arrows between crates, layout of files, words, paths in the documents.
//!
//! Sources are read as text, line by line; that is enough for code that rustfmt has formatted.

mod code;
mod crates;
mod documents;

use std::fs;
use std::path::{Path, PathBuf};

use crate::databases::root;

/// Files that are written by a program.
const GENERATED: [&str; 1] = ["tests/golden/"];

/// All files of the tree, relative to the checkout, sorted; not what building writes.
fn files() -> Vec<String> {
    const LEFT_OUT: [&str; 3] = [".git", "target", "node_modules"];
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in
            fs::read_dir(folder).expect("the tree is readable").map(|entry| entry.expect("the tree is readable"))
        {
            let is_left_out = LEFT_OUT.iter().any(|name| entry.file_name() == *name);
            if entry.file_type().expect("the tree is readable").is_dir() {
                if !is_left_out {
                    walk(&entry.path(), files);
                }
            } else {
                files.push(entry.path());
            }
        }
    }
    let mut files = Vec::new();
    walk(root(), &mut files);
    let name = |path: PathBuf| {
        path.strip_prefix(root()).expect("it is inside").to_str().expect("names are text").replace('\\', "/")
    };
    let mut files: Vec<String> = files.into_iter().map(name).collect();
    files.sort();
    files
}

fn sources() -> Vec<String> {
    files().into_iter().filter(|file| file.ends_with(".rs")).collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn is_generated(file: &str) -> bool {
    GENERATED.iter().any(|start| file.starts_with(start))
}
