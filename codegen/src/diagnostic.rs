//! Faults of a database, with the place of each.
//!
//! A database is bytes, its lines can be long, and somebody may pass a file that is no database. So an excerpt is made
//! of every faulty line before it is shown: cut around the fault, and with a character in the place of every byte that
//! is none. The places named are those of the file. A report shows the first hundred faults and counts the others.
//!
//! All that is to be said is gathered once, in one pass over the sources; nothing of them is kept.

use std::error::Error;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::Source;
use crate::parse::Span;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which of the sources, by position in the list given to the compiler.
    pub source: usize,
    /// The bytes at fault.
    pub span: Span,
    /// What is wrong there, lower case, without a full stop.
    pub message: String,
    /// What was expected or what to do.
    pub expected: String,
}

/// A place in a source's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The physical line, from 1.
    pub line: usize,
    /// The byte in the line, from 1.
    pub column: usize,
}

/// All faults of all sources, by source and place. `Display` shows each with file, line, column, the text and what was
/// expected, and so does `Debug`, because that is what a build script's `expect` prints.
#[derive(Clone)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Where each of them begins.
    locations: Vec<Location>,
    /// The text of those that are shown.
    excerpts: Vec<Excerpt>,
    /// The names of all sources.
    names: Vec<String>,
    /// What each is called.
    word: &'static str,
}

impl Diagnostics {
    /// Puts the faults in order. `sources` is the list that their indices mean.
    ///
    /// # Panics
    /// When a fault names a source that is not in the list.
    #[must_use]
    pub fn new(mut list: Vec<Diagnostic>, sources: &[Source]) -> Self {
        list.sort_by_key(place);
        let mut locations = Vec::with_capacity(list.len());
        let mut excerpts = Vec::new();
        let mut reader = (0, LineReader::new(&[]));
        for diagnostic in &list {
            if locations.is_empty() || reader.0 != diagnostic.source {
                reader = (diagnostic.source, LineReader::new(&sources[diagnostic.source].text));
            }
            locations.push(reader.1.locate(diagnostic.span.start));
            if excerpts.len() < MOST_SHOWN {
                excerpts.push(Excerpt::new(reader.1.text, reader.1.start, &diagnostic.span));
            }
        }
        let names = sources.iter().map(|source| source.name.clone()).collect();
        Self { list, locations, excerpts, names, word: "error" }
    }

    /// The same under another word than `error`, for what is no fault.
    #[must_use]
    pub fn called(self, word: &'static str) -> Self {
        Self { word, ..self }
    }

    /// How many are only counted when all are shown.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.list.len() - self.excerpts.len()
    }

    /// The faults, by source and place.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Where a fault of this list begins.
    ///
    /// # Panics
    /// When the fault is not of this list.
    #[must_use]
    pub fn location(&self, diagnostic: &Diagnostic) -> Location {
        let index = self.list.binary_search_by_key(&place(diagnostic), place).expect("the fault is one of the list");
        self.locations[index]
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    /// Title and place are written here and not by the renderer, which would count the column in the excerpt.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let renderer = Renderer::plain();
        for (index, excerpt) in self.excerpts.iter().enumerate() {
            let Diagnostic { source, message, expected, .. } = &self.list[index];
            let Location { line, column } = self.locations[index];
            let width = line.to_string().len();
            f.write_str(if index > 0 { "\n\n" } else { "" })?;
            writeln!(f, "{}: {message}", self.word)?;
            writeln!(f, "{:width$}--> {}:{line}:{column}", "", self.names[*source])?;
            let annotation = AnnotationKind::Primary.span(excerpt.marked.clone());
            let snippet = Snippet::source(excerpt.text.as_str()).line_start(line).annotation(annotation);
            let expected = Level::HELP.with_name("expected").message(expected.as_str());
            let group = Group::with_level(Level::ERROR).element(snippet).element(expected);
            f.write_str(&renderer.render(&[group]))?;
        }
        match self.left_out() {
            0 => Ok(()),
            more => write!(f, "\n\nand {more} more"),
        }
    }
}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Diagnostics {}

