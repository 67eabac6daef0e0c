//! What the documents mention, and what must not be in the repository at all.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use super::{files, read};
use crate::databases::{self, root};

/// Paths in the documents must exist: links, and what stands between backticks and begins with a folder of ours.
#[test]
fn paths_in_the_documents_exist() {
    let tops: BTreeSet<String> = files().iter().filter_map(|file| Some(file.split_once('/')?.0.to_owned())).collect();
    let mut faults = Vec::new();
    for file in files().into_iter().filter(|file| file.ends_with(".md")) {
        let folder = root().join(&file).parent().expect("files are in folders").to_owned();
        for (number, line) in (1..).zip(read(&file).lines()) {
            let linked = links(line).filter(|link| !link.contains("://") && !link.starts_with(['#', '<']));
            let missing_link = linked
                .map(|link| link.split('#').next().unwrap_or(link).to_owned())
                .find(|link| !folder.join(link).exists());
            let quoted = line.split('`').skip(1).step_by(2).filter(|quoted| is_path(quoted));
            let missing_path = quoted.map(str::to_owned).find(|path| {
                let top = path.split('/').next().expect("it has a first part");
                tops.contains(top) && !exists_below(&[root(), &folder], path)
            });
            faults.extend(missing_link.into_iter().chain(missing_path).map(|path| format!("{file}:{number}: {path}")));
        }
    }
    assert!(faults.is_empty(), "these do not exist: {faults:#?}");
}

/// Nmap's file has another licence than this repository: none of its rules and remarks may be copied into it. That a pattern is the
/// same greeting letter for letter is no copy; with groups or classes in it, it is.
#[test]
fn nothing_of_nmaps_file_is_here() {
    const SHORTEST: usize = 24;
    let Some(path) = databases::nmap() else { return };
    let text = fs::read(path).expect("it is readable");
    let is_theirs = |line: &&[u8]| {
        line.len() >= SHORTEST && [&b"match "[..], b"softmatch ", b"#"].iter().any(|start| line.starts_with(start))
    };
    let lines: HashSet<&[u8]> = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(is_theirs).collect();
    let is_made = |pattern: &&[u8]| pattern.len() >= SHORTEST && !is_literal(pattern);
    let patterns: HashSet<&[u8]> = lines.iter().filter_map(|line| pattern(line)).filter(is_made).collect();
    assert!(lines.len() > 10_000 && patterns.len() > 5_000);
    let mut faults = Vec::new();
    for file in files() {
        let text = fs::read(root().join(&file)).expect("it was listed");
        for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii)) {
            if lines.contains(line) || pattern(line).is_some_and(|pattern| patterns.contains(pattern)) {
                faults.push(format!("{file}:{number}: {}", line.escape_ascii()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The pattern of a `match` or `softmatch` line.
fn pattern(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"soft").unwrap_or(line).strip_prefix(b"match ")?;
    let at = rest.iter().position(|&byte| byte == b' ')? + 1;
    let [b'm', delimiter, pattern @ ..] = rest.get(at..)? else { return None };
    pattern.split(|byte| byte == delimiter).next()
}

/// Whether a pattern is plain text but for its ends.
fn is_literal(pattern: &[u8]) -> bool {
    let mut bytes = pattern.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if bytes.next().is_some_and(|escaped| b"dDwWsShHvVbB".contains(escaped)) => return false,
            b'(' | b'[' | b'.' | b'*' | b'+' | b'?' | b'|' => return false,
            _ => {}
        }
    }
    true
}

/// The targets of links: `](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()).filter(|link| !link.is_empty())
}

fn is_path(text: &str) -> bool {
    let is_path_character = |character: char| character.is_ascii_alphanumeric() || "/._-*{},".contains(character);
    text.contains('/') && text.chars().all(is_path_character)
}

/// Whether a path exists below one of the folders; of one with alternatives or a star, what stands before them.
fn exists_below(folders: &[&Path], path: &str) -> bool {
    let fixed = path.split(['*', '{']).next().unwrap_or(path);
    let fixed = if fixed.len() == path.len() { path } else { fixed.rsplit_once('/').map_or("", |(folder, _)| folder) };
    folders.iter().any(|folder| folder.join(fixed).exists())
}
