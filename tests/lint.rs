//! What `db lint` finds in rules, and what it must not find. That what is hidden never wins, and what is not does, is held against the
//! matcher, on responses made from patterns.

use portprint_codegen::analyse::pattern;
use portprint_codegen::analyse::sample::{Random, sample};
use portprint_codegen::lint::{Growth, Kind, Lint};
use portprint_codegen::{Analysed, Source};
use portprint_core::{Matcher, Scratch};
use portprint_tables::{Database, Protocol};

use crate::databases;

fn source(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), text: text.as_bytes().to_vec(), ..Source::default() }
}

fn lint(sources: &[Source]) -> Lint {
    let analysed = Analysed::new(sources).unwrap_or_else(|faults| panic!("{faults}"));
    portprint_codegen::lint::lint(&analysed)
}

/// The findings of rules for one probe, whose first line has the number 2: number, kind, and what it is about.
fn found(lines: &str) -> Vec<String> {
    found_in(&format!("Probe TCP P q|x|\n{lines}"))
}

fn found_in(text: &str) -> Vec<String> {
    let sources = [source("t.probes", text)];
    let found = lint(&sources);
    let told = found.findings.iter().map(|finding| {
        let about = match &finding.kind {
            Kind::Shadowed { by, hard_under_soft } => {
                let lines: Vec<_> = by.iter().map(|place| place.line.to_string()).collect();
                format!(" {}{}", lines.join("+"), if *hard_under_soft { " soft" } else { "" })
            }
            Kind::TemplateFails { why, .. } => format!(" {why}"),
            Kind::RunsAway(Growth::Polynomial { degree, .. }) => format!(" {degree}"),
            Kind::RunsAway(Growth::Exponential { .. }) => " exponential".to_owned(),
            Kind::ProbeRepeated { first } => format!(" {}", first.line),
            Kind::NeverMatches | Kind::ProbeWithoutLines => String::new(),
        };
        format!("{} {}{about}", finding.place.line, finding.kind.as_str())
    });
    told.collect()
}

#[test]
fn lines_that_never_win() {
    for (lines, expected) in [
        // By one line, and by none that only comes close.
        ("match a m|^a|\nmatch b m|^ab|\n", vec!["3 shadowed 2"]),
        ("match b m|^ab|\nmatch a m|^a|\n", vec![]),
        ("match a m|^a|\nmatch b m|^ab|s\nmatch c m|^[ab]c|\n", vec!["3 shadowed 2"]),
        ("match a m|^ab$|\nmatch b m|^ab|\n", vec![]),
        ("match a m|^ab$|\nmatch b m|^ab\\n\\z|\n", vec!["3 shadowed 2"]),
        ("match a m|abc|i\nmatch b m|^.*ABCD|s\n", vec!["3 shadowed 2"]),
        ("softmatch a m|^a|\nmatch b m|^ab|\n", vec!["3 shadowed 2 soft"]),
        ("softmatch a m|^a|\nsoftmatch b m|^ab|\n", vec!["3 shadowed 2"]),
        // By several together, of which none can be left out.
        ("match a m|^x[a-m]|\nmatch b m|^x[n-z]|\nmatch c m|^x[a-z]|\n", vec!["4 shadowed 2+3"]),
        ("match a m|^x[a-m]|\nmatch z m|^y|\nmatch b m|^x[l-z]|\nmatch c m|^x[a-z]1|\n", vec!["5 shadowed 2+4"]),
        ("match a m|^x[a-l]|\nmatch b m|^x[n-z]|\nmatch c m|^x[a-z]|\n", vec![]),
        ("match a m|^a.$|s\nmatch b m|^a$|\nmatch c m|^a....*|s\nmatch d m|^a.*|s\n", vec![]),
        ("match a m|^a.$|s\nmatch b m|^a$|\nmatch c m|^a..+|s\nmatch d m|^a.*|s\n", vec!["5 shadowed 2+3+4"]),
        // Whatever stands in a pattern that an automaton can be built for.
        ("match a m|^a(?!b)|\nmatch b m|^ac|\nmatch c m|^ab|\n", vec!["3 shadowed 2"]),
        // A line without an automaton hides nothing that could be proved, and can be hidden.
        ("match a m|^(a+)\\1|\nmatch b m|^aa|\n", vec![]),
        ("match a m|^a|\nmatch b m|^(a+)\\1|\n", vec!["3 shadowed 2"]),
        ("match a m|^(?!x)x|\n", vec!["2 never-matches"]),
        ("match a m|^a|\nmatch b m|^(?!x)x|\n", vec!["3 never-matches"]),
    ] {
        assert_eq!(found(lines), expected, "{lines}");
    }
    // A line of another probe hides nothing.
    let text = "Probe TCP P q|x|\nmatch a m|^a|\nProbe TCP Q q|y|\nmatch b m|^ab|\n";
    assert_eq!(found_in(text), Vec::<String>::new());
}

