//! Bad databases: which are refused, where the fault is said to be, and what is said of it.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use portprint_codegen::Source;
use portprint_codegen::diagnostic::{Diagnostics, Location};
use serde_json::Value;

use crate::databases;

/// Ninety-two small databases that nmap loads or refuses.
#[test]
fn load_errors() {
    let Some(folder) = databases::shared_data() else { return };
    let cases = fs::read_to_string(folder.join("load_errors.jsonl")).expect("it is beside nmap's database");
    let mut differences = Vec::new();
    let mut count = 0;
    for case in cases.lines() {
        let case: Value = serde_json::from_str(case).expect("each line is JSON");
        let name = case["id"].as_str().expect("each has a name");
        let text = BASE64.decode(case["db"].as_str().expect("each has a text")).expect("it is base64");
        let loads = case["loads"].as_bool().expect("each says whether it loads");
        let source = source(name, &text);
        match portprint_codegen::compile(std::slice::from_ref(&source)) {
            Ok(_) if loads => {}
            Err(faults) if !loads => well_told(&faults, &[source]),
            Ok(_) => differences.push(format!("{name} loads: {}", text.escape_ascii())),
            Err(faults) => differences.push(format!("{name} is refused:\n{faults}")),
        }
        count += 1;
    }
    databases::tell(&format!("load_errors {}/{count}", count - differences.len()));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(count, 92, "records of load_errors.jsonl");
}