/// What faults are ordered by.
fn place(diagnostic: &Diagnostic) -> (usize, usize, usize) {
    (diagnostic.source, diagnostic.span.start, diagnostic.span.end)
}

/// Finds the lines of ascending positions, looking at each byte once.
struct LineReader<'t> {
    text: &'t [u8],
    /// The last position.
    position: usize,
    /// The number of its line.
    line: usize,
    /// Where that begins.
    start: usize,
}

impl<'t> LineReader<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self { text, position: 0, line: 1, start: 0 }
    }

    fn locate(&mut self, position: usize) -> Location {
        let passed = &self.text[self.position..position];
        self.line += passed.iter().filter(|&&byte| byte == b'\n').count();
        if let Some(feed) = passed.iter().rposition(|&byte| byte == b'\n') {
            self.start = self.position + feed + 1;
        }
        self.position = position;
        Location { line: self.line, column: position - self.start + 1 }
    }
}

/// A part of a line as text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Excerpt {
    text: String,
    /// The bytes of `text` that stand for the fault.
    marked: Range<usize>,
}

impl Excerpt {
    /// A part of the line that begins at `start`, with the beginning of the fault at `span`.
    fn new(text: &[u8], start: usize, span: &Span) -> Self {
        let ahead = &text[span.start..text.len().min(span.start + LONGEST_EXCERPT)];
        let end = span.start + ahead.iter().position(|&byte| byte == b'\n').unwrap_or(ahead.len());
        let goes_on = text.get(end).is_some_and(|&byte| byte != b'\n');
        let mut window = start..end;
        if goes_on || window.len() > LONGEST_EXCERPT {
            window.start = start.max(end.saturating_sub(LONGEST_EXCERPT).min(span.start.saturating_sub(CONTEXT)));
            window.end = end.min(window.start + LONGEST_EXCERPT);
        }
        // Not from or to the middle of a character, if it is one.
        if window.start > start {
            window.start += text[window.clone()].iter().take(3).take_while(|&&byte| continues(byte)).count();
        }
        let cut_short = goes_on || window.end < end;
        if cut_short {
            window.end -= text[..=window.end].iter().rev().take(3).take_while(|&&byte| continues(byte)).count();
        }
        let mut shown = String::from(if window.start > start { CUT } else { "" });
        let places = show(&text[window.clone()], &mut shown);
        let first = places.get(span.start - window.start).map_or(shown.len(), |place| place.start);
        let covered = &places[..places.len().min(span.end.saturating_sub(window.start))];
        let last = covered.last().map_or(first, |place| place.end);
        shown.push_str(if cut_short { CUT } else { "" });
        Self { text: shown, marked: first..last.max(first) }
    }
}

/// Whether `byte` is not the first of its character.
fn continues(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Appends `bytes` to `text`; where they are no text, and for control characters, something else. Gives the place of
/// each byte.
fn show(bytes: &[u8], text: &mut String) -> Vec<Range<usize>> {
    let mut places = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid().chars().map(|character| (character, character.len_utf8()));
        let invalid = chunk.invalid().iter().map(|_| (char::REPLACEMENT_CHARACTER, 1));
        for (character, length) in valid.chain(invalid) {
            let start = text.len();
            text.push(match character {
                '\t' => ' ',
                _ if character.is_control() => char::REPLACEMENT_CHARACTER,
                _ => character,
            });
            places.extend(std::iter::repeat_n(start..text.len(), length));
        }
    }
    places
}

/// The most faults that are shown.
const MOST_SHOWN: usize = 100;

/// The most bytes of a line that are shown.
const LONGEST_EXCERPT: usize = 100;

/// How many of them stand before the fault when the line is cut.
const CONTEXT: usize = 30;

