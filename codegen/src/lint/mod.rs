//! What is wrong with rules that compile: lines that can never win, templates that never say anything, patterns that cost others dear,
//! probes that ask for nothing.
//!
//! A finding is proved, not guessed. What could not be decided within the limits is counted, and is no finding.

mod ambiguity;
mod cover;
mod probe;
mod template;

use std::fmt;

use portprint_tables::Field;
use rayon::prelude::*;

use crate::analyse::Analysis;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::parse::Span;
use crate::{Analysed, Source, ir};
pub use ambiguity::Growth;

/// What was found in a set of sources.
#[derive(Clone, Debug, Default)]
pub struct Lint {
    /// By source and place.
    pub findings: Vec<Finding>,
    /// How many probes there are.
    pub probes: usize,
    /// How many lines there are.
    pub lines: usize,
    /// Lines of which it is not known whether others hide them: they have no automaton, or there were too many cases.
    pub undecided: Vec<Place>,
}

/// A directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its source, by position in the list given.
    pub source: usize,
    /// The physical line.
    pub line: u32,
    /// What of it is meant.
    pub span: Span,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: Kind,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No response matches the line.
    NeverMatches,
    /// Every response that the line matches is answered by a line before it, in the same probe.
    Shadowed {
        /// The lines before it; none of them can be left out.
        by: Vec<Place>,
        /// The line is a hard one, and all that hide it are soft.
        hard_under_soft: bool,
    },
    /// A template never gives a value.
    TemplateFails {
        /// Of this field.
        field: Field,
        /// Why not.
        why: template::Why,
    },
    /// An engine that backtracks takes this long for some responses.
    RunsAway(Growth),
    /// A probe whose answers no line of its own or of its fallbacks is for.
    ProbeWithoutLines,
    /// A probe that sends what another one has sent already.
    ProbeRepeated {
        /// The other one.
        first: Place,
    },
}

impl Kind {
    /// The word for it in records.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NeverMatches => "never-matches",
            Self::Shadowed { .. } => "shadowed",
            Self::TemplateFails { .. } => "template-fails",
            Self::RunsAway(_) => "runs-away",
            Self::ProbeWithoutLines => "probe-without-lines",
            Self::ProbeRepeated { .. } => "probe-repeated",
        }
    }
}

/// Looks for what is wrong in sources that compile.
#[must_use]
pub fn lint(analysed: &Analysed<'_>) -> Lint {
    let Analysed { sources, rules, analyses } = analysed;
    let mut lint = Lint { probes: rules.probes.len(), lines: rules.lines.len(), ..Lint::default() };
    let judged: Vec<_> = (0..rules.lines.len()).into_par_iter().map(|index| line(rules, analyses, index)).collect();
    for (index, (kinds, is_decided)) in judged.into_iter().enumerate() {
        let place = place_of(&rules.lines[index]);
        if !is_decided {
            lint.undecided.push(place.clone());
        }
        lint.findings.extend(kinds.into_iter().map(|(kind, span)| {
            let place = Place { span: span.unwrap_or_else(|| place.span.clone()), ..place.clone() };
            Finding { place, kind }
        }));
    }
    lint.findings.extend(probe::findings(rules, sources));
    lint.findings.sort_by_key(|finding| (finding.place.source, finding.place.line, finding.place.span.start));
    lint
}

/// What is wrong with a line, with the part of it that is meant if it is not the whole, and whether it is known if others hide it.
fn line(rules: &ir::Rules, analyses: &[Analysis], index: usize) -> (Vec<(Kind, Option<Span>)>, bool) {
    let (line, analysis) = (&rules.lines[index], &analyses[index]);
    let mut kinds = Vec::new();
    let before = rules.probes[line.probe].lines.start..index;
    let is_decided = match cover::cover(analysis, &analyses[before.clone()]) {
        cover::Verdict::Free => true,
        cover::Verdict::Undecided => false,
        cover::Verdict::Covered(by) if by.is_empty() => {
            kinds.push((Kind::NeverMatches, Some(line.syntax.pattern.span.clone())));
            true
        }
        cover::Verdict::Covered(by) => {
            let by: Vec<&ir::Line> = by.into_iter().map(|at| &rules.lines[before.start + at]).collect();
            let hard_under_soft = !line.syntax.soft && by.iter().all(|it| it.syntax.soft);
            kinds.push((Kind::Shadowed { by: by.into_iter().map(place_of).collect(), hard_under_soft }, None));
            true
        }
    };
    for template in &line.syntax.templates {
        if let Some(why) = template::always_fails(template, &analysis.pattern) {
            kinds.push((Kind::TemplateFails { field: template.field, why }, Some(template.span.clone())));
        }
    }
    if let Some(growth) = ambiguity::growth(analysis) {
        kinds.push((Kind::RunsAway(growth), Some(line.syntax.pattern.span.clone())));
    }
    (kinds, is_decided)
}

fn place_of(line: &ir::Line) -> Place {
    Place { source: line.source, line: line.syntax.line, span: line.syntax.span.clone() }
}

impl Lint {
    /// The findings as the compiler tells its faults, with the text of each. They are none: all of it compiles.
    #[must_use]
    pub fn diagnostics(&self, sources: &[Source]) -> Diagnostics {
        let list = self.findings.iter().map(|finding| finding.diagnostic(sources)).collect();
        Diagnostics::new(list, sources).called("lint")
    }
}

impl Finding {
    fn diagnostic(&self, sources: &[Source]) -> Diagnostic {
        let Place { source, span, .. } = self.place.clone();
        Diagnostic { source, span, message: self.message(sources), expected: self.kind.advice().to_owned() }
    }

    /// What is wrong, in a line.
    #[must_use]
    pub fn message(&self, sources: &[Source]) -> String {
        let place = |place: &Place| {
            let name = if place.source == self.place.source { "" } else { sources[place.source].name.as_str() };
            format!("{name}{}{}", if name.is_empty() { "line " } else { ":" }, place.line)
        };
        match &self.kind {
            Kind::NeverMatches => "no response matches this".to_owned(),
            Kind::Shadowed { by, hard_under_soft } => {
                let lines: Vec<_> = by.iter().map(place).collect();
                let soft = if *hard_under_soft { ", softly" } else { "" };
                format!("never wins: {} before it answers every response that it matches{soft}", Joined(&lines))
            }
            Kind::TemplateFails { field, why } => format!("the {} is always empty: {why}", field.as_str()),
            Kind::RunsAway(growth) => format!("an engine that backtracks may take {growth}"),
            Kind::ProbeWithoutLines => "no line is for what this draws".to_owned(),
            Kind::ProbeRepeated { first } => format!("sends again what the probe of {} sends", place(first)),
        }
    }
}

impl Kind {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NeverMatches => "a pattern that some response matches, or no line",
            Self::Shadowed { .. } => "the more specific line first, or no line",
            Self::TemplateFails { .. } => "a value that can come out, or no template",
            Self::RunsAway(_) => {
                "parts that cannot read the same bytes in several ways, `[^\\r\\n]` instead of `.` for one"
            }
            Self::ProbeWithoutLines => {
                "a match line, a fallback, or no probe: each costs every silent port a connection"
            }
            Self::ProbeRepeated { .. } => {
                "its lines under that one, or another payload: it costs every silent port a second connection"
            }
        }
    }
}

/// "a", "a or b", "a, b or c".
struct Joined<'a>(&'a [String]);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            [one] => f.write_str(one),
            [others @ .., last] => write!(f, "{} or {last}", others.join(", ")),
        }
    }
}