/// The text, the place of its one fault, and a part of what is said.
const FAULTS: [(&[u8], usize, usize, &str); 70] = [
    // Lines.
    (b" \n", 1, 1, "white space only"),
    (b"\r\nProbe TCP NULL q||\n", 1, 1, "a carriage return"),
    (b"Probe TCP NULL q||\n\t\n", 2, 1, "white space only"),
    (b"Probe TCP NULL q||\n match a m|b|\n", 2, 1, "white space before a directive"),
    (b"# c\n\nprobe TCP NULL q||\n", 3, 1, "unknown directive `probe`"),
    (b"include other\n", 1, 1, "unknown directive `include`"),
    (b"\xff\xfeProbe TCP NULL q||\n", 1, 1, "unknown directive `\\xff\\xfeProbe`"),
    (b"Probe TCP NULL q||\nports\n", 2, 1, "no space after `ports`"),
    (b"Probe TCP NULL q||\nmatch a m|\0| \n", 2, 11, "a NUL byte"),
    // Order.
    (b"match a m|b|\n", 1, 1, "`match` before the first probe"),
    (b"rarity 1\nProbe TCP NULL q||\n", 1, 1, "`rarity` before the first probe"),
    (b"Probe TCP NULL q||\nExclude 1\n", 2, 1, "`Exclude` after a probe"),
    (b"Exclude 1\nExclude 2\nProbe TCP NULL q||\n", 2, 1, "a second `Exclude`"),
    (b"Probe TCP NULL q||\nProbe UDP Other q||\n", 2, 1, "a second probe with an empty payload"),
    // Exclude.
    (b"Exclude \n", 1, 9, "ports are missing"),
    (b"Exclude T:1,\n", 1, 13, "ports are missing"),
    (b"Exclude 5-4\n", 1, 9, "the range 5-4 is backwards"),
    (b"Exclude 1,65536\n", 1, 11, "no such port"),
    (b"Exclude 1;2\n", 1, 10, "not a port list"),
    (b"Exclude [1-5\n", 1, 9, "a bracket is not closed"),
    // Probe.
    (b"Probe SCTP X q|a|\n", 1, 7, "unknown protocol `SCTP`"),
    (b"Probe tcp X q|a|\n", 1, 7, "unknown protocol `tcp`"),
    (b"Probe TCP -X q|a|\n", 1, 11, "a probe's name begins with"),
    (b"Probe TCP X\n", 1, 11, "a payload is missing"),
    (b"Probe TCP X |a|\n", 1, 13, "a payload begins with `q`"),
    (b"Probe TCP X q|a\n", 1, 14, "the payload does not end"),
    (b"Probe TCP X q|abc\\q|\n", 1, 18, "bad escape `\\q`"),
    (b"Probe TCP X q|\\x1g|\n", 1, 15, "bad escape `\\x`"),
    // Details of probes.
    (b"Probe TCP X q|a|\nports 1,\n", 2, 9, "a port is missing"),
    (b"Probe TCP X q|a|\nports 5-4\n", 2, 7, "backwards"),
    (b"Probe TCP X q|a|\nports 80,65536\n", 2, 10, "no such port"),
    (b"Probe TCP X q|a|\nsslports 1- 2\n", 2, 12, "a port is missing"),
    (b"Probe TCP X q|a|\nsslports http\n", 2, 10, "a port is missing"),
    (b"Probe TCP X q|a|\nrarity 10\n", 2, 8, "the number is out of range"),
    (b"Probe TCP X q|a|\nrarity x\n", 2, 8, "the number is out of range"),
    (b"Probe TCP X q|a|\ntotalwaitms 99\n", 2, 13, "the number is out of range"),
    (b"Probe TCP X q|a|\ntcpwrappedms 300001\n", 2, 14, "the number is out of range"),
    (b"Probe TCP X q|a|\nfallback X,Y\n", 2, 12, "unknown probe `Y` in fallback"),
    (b"Probe UDP X q|a|\nfallback NULL\n", 2, 10, "unknown probe `NULL` in fallback"),
    // match and softmatch.
    (b"Probe TCP NULL q||\nmatch a\n", 2, 7, "no space after the service"),
    (b"Probe TCP NULL q||\nmatch a \n", 2, 9, "a pattern is missing"),
    (b"Probe TCP NULL q||\nmatch a p/b/\n", 2, 9, "not a pattern"),
    (b"Probe TCP NULL q||\nsoftmatch a m|b\n", 2, 13, "the closing delimiter is missing"),
    (b"Probe TCP NULL q||\nmatch a m|b|g\n", 2, 13, "unknown flag `g`"),
    (b"Probe TCP NULL q||\nmatch a m|b| x/y/\n", 2, 14, "unknown template `x`"),
    (b"Probe TCP NULL q||\nmatch a m|b| p/c\n", 2, 14, "the closing delimiter is missing"),
    (b"Probe TCP NULL q||\nmatch a m|b| p/c/v/d/\n", 2, 18, "no white space after the closing delimiter"),
    (b"Probe TCP NULL q||\nmatch a m|b| cpe:|c|\n", 2, 14, "no delimiter"),
    (b"Probe TCP NULL q||\nmatch a m|b|", 2, 13, "a template ends the line"),
    // Patterns as a whole.
    (b"Probe TCP NULL q||\nmatch a m|b*|\n", 2, 11, "the pattern can match an empty string"),
    (b"Probe TCP NULL q||\nmatch a m|| p/c/\n", 2, 11, "the pattern can match an empty string"),
    (b"Probe TCP NULL q||\nmatch a m|(?=b)$|\n", 2, 11, "the pattern can match an empty string"),
    (b"Probe TCP NULL q||\nmatch a m|(?:a{999}){999}|\n", 2, 11, "the pattern is too large"),
    // What stands before it does not move the place.
    (b"# \xc3\xa9\n\n#\n\nProbe TCP NULL q||\nmatch caf\xc3\xa9 m|\xc3\xa9(|\n", 6, 17, "missing closing parenthesis"),
    (b"Probe TCP NULL q||\nmatch a  \t m%b(%i p/c/ v/d/\n", 2, 15, "missing closing parenthesis"),
    (b"Probe TCP NULL q||\nmatch a m|b| p/c/\nmatch a m|ok| \nmatch a m|c)|\n", 4, 12, "unmatched closing parenthesis"),
    (b"Probe TCP NULL q||\nsoftmatch a m|b[|\n", 2, 16, "missing closing bracket"),
    // The last line.
    (b"Probe TCP NULL q||\nmatch a m|b|\n\nx", 4, 1, "unknown directive `x`"),
    (b"Probe TCP NULL q||\nports 1\nrarity", 3, 1, "no space after `rarity`"),
    (b"Probe ", 1, 7, "a name is missing"),
    (b"Exclude", 1, 1, "no space after `Exclude`"),
    // What has a good beginning.
    (b"Probe TCP NULL q||\nmatch a m|b| p/c/ i/d\n", 2, 19, "the closing delimiter is missing"),
    (b"Probe TCP NULL q||\nports 1-2-3\n", 2, 10, "not a port list"),
    (b"Probe TCP NULL q||\nmatch a m|b| cpe:/a:b:c\n", 2, 14, "the closing delimiter is missing"),
    (b"Probe TCP NULL q||\nmatch a m|b| p/c/abcd\n", 2, 18, "no white space after the closing delimiter"),
    (b"Probe TCP NULL q||\nmatch a m|b|isis \n", 2, 13, "no white space after the closing delimiter"),
    (b"Probe TCP NULL q||\nmatch a mm|b| \n", 2, 9, "not a pattern"),
    (b"Probe TCP NULL q||\nMATCH a m|b| \n", 2, 1, "unknown directive `MATCH`"),
    (b"Probe TCP NULL q||\ntotalwaitms -5\n", 2, 13, "the number is out of range"),
    (b"Probe TCP NULL q||\nfallback NULL nothing\n", 2, 15, "unknown probe `nothing` in fallback"),
];