/// Stands for what is not shown of a line.
const CUT: &str = "...";

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &[u8]) -> Source {
        Source { name: String::from(name), text: text.to_vec(), ..Source::default() }
    }

    fn diagnostic(source: usize, span: Span) -> Diagnostic {
        Diagnostic { source, span, message: String::from("wrong"), expected: String::from("right") }
    }

    #[test]
    fn a_report() {
        let sources = [source("a.probes", b"one\ntwo \xff\tthree\n"), source("b.probes", b"x")];
        let list = vec![diagnostic(1, 1..1), diagnostic(0, 10..15), diagnostic(0, 0..3)];
        let report = Diagnostics::new(list, &sources);
        let expected = "\
error: wrong
 --> a.probes:1:1
  |
1 | one
  | ^^^
  |
  = expected: right

error: wrong
 --> a.probes:2:7
  |
2 | two \u{fffd} three
  |       ^^^^^
  |
  = expected: right

error: wrong
 --> b.probes:1:2
  |
1 | x
  |  ^
  |
  = expected: right";
        assert_eq!(report.to_string(), expected);
        assert_eq!(format!("{report:?}"), expected);
        let locations: Vec<Location> = report.iter().map(|diagnostic| report.location(diagnostic)).collect();
        assert_eq!(locations.iter().map(|at| (at.line, at.column)).collect::<Vec<_>>(), [(1, 1), (2, 7), (1, 2)]);
    }

    #[test]
    fn many_faults_are_counted() {
        let text = b"xy\n".repeat(5_000);
        let list: Vec<Diagnostic> = (0..5_000).map(|line| diagnostic(0, line * 3..line * 3 + 2)).collect();
        let report = Diagnostics::new(list, &[source("a", &text)]);
        assert_eq!((report.len(), report.is_empty()), (5_000, false));
        let shown = report.to_string();
        assert!(shown.contains("a:100:1\n") && !shown.contains("a:101:1\n") && shown.ends_with("\n\nand 4900 more"));
        assert_eq!(report.location(&report.list[4_999]), Location { line: 5_000, column: 1 });
    }

    #[test]
    fn excerpts() {
        let long = |before: usize, after: usize| {
            let mut text = vec![b'-'; before];
            text.extend(b"XYZ");
            text.extend(vec![b'-'; after]);
            text
        };
        // The text, where its line begins, the fault; what is marked, how long the excerpt is, whether it is cut.
        let cases = [
            (b"abc".to_vec(), 0, 1..2, "b", 3, (false, false)),
            (b"abc\ndef\n".to_vec(), 4, 5..99, "ef", 3, (false, false)),
            ("aé\u{1}b".as_bytes().to_vec(), 0, 1..3, "é", 6 + 1, (false, false)),
            ("aéb".as_bytes().to_vec(), 0, 2..2, "é", 4, (false, false)),
            ("aéb".as_bytes().to_vec(), 0, 2..3, "é", 4, (false, false)),
            (b"a\xff\xc3b".to_vec(), 0, 2..3, "\u{fffd}", 8, (false, false)),
            (long(0, 97), 0, 0..3, "XYZ", 100, (false, false)),
            (long(10, 500), 0, 10..13, "XYZ", 103, (false, true)),
            (long(500, 10), 0, 500..503, "XYZ", 103, (true, false)),
            (long(500, 500), 0, 500..503, "XYZ", 106, (true, true)),
        ];
        for (text, start, span, marked, length, (before, after)) in cases {
            let excerpt = Excerpt::new(&text, start, &span);
            let shown = &excerpt.text;
            assert_eq!((&shown[excerpt.marked.clone()], shown.len()), (marked, length), "{shown}");
            assert_eq!((shown.starts_with(CUT), shown.ends_with(CUT)), (before, after), "{shown}");
        }
    }

    #[test]
    fn an_excerpt_has_whole_characters() {
        let text = "é".repeat(200);
        for start in 200..204 {
            let excerpt = Excerpt::new(text.as_bytes(), 0, &(start..start + 1));
            assert!(!excerpt.text.contains(char::REPLACEMENT_CHARACTER), "{}", excerpt.text);
            assert_eq!(&excerpt.text[excerpt.marked], "é");
        }
    }
}
