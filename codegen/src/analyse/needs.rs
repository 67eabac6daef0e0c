//! A second literal of lines that are often found for nothing.
//!
//! A line that is found, and whose check passes, costs as much as its automaton takes to die. Where training says that it mostly does, a few
//! bytes that each of its matches has besides are looked for first.

use memchr::memmem;
use portprint_tables::NEED_MAX;
use portprint_tables::code::hash;

use super::Analysis;
use super::rehearsal::Rehearsal;
use super::select::Selection;

/// One search in so many must spare a line.
const SPARES: u64 = 8;

/// What each line needs besides: up to [`NEED_MAX`] bytes, letters in lower case, none of them zero. Empty for most.
#[must_use]
pub fn needs(lines: &[Analysis], selections: &[Selection], rehearsal: &Rehearsal) -> Vec<Vec<u8>> {
    lines.iter().zip(selections).map(|(line, selection)| need(line, selection, rehearsal)).collect()
}

fn need(line: &Analysis, selection: &Selection, rehearsal: &Rehearsal) -> Vec<u8> {
    let tried = rehearsal.tried(selection, &line.check);
    if tried.is_empty() {
        return Vec::new();
    }
    let best = pieces(line)
        .into_iter()
        .map(|piece| {
            let folded: Vec<u8> = piece.iter().map(|&byte| hash::fold_byte(byte)).collect();
            let finder = memmem::Finder::new(&folded);
            let lacking = tried.iter().filter(|seen| finder.find(&seen.folded).is_none());
            let spared: u64 = lacking.map(|seen| seen.weight).sum();
            (spared, piece)
        })
        // Of those that spare as much the longest, then the first.
        .max_by(|(spared, piece), (other_spared, other)| {
            (spared, piece.len()).cmp(&(other_spared, other.len())).then_with(|| other.cmp(piece))
        });
    let all: u64 = tried.iter().map(|seen| seen.weight).sum();
    best.filter(|(spared, _)| spared * SPARES > all).map(|(_, piece)| piece).unwrap_or_default()
}

/// All pieces of the line's literals that may be looked for.
fn pieces(line: &Analysis) -> Vec<Vec<u8>> {
    let only = line.requirements.iter().filter_map(|requirement| match &requirement[..] {
        [literal] => Some(literal),
        _ => None,
    });
    let mut pieces: Vec<Vec<u8>> = only
        .flat_map(|literal| literal.windows(literal.len().clamp(1, NEED_MAX)).map(<[u8]>::to_vec))
        .filter(|piece| !piece.contains(&0))
        .collect();
    pieces.sort();
    pieces.dedup();
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::{analyse, select};
    use crate::parse::PatternText;

    #[test]
    fn a_line_that_is_found_for_nothing_needs_more() {
        let line = |text: &str, caseless| {
            analyse(&PatternText { span: 0..0, text: text.into(), caseless, dotall: false }).expect("it is a pattern")
        };
        let lines = [
            line(r"^220 [-.\w ]+ftp.*\r\n$", true),
            // Whatever it is found by tells enough.
            line(r"^WebStart Chat Service Established\.", false),
            // It has nothing else.
            line(r"^220 [^\r]", false),
            // A zero byte ends what is looked for.
            line(r"^220 [^\r\n]*\0\0\0", false),
        ];
        let rehearsal = Rehearsal::new(&lines);
        let selections = select::select(&lines, &rehearsal);
        let found = needs(&lines, &selections, &rehearsal);
        assert_eq!(found, [&b"ftp"[..], b"", b"", b""].map(<[u8]>::to_vec));
    }
}
