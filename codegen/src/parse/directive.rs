//! The first word of a line.

use super::Span;
use super::cursor::is_space;
use super::fault::{Fault, quote};

/// The directives: the whole set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    /// Ports that are never probed.
    Exclude,
    /// Other probes whose lines are tried too.
    Fallback,
    /// A line that ends the search.
    Match,
    /// Where a probe is sent first.
    Ports,
    /// The beginning of a probe.
    Probe,
    /// How seldom a probe is useful.
    Rarity,
    /// A line that narrows the search.
    Softmatch,
    /// Where a probe is sent first inside TLS.
    Sslports,
    /// How soon a connection must be closed to count as wrapped.
    Tcpwrappedms,
    /// How long to wait for a response.
    Totalwaitms,
}

impl Directive {
    const ALL: [Self; 10] = [
        Self::Exclude,
        Self::Fallback,
        Self::Match,
        Self::Ports,
        Self::Probe,
        Self::Rarity,
        Self::Softmatch,
        Self::Sslports,
        Self::Tcpwrappedms,
        Self::Totalwaitms,
    ];

    /// The word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Exclude => "Exclude",
            Self::Fallback => "fallback",
            Self::Match => "match",
            Self::Ports => "ports",
            Self::Probe => "Probe",
            Self::Rarity => "rarity",
            Self::Softmatch => "softmatch",
            Self::Sslports => "sslports",
            Self::Tcpwrappedms => "tcpwrappedms",
            Self::Totalwaitms => "totalwaitms",
        }
    }

    /// The directive of the line that stands at `span`, and where its arguments stand: behind the word and one space.
    pub(super) fn of(text: &[u8], span: Span) -> Result<(Self, Span), Fault> {
        let line = &text[span.clone()];
        let arguments = |directive: Self| line.strip_prefix(directive.word().as_bytes())?.strip_prefix(b" ");
        Self::ALL
            .into_iter()
            .find_map(|directive| Some((directive, span.end - arguments(directive)?.len()..span.end)))
            .ok_or_else(|| unknown(line, span.start))
    }
}

/// The fault of a line, not empty, that no directive begins; the likely slips get an advice of their own.
fn unknown(line: &[u8], start: usize) -> Fault {
    let space = line.iter().take_while(|&&byte| is_space(byte)).count();
    if space == line.len() {
        let carriage = if line == b"\r" { " (a carriage return)" } else { "" };
        let message = format!("a line of white space only{carriage}");
        return Fault::new(start..start + line.len(), message, "a line feed alone, or a `#` in the first column");
    }
    if space > 0 {
        return Fault::new(start..start + space, "white space before a directive", "a directive in the first column");
    }
    let length = line.iter().take_while(|&&byte| !is_space(byte)).count();
    let word = &line[..length];
    let span = start..start + length;
    let similar = Directive::ALL.into_iter().find(|directive| word.eq_ignore_ascii_case(directive.word().as_bytes()));
    match similar.map(Directive::word) {
        Some(known) if word == known.as_bytes() => {
            Fault::new(span, format!("no space after `{known}`"), format!("one space and the arguments of `{known}`"))
        }
        Some(known) => Fault::new(span, format!("unknown directive {}", quote(word)), format!("`{known}`, spelt so")),
        None => {
            let words = Directive::ALL.map(Directive::word).join(", ");
            Fault::new(span, format!("unknown directive {}", quote(word)), format!("one of {words}, or a comment"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_arguments() {
        for directive in Directive::ALL {
            let text = format!("##{}  x", directive.word());
            let arguments = 3 + directive.word().len()..text.len();
            assert_eq!(Directive::of(text.as_bytes(), 2..text.len()), Ok((directive, arguments)));
        }
    }

    #[test]
    fn slips() {
        let cases: [(&[u8], Span, &str, &str); 8] = [
            (b"\r", 0..1, "carriage return", "line feed alone"),
            (b" \t ", 0..3, "white space only", "line feed alone"),
            (b"  match x", 0..2, "before a directive", "first column"),
            (b"Match a m|b|", 0..5, "`Match`", "`match`, spelt so"),
            (b"probe TCP", 0..5, "`probe`", "`Probe`, spelt so"),
            (b"ports", 0..5, "no space", "one space"),
            (b"ports\t80", 0..5, "no space", "one space"),
            (b"\xffinclude x", 0..8, r"`\xffinclude`", "one of Exclude, fallback,"),
        ];
        for (line, span, message, expected) in cases {
            let fault = Directive::of(line, 0..line.len()).expect_err("no directive");
            let shown = format!("{fault:?}");
            assert!(shown.contains(&format!("span: {span:?}")), "{shown}");
            let message = message.escape_debug().to_string();
            assert!(shown.contains(&message) && shown.contains(expected), "{shown}");
        }
    }
}
