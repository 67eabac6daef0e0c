//! Compiles databases in nmap's service-probes format into the tables of [`portprint_tables`].
//!
//! ```text
//! text ─ parse ─► syntax ─ ir ─► typed rules ─ analyse ─► automata, programs, literals ─ emit ─► blob + index
//! ```
//!
//! Faults are collected, not thrown: [`compile`] reports all faults of all sources at once, each with file, line and column.

pub mod analyse;
pub mod diagnostic;
pub mod emit;
pub mod find;
pub mod ir;
pub mod lint;
pub mod parse;

use rayon::prelude::*;

use analyse::{Analysis, Fault, pattern::PatternError};
use diagnostic::{Diagnostic, Diagnostics};

use emit::TooMany;
pub use emit::{Compiled, Report};

/// A database in nmap's text format.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The name shown in answers and diagnostics, usually the file's name without its folder.
    pub name: String,
    /// The licence of the rules, as an SPDX expression or a short name.
    pub licence: String,
    /// The file's bytes. No encoding is assumed.
    pub text: Vec<u8>,
    /// Whether its rules extend those of the source before it, with the same priority, instead of being asked after them.
    pub extends: bool,
}

/// Compiles sources, given in priority order. The same sources give the same bytes.
///
/// # Errors
/// All faults of all sources.
pub fn compile(sources: &[Source]) -> Result<Compiled, Diagnostics> {
    Analysed::new(sources)?.compile()
}

/// Sources without a fault in them, understood: what is compiled, and what [`lint`] looks at.
#[derive(Debug)]
pub struct Analysed<'s> {
    sources: &'s [Source],
    rules: ir::Rules,
    /// For each line.
    analyses: Vec<Analysis>,
}

impl<'s> Analysed<'s> {
    /// Analyses sources, given in priority order.
    ///
    /// # Errors
    /// All faults of all sources.
    pub fn new(sources: &'s [Source]) -> Result<Self, Diagnostics> {
        let mut diagnostics = Vec::new();
        let files =
            sources.iter().enumerate().map(|(index, source)| parse::parse(index, source, &mut diagnostics)).collect();
        let extends: Vec<bool> = sources.iter().map(|source| source.extends).collect();
        let rules = ir::resolve(files, &extends, &mut diagnostics);

        let analysed: Vec<_> = rules.lines.par_iter().map(|line| analyse::analyse(&line.syntax.pattern)).collect();
        let mut analyses = Vec::with_capacity(analysed.len());
        for (line, analysis) in rules.lines.iter().zip(analysed) {
            match analysis {
                Ok(analysis) => analyses.push(analysis),
                Err(fault) => diagnostics.push(pattern_fault(line, fault)),
            }
        }
        if !diagnostics.is_empty() {
            return Err(Diagnostics::new(diagnostics, sources));
        }
        Ok(Self { sources, rules, analyses })
    }

    /// Writes the tables. The same sources give the same bytes.
    ///
    /// # Errors
    /// There is more of something than tables can hold.
    pub fn compile(&self) -> Result<Compiled, Diagnostics> {
        let mut compiled = emit::emit(self.sources, &self.rules, &self.analyses).map_err(|TooMany(what)| {
            let whole = Diagnostic {
                source: 0,
                span: 0..0,
                message: format!("there are more than 65,536 {what}"),
                expected: "fewer rules in one database".into(),
            };
            Diagnostics::new(vec![whole], self.sources)
        })?;
        let unresolved = self.rules.exclude_unresolved.iter();
        compiled.report.exclude_unresolved = unresolved.map(|name| name.escape_ascii().to_string()).collect();
        Ok(compiled)
    }
}

fn pattern_fault(line: &ir::Line, fault: Fault) -> Diagnostic {
    let span = line.syntax.pattern.span.clone();
    let (span, message, expected) = match fault {
        Fault::Syntax(PatternError { offset, message, expected }) => {
            let start = span.start + offset;
            (start..(start + 1).min(span.end).max(start), message, expected)
        }
        Fault::MatchesEmpty => {
            (span, "the pattern can match an empty string".into(), "a pattern that reads at least one byte".into())
        }
        Fault::TooLarge => (span, "the pattern is too large".into(), "smaller repeat counts".into()),
    };
    Diagnostic { source: line.source, span, message, expected }
}
