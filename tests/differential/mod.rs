//! The matcher against PCRE2, on responses made from the patterns of all lines and mutated.
//!
//! For every response: PCRE2 and the matcher agree whether the line it was made for matches; when it does, they agree on all fields
//! (rendered here from PCRE2's groups by [`oracle`], a second implementation), and the prefilter has the line among its candidates.
//! For a part of the responses the whole chain is walked with PCRE2, as nmap does, and the verdict must be the same.
//!
//! `PORTPRINT_DIFFERENTIAL` sets how many responses are made for each line, `PORTPRINT_SEED` the seed.

mod mutate;
mod oracle;
mod patterns;

use std::collections::BTreeMap;
use std::env;
use std::sync::atomic::{AtomicUsize, Ordering};

use portprint_codegen::analyse::pattern::{self, Pattern};
use portprint_codegen::analyse::sample::{Random, sample};
use portprint_codegen::{Source, ir, parse};
use portprint_core::matcher::LineTest;
use portprint_core::{Matcher, Scratch};
use portprint_tables::{Database, Field, LineId, ProbeId};
use rayon::prelude::*;

use crate::databases;
use crate::pcre2::{self, Outcome};

/// One of so many responses is also walked down the whole chain.
const WALK_ONE_IN: usize = 64;
const DEFAULT_RESPONSES: usize = 6;
const DEFAULT_SEED: u64 = 20_261_121;

#[test]
fn own_rules_agree_with_pcre2() {
    compare("probes/", &databases::builtin(), 20);
}

#[test]
fn mini_database_agrees_with_pcre2() {
    compare("mini", &databases::read(&databases::mini()), 200);
}

#[test]
fn nmap_agrees_with_pcre2() {
    let Some(path) = databases::nmap() else { return };
    compare("nmap", &databases::read(&path), 1);
}

/// Everything a line needs to be tried by both.
struct Subject {
    pattern: Pattern,
    oracle: pcre2::Pattern,
    rule: ir::Line,
}

#[derive(Default)]
struct Counts {
    responses: AtomicUsize,
    matches: AtomicUsize,
    limits: AtomicUsize,
    walks: AtomicUsize,
}

fn compare(name: &str, sources: &[Source], factor: usize) {
    let seed = number("PORTPRINT_SEED").unwrap_or(DEFAULT_SEED);
    let responses = number("PORTPRINT_DIFFERENTIAL").map_or(DEFAULT_RESPONSES, |number| number as usize) * factor;

    let rules = rules(sources);
    let subjects: Vec<Subject> = rules.lines.par_iter().map(subject).collect();
    let blob = databases::compiled(sources);
    let database = Database::from_bytes(&blob).expect("it was just compiled");
    let matcher = Matcher::new(&database);
    let counts = Counts::default();
    let differences: Vec<String> = subjects
        .par_iter()
        .enumerate()
        .map_init(Scratch::new, |scratch, (index, subject)| {
            let mut random = Random::new(seed ^ (index as u64) << 20);
            let mut tester = Tester { rules: &rules, subjects: &subjects, matcher, scratch, counts: &counts };
            (0..responses).find_map(|round| {
                let mut response = sample(&subject.pattern, &mut random);
                if round % 4 != 0 {
                    let other = &subjects[random.below(subjects.len())].pattern;
                    response =
                        mutate::mutate(response, || sample(other, &mut Random::new(seed ^ round as u64)), &mut random);
                }
                let walk = random.once_in(WALK_ONE_IN);
                tester.compare(index, &response, walk).map(|what| {
                    format!(
                        "{}:{} {what}\n  response {}",
                        subject.rule.source,
                        subject.rule.syntax.line,
                        response.escape_ascii()
                    )
                })
            })
        })
        .flatten()
        .collect();
    let Counts { responses, matches, limits, walks } = &counts;
    databases::tell(&format!(
        "{name}: seed {seed}, {} lines, {} responses, {} matches, {} met PCRE2's limits, {} whole chains, {} differences",
        subjects.len(),
        responses.load(Ordering::Relaxed),
        matches.load(Ordering::Relaxed),
        limits.load(Ordering::Relaxed),
        walks.load(Ordering::Relaxed),
        differences.len()
    ));
    assert!(differences.is_empty(), "{}", differences[..differences.len().min(10)].join("\n"));
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().expect("the variable is a number"))
}

