//! Matching allocates nothing once its memory is warm, one by one and in batches; and batches answer what one by one does.

use portprint_codegen::Source;
use portprint_codegen::analyse::pattern;
use portprint_codegen::analyse::sample::{Random, sample};
use portprint_codegen::parse;
use portprint_core::{Matcher, Query, Scratch, Verdict};
use portprint_tables::{Database, Protocol};

use crate::databases;

/// A response for every line, and some that are out of the ordinary.
fn responses(sources: &[Source]) -> Vec<Vec<u8>> {
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
    responses.extend([vec![b'a'; 1 << 16], Vec::new(), b"x".to_vec()]);
    responses
}

/// Every response as if drawn by every probe, and by one that is not known.
fn queries<'r>(database: &Database<'_>, responses: &'r [Vec<u8>]) -> Vec<Query<'r>> {
    let mut queries = Vec::new();
    for response in responses {
        for probe in database.probes() {
            queries.push(Query { protocol: probe.protocol(), probe: Some(probe.id()), response });
        }
        queries.push(Query { protocol: Protocol::Tcp, probe: None, response });
        // A probe of the other protocol has no answer.
        let udp = database.probes().find(|probe| probe.protocol() == Protocol::Udp).expect("there is one");
        queries.push(Query { protocol: Protocol::Tcp, probe: Some(udp.id()), response });
    }
    queries
}

/// Does something with a matcher over our own rules, and every query.
fn with_queries(test: impl FnOnce(&Matcher<'_>, &[Query<'_>])) {
    let sources = [databases::builtin(), databases::read(&databases::mini())].concat();
    let blob = databases::compiled(&sources);
    let database = Database::from_bytes(&blob).expect("it was just compiled");
    let responses = responses(&sources);
    test(&Matcher::new(&database), &queries(&database, &responses));
}

fn one_by_one<'s, 'd: 's>(matcher: &Matcher<'d>, query: Query<'_>, scratch: &'s mut Scratch) -> Verdict<'s> {
    let Query { protocol, probe, response } = query;
    match probe {
        Some(probe) => matcher.classify(protocol, probe, response, scratch),
        None => matcher.classify_any(protocol, response, scratch),
    }
}

#[test]
fn nothing_is_allocated_for_a_response_once_warm() {
    with_queries(|matcher, queries| {
        let mut scratch = Scratch::new();
        let mut judge = || {
            let mut hits = [0, 0];
            for &query in queries {
                hits[0] += usize::from(one_by_one(matcher, query, &mut scratch).hit.is_some());
            }
            matcher.classify_batch(queries, &mut scratch, |_, verdict| hits[1] += usize::from(verdict.hit.is_some()));
            hits
        };
        let warm = judge();
        let responses = queries.len() / (matcher.database().probe_count() + 2);
        assert!(warm[0] > responses && warm[0] == warm[1], "{warm:?}");
        let mut again = [0, 0];
        let counted = allocation_counter::measure(|| again = judge());
        assert_eq!((again, counted.count_total), (warm, 0));
    });
}

#[test]
fn a_batch_answers_what_one_by_one_does() {
    with_queries(|matcher, queries| {
        let (mut scratch, mut other) = (Scratch::new(), Scratch::new());
        // Also batches that are empty, shorter than what is done at a time, and no multiple of it.
        for len in [0, 1, 15, 16, 17, queries.len()] {
            let mut next = 0;
            matcher.classify_batch(&queries[..len], &mut scratch, |index, verdict| {
                assert_eq!(index, next);
                next += 1;
                let expected = one_by_one(matcher, queries[index], &mut other);
                assert_eq!(verdict, expected, "query {index}: {}", queries[index].response.escape_ascii());
            });
            assert_eq!(next, len);
        }
    });
}
