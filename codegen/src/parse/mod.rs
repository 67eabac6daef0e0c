//! Text to syntax: reads a database in nmap's format.
//!
//! nmap gives up at the first fault. Here a fault is noted and reading goes on, with the next item of a list, the next
//! template or the next line, so that one run shows them all. What the format allows is no fault, however odd it looks:
//! nmap's own file must load.
//!
//! Patterns are not looked into and fallbacks are left as names; later passes do both. Time is linear in the length of
//! the text.

mod cursor;
mod directive;
mod escape;
mod exclude;
mod fault;
mod lines;
mod number;
mod ports;
mod probe;
mod rule;
mod syntax;
mod template;
#[cfg(test)]
mod tests;

use crate::Source;
use crate::diagnostic::Diagnostic;

use cursor::Cursor;
use directive::Directive;
use exclude::read_exclude;
use fault::{Fault, Faults};
use lines::{LONGEST_LINE, Lines, Piece};
use ports::read_ports;
use probe::{check_fallback, read_fallback, read_number, read_probe};
use rule::read_rule;

pub use syntax::*;

/// Reads one source and appends its faults to `diagnostics`; `source_index` is what they say of where they are.
///
/// If there are faults the file is what could be read in spite of them. After 10,000 faults reading ends.
pub fn parse(source_index: usize, source: &Source, diagnostics: &mut Vec<Diagnostic>) -> File {
    let mut reader = Reader {
        text: &source.text,
        faults: Faults::new(source_index, diagnostics),
        file: File::default(),
        null_line: None,
    };
    let mut lines = Lines::new(&source.text);
    while let Some(piece) = lines.next(!reader.file.probes.is_empty()) {
        if let Err(fault) = reader.read_line(&piece) {
            reader.faults.add(fault);
        }
        if reader.faults.is_full() {
            break;
        }
    }
    for probe in &reader.file.probes {
        if let Err(fault) = check_fallback(&probe.fallback) {
            reader.faults.add(fault);
        }
    }
    reader.file
}

struct Reader<'t, 'd> {
    text: &'t [u8],
    faults: Faults<'d>,
    file: File,
    /// Where the NULL probe was found.
    null_line: Option<u32>,
}

impl Reader<'_, '_> {
    fn read_line(&mut self, piece: &Piece) -> Result<(), Fault> {
        let line = &self.text[piece.span.clone()];
        let too_long = self.file.probes.is_empty() && line.len() > LONGEST_LINE;
        if too_long {
            let message = format!("a line of {} bytes", line.len());
            self.faults.add(Fault::new(piece.span.clone(), message, format!("at most {LONGEST_LINE} bytes")));
        }
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(());
        }
        let (directive, arguments) = match Directive::of(self.text, piece.span.clone()) {
            Ok(found) => found,
            Err(_) if too_long => return Ok(()),
            Err(_) if piece.continued => {
                let message = format!("a line of more than {LONGEST_LINE} bytes, and its rest is no directive");
                return Err(Fault::new(piece.span.clone(), message, "a shorter line"));
            }
            Err(fault) => return Err(fault),
        };
        if let Some(nul) = line.iter().position(|&byte| byte == 0) {
            let nul = piece.span.start + nul;
            self.faults.add(Fault::new(nul..nul + 1, "a NUL byte", r"`\0`; nmap reads no further than this byte"));
        }
        let mut cursor = Cursor::new(self.text, arguments);
        let faults = &mut self.faults;
        match (directive, self.file.probes.last_mut()) {
            (Directive::Probe, _) => return self.read_probe(piece, cursor),
            (Directive::Exclude, None) => return self.read_exclude(piece, cursor),
            (Directive::Exclude, Some(_)) => {
                let message = "`Exclude` after a probe";
                return Err(Fault::new(piece.span.clone(), message, "`Exclude` before the first probe"));
            }
            (_, None) => {
                let span = piece.span.start..piece.span.start + directive.word().len();
                let message = format!("`{}` before the first probe", directive.word());
                return Err(Fault::new(span, message, "`Probe` or `Exclude`"));
            }
            (Directive::Ports, Some(probe)) => read_ports(&mut cursor, &mut probe.ports, faults),
            (Directive::Sslports, Some(probe)) => read_ports(&mut cursor, &mut probe.sslports, faults),
            (Directive::Rarity, Some(probe)) => probe.rarity = read_number(&cursor, 1..=9)?,
            (Directive::Totalwaitms, Some(probe)) => probe.totalwaitms = read_number(&cursor, 100..=300_000)?,
            (Directive::Tcpwrappedms, Some(probe)) => probe.tcpwrappedms = read_number(&cursor, 100..=300_000)?,
            (Directive::Fallback, Some(probe)) => probe.fallback = read_fallback(cursor),
            (Directive::Match, Some(probe)) => probe.lines.extend(read_rule(piece, false, cursor, faults)),
            (Directive::Softmatch, Some(probe)) => probe.lines.extend(read_rule(piece, true, cursor, faults)),
        }
        Ok(())
    }

    fn read_exclude(&mut self, piece: &Piece, mut cursor: Cursor<'_>) -> Result<(), Fault> {
        let text = cursor.rest().to_vec();
        let items = read_exclude(&mut cursor, &mut self.faults);
        if let Some(Exclude { line, .. }) = self.file.exclude {
            let expected = format!("one list; the first is in line {line}");
            return Err(Fault::new(piece.span.clone(), "a second `Exclude`", expected));
        }
        self.file.exclude = Some(Exclude { line: piece.line, text, items });
        Ok(())
    }

    fn read_probe(&mut self, piece: &Piece, cursor: Cursor<'_>) -> Result<(), Fault> {
        let probe = read_probe(piece, cursor, &mut self.faults);
        let is_null = probe.payload.is_empty();
        self.file.probes.push(probe);
        if !is_null {
            return Ok(());
        }
        match self.null_line.replace(piece.line) {
            None => Ok(()),
            Some(line) => {
                let message = "a second probe with an empty payload, which makes it the NULL probe";
                Err(Fault::new(piece.span.clone(), message, format!("one NULL probe; another is in line {line}")))
            }
        }
    }
}
