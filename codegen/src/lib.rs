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

use analyse::{Fault, pattern::PatternError};
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
    let mut diagnostics = Vec::new();
    let rules = resolve(sources, &mut diagnostics);
    let analyses: Vec<_> = rules.lines.par_iter().map(|line| analyse::analyse(&line.syntax.pattern)).collect();
    let mut good = Vec::with_capacity(analyses.len());
    for (line, analysis) in rules.lines.iter().zip(analyses) {
        match analysis {
            Ok(analysis) => good.push(analysis),
            Err(fault) => diagnostics.push(pattern_fault(line, fault)),
        }
    }
    if !diagnostics.is_empty() {
        return Err(Diagnostics::new(diagnostics, sources));
    }
    let mut compiled = emit::emit(sources, &rules, &good).map_err(|TooMany(what)| {
        let whole = Diagnostic {
            source: 0,
            span: 0..0,
            message: format!("there are more than 65,536 {what}"),
            expected: "fewer rules in one database".into(),
        };
        Diagnostics::new(vec![whole], sources)
    })?;
    let unresolved = rules.exclude_unresolved.iter();
    compiled.report.exclude_unresolved = unresolved.map(|name| name.escape_ascii().to_string()).collect();
    Ok(compiled)
}

/// The rules of all sources.
fn resolve(sources: &[Source], diagnostics: &mut Vec<Diagnostic>) -> ir::Rules {
    let files = sources.iter().enumerate().map(|(index, source)| parse::parse(index, source, diagnostics)).collect();
    let extends: Vec<bool> = sources.iter().map(|source| source.extends).collect();
    ir::resolve(files, &extends, diagnostics)
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
