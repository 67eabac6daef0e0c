//! The cases that both micro benchmarks run: our own rules on texts of our own.

use portprint_core::{Matcher, Scratch};
use portprint_tables::{Database, LineId, ProbeId, Protocol};

static DATABASE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/own.db"));

/// A response ready to be classified, with memory that is warm.
#[derive(Clone, Debug)]
pub struct Case {
    matcher: Matcher<'static>,
    probe: ProbeId,
    response: Vec<u8>,
    /// The line that matches, if one does.
    line: Option<LineId>,
    scratch: Scratch,
}

impl Case {
    fn new(is_probe: impl Fn(&str, bool) -> bool, response: Vec<u8>) -> Self {
        let database = Database::from_bytes(DATABASE).expect("the build script compiled it");
        let probe = database
            .probes()
            .find(|probe| is_probe(&String::from_utf8_lossy(probe.name()), probe.is_null()))
            .expect("our rules have it")
            .id();
        let matcher = Matcher::new(&database);
        let mut scratch = Scratch::new();
        let line = matcher.classify(Protocol::Tcp, probe, &response, &mut scratch).hit.map(|hit| hit.line);
        Self { matcher, probe, response, line, scratch }
    }

    /// Only what the prefilter does.
    pub fn candidates(&mut self) -> usize {
        self.matcher.candidates(Protocol::Tcp, Some(self.probe), &self.response, &mut self.scratch).count()
    }

    /// The whole answer.
    pub fn classify(&mut self) -> bool {
        let verdict = self.matcher.classify(Protocol::Tcp, self.probe, &self.response, &mut self.scratch);
        std::hint::black_box(verdict).hit.is_some()
    }

    /// Only the automaton of the line that matches.
    pub fn test_line(&mut self) -> bool {
        let line = self.line.expect("the case matches");
        self.matcher.test_line(line, &self.response, &mut self.scratch) == portprint_core::matcher::LineTest::Matches
    }

    /// That automaton, the captures and the fields.
    pub fn fields(&mut self) -> usize {
        let line = self.line.expect("the case matches");
        let fields = self.matcher.line_fields(line, &self.response, &mut self.scratch);
        fields.map_or(0, |fields| std::hint::black_box(fields).iter().count())
    }
}

/// A greeting that a line knows.
#[must_use]
pub fn banner() -> Case {
    let case = Case::new(|_, is_null| is_null, b"SSH-2.0-OpenSSH_9.9p1 Example-1\r\n".to_vec());
    assert!(case.line.is_some(), "our rules know OpenSSH");
    case
}

/// An HTTP response that a line knows.
#[must_use]
pub fn http() -> Case {
    let case = Case::new(|name, _| name == "pp-http-get", page("nginx/1.26.1"));
    assert!(case.line.is_some(), "our rules know HTTP");
    case
}

/// 4 KiB of text that no line knows.
#[must_use]
pub fn nothing() -> Case {
    let text = "of all that is said here nothing is known to any rule, ".bytes().cycle().take(4096).collect();
    let case = Case::new(|name, _| name == "pp-http-get", text);
    assert!(case.line.is_none(), "our rules do not know this text");
    case
}

fn page(server: &str) -> Vec<u8> {
    let mut page = format!(
        "HTTP/1.1 200 OK\r\nServer: {server}\r\nDate: Wed, 07 May 2025 08:09:10 GMT\r\nContent-Type: text/html\r\n\
         Connection: close\r\nVary: Cookie\r\n\r\n<!doctype html>\n<html><head><title>An example</title></head>\n<body>\n"
    );
    (0..16).for_each(|number| page += &format!("<p>This is paragraph {number} of the example.</p>\n"));
    page.into_bytes()
}
