//! From a response to the first line that matches it.
//!
//! ```text
//! response ─ prefilter ─► candidates ─ chain order ─► verify ─► first hit ─ captures ─► render ─► verdict
//! ```
//!
//! The prefilter looks for literals and never loses a line that matches. What it leaves, a handful of lines, is tried in the order in
//! which nmap would try all lines: along the probe's chain, each probe's lines in file order. A line is verified by its automaton in one
//! pass; captures are extracted for the winner only, and only if its templates need them.

mod automaton;
mod backtrack;
mod batch;
mod linear;
mod prefilter;
mod program;
mod render;
mod scan;
mod scratch;
#[cfg(test)]
mod tests;

use core::ops::Range;

use portprint_tables::code::Strategy;
use portprint_tables::{Check, Database, LineId, LineRow, ProbeId, Protocol};

use crate::verdict::{Fields, Hit, Verdict};

pub use batch::Query;
use prefilter::Reach;
use program::{Outcome, Program};
pub use scratch::Scratch;

/// Classifies responses against a database. Cheap to make and to copy.
///
/// Answers are exactly nmap's for the same database (`nmap -sV`, see the chapter on version detection in nmap's book), with two
/// differences: nmap gives a line up when PCRE2 meets its match limit, this matcher does not; and a line with back-references is given
/// up here after a bound of its own, which [`Verdict::gave_up`] reports.
#[derive(Clone, Copy, Debug)]
pub struct Matcher<'d> {
    database: Database<'d>,
}

/// What a single line says of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineTest {
    /// It was given up under its bound.
    GaveUp,
    /// The first bytes, of which some are fixed, differ.
    Head,
    /// The response is shorter or longer than every match.
    Length {
        /// The least length in bytes, at most `u16::MAX`.
        min: u16,
        /// The greatest; `u16::MAX` when there is none.
        max: u16,
    },
    /// It matches.
    Matches,
    /// The pattern does not match.
    Pattern {
        /// Where nothing can make it match any more: the offset of the byte that ended it, or the response's length when more bytes
        /// could have; none for lines without an automaton.
        at: Option<usize>,
    },
}

impl<'d> Matcher<'d> {
    /// A matcher over `database`.
    #[must_use]
    pub fn new(database: &Database<'d>) -> Self {
        Self { database: *database }
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database<'d> {
        &self.database
    }

