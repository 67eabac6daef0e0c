//! Matching allocates nothing once its memory is warm.

use portprint_codegen::analyse::pattern;
use portprint_codegen::analyse::sample::{Random, sample};
use portprint_codegen::parse;
use portprint_core::{Matcher, Scratch};
use portprint_tables::{Database, Protocol};

use crate::databases;

#[test]
fn nothing_is_allocated_for_a_response_once_warm() {
    let sources = [databases::builtin(), databases::read(&databases::mini())].concat();
    let blob = databases::compiled(&sources);
    let database = Database::from_bytes(&blob).expect("it was just compiled");
    let matcher = Matcher::new(&database);
    let mut random = Random::new(3);
    let mut responses: Vec<Vec<u8>> = sources
        .iter()
        .flat_map(|source| parse::parse(0, source, &mut Vec::new()).probes)
        .flat_map(|probe| probe.lines)
        .map(|line| {
            let parse::PatternText { text, caseless, dotall, .. } = &line.pattern;
            sample(&pattern::parse(text, *caseless, *dotall).expect("the database is good"), &mut random)
        })
        .collect();
    responses.push(vec![b'a'; 1 << 16]);
    let mut scratch = Scratch::new();
    let mut judge = |responses: &[Vec<u8>]| {
        let mut hits = 0;
        for response in responses {
            for probe in database.probes() {
                let verdict = matcher.classify(probe.protocol(), probe.id(), response, &mut scratch);
                hits += usize::from(verdict.hit.is_some());
            }
            hits += usize::from(matcher.classify_any(Protocol::Tcp, response, &mut scratch).hit.is_some());
        }
        hits
    };
    let warm = judge(&responses);
    assert!(warm > responses.len());
    let mut again = 0;
    let counted = allocation_counter::measure(|| again = judge(&responses));
    assert_eq!((again, counted.count_total), (warm, 0));
}
