//! Same input, same bytes; and bytes that were damaged on the way are found.

use portprint_codegen::{Compiled, Source};
use portprint_tables::{
    ALIGNMENT, Database, DatabaseText, Engine, FormatError, HEADER_SIZE, LineId, LineRow, SECTION_ENTRY_SIZE,
    SectionTable, checksum,
};

use crate::databases::{self, THREADS};

/// The databases that are always there, and edge.db when it is.
fn cases() -> Vec<(&'static str, Vec<Source>)> {
    let mut cases = vec![("mini", databases::read(&databases::mini())), ("builtin", databases::builtin())];
    cases.extend(databases::edge().map(|path| ("edge", databases::read(&path))));
    cases
}

#[test]
fn threads_do_not_change_bytes() {
    for (name, sources) in cases() {
        let one = databases::compile(&sources, 1);
        for threads in [2, 5] {
            let more = databases::compile(&sources, threads);
            for ((part, one), (_, more)) in parts(&one).into_iter().zip(parts(&more)) {
                assert!(one == more, "{name}: {part} differs between 1 and {threads} threads");
            }
            assert_eq!(one.report, more.report, "{name}");
        }
    }
}

#[test]
fn threads_do_not_change_the_bytes_of_nmap() {
    let Some(path) = databases::nmap() else { return };
    let sources = databases::read(&path);
    let (one, two) = (databases::kept(&sources, 1), databases::kept(&sources, THREADS));
    for ((file, one), (_, two)) in one.files().into_iter().zip(two.files()) {
        assert!(!one.is_empty() && one == two, "{file} differs between 1 and {THREADS} threads");
    }
}

#[test]
fn the_embedded_database_is_what_compiling_gives() {
    let text = portprint::database_text();
    let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("names are text");
    let sources: Vec<Source> = text
        .sources()
        .map(|source| Source {
            name: string(source.name),
            licence: string(source.licence),
            text: source.text.to_vec(),
            extends: source.extends,
        })
        .collect();
    let whole = databases::compiled(&sources);
    let (compiled, embedded) = (Database::from_bytes(&whole).expect("it was compiled"), portprint::database());
    assert_eq!(embedded.section_table().source_hash(), compiled.section_table().source_hash());
    let sections: Vec<_> = compiled.section_table().iter().collect();
    assert!(embedded.section_table().iter().all(|section| sections.contains(&section)), "sections of other lengths");
    for (index, (found, expected)) in engine(&embedded).into_iter().zip(engine(&compiled)).enumerate() {
        assert!(found == expected, "section {index} of the engine differs from what the build script wrote");
    }
    for line in (0..compiled.line_count()).map(LineId::new) {
        assert_eq!(embedded.line(line), compiled.line(line));
    }
    portprint::database().verify().expect("the build wrote it");
}

#[test]
fn what_is_written_is_sound() {
    for (name, sources) in cases() {
        let compiled = databases::compile(&sources, THREADS);
        for (part, bytes) in blocks(&compiled) {
            check(part, &bytes).unwrap_or_else(|error| panic!("{name}: {part}: {error}"));
        }
        let text = DatabaseText::from_bytes(&compiled.text).expect("it was compiled");
        let read: Vec<_> = text.sources().map(|source| (source.name, source.text, source.extends)).collect();
        let given: Vec<_> =
            sources.iter().map(|source| (source.name.as_bytes(), &source.text[..], source.extends)).collect();
        assert!(read == given, "{name}: the text is that of the sources");
    }
}