#[test]
fn every_fault_has_its_place() {
    let mut wrong = Vec::new();
    for (text, line, column, part) in FAULTS {
        let faults = refused(&[source("bad.probes", text)]);
        let found = places(&faults);
        if found.len() != 1 || found[0].1 != (line, column) || !found[0].2.contains(part) {
            wrong.push(format!("{}\n  expected {line}:{column} {part}\n  found    {found:?}", text.escape_ascii()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A pattern, the byte at fault from 0, and a part of what is said.
const PATTERN_FAULTS: [(&str, usize, &str); 44] = [
    ("a(b", 1, "missing closing parenthesis"),
    ("a(?:b", 1, "missing closing parenthesis"),
    ("ab)c", 2, "unmatched closing parenthesis"),
    ("a[bc", 1, "missing closing bracket"),
    ("a[]", 1, "missing closing bracket"),
    ("a[z-a]", 3, "range out of order"),
    (r"a[\d-z]", 4, "invalid range"),
    (r"a[a-\w]", 3, "invalid range"),
    ("a[[:nope:]]", 2, "unknown POSIX class name"),
    ("a[[.x.]]", 2, "POSIX collating elements"),
    (r"a[\B]", 2, r"\B has no meaning inside a class"),
    ("*a", 0, "quantifier does not follow a repeatable item"),
    ("a|+b", 2, "quantifier does not follow a repeatable item"),
    ("a**", 2, "quantifier does not follow a repeatable item"),
    ("^*a", 1, "quantifier does not follow a repeatable item"),
    ("a{2,1}", 1, "numbers out of order"),
    ("a{65536}", 1, "number too big"),
    (r"abc\", 3, r"\ at the end of the pattern"),
    (r"ab\y", 2, r"unrecognised escape \y"),
    (r"ab\u0041", 2, r"unrecognised escape \u"),
    (r"ab\Lc", 2, r"unrecognised escape \L"),
    (r"ab\x{100}", 2, "does not fit into a byte"),
    (r"ab\x{1", 6, "not a number in braces"),
    (r"ab\o{400}", 2, "does not fit into a byte"),
    (r"ab\400", 2, r"octal value is greater than \377"),
    (r"ab\c", 4, r"\c is not followed by a printable character"),
    (r"(a)\2", 3, "reference to group 2, which does not exist"),
    (r"(a)\g{-2}", 3, "reference to a group that does not exist"),
    (r"(a)\g", 5, r"\g is not followed by a reference"),
    (r"(?<n>a)\k<m>", 7, "reference to group `m`, which does not exist"),
    (r"a\kb", 3, r"\k without a name"),
    ("(?<1>a)", 3, "not a group name"),
    ("(?<n", 3, "not a group name"),
    ("(?y)a", 2, "unrecognised character after (?"),
    ("a(?<=b*)c", 1, "look-behind is not of fixed length"),
    ("a(?#b", 1, "missing closing parenthesis"),
    ("a(*FAIL)", 1, "verbs are not supported"),
    ("a(?R)", 1, "recursive calls are not supported"),
    ("(a)(?(1)b)", 3, "conditional groups are not supported"),
    ("a(?|b)", 1, "branch reset groups are not supported"),
    ("a(?C1)", 1, "callouts are not supported"),
    (r"a\Kb", 1, "not supported"),
    (r"a\pLb", 1, "Unicode properties are not supported"),
    (r"a\N{U+41}", 1, "named characters are not supported"),
];

#[test]
fn pattern_faults_point_at_the_byte() {
    const BEFORE: &str = "softmatch service m%";
    let mut wrong = Vec::new();
    for (pattern, offset, part) in PATTERN_FAULTS {
        let text = format!("Probe TCP NULL q||\n{BEFORE}{pattern}%is p/x/\n");
        let faults = refused(&[source("bad.probes", text.as_bytes())]);
        let found = places(&faults);
        let place = (2, BEFORE.len() + offset + 1);
        if found.len() != 1 || found[0].1 != place || !found[0].2.contains(part) {
            wrong.push(format!("{pattern}\n  expected {place:?} {part}\n  found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn parentheses_may_be_nested_so_deep() {
    let nested = |depth: usize| {
        let text = format!("Probe TCP NULL q||\nmatch a m|{}b{}| \n", "(".repeat(depth), ")".repeat(depth));
        portprint_codegen::compile(&[source("deep.probes", text.as_bytes())]).map(|_| ())
    };
    nested(250).expect("PCRE2 takes as many");
    for depth in [251, 3_000] {
        let faults = nested(depth).expect_err("PCRE2 takes fewer");
        assert!(places(&faults)[0].2.contains("nested too deeply"), "{faults}");
    }
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let sources = [
        source(
            "first.probes",
            b"Exclude 9-1\nProbe TCP A q|\\z|\nports x\nmatch a m|(|\nmatch a m|b*| \nmatch a m|b|g p/c\n",
        ),
        source("good.probes", b"Probe TCP NULL q||\nmatch a m|b| \n"),
        source("second.probes", b"Probe TCP B q|b|\nfallback A\nnonsense\nmatch a m|[|i\nrarity 0"),
    ];
    let faults = refused(&sources);
    let places: Vec<_> = places(&faults).into_iter().map(|(source, place, _)| (source, place)).collect();
    let expected = [
        (0, (1, 9)),
        (0, (2, 15)),
        (0, (3, 7)),
        (0, (4, 11)),
        (0, (5, 11)),
        (0, (6, 13)),
        (0, (6, 15)),
        (2, (2, 10)),
        (2, (3, 1)),
        (2, (4, 11)),
        (2, (5, 8)),
    ];
    assert_eq!(places, expected);
}

#[test]
fn what_is_shown() {
    let faults = refused(&[source("bad.probes", b"Probe TCP NULL q||\nmatch a m|b(c| p/d/\n")]);
    let expected = "\
error: missing closing parenthesis
 --> bad.probes:2:12
  |
2 | match a m|b(c| p/d/
  |            ^
  |
  = expected: `)` before the pattern's end";
    assert_eq!(faults.to_string(), expected);
}

fn source(name: &str, text: &[u8]) -> Source {
    Source { name: name.to_owned(), text: text.to_vec(), ..Source::default() }
}

/// The faults of sources that must have some.
fn refused(sources: &[Source]) -> Diagnostics {
    let Err(faults) = portprint_codegen::compile(sources) else {
        panic!(
            "no fault is found in {}",
            sources.iter().map(|it| it.text.escape_ascii().to_string()).collect::<String>()
        );
    };
    well_told(&faults, sources);
    faults
}

/// Checks what must be true of every report: each fault has its place in its file, and something is expected there.
fn well_told(faults: &Diagnostics, sources: &[Source]) {
    let shown = faults.to_string();
    assert!(!faults.is_empty());
    for fault in faults {
        let Source { name, text, .. } = &sources[fault.source];
        let Location { line, column } = faults.location(fault);
        let place = format!("--> {name}:{line}:{column}\n");
        assert!(shown.contains(&place), "{place:?} is not in\n{shown}");
        assert!(shown.contains(&format!("expected: {}", fault.expected)), "{}\n{shown}", fault.expected);
        assert!(shown.contains(&format!("error: {}", fault.message)), "{}\n{shown}", fault.message);
        assert!(!fault.message.is_empty() && !fault.expected.is_empty() && !fault.message.ends_with('.'), "{shown}");
        let physical = text.split(|&byte| byte == b'\n').nth(line - 1).expect("the line is there");
        assert!(column >= 1 && column <= physical.len() + 1, "{name}:{line}:{column} is outside of its line");
    }
}

/// Every fault's source, line and column, and message.
fn places(faults: &Diagnostics) -> Vec<(usize, (usize, usize), &str)> {
    let place = |Location { line, column }| (line, column);
    faults.iter().map(|fault| (fault.source, place(faults.location(fault)), fault.message.as_str())).collect()
}