    /// The answer to `response`, drawn by `probe` over `protocol`: the first line that matches along the probe's chain (the probe, its
    /// fallbacks, and for TCP the NULL probe; then the same over sources of lower priority). A probe of another protocol has no answer.
    ///
    /// The response is the whole text that the peer has sent so far. It may be of any length; beyond 4 GiB it is cut.
    pub fn classify<'s>(
        &self,
        protocol: Protocol,
        probe: ProbeId,
        response: &[u8],
        scratch: &'s mut Scratch,
    ) -> Verdict<'s>
    where
        'd: 's,
    {
        self.collect(protocol, Some(probe), response, scratch);
        self.first_hit(response, 0..scratch.candidates.len(), scratch)
    }

    /// The answer to `response` when nothing is known of the probe: the first line that matches among all probes of `protocol` in
    /// file order, each with its own lines only.
    pub fn classify_any<'s>(&self, protocol: Protocol, response: &[u8], scratch: &'s mut Scratch) -> Verdict<'s>
    where
        'd: 's,
    {
        self.collect(protocol, None, response, scratch);
        self.first_hit(response, 0..scratch.candidates.len(), scratch)
    }

    /// The lines that the prefilter leaves, in the order in which they are tried; a line that is not among them does not match.
    /// Without a probe all probes of the protocol count, as in [`Matcher::classify_any`].
    pub fn candidates(
        &self,
        protocol: Protocol,
        probe: Option<ProbeId>,
        response: &[u8],
        scratch: &mut Scratch,
    ) -> impl Iterator<Item = LineId> {
        self.collect(protocol, probe, response, scratch);
        scratch.candidates.iter().map(|&candidate| prefilter::line(candidate))
    }

    /// Tries one line on a response, whatever the prefilter and the chain say.
    pub fn test_line(&self, line: LineId, response: &[u8], scratch: &mut Scratch) -> LineTest {
        let row = self.database.line(line);
        let check = row.check();
        let len = Check::len(response.len());
        if len < check.min_len || len > check.max_len {
            return LineTest::Length { min: check.min_len, max: check.max_len };
        }
        if Check::head(response) & check.mask != check.value {
            return LineTest::Head;
        }
        if row.strategy == Strategy::Automaton as u8 {
            return match self.run_automaton(&row, response) {
                Ok(()) => LineTest::Matches,
                Err(at) => LineTest::Pattern { at: Some(at) },
            };
        }
        match self.verify(&row, response, scratch) {
            Outcome::Match => LineTest::Matches,
            Outcome::NoMatch => LineTest::Pattern { at: None },
            Outcome::GaveUp => LineTest::GaveUp,
        }
    }

    /// The fields that one line gives for a response, whatever the prefilter and the chain say; none when it does not match.
    pub fn line_fields<'s>(&self, line: LineId, response: &[u8], scratch: &'s mut Scratch) -> Option<Fields<'s>> {
        let row = self.database.line(line);
        if self.test_line(line, response, scratch) == LineTest::Matches {
            Some(self.render(&row, response, scratch))
        } else {
            None
        }
    }

    /// Leaves the candidates for a response in the scratch memory.
    fn collect(&self, protocol: Protocol, probe: Option<ProbeId>, response: &[u8], scratch: &mut Scratch) {
        scratch.candidates.clear();
        self.offer(protocol, probe, response, scratch);
        let kept = prefilter::check(&self.database.engine, response, &mut scratch.candidates);
        scratch.candidates.truncate(kept);
    }

    /// Appends the lines that the prefilter finds in a response to the candidates; their checks are still to be made.
    fn offer(&self, protocol: Protocol, probe: Option<ProbeId>, response: &[u8], scratch: &mut Scratch) {
        let Scratch { reach, candidates, seen, .. } = scratch;
        reach.clear();
        match probe.map(|probe| self.database.probe(probe)) {
            Some(probe) if probe.protocol() == protocol => {
                reach.extend(probe.chain().map(|probe| Reach::of(&self.database.probe(probe))));
            }
            Some(_) => return,
            None => {
                let probes = self.database.probes().filter(|probe| probe.protocol() == protocol);
                reach.extend(probes.filter(|probe| !probe.lines().is_empty()).map(|probe| Reach::of(&probe)));
            }
        }
        seen.resize(self.database.line_count().div_ceil(64), 0);
        prefilter::offer(&self.database.engine, reach, response, seen, candidates);
    }

    /// The first of these candidates that matches.
    fn first_hit<'s>(&self, response: &[u8], candidates: Range<usize>, scratch: &'s mut Scratch) -> Verdict<'s>
    where
        'd: 's,
    {
        let mut gave_up = None;
        for index in candidates {
            let line = prefilter::line(scratch.candidates[index]);
            let row = self.database.line(line);
            match self.verify(&row, response, scratch) {
                Outcome::NoMatch => {}
                Outcome::GaveUp => gave_up = gave_up.or(Some(line)),
                Outcome::Match => {
                    let fields = self.render(&row, response, scratch);
                    let hit = Hit {
                        line,
                        probe: row.owner(),
                        soft: row.flags & LineRow::SOFT != 0,
                        service: self.database.service_name(row.service),
                        fields,
                    };
                    return Verdict { hit: Some(hit), gave_up };
                }
            }
        }
        Verdict { hit: None, gave_up }
    }

    fn run_automaton(&self, row: &LineRow, response: &[u8]) -> Result<(), usize> {
        let engine = &self.database.engine;
        automaton::run(&engine.code[row.automaton as usize..], engine.sets, response)
    }

    fn program(&self, row: &LineRow) -> Program<'d> {
        Program::at(self.database.engine.code, row.program as usize)
    }

    /// Whether a line's pattern matches. A program leaves the captures in the scratch memory.
    fn verify(&self, row: &LineRow, response: &[u8], scratch: &mut Scratch) -> Outcome {
        let sets = self.database.engine.sets;
        match Strategy::from_u8(row.strategy) {
            Strategy::Automaton => {
                if self.run_automaton(row, response).is_ok() {
                    Outcome::Match
                } else {
                    Outcome::NoMatch
                }
            }
            Strategy::Program | Strategy::BoundedProgram => {
                if row.automaton != LineRow::NONE && self.run_automaton(row, response).is_err() {
                    return Outcome::NoMatch;
                }
                self.program(row).run(sets, response, &mut scratch.machine)
            }
        }
    }

    /// Renders the fields of a line that matches.
    fn render<'s>(&self, row: &LineRow, response: &[u8], scratch: &'s mut Scratch) -> Fields<'s> {
        if row.templates == LineRow::NONE {
            return Fields::NONE;
        }
        let engine = &self.database.engine;
        scratch.machine.clear_captures_unless(row.strategy != Strategy::Automaton as u8);
        if row.program != LineRow::NONE
            && row.strategy == Strategy::Automaton as u8
            && self.program(row).run(engine.sets, response, &mut scratch.machine) != Outcome::Match
        {
            // Only a bounded program can fail here; its groups then count as not having taken part.
            scratch.machine.clear_captures_unless(false);
        }
        let Scratch { machine, buffer, .. } = scratch;
        let ends = render::fields(&engine.code[row.templates as usize..], response, machine.captures(), buffer);
        Fields { buffer, ends }
    }
}
