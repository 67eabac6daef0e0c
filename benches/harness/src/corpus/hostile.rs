//! Responses that adversaries would send: made from the database, to be as slow as possible to classify.
//!
//! They are made when they are needed: nothing of the database's text is kept in the repository.

use std::fs;

use anyhow::{Context as _, Result, anyhow, ensure};
use portprint_codegen::analyse::rehearsal::Rehearsal;
use portprint_codegen::analyse::sample::{Random, sample};
use portprint_codegen::analyse::select::{Selection, select};
use portprint_codegen::analyse::{Analysis, analyse};
use portprint_codegen::ir::{Line, Probe, Rules};
use portprint_core::{LineTest, Matcher, Scratch};
use portprint_tables::{Check, ProbeId};

use super::Response;
use crate::database::Database;
use crate::definition::Hostile;

/// What is to be made.
pub(super) struct Order<'d> {
    pub(super) kind: Hostile,
    pub(super) seed: u64,
    pub(super) count: usize,
    pub(super) size: usize,
    /// Whose chains; none means every line's own probe.
    pub(super) probes: &'d [String],
}

impl Order<'_> {
    pub(super) fn fill(&self, database: &Database) -> Result<Vec<Response>> {
        let rules = &database.rules;
        let mut random = Random::new(self.seed);
        match self.kind {
            Hostile::Pumped => (0..self.count).map(|_| self.pumped(rules, &mut random)).collect(),
            Hostile::Repeated => {
                let probe = self.probe(rules, 0)?;
                Ok((0..self.count).map(|index| repeated(index, self.size, probe)).collect())
            }
            Hostile::Stuffed => {
                let analyses = analyse_all(&rules.lines)?;
                let selections = select(&analyses, &Rehearsal::new(&analyses));
                let compiled = fs::read(&database.compiled)?;
                let tables = portprint_tables::Database::from_bytes(&compiled)?;
                let chain =
                    |index: usize| Chain::new(self.probe(rules, index)?, rules, &analyses, &selections, &tables);
                let mut chains = (0..self.probes.len()).map(chain).collect::<Result<Vec<_>>>()?;
                ensure!(!chains.is_empty(), "stuffed responses need probes");
                let count = chains.len();
                let response = |index: usize| chains[index % count].stuffed(index / count, self.size, &mut random);
                Ok((0..self.count).map(response).collect())
            }
        }
    }

    fn probe<'r>(&self, rules: &'r Rules, index: usize) -> Result<&'r Probe> {
        let name = self.probes.get(index).context("a hostile corpus needs probes")?;
        let mut named = rules.probes.iter().filter(|probe| probe.name == name.as_bytes());
        named.next().with_context(|| format!("the database has no probe {name}"))
    }

    /// Begins like a match of a random line, then repeats a piece of it, and sometimes ends as the match would. Half of the pieces
    /// are those just before the cut, so that what is repeated goes on where it began.
    fn pumped(&self, rules: &Rules, random: &mut Random) -> Result<Response> {
        ensure!(!rules.lines.is_empty(), "the database has no lines");
        let line = &rules.lines[random.below(rules.lines.len())];
        let whole = sample(&analysed(line)?.pattern, random);
        ensure!(!whole.is_empty(), "line {} matches nothing", line.syntax.line);
        let cut = 1 + random.below(whole.len());
        let len = 1 + random.below(cut.min(40));
        let from = if random.once_in(2) { cut - len } else { random.below(whole.len() - len + 1) };
        let has_end = random.once_in(2);
        let end = if has_end { &whole[cut..] } else { &[] };
        let mut bytes = whole[..cut].to_vec();
        fill(&mut bytes, &whole[from..from + len], self.size.saturating_sub(end.len()));
        bytes.extend(end);
        bytes.truncate(self.size);
        let with = if has_end { "with" } else { "without" };
        let name = format!("pumped, line {}, {len} bytes repeated, {with} end", line.syntax.line);
        Ok(response(name, &rules.probes[line.probe], bytes))
    }
}

