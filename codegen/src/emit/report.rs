//! What the compiler did, for people.

use std::collections::BTreeMap;
use std::fmt;

use portprint_tables::code::Strategy;

use super::PrefilterCounts;
use super::program::Encoded;
use crate::analyse::{Analysis, Builder};

/// What the compiler did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// All lines.
    pub lines: usize,
    /// Automata that regex-automata built.
    pub plain_automata: usize,
    /// Automata that our determiniser built.
    pub own_automata: usize,
    /// States of all automata together.
    pub states: usize,
    /// Lines that are run by their program, each with the reason.
    pub program_lines: Vec<ProgramLine>,
    /// Programs, most of them only for captures.
    pub programs: usize,
    /// Programs of lines with an automaton that can only capture under a bound.
    pub bounded_captures: usize,
    /// How lines are found.
    pub prefilter: PrefilterCounts,
    /// Bytes of every section.
    pub sections: BTreeMap<u32, usize>,
    /// Names in `Exclude` that were ignored.
    pub exclude_unresolved: Vec<String>,
}

/// A line without an automaton.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramLine {
    /// The source's name.
    pub source: String,
    /// The physical line.
    pub line: u32,
    /// How it is run.
    pub strategy: Strategy,
    /// Why.
    pub reason: &'static str,
}

impl Report {
    pub(crate) fn new(analyses: &[Analysis]) -> Self {
        let built = |builder| analyses.iter().filter(|analysis| analysis.builder == builder).count();
        Self {
            lines: analyses.len(),
            plain_automata: built(Builder::Plain),
            own_automata: built(Builder::Own),
            states: analyses.iter().filter_map(|analysis| analysis.automaton.as_ref().ok()).map(|it| it.len()).sum(),
            ..Self::default()
        }
    }

    pub(crate) fn add_program(&mut self, program: &Encoded, strategy: u8) {
        self.programs += 1;
        self.bounded_captures += usize::from(program.bounded && strategy == Strategy::Automaton as u8);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "lines: {}", self.lines)?;
        writeln!(
            f,
            "automata: {} by regex-automata, {} by our determiniser, {} states",
            self.plain_automata, self.own_automata, self.states
        )?;
        writeln!(f, "programs: {}, {} of them only under a bound", self.programs, self.bounded_captures)?;
        let PrefilterCounts { gram_lines, grams, window_lines, position_lines, needs } = self.prefilter;
        writeln!(
            f,
            "prefilter: {gram_lines} lines by {grams} grams, {window_lines} by windows, {position_lines} by positions; {needs} need more"
        )?;
        writeln!(f, "lines without automaton: {}", self.program_lines.len())?;
        for ProgramLine { source, line, strategy, reason } in &self.program_lines {
            let how = match strategy {
                Strategy::BoundedProgram => "backtracking under a bound",
                _ => "backtracking in linear time",
            };
            writeln!(f, "  {source}:{line}: {how}: {reason}")?;
        }
        for name in &self.exclude_unresolved {
            writeln!(f, "Exclude: `{name}` needs a table of services and is ignored")?;
        }
        for (section, len) in &self.sections {
            writeln!(f, "section {section}: {len} bytes")?;
        }
        Ok(())
    }
}
