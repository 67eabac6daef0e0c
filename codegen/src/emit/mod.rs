//! Rules and their analyses to tables and a small index.

mod automaton;
mod block;
mod index;
mod prefilter;
mod program;
mod report;
mod sets;
mod tables;
mod template;

use portprint_tables::{LineRow, Section};
use rayon::prelude::*;

use crate::Source;
use crate::analyse::Analysis;
use crate::analyse::needs;
use crate::analyse::rehearsal::Rehearsal;
use crate::analyse::select::{self, Selection};
use crate::ir::Rules;
use crate::parse::Template;
use portprint_tables::code::Strategy;

use block::{BytePool, Sections};
use sets::SetTable;
pub(crate) use sets::TooMany;

pub use prefilter::PrefilterCounts;
pub use report::{ProgramLine, Report};

/// A compiled database.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What matching needs, one block for [`portprint_tables::Database::from_bytes`].
    pub database: Vec<u8>,
    /// The sources' text, one block for [`portprint_tables::DatabaseText::from_bytes`].
    pub text: Vec<u8>,
    /// A small Rust index of the database: constants and the list of probes.
    pub index: String,
    /// What was done with the lines, and why.
    pub report: Report,
    whole: WholeParts,
}

#[derive(Clone, Debug)]
struct WholeParts {
    sections: Sections,
    source_hash: [u8; 32],
}

impl Compiled {
    /// Database and text in one block, as a file holds them.
    #[must_use]
    pub fn whole(&self) -> Vec<u8> {
        self.whole.sections.encode(self.whole.source_hash)
    }
}

/// Emits everything.
pub(crate) fn emit(sources: &[Source], rules: &Rules, analyses: &[Analysis]) -> Result<Compiled, TooMany> {
    let encoded: Vec<_> =
        analyses.par_iter().map(|analysis| analysis.automaton.as_ref().ok().and_then(automaton::encode)).collect();
    let guard = |analysis: &Analysis| analysis.guard.as_ref().and_then(automaton::encode);
    let rehearsal = Rehearsal::new(analyses);
    let selections = select::select(analyses, &rehearsal);
    let needs = needs::needs(analyses, &selections, &rehearsal);

    let mut sections = Sections::default();
    let mut sets = SetTable::new();
    let mut report = Report::new(analyses);
    let mut code = BytePool::default();
    let mut lines = Vec::with_capacity(LineRow::SIZE * analyses.len());
    for (id, ((rule, analysis), encoded)) in rules.lines.iter().zip(analyses).zip(encoded).enumerate() {
        let groups = analysis.nfa.groups;
        let wanted = template::wanted_groups(&rule.syntax.templates, groups);
        let short = |index: usize, what| u16::try_from(index).map_err(|_| TooMany(what));
        let mut row = LineRow {
            mask: analysis.check.mask,
            value: analysis.check.value,
            min_len: analysis.check.min_len,
            max_len: analysis.check.max_len,
            need: need_row(&needs[id]),
            automaton: LineRow::NONE,
            program: LineRow::NONE,
            templates: LineRow::NONE,
            line: rule.syntax.line,
            service: short(rule.service, "service names")?,
            probe: short(rule.probe, "probes")?,
            source: short(rule.source, "sources")?,
            flags: flags(rule),
            strategy: Strategy::Automaton as u8,
        };
        if encoded.is_none() {
            row.strategy = Strategy::Program as u8;
        }
        let automaton = encoded.or_else(|| guard(analysis)).map(|encoded| encoded.finish(&mut sets)).transpose()?;
        let mut program_code = None;
        if row.strategy != Strategy::Automaton as u8 || !wanted.is_empty() {
            let program = program::encode(&analysis.nfa, &wanted, &mut sets)?;
            if program.bounded && row.strategy != Strategy::Automaton as u8 {
                row.strategy = Strategy::BoundedProgram as u8;
            }
            report.add_program(&program, row.strategy);
            program_code = Some(program.code);
        }
        let mut put = |part: Option<Vec<u8>>| part.map_or(LineRow::NONE, |part| code.add(&part).start);
        row.automaton = put(automaton);
        row.program = put(program_code);
        row.templates = put(fields(&rule.syntax.templates, groups));
        if row.strategy != Strategy::Automaton as u8 {
            let reason = analysis.automaton.as_ref().err().copied().unwrap_or("automaton too large to encode");
            let name = &sources[rule.source].name;
            report.program_lines.push(ProgramLine {
                source: name.clone(),
                line: row.line,
                strategy: Strategy::from_u8(row.strategy),
                reason,
            });
        }
        debug_assert_eq!(lines.len(), id * LineRow::SIZE);
        lines.extend(row.encode());
    }
    sections.put(Section::Lines, lines);
    sections.put(Section::Sets, sets.encode());
    sections.put(Section::Code, code.into_bytes());
    report.prefilter = prefilter::emit(&selections, &mut sections);
    report.prefilter.needs = needs.iter().filter(|need| !need.is_empty()).count();
    let by_position = (0..).zip(&selections).filter(|(_, it)| matches!(it, Selection::Positions(_)));
    let by_position: Vec<u32> = by_position.map(|(line, _)| line).collect();
    let source_hash = tables::emit(sources, rules, &by_position, &mut sections);

    let mut text = Sections::default();
    tables::emit_text(sources, rules, &mut text);
    let whole = WholeParts { sections: sections.union(&text), source_hash };
    report.sections = whole.sections.sizes().collect();
    Ok(Compiled {
        database: sections.encode(source_hash),
        text: text.encode(source_hash),
        index: index::emit(sources, rules, source_hash),
        report,
        whole,
    })
}

fn fields(templates: &[Template], groups: usize) -> Option<Vec<u8>> {
    let mut code = Vec::new();
    template::encode(templates, groups, &mut code);
    if templates.is_empty() { None } else { Some(code) }
}

/// What a line needs, as its row says it.
fn need_row(need: &[u8]) -> u32 {
    need.iter().rev().fold(0, |row, &byte| row << 8 | u32::from(byte))
}

fn flags(rule: &crate::ir::Line) -> u8 {
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    flag(rule.syntax.soft, LineRow::SOFT)
        | flag(rule.syntax.pattern.caseless, LineRow::CASELESS)
        | flag(rule.syntax.pattern.dotall, LineRow::DOTALL)
}