type Known<'a> = (&'a Line, &'a Analysis, &'a Selection);

/// A chain with what is known of its lines, and the engine that tells how much work a response is.
struct Chain<'a> {
    probe: &'a Probe,
    lines: Vec<Known<'a>>,
    matcher: Matcher<'a>,
    id: ProbeId,
    scratch: Scratch,
}

/// Beginnings are those of samples, so long.
const BEGINNING: [usize; 2] = [16, 40];
/// So many are tried; the response that is the most work is taken.
const TRIES: usize = 16;
const SEPARATORS: [&[u8]; 3] = [b"", b"\r\n", b" "];
/// What automata that look for the start of something leave their loops for.
const CROWDS: [&[u8]; 6] = [b"\r\n", b"\n", b"\r", b"\r\nS", b"<", b"\r\nServer: "];

impl<'a> Chain<'a> {
    fn new(
        probe: &'a Probe,
        rules: &'a Rules,
        analyses: &'a [Analysis],
        selections: &'a [Selection],
        database: &portprint_tables::Database<'a>,
    ) -> Result<Self> {
        let lines = probe.chain.iter().flat_map(|&probe| rules.probes[probe].lines.clone());
        let lines: Vec<_> = lines.map(|line| (&rules.lines[line], &analyses[line], &selections[line])).collect();
        ensure!(!lines.is_empty(), "the chain of {} has no lines", String::from_utf8_lossy(&probe.name));
        let id = database.find_probe(probe.protocol, &probe.name).context("the database was compiled otherwise")?.id();
        Ok(Self { probe, lines, matcher: Matcher::new(database), id, scratch: Scratch::new() })
    }

    /// The number says which of the variants.
    fn stuffed(&mut self, number: usize, size: usize, random: &mut Random) -> Response {
        let tries = (0..TRIES).map(|_| self.stuffed_once(number, size, random));
        let tries: Vec<Response> = tries.collect();
        let work = |response: &Response| self.work(&response.bytes);
        tries.into_iter().max_by_key(work).expect("there are tries")
    }

    /// How many bytes the lines read that are tried until one matches.
    fn work(&mut self, response: &[u8]) -> usize {
        let Self { matcher, scratch, .. } = self;
        let candidates: Vec<_> = matcher.candidates(self.probe.protocol, Some(self.id), response, scratch).collect();
        let mut work = 0;
        for line in candidates {
            match matcher.test_line(line, response, scratch) {
                LineTest::Matches => break,
                LineTest::Pattern { at } => work += at.unwrap_or(response.len()),
                _ => {}
            }
        }
        work
    }

    fn stuffed_once(&self, number: usize, size: usize, random: &mut Random) -> Response {
        let (mut bytes, mut lines) = self.begun(size, random);
        // Shuffled: which literals fit is left to chance.
        for index in (1..lines.len()).rev() {
            lines.swap(index, random.below(index + 1));
        }
        let separator = SEPARATORS[number % SEPARATORS.len()];
        // Requirements in full; no more than the prefilter looks for, so that more fit; the same with a crowd.
        let variant = number / SEPARATORS.len() % (2 + CROWDS.len());
        let full = if variant < 2 { size } else { size - size / 4 };
        let mut literals = Vec::new();
        let mut room = full.saturating_sub(bytes.len());
        for (line, analysis, selection) in lines {
            let alternatives: Vec<&[u8]> = match (variant, selection) {
                (0, _) if analysis.requirements.is_empty() => continue,
                (0, _) => {
                    let requirement = &analysis.requirements[random.below(analysis.requirements.len())];
                    requirement.iter().map(Vec::as_slice).collect()
                }
                (_, Selection::Grams(grams)) => grams.iter().map(|it| &*it.literal).collect(),
                _ => continue,
            };
            let Some(literal) = alternatives.into_iter().min_by_key(|literal| literal.len()) else { continue };
            let Some(left) = room.checked_sub(literal.len() + separator.len()) else { break };
            room = left;
            literals.push(unmatched(line, literal));
        }
        // Empty lines end headers, and with them many lines of the database; what may have some comes last then.
        if random.once_in(2) {
            literals.sort_by_key(|literal| literal.contains(&b'\n'));
        }
        for literal in &literals {
            bytes.extend(literal);
            bytes.extend(separator);
        }
        let count = literals.len();
        let what = if variant == 0 { "requirements" } else { "selected literals" };
        let (probe, joint) = (String::from_utf8_lossy(&self.probe.name), separator.escape_ascii());
        let mut name = format!("stuffed {probe} with the {what} of {count} lines, joined by \"{joint}\"");
        if let Some(crowd) = variant.checked_sub(2).and_then(|crowd| CROWDS.get(crowd)) {
            name += &format!(", then \"{}\"", crowd.escape_ascii());
            fill(&mut bytes, crowd, size);
        }
        // Where no literal is left.
        fill(&mut bytes, b" ", size);
        response(name, self.probe, bytes)
    }

