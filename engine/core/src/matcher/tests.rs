//! The linear method against backtracking: same program, same response, same captures.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portprint_codegen::Source;
use portprint_codegen::analyse::sample::Random;
use portprint_tables::{Database, LineId, LineRow, Protocol};

use super::backtrack::{self, Bounds};
use super::linear::Linear;
use super::program::{Machine, Outcome, Program};
use super::{Matcher, Scratch};

/// Patterns with what makes the two methods differ if either is wrong. All have a group, so that they have a program.
const PATTERNS: [&str; 29] = [
    "^(?:a*b(?!b))*?c(d*)",
    "^(?:[^b]*b)*?(c+)d",
    "(?:a*b|a*c)*(d)",
    "(a*)b",
    "(a+?)(a*)b?$",
    "^(a|ab)(c|bcd)?(d*)x",
    "x(a*?)(b*?)(c*)$",
    "(?>a+)(b)",
    "(?>a|ab)(c)",
    "^(?>(?:a|ab)(?:c|bcd))(d*)$",
    "((?>a*)b|a+)c",
    "(?>(?>a|b)+c?)(b|$)",
    "^(?:(?>a|ab)|b)+(c)",
    "x(?=a+b)(a)",
    "x(?!ab)(a.)",
    "(a(?=b)|ac)+(b|c)",
    "(?<=a)(b+)",
    "(?<!a)(b+)c",
    "(a++)(b)",
    "(?>a+?)(a*)b",
    "^(.*)b(.*)$",
    "^(.*?)b(.*?)$",
    "(a{2,3})(a{0,2}?)b",
    "((?:a|b){2,4})c",
    "(?=(?>a|ab)c)(ab?)",
    "(?:x(?!(?>a*)b)(a*))+c",
    "^(a*+)(?!b)(.)",
    "(b|(?>a+b))(?:\\z|c)",
    "\\b(a+)\\B(b)",
];

#[test]
fn linear_runs_agree_with_backtracking() {
    let mut text = String::from("Probe TCP NULL q||\n");
    for pattern in PATTERNS {
        text += &format!("match test m%.?{pattern}%s p/$1/ v/$2/ i/$3/\n");
        text += &format!("match test m%{pattern}|zzz% p/$1/ v/$2/ i/$3/\n");
    }
    let source = Source { name: "test".into(), text: text.into_bytes(), ..Source::default() };
    let blob = portprint_codegen::compile(&[source]).expect("the patterns are good").database;
    let database = Database::from_bytes(&blob).expect("it was just compiled");
    let (mut machine, mut linear, mut slots) = (Machine::default(), Linear::default(), Vec::new());
    let mut random = Random::new(1);
    let mut matches = 0;
    for line in 0..database.line_count() {
        let row = database.line(LineId::new(line));
        assert_ne!(row.program, LineRow::NONE);
        let program = Program::at(database.engine.code, row.program as usize);
        assert!(!program.is_bounded(), "line {line} is not run by the linear method");
        for round in 0..4_000 {
            let len = if round % 100 == 0 { 300 } else { random.below(14) };
            let response: Vec<u8> = (0..len).map(|_| b"aaabbbccdx\nz"[random.below(12)]).collect();
            let bounds = Bounds { steps: 10_000_000, frames: 1_000_000 };
            let sets = database.engine.sets;
            let remembered = backtrack::run(&program, sets, &response, bounds, true, &mut machine);
            let captures = machine.slots.clone();
            let expected = backtrack::run(&program, sets, &response, bounds, false, &mut machine);
            assert_eq!(remembered, expected, "with a memory: line {line} on {}", response.escape_ascii());
            if expected == Outcome::Match {
                assert_eq!(captures, machine.slots, "with a memory: line {line} on {}", response.escape_ascii());
            }
            let found = linear.run(&program, database.engine.sets, &response, &mut slots);
            assert_eq!(found, expected, "line {line} on {}", response.escape_ascii());
            if expected == Outcome::Match {
                assert_eq!(slots, machine.slots, "line {line} on {}", response.escape_ascii());
                matches += 1;
            }
        }
    }
    assert!(matches > 50_000, "only {matches} matches");
}

#[test]
fn hard_captures_take_linear_time_and_little_memory() {
    // Backtracking tries every way to share out the letters.
    let text = "Probe TCP NULL q||\nmatch test m=^(a*)(a*)(a*)(a*)(a*)b?a*c$= p/$1/\n";
    let source = Source { name: "test".into(), text: text.into(), ..Source::default() };
    let blob = portprint_codegen::compile(&[source]).expect("the pattern is good").database;
    let database = Database::from_bytes(&blob).expect("it was just compiled");
    let program = Program::at(database.engine.code, database.line(LineId::new(0)).program as usize);
    let mut machine = Machine::default();
    for len in [1_000, 100_000, 1_000_000] {
        let mut response = alloc::vec![b'a'; len];
        assert_eq!(program.run(database.engine.sets, &response, &mut machine), Outcome::NoMatch);
        response.push(b'c');
        assert_eq!(program.run(database.engine.sets, &response, &mut machine), Outcome::Match);
        assert_eq!(machine.captures()[2..4], [0, len as u32]);
        assert!(machine.memory() < 4 << 20, "{} bytes for {len}", machine.memory());
    }
}

/// What lacks the second literal of a line is no candidate for it, up to a length from which on nobody looks.
#[test]
fn a_second_literal_is_looked_for_in_short_responses() {
    let text = "Probe TCP NULL q||\nsoftmatch ftp m|^220 [-.\\w ]+ftp.*\\r\\n|i\n";
    let source = Source { name: "test".into(), text: text.into(), ..Source::default() };
    let blob = portprint_codegen::compile(&[source]).expect("the pattern is good").database;
    let database = Database::from_bytes(&blob).expect("it was just compiled");
    assert_eq!(database.line(LineId::new(0)).need.to_le_bytes(), *b"ftp\0");
    let null = database.find_probe(Protocol::Tcp, b"NULL").expect("there is one").id();
    let (matcher, mut scratch) = (Matcher::new(&database), Scratch::new());
    let mut candidates = |len: usize, ending: &str| {
        let response = format!("220 {}{ending}", "a".repeat(len - 4 - ending.len()));
        matcher.candidates(Protocol::Tcp, Some(null), response.as_bytes(), &mut scratch).count()
    };
    for len in (20..200).chain([4095, 4096]) {
        assert_eq!((candidates(len, "Ftp\r\n"), candidates(len, "mtp\r\n")), (1, 0), "{len} bytes");
    }
    assert_eq!((candidates(4097, "Ftp\r\n"), candidates(4097, "mtp\r\n")), (1, 1));
}

#[test]
fn candidates_are_sorted() {
    let mut random = Random::new(2);
    for len in 0..6 {
        for _ in 0..1_000 {
            let mut candidates: Vec<u64> = (0..len).map(|_| random.next() % 8).collect();
            let mut expected = candidates.clone();
            expected.sort_unstable();
            super::prefilter::sort(&mut candidates);
            assert_eq!(candidates, expected);
        }
    }
}

#[test]
fn scratches_side_by_side_share_no_line_of_the_cache() {
    let [first, second] = [Scratch::new(), Scratch::new()];
    assert!([&first, &second].iter().all(|scratch| core::ptr::from_ref(*scratch).addr().is_multiple_of(128)));
    assert!(size_of::<Scratch>().is_multiple_of(128));
}