#[test]
fn templates_that_never_say_anything() {
    let long = "x".repeat(80);
    for (line, expected) in [
        ("match a m|^a(.)| p/$1/ v/$SUBST(1,\"_\",\".\")/ i/$I(1,\">\")/ o/$P(1)/".to_owned(), None),
        ("match a m|^a(.)| p/$2/".to_owned(), Some("the pattern has no group 2")),
        ("match a m|^a(.)| v/$0/".to_owned(), Some("it holds a variable that is none")),
        ("match a m|^a(.)| v/$Q(1)/".to_owned(), Some("it holds a variable that is none")),
        ("match a m|^a(?!(b))| p/$1/".to_owned(), Some("group 1 never takes part in a match")),
        (
            "match a m|^a(.{9})| i/$I(1,\"<\")/".to_owned(),
            Some("group 1 always has more than 8 bytes, too many for $I"),
        ),
        ("match a m|^a(.{8,9})| i/$I(1,\"<\")/".to_owned(), None),
        (format!("match a m|^a| p/{long}/"), Some("it has 80 bytes at least, and 79 fit")),
        (format!("match a m|^a| p/{}/", &long[1..]), None),
        (format!("match a m|^a(b+)| p/{}$1/", &long[..77]), None),
        (format!("match a m|^a(b+)| p/{}$1/", &long[..78]), Some("it has 79 bytes at least, and 78 fit")),
        // A value is cut at a NUL, so one that may begin with it may be short.
        (format!("match a m|^a([\\0b]+)| p/{}$1/", &long[..78]), None),
        (format!("match a m|^a| i/{long}/ cpe:/a:b:{long}/"), Some("it has 89 bytes at least, and 79 fit")),
    ] {
        let expected: Vec<_> = expected.map(|why| format!("2 template-fails {why}")).into_iter().collect();
        assert_eq!(found(&format!("{line}\n")), expected, "{line}");
    }
}

#[test]
fn patterns_that_run_away() {
    for (pattern, expected) in [
        ("^(?:a+)+b", Some("exponential")),
        ("^(?:a|a)*b", Some("exponential")),
        ("^(?:a?a?)*b", Some("exponential")),
        ("^(?:\\w+ ?)+\\r\\n", Some("exponential")),
        ("^(?:\\w+ )+\\r\\n", None),
        ("^(?:[^\\r\\n]+\\r\\n)+?Server: x", None),
        ("^a.*b.*c", None),
        ("^a.*b.*c.*d", Some("3")),
        ("a.*b.*c", Some("3")),
        ("^a[^b]*b[^c]*c[^d]*d", None),
        ("^a[^b]*c[^b]*c[^d]*d", Some("3")),
        ("^a[^b\\n]*b[^b\\n]*\\n[^\\n]*d", None),
        // What has matched is tried no further.
        ("^a.*b.*c.*", None),
        ("^(?>a+)+b", None),
    ] {
        let expected: Vec<_> = expected.map(|how| format!("2 runs-away {how}")).into_iter().collect();
        assert_eq!(found(&format!("match a m={pattern}=s\n")), expected, "{pattern}");
    }
}

#[test]
fn probes_that_ask_for_nothing() {
    let text = "Probe TCP NULL q||\nmatch a m|^a|\nProbe TCP P q|x|\nProbe UDP Q q|x|\nProbe TCP R q|y|\nfallback S\n\
                Probe TCP S q|z|\nmatch b m|^b|\nProbe TCP T q|z|\nmatch c m|^c|\n";
    assert_eq!(found_in(text), ["3 probe-without-lines", "4 probe-without-lines", "9 probe-repeated 7"]);
}

/// Lines of few letters, so that many hide others: what is called hidden never wins, and what is not does.
#[test]
fn what_is_said_of_lines_is_so() {
    const PIECES: [&str; 8] = ["a", "b", "[ab]", ".", "a*", "(?:ab|b)", "b?", "[^a]"];
    let mut random = Random::new(7);
    let (mut hidden, mut free, mut seen) = (0, 0, 0);
    for _ in 0..60 {
        let mut text = "Probe TCP P q|x|\n".to_owned();
        let mut patterns = Vec::new();
        for _ in 0..6 {
            let mut pattern = "^".to_owned();
            for _ in 0..=random.below(3) {
                pattern.push_str(PIECES[random.below(PIECES.len())]);
            }
            pattern.push_str(if random.once_in(3) { "c$" } else { "[abc]" });
            text.push_str(&format!("match s m={pattern}=s\n"));
            patterns.push(pattern::parse(pattern.as_bytes(), false, true).expect("it is a pattern"));
        }
        let sources = [source("t.probes", &text)];
        let told = lint(&sources);
        assert_eq!(told.undecided, []);
        let whole = databases::compile(&sources, 1).whole();
        let database = Database::from_bytes(&whole).expect("it was compiled");
        let matcher = Matcher::new(&database);
        let probe = database.find_probe(Protocol::Tcp, b"P").expect("it is there").id();
        let mut scratch = Scratch::new();
        let mut wins = [false; 6];
        for pattern in &patterns {
            for _ in 0..300 {
                let response = sample(pattern, &mut random);
                if let Some(hit) = matcher.classify(Protocol::Tcp, probe, &response, &mut scratch).hit {
                    wins[hit.line.to_u32() as usize] = true;
                }
            }
        }
        for (index, wins) in wins.into_iter().enumerate() {
            let is_hidden = told.findings.iter().any(|it| {
                it.place.line as usize == index + 2 && matches!(it.kind, Kind::Shadowed { .. } | Kind::NeverMatches)
            });
            assert!(!(wins && is_hidden), "line {} wins:\n{text}", index + 2);
            *(if is_hidden { &mut hidden } else { &mut free }) += 1;
            seen += usize::from(wins);
        }
    }
    assert!(hidden > 50, "{hidden} hidden lines are too few to show anything");
    // A line may win for responses only that are never made.
    assert!(seen * 100 >= free * 97, "of {free} lines that are not hidden {seen} win");
}
