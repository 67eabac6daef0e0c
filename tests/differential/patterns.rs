//! Patterns made at random against PCRE2: whether they are accepted, what they match and what their groups hold. The database's own
//! patterns use little of the language; a user's may use all of it.

use std::fmt::Write as _;

use portprint_codegen::Source;
use portprint_codegen::analyse::pattern;
use portprint_codegen::analyse::sample::{Random, sample};
use portprint_core::matcher::LineTest;
use portprint_core::{Matcher, Scratch};
use portprint_tables::{Database, LineId};

use super::oracle;
use crate::databases;
use crate::pcre2::{self, Outcome};

const PATTERNS: usize = 4_000;
const RESPONSES: usize = 60;

#[test]
fn random_patterns_agree_with_pcre2() {
    let mut random = Random::new(super::number("PORTPRINT_SEED").unwrap_or(super::DEFAULT_SEED));
    let mut accepted = Vec::new();
    while accepted.len() < PATTERNS {
        let text = Maker { random: &mut random, groups: 0 }.pattern();
        let (caseless, dotall) = (random.once_in(6), random.once_in(2));
        let ours = pattern::parse(text.as_bytes(), caseless, dotall);
        match (pcre2::Pattern::without_auto_possess(text.as_bytes(), caseless, dotall), ours) {
            (Ok(oracle), Ok(ours)) => {
                assert_eq!(pattern::may_match_empty(&ours.root), oracle.may_match_empty(), "{text}");
                if !oracle.may_match_empty() {
                    accepted.push((text, caseless, dotall, oracle, ours));
                }
            }
            (Err(_), Err(_)) => {}
            (theirs, ours) => {
                panic!(
                    "PCRE2 says {:?} of {text}, we say {:?}",
                    theirs.err().map(|offset| ("fault at", offset)),
                    ours.err()
                )
            }
        }
    }

    let mut database = String::from("Probe TCP NULL q||\n");
    for (text, caseless, dotall, ..) in &accepted {
        let flag = |set: bool, flag| if set { flag } else { "" };
        let (i, s) = (flag(*caseless, "i"), flag(*dotall, "s"));
        writeln!(database, "match test m%{text}%{i}{s} p/<$1>/ v/<$2>/ i/<$3>/").expect("strings take everything");
    }
    let sources = [Source { name: "random".into(), text: database.into_bytes(), ..Source::default() }];
    let rules = super::rules(&sources);
    let blob = portprint_codegen::compile(&sources).unwrap_or_else(|error| panic!("{error}")).database;
    let database = Database::from_bytes(&blob).expect("it was just compiled");
    let (matcher, mut scratch) = (Matcher::new(&database), Scratch::new());
    let (mut matches, mut undecided) = (0, 0);
    for (index, (text, _, _, oracle, ours)) in accepted.iter().enumerate() {
        for _ in 0..RESPONSES {
            let mut response = sample(ours, &mut random);
            if random.once_in(2) {
                response = super::mutate::mutate(response, || b"aB\n".to_vec(), &mut random);
            }
            response.truncate(60);
            let line = LineId::new(index);
            let test = matcher.test_line(line, &response, &mut scratch);
            let expected = match oracle.run(&response) {
                Outcome::Match(groups) => {
                    Some(oracle::fields(&rules.lines[index].syntax.templates, &groups, &response))
                }
                Outcome::NoMatch => None,
                Outcome::LimitMet => {
                    undecided += 1;
                    continue;
                }
            };
            if test == LineTest::GaveUp {
                undecided += 1;
                continue;
            }
            let found = matcher
                .line_fields(line, &response, &mut scratch)
                .map(|fields| fields.iter().map(|(field, value)| (field, value.to_owned())).collect());
            assert_eq!(found, expected, "{text} on {}", response.escape_ascii());
            matches += usize::from(found.is_some());
            if found.is_some() {
                let probe = portprint_tables::ProbeId::new(0);
                let mut candidates =
                    matcher.candidates(portprint_tables::Protocol::Tcp, Some(probe), &response, &mut scratch);
                assert!(candidates.any(|candidate| candidate == line), "{text}: lost on {}", response.escape_ascii());
            }
        }
    }
    databases::tell(&format!(
        "{PATTERNS} random patterns, {} responses, {matches} matches, {undecided} undecided",
        PATTERNS * RESPONSES
    ));
    // Random patterns run away often, but most must be compared.
    assert!(undecided < PATTERNS * RESPONSES / 10);
}

struct Maker<'r> {
    random: &'r mut Random,
    groups: usize,
}

impl Maker<'_> {
    fn pattern(&mut self) -> String {
        let start = ["", "", "^", "^", "(?i)", "(?s)^", "\\A"][self.random.below(7)];
        let end = ["", "", "", "$", "\\z", "\\Z", "\\r\\n$"][self.random.below(7)];
        format!("{start}{}{end}", self.alternation(3))
    }

    fn alternation(&mut self, depth: usize) -> String {
        let branches = if self.random.once_in(3) { 1 + self.random.below(3) } else { 1 };
        (0..branches).map(|_| self.concatenation(depth)).collect::<Vec<_>>().join("|")
    }

    fn concatenation(&mut self, depth: usize) -> String {
        (0..1 + self.random.below(4)).map(|_| self.item(depth)).collect()
    }

    fn item(&mut self, depth: usize) -> String {
        let atom = self.atom(depth);
        let can_repeat = !atom.starts_with("\\b")
            && !atom.starts_with("\\B")
            && !atom.starts_with("(?=")
            && !atom.starts_with("(?!")
            && !atom.starts_with("(?<");
        if !can_repeat || !self.random.once_in(3) {
            return atom;
        }
        let count = ["*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,2}", "{,2}"][self.random.below(8)];
        let greed = ["", "", "", "?", "+"][self.random.below(5)];
        if count == "{,2}" {
            // PCRE2 10.43 gave this a meaning; before, it was literal.
            return atom;
        }
        format!("{atom}{count}{greed}")
    }

    fn atom(&mut self, depth: usize) -> String {
        const PLAIN: [&str; 30] = [
            "a",
            "b",
            "ab",
            "abc",
            "B",
            ".",
            "\\d",
            "\\w",
            "\\s",
            "\\S",
            "\\W",
            "[ab]",
            "[^b]",
            "[a-c\\d]",
            "[^\\r\\n]",
            "\\n",
            "\\r\\n",
            "\\x41",
            "\\0",
            "\\101",
            "1",
            "_",
            "\\.",
            "[[:alpha:]]",
            "[]a]",
            "[\\w.-]",
            "-",
            "\\Qa.\\E",
            "\\R",
            "\\h",
        ];
        if depth == 0 || self.random.once_in(2) {
            return PLAIN[self.random.below(PLAIN.len())].to_owned();
        }
        match self.random.below(14) {
            0..=4 => {
                self.groups += 1;
                format!("({})", self.alternation(depth - 1))
            }
            5 | 6 => format!("(?:{})", self.alternation(depth - 1)),
            7 => format!("(?>{})", self.alternation(depth - 1)),
            8 => format!("(?={})", self.alternation(depth - 1)),
            9 => format!("(?!{})", self.alternation(depth - 1)),
            10 => {
                ["(?<=a)", "(?<!b)", "(?<=[ab])", "(?<=ab)", "(?<!\\n|ab)", "(?<=\\w)"][self.random.below(6)].to_owned()
            }
            11 => ["\\b", "\\B"][self.random.below(2)].to_owned(),
            12 if self.groups > 0 => format!("\\{}", 1 + self.random.below(self.groups)),
            _ => format!("(?i:{})", self.alternation(depth - 1)),
        }
    }
}
