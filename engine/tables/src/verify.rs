//! The slow check of [`Database::verify`]: every reference of a row points into its table.

use crate::code::{Strategy, hash, positions};
use crate::database::Raw;
use crate::{Database, Extent, FormatError, GramRow, LineRow, PortRow, ProbeRow, ServiceRow, SourceRow, WindowRow};

/// Checks the rows of all tables.
pub(crate) fn references(database: &Database<'_>) -> Result<(), FormatError> {
    let Raw { bytes, sources, services, probes, ports, probe_lists, lines } = database.raw();
    let engine = &database.engine;
    let probe_count = probes.len() / ProbeRow::SIZE;
    let line_count = lines.len() / LineRow::SIZE;
    let limits = Limits {
        bytes: bytes.len(),
        ports: ports.len() / PortRow::SIZE,
        lists: probe_lists.len() / 4,
        lines: line_count,
    };

    for index in 0..sources.len() / SourceRow::SIZE {
        let row = SourceRow::at(sources, index);
        extent("name of a source", index, row.name, limits.bytes)?;
        extent("licence of a source", index, row.licence, limits.bytes)?;
    }
    for index in 0..services.len() / ServiceRow::SIZE {
        extent("name of a service", index, ServiceRow::at(services, index).name, limits.bytes)?;
    }
    for index in 0..probe_count {
        let row = ProbeRow::at(probes, index);
        extent("name of a probe", index, row.name, limits.bytes)?;
        extent("payload of a probe", index, row.payload, limits.bytes)?;
        extent("ports of a probe", index, row.ports, limits.ports)?;
        extent("sslports of a probe", index, row.sslports, limits.ports)?;
        extent("chain of a probe", index, row.chain, limits.lists)?;
        extent("fallback of a probe", index, row.fallback, limits.lists)?;
        extent("lines of a probe", index, row.lines, limits.lines)?;
        extent("lines of a probe by first places", index, row.positions, engine.position_lines.len() / 4)?;
        below("source of a probe", index, row.source, sources.len() / SourceRow::SIZE)?;
        below("stand-in of a probe", index, row.sent_as, probe_count)?;
    }
    ids("probe id in a list", probe_lists, probe_count)?;
    for index in 0..line_count {
        let row = LineRow::at(lines, index);
        below("service of a line", index, u32::from(row.service), services.len() / ServiceRow::SIZE)?;
        below("probe of a line", index, u32::from(row.probe), probe_count)?;
        below("source of a line", index, u32::from(row.source), sources.len() / SourceRow::SIZE)?;
        // What decides a line must be there; the other may be.
        let (automaton, program): (Check, Check) = match Strategy::from_u8(row.strategy) {
            Strategy::Automaton => (below, optional),
            Strategy::Program | Strategy::BoundedProgram => (optional, below),
        };
        automaton("automaton of a line", index, row.automaton, engine.code.len())?;
        program("program of a line", index, row.program, engine.code.len())?;
        optional("templates of a line", index, row.templates, engine.code.len())?;
    }
    let found = |what, index, start, count: u16| match count {
        1 => below(what, index, start, line_count),
        _ => extent(what, index, Extent { start, len: count.into() }, engine.found_lines.len() / 4),
    };
    for index in 0..engine.grams.len() / GramRow::SIZE {
        let row = GramRow::at(engine.grams, index);
        found("lines of a gram", index, row.lines, row.count)?;
        extent(
            "literal of a gram",
            index,
            Extent { start: row.literal, len: u32::from(row.len) },
            engine.literals.len(),
        )?;
    }
    for index in 0..engine.windows.len() / WindowRow::SIZE {
        let row = WindowRow::at(engine.windows, index);
        found("lines of a window", index, row.lines, row.count)?;
    }
    index_table("gram index", engine.gram_index, 8, engine.grams.len() / GramRow::SIZE)?;
    index_table("window index", engine.window_index, 4, engine.windows.len() / WindowRow::SIZE)?;
    ids("line id of a gram or window", engine.found_lines, line_count)?;
    ids("line id of the position tables", engine.position_lines, line_count)?;
    for (index, &offset) in engine.window_offsets.iter().enumerate() {
        below("window offset", index, offset.into(), hash::WINDOW_OFFSETS.into())?;
    }
    for (what, filter) in
        [("length of the gram filter", engine.gram_filter), ("length of the window filter", engine.window_filter)]
    {
        if !filter.len().is_power_of_two() || filter.len() < 4 {
            return Err(FormatError::reference(what, 0, filter.len() as u64, 1 << 20));
        }
    }
    let words = positions::words(engine.position_lines.len() / 4);
    if engine.position_sets.len() != positions::ROWS * words * 8 {
        let expected = (positions::ROWS * words * 8) as u64;
        return Err(FormatError::reference(
            "length of the position tables",
            0,
            engine.position_sets.len() as u64,
            expected,
        ));
    }
    Ok(())
}

/// Whether a number is allowed below a limit.
type Check = fn(&'static str, usize, u32, usize) -> Result<(), FormatError>;

struct Limits {
    bytes: usize,
    ports: usize,
    lists: usize,
    lines: usize,
}

fn extent(what: &'static str, index: usize, extent: Extent, len: usize) -> Result<(), FormatError> {
    let end = u64::from(extent.start) + u64::from(extent.len);
    if end <= len as u64 { Ok(()) } else { Err(FormatError::reference(what, index, end, len as u64)) }
}

fn below(what: &'static str, index: usize, found: u32, len: usize) -> Result<(), FormatError> {
    if (found as usize) < len {
        Ok(())
    } else {
        Err(FormatError::reference(what, index, u64::from(found), (len as u64).saturating_sub(1)))
    }
}

fn optional(what: &'static str, index: usize, found: u32, len: usize) -> Result<(), FormatError> {
    if found == LineRow::NONE { Ok(()) } else { below(what, index, found, len) }
}

/// A list of ids.
fn ids(what: &'static str, list: &[u8], len: usize) -> Result<(), FormatError> {
    list.chunks_exact(4).enumerate().try_for_each(|(index, chunk)| {
        below(what, index, u32::from_le_bytes(chunk.try_into().expect("chunks have four bytes")), len)
    })
}

/// There are 2^n buckets, at least two, for a hash to be shifted to; their starts must not fall, and the last one is the end of the table.
fn index_table(what: &'static str, table: &[u8], row: usize, len: usize) -> Result<(), FormatError> {
    let entries = table.len() / row;
    if !entries.checked_sub(1).is_some_and(|buckets| buckets.is_power_of_two() && buckets > 1) {
        return Err(FormatError::reference(what, 0, entries as u64, (entries.next_power_of_two().max(2) + 1) as u64));
    }
    let mut previous = 0;
    for (index, chunk) in table.chunks_exact(row).enumerate() {
        let start = u32::from_le_bytes(*chunk.first_chunk().expect("rows begin with the start"));
        if start < previous || start as usize > len {
            return Err(FormatError::reference(what, index, u64::from(start), len as u64));
        }
        previous = start;
    }
    if previous as usize == len {
        Ok(())
    } else {
        Err(FormatError::reference(what, table.len() / row, u64::from(previous), len as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_has_a_power_of_two_of_buckets() {
        for (entries, is_good) in
            [(0, false), (1, false), (2, false), (3, true), (4, false), (5, true), (6, false), (9, true)]
        {
            for row in [4, 8] {
                let table = [0; 9 * 8];
                assert_eq!(
                    index_table("index", &table[..entries * row], row, 0).is_ok(),
                    is_good,
                    "{entries} entries of {row} bytes"
                );
            }
        }
    }
}