fn rules(sources: &[Source]) -> ir::Rules {
    let mut diagnostics = Vec::new();
    let files =
        sources.iter().enumerate().map(|(index, source)| parse::parse(index, source, &mut diagnostics)).collect();
    let extends: Vec<bool> = sources.iter().map(|source| source.extends).collect();
    let rules = ir::resolve(files, &extends, &mut diagnostics);
    assert!(diagnostics.is_empty());
    rules
}

fn subject(rule: &ir::Line) -> Subject {
    let parse::PatternText { text, caseless, dotall, .. } = &rule.syntax.pattern;
    Subject {
        pattern: pattern::parse(text, *caseless, *dotall).expect("the database is good"),
        oracle: pcre2::Pattern::new(text, *caseless, *dotall).expect("PCRE2 takes what we take"),
        rule: rule.clone(),
    }
}

struct Tester<'t> {
    rules: &'t ir::Rules,
    subjects: &'t [Subject],
    matcher: Matcher<'t>,
    scratch: &'t mut Scratch,
    counts: &'t Counts,
}

type Fields = BTreeMap<Field, String>;

impl Tester<'_> {
    /// What differs between PCRE2 and the matcher, if anything.
    fn compare(&mut self, index: usize, response: &[u8], walk: bool) -> Option<String> {
        self.counts.responses.fetch_add(1, Ordering::Relaxed);
        let line = LineId::new(index);
        let expected = self.expected(index, response);
        let test = self.matcher.test_line(line, response, self.scratch);
        let found = match test {
            LineTest::Matches => Some(self.fields(line, response)),
            _ => None,
        };
        if !expected.contains(&found) {
            return Some(format!("expected {expected:?}, found {found:?} ({test:?})"));
        }
        if found.is_some() {
            self.counts.matches.fetch_add(1, Ordering::Relaxed);
            let rule = &self.rules.probes[self.subjects[index].rule.probe];
            let probe = ProbeId::new(self.subjects[index].rule.probe);
            let mut candidates = self.matcher.candidates(rule.protocol, Some(probe), response, self.scratch);
            if !candidates.any(|candidate| candidate == line) {
                return Some("the prefilter lost it".into());
            }
        }
        if walk { self.walk(self.subjects[index].rule.probe, response) } else { None }
    }

    fn fields(&mut self, line: LineId, response: &[u8]) -> Fields {
        let fields = self.matcher.line_fields(line, response, self.scratch).expect("it matched just now");
        fields.iter().map(|(field, value)| (field, value.to_owned())).collect()
    }

    /// The right answers of one line: fields or no match; two when PCRE2 meets nmap's limits and says something else without.
    fn expected(&self, index: usize, response: &[u8]) -> Vec<Option<Fields>> {
        let Subject { oracle, rule, .. } = &self.subjects[index];
        let answer = |outcome| match outcome {
            Outcome::Match(groups) => Some(oracle::fields(&rule.syntax.templates, &groups, response)),
            Outcome::NoMatch | Outcome::LimitMet => None,
        };
        match oracle.run(response) {
            Outcome::LimitMet => {
                self.counts.limits.fetch_add(1, Ordering::Relaxed);
                vec![None, answer(oracle.run_unlimited(response))]
            }
            outcome => vec![answer(outcome)],
        }
    }

    /// Walks the probe's chain line by line.
    fn walk(&mut self, probe: usize, response: &[u8]) -> Option<String> {
        self.counts.walks.fetch_add(1, Ordering::Relaxed);
        let protocol = self.rules.probes[probe].protocol;
        let verdict = self.matcher.classify(protocol, ProbeId::new(probe), response, self.scratch);
        let found = verdict.hit.map(|hit| {
            (hit.line.index(), hit.fields.iter().map(|(field, value)| (field, value.to_owned())).collect::<Fields>())
        });
        let lines = self.rules.probes[probe].chain.iter().flat_map(|&probe| self.rules.probes[probe].lines.clone());
        for index in lines {
            let expected = self.expected(index, response);
            let is_found = found.as_ref().is_some_and(|(line, _)| *line == index);
            if is_found {
                let fields = found.map(|(_, fields)| fields);
                return if expected.contains(&fields) {
                    None
                } else {
                    Some(format!("line {index}: expected {expected:?}, found {fields:?}"))
                };
            }
            if !expected.contains(&None) {
                return Some(format!("the chain's first match is line {index}, found {found:?}"));
            }
        }
        found.map(|found| format!("no line of the chain matches, found {found:?}"))
    }
}