    /// The beginning of a match of a random line, and the lines that it suits.
    fn begun(&self, size: usize, random: &mut Random) -> (Vec<u8>, Vec<Known<'a>>) {
        let [least, most] = BEGINNING;
        loop {
            let (_, analysis, _) = self.lines[random.below(self.lines.len())];
            let mut beginning = sample(&analysis.pattern, random);
            beginning.truncate(least + random.below(most - least + 1));
            if let Some(end) = beginning.iter().rposition(|&byte| byte == b'\n')
                && random.once_in(2)
            {
                beginning.truncate(end + 1);
            }
            let Some(head) = beginning.first_chunk().copied().map(u128::from_le_bytes) else { continue };
            let size = Check::len(size);
            let lines: Vec<_> = self.lines.iter().filter(|it| it.1.check.passes(head, size)).copied().collect();
            if !lines.is_empty() {
                return (beginning, lines);
            }
        }
    }
}

/// The literal, which is in lower case, so that the prefilter finds it and the line does not: a match would end the search.
fn unmatched(line: &Line, literal: &[u8]) -> Vec<u8> {
    let is_in_pattern = line.syntax.pattern.text.windows(literal.len()).any(|text| text == literal);
    if is_in_pattern { literal.to_ascii_uppercase() } else { literal.to_vec() }
}

/// What is repeated to the end: single bytes, two in turn, line ends.
const REPEATED: [&[u8]; 12] = [b"\0", b" ", b"a", b"\r", b"\n", b"7", b"<", b"\r\n", b"ab", b"1.", b" \n", b"\xFF\0"];

fn repeated(index: usize, size: usize, probe: &Probe) -> Response {
    let piece = REPEATED[index % REPEATED.len()];
    let mut bytes = Vec::new();
    fill(&mut bytes, piece, size);
    response(format!("\"{}\" repeated", piece.escape_ascii()), probe, bytes)
}

/// Repeats a piece until there are so many bytes.
fn fill(bytes: &mut Vec<u8>, piece: &[u8], size: usize) {
    let missing = size.saturating_sub(bytes.len());
    bytes.extend(piece.iter().cycle().take(missing));
}

fn response(name: String, probe: &Probe, bytes: Vec<u8>) -> Response {
    let protocol = probe.protocol.as_str().to_owned();
    Response { name, protocol, probe: String::from_utf8_lossy(&probe.name).into(), bytes, right: None }
}

fn analysed(line: &Line) -> Result<Analysis> {
    analyse(&line.syntax.pattern).map_err(|fault| anyhow!("line {}: {fault:?}", line.syntax.line))
}

fn analyse_all(lines: &[Line]) -> Result<Vec<Analysis>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let parts = lines.chunks(lines.len().div_ceil(threads).max(1));
        let parts: Vec<_> =
            parts.map(|part| scope.spawn(|| part.iter().map(analysed).collect::<Result<Vec<_>>>())).collect();
        let parts = parts.into_iter().map(|part| part.join().map_err(|_| anyhow!("an analysis panicked"))?);
        parts.collect::<Result<Vec<_>>>().map(|parts| parts.into_iter().flatten().collect())
    })
}
