//! Our determiniser against regex-automata: on every line that both can build, the two automata accept the same responses.
//!
//! The proof walks the pairs of states that can be reached together; it samples nothing.

use std::path::PathBuf;

use portprint_codegen::analyse::nfa::Nfa;
use portprint_codegen::analyse::{determine, pattern, plain};
use portprint_codegen::{Source, parse};
use rayon::prelude::*;

use crate::databases;

/// More than any line of nmap's database needs.
const STATE_LIMIT: usize = 5_000;

#[test]
fn determiniser_equals_regex_automata() {
    let nmap: Option<PathBuf> = databases::nmap();
    let mut sources = databases::builtin();
    sources.extend(databases::read(&databases::mini()));
    sources.extend(nmap.iter().flat_map(|path| databases::read(path)));
    let lines: Vec<(String, parse::Line)> =
        sources.iter().flat_map(|source| lines(source).into_iter().map(|line| (source.name.clone(), line))).collect();
    let built: Vec<bool> = lines
        .par_iter()
        .map(|(name, line)| {
            let parse::PatternText { text, caseless, dotall, .. } = &line.pattern;
            let pattern = pattern::parse(text, *caseless, *dotall).expect("the database is good");
            let own = Nfa::compile(&pattern).ok().and_then(|nfa| determine::build(&nfa, STATE_LIMIT).ok());
            let (Some(own), Ok(theirs)) = (own, plain::build(&pattern.root, STATE_LIMIT)) else { return false };
            if let Some(response) = own.difference(&theirs) {
                panic!("{name}:{}: the automata differ on {}", line.line, response.escape_ascii());
            }
            true
        })
        .collect();
    let both = built.iter().filter(|both| **both).count();
    databases::tell(&format!("{both} of {} lines have both automata, all equal", lines.len()));
    // Nearly every pattern is plain; if that changed, this would prove little.
    assert!(both * 10 > lines.len() * 9);
}

fn lines(source: &Source) -> Vec<parse::Line> {
    let mut diagnostics = Vec::new();
    let file = parse::parse(0, source, &mut diagnostics);
    assert!(diagnostics.is_empty());
    file.probes.into_iter().flat_map(|probe| probe.lines).collect()
}