/// Header and section table bit by bit in the small database, everything else in steps.
#[test]
fn every_flipped_bit_is_found() {
    const SAMPLES: usize = 500;
    for (name, sources) in cases() {
        let bits: &[u8] = if name == "mini" { &[0, 1, 2, 3, 4, 5, 6, 7] } else { &[0] };
        for (part, good) in blocks(&databases::compile(&sources, THREADS)) {
            let sections = borders(&good);
            let head = sections[0];
            let step = (good.len() - head) / SAMPLES + 1;
            let every_bit = (0..head).flat_map(|at| bits.iter().map(move |&bit| (at, bit)));
            let some_bits = (head..good.len()).step_by(step).map(|at| (at, (at % 8) as u8));
            let ends = sections.iter().filter(|&&at| at > head).map(|at| (at - 1, 7));
            let mut bytes = good.clone();
            for (at, bit) in every_bit.chain(some_bits).chain(ends) {
                bytes[at] ^= 1 << bit;
                assert!(check(part, &bytes).is_err(), "{name}: {part}: bit {bit} of byte {at} may be flipped");
                bytes[at] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn every_cut_is_found() {
    for (name, sources) in cases() {
        for (part, good) in blocks(&databases::compile(&sources, THREADS)) {
            let mut ends = borders(&good);
            assert_eq!(ends.pop(), Some(good.len()), "{name}: {part}: sections fill the block");
            ends.extend([0, 1, 7, 8, 12, 16, 24, 32, HEADER_SIZE - 1, HEADER_SIZE, good.len() - 1]);
            ends.extend((HEADER_SIZE..ends[0]).step_by(SECTION_ENTRY_SIZE));
            for near in
                ends.iter().flat_map(|&end| [end.saturating_sub(1), end, end + 1]).filter(|&end| end < good.len())
            {
                assert!(
                    load(part, &good[..near]).is_err(),
                    "{name}: {part}: {near} of {} bytes are enough",
                    good.len()
                );
            }
            let longer = [&good[..], b"\0"].concat();
            assert!(load(part, &longer).is_err(), "{name}: {part}: a byte after the end");
        }
    }
}

/// Damage that keeps the checksum, as only malice makes it: it may go unnoticed, but loading and verifying must not panic.
#[test]
fn damage_under_a_right_checksum_does_no_harm() {
    let text = b"Exclude 1\nProbe TCP NULL q||\nmatch a m|^b(c)| p/$1/\nProbe UDP X q|x|\nports 1\nfallback X\nmatch a m|^.x(.)\\1|\n";
    let source = Source { name: "tiny".to_owned(), text: text.to_vec(), ..Source::default() };
    for (part, good) in blocks(&databases::compile(&[source], THREADS)) {
        let mut bytes = good.clone();
        for at in 8..good.len() {
            for value in [0, 0x7F, 0xFF, good[at].wrapping_add(1), good[at] ^ 0x80] {
                bytes[at] = value;
                let sum = checksum(&bytes[32..]);
                bytes[24..32].copy_from_slice(&sum.to_le_bytes());
                let _ = check(part, &bytes);
            }
            bytes[at] = good[at];
        }
    }
}

/// What the matcher would trip over is found, even under a right checksum.
#[test]
fn a_line_needs_what_decides_it() {
    let text = b"Probe TCP NULL q||\nmatch a m|^abcdefgh|\nmatch b m|^(x)\\1|\n";
    let source = Source { name: "tiny".to_owned(), text: text.to_vec(), ..Source::default() };
    let good = databases::compile(&[source], THREADS).database;
    let database = Database::from_bytes(&good).expect("it was compiled");
    let [plain, bounded] = [0, 1].map(|line| database.line(LineId::new(line)));
    let place = |section: &[u8]| section.as_ptr() as usize - good.as_ptr() as usize;
    let lines = place(database.engine.lines);
    let cases = [
        (lines, LineRow { automaton: LineRow::NONE, ..plain }.encode().to_vec(), "automaton of a line"),
        (lines + LineRow::SIZE, LineRow { program: LineRow::NONE, ..bounded }.encode().to_vec(), "program of a line"),
        (place(database.engine.window_offsets), vec![200], "window offset"),
    ];
    for (at, change, part) in cases {
        let mut bytes = good.clone();
        bytes[at..at + change.len()].copy_from_slice(&change);
        let sum = checksum(&bytes[32..]);
        bytes[24..32].copy_from_slice(&sum.to_le_bytes());
        let error = check("database", &bytes).expect_err(part).to_string();
        assert!(error.contains(part), "{error:?} has no {part:?}");
    }
}

#[test]
fn errors_say_what_was_expected_and_found() {
    let good = databases::compile(&cases()[0].1, THREADS).database;
    let changed = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    // The bytes and a part of what is said of them.
    let cases = [
        (Vec::new(), "expected 64 bytes, found 0"),
        (b"Probe TCP NULL q||\n".to_vec(), "not a compiled database: expected it to begin with \"PORTPRNT\""),
        (good[..40].to_vec(), "expected 64 bytes, found 40"),
        (changed(8, 99), "expected table format version 5, found 99"),
        (good[..good.len() - 1].to_vec(), "the file is cut"),
        (changed(good.len() - 1, !good[good.len() - 1]), "expected checksum"),
        (changed(12, good[12] - 1), "is missing"),
        (changed(HEADER_SIZE + 16 + 5, 1), "after the end of the database"),
    ];
    for (bytes, part) in cases {
        let error = check("database", &bytes).expect_err(part).to_string();
        assert!(error.contains(part), "{error:?} has no {part:?}");
    }
}

/// The sections that the matcher reads.
fn engine<'a>(database: &Database<'a>) -> [&'a [u8]; 14] {
    let Engine {
        sets: a,
        code: b,
        gram_filter: e,
        gram_index: f,
        grams: g,
        literals: h,
        window_offsets: i,
        window_index: j,
        windows: k,
        window_filter: l,
        found_lines: m,
        position_lines: n,
        position_sets: o,
        lines: p,
    } = database.engine;
    [a, b, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// Everything that compiling gives, as bytes.
fn parts(compiled: &Compiled) -> [(&'static str, Vec<u8>); 4] {
    let [database, text, whole] = blocks(compiled);
    [database, text, whole, ("index", compiled.index.clone().into_bytes())]
}

/// What is in the format of the tables.
fn blocks(compiled: &Compiled) -> [(&'static str, Vec<u8>); 3] {
    [("database", compiled.database.clone()), ("text", compiled.text.clone()), ("whole", compiled.whole())]
}

/// Loads a block, and reads it all.
fn check(part: &str, bytes: &[u8]) -> Result<(), FormatError> {
    load(part, bytes)?;
    match part {
        "text" => SectionTable::from_bytes(bytes)?.verify_checksum(),
        _ => Database::from_bytes(bytes)?.verify(),
    }
}

/// Loads a block.
fn load(part: &str, bytes: &[u8]) -> Result<(), FormatError> {
    if part != "database" {
        DatabaseText::from_bytes(bytes)?;
    }
    if part != "text" {
        Database::from_bytes(bytes)?;
    }
    Ok(())
}

/// Where sections begin and end: the first number is the end of the section table, the last that of the block.
fn borders(block: &[u8]) -> Vec<usize> {
    let table = SectionTable::from_bytes(block).expect("the block is good");
    let start = HEADER_SIZE + table.iter().count() * SECTION_ENTRY_SIZE;
    let mut borders = vec![start];
    borders.extend(table.iter().scan(start, |end, (_, len)| {
        *end = end.next_multiple_of(ALIGNMENT) + len;
        Some(*end)
    }));
    borders
}
