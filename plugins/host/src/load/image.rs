//! Whether a file is a whole library and one for this machine, seen before the system opens it.
//!
//! The system maps a library as its headers say, whatever there is of the file: one that was cut short loads, and its first access behind
//! the end of the file ends the process by a signal. A library of another machine it passes over, and says that there is no such file.
//! Both stand in the first bytes of ELF files. What else can be wrong with a library, and other formats, are left to the system.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// What is wrong with a file, if it can be seen from its headers.
pub(super) fn fault(file: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(file)?;
    let size = file.metadata()?.len();
    fault_of(&mut file, size, Build::own())
}

/// For what a library is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Build {
    /// `e_machine`. `None`: this program's own, if it is not in the table.
    machine: Option<u64>,
    width: Width,
    is_big_endian: bool,
}

/// The class of an ELF file: 32 or 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Narrow,
    Wide,
}

/// `e_machine` of the machines that Rust has a word for.
const MACHINES: [(u64, &str); 11] = [
    (3, "x86"),
    (8, "mips"),
    (20, "powerpc"),
    (21, "powerpc64"),
    (22, "s390x"),
    (40, "arm"),
    (43, "sparc64"),
    (62, "x86_64"),
    (183, "aarch64"),
    (243, "riscv64"),
    (258, "loongarch64"),
];

impl Build {
    fn own() -> Self {
        let machine = MACHINES.iter().find(|(_, name)| *name == std::env::consts::ARCH).map(|(machine, _)| *machine);
        let width = if usize::BITS == 64 { Width::Wide } else { Width::Narrow };
        Self { machine, width, is_big_endian: cfg!(target_endian = "big") }
    }

    /// What is wrong with a library of this build for a program of another.
    fn fault_for(self, own: Self) -> Option<String> {
        let name = |machine: Option<u64>| match MACHINES.iter().find(|(known, _)| Some(*known) == machine) {
            Some((_, name)) => (*name).to_owned(),
            None => machine.map_or_else(|| std::env::consts::ARCH.to_owned(), |machine| format!("machine {machine}")),
        };
        let (there, here) = (name(self.machine), name(own.machine));
        if own.machine.is_some() && self.machine != own.machine {
            return Some(format!("it is built for {there}, and this is {here}: build it for {here}"));
        }
        if (self.width, self.is_big_endian) == (own.width, own.is_big_endian) {
            return None;
        }
        let layout = |build: Self| {
            let bits = if build.width == Width::Wide { 64 } else { 32 };
            format!("{bits} bits, {} byte first", if build.is_big_endian { "high" } else { "low" })
        };
        Some(format!("it is built for {here} with {}, and this program with {}", layout(self), layout(own)))
    }
}

/// Where the fields of a header are.
struct Layout {
    header_len: u64,
    /// How many bytes an offset or a size has.
    word: usize,
    phoff: usize,
    phentsize: usize,
    phnum: usize,
    program_len: u64,
    p_offset: usize,
    p_filesz: usize,
}

impl Width {
    const fn layout(self) -> Layout {
        match self {
            Self::Narrow => Layout {
                header_len: 52,
                word: 4,
                phoff: 28,
                phentsize: 42,
                phnum: 44,
                program_len: 32,
                p_offset: 4,
                p_filesz: 16,
            },
            Self::Wide => Layout {
                header_len: 64,
                word: 8,
                phoff: 32,
                phentsize: 54,
                phnum: 56,
                program_len: 56,
                p_offset: 8,
                p_filesz: 32,
            },
        }
    }
}

fn fault_of(file: &mut (impl Read + Seek), size: u64, own: Build) -> io::Result<Option<String>> {
    /// A segment that is mapped.
    const PT_LOAD: u64 = 1;
    let cut = |needed: u64| {
        let needs = format!("it is cut short: its headers need {needed} bytes, and it has {size}");
        (needed > size).then(|| needs + "; copy it again")
    };
    let header = read(file, 0, Width::Wide.layout().header_len)?;
    let [0x7F, b'E', b'L', b'F', class, data, ..] = header[..] else { return Ok(None) };
    let width = match class {
        1 => Width::Narrow,
        2 => Width::Wide,
        _ => return Ok(None),
    };
    let layout = width.layout();
    if let Some(fault) = cut(layout.header_len) {
        return Ok(Some(fault));
    }
    let is_big_endian = data == 2;
    let number =
        |bytes: &[u8], at: usize, len: usize| number(bytes.get(at..at + len).unwrap_or_default(), is_big_endian);
    let build = Build { machine: Some(number(&header, 18, 2)), width, is_big_endian };
    if let Some(fault) = build.fault_for(own) {
        return Ok(Some(fault));
    }
    if number(&header, layout.phentsize, 2) != layout.program_len {
        return Ok(None);
    }
    let (begin, count) = (number(&header, layout.phoff, layout.word), number(&header, layout.phnum, 2));
    let len = count * layout.program_len;
    if let Some(fault) = cut(begin.saturating_add(len)) {
        return Ok(Some(fault));
    }
    let programs = read(file, begin, len)?;
    let ends = programs
        .chunks_exact(layout.program_len as usize)
        .filter(|it| number(it, 0, 4) == PT_LOAD)
        .map(|it| number(it, layout.p_offset, layout.word).saturating_add(number(it, layout.p_filesz, layout.word)));
    Ok(ends.max().and_then(cut))
}

/// These bytes of a file, or fewer where it ends.
fn read(file: &mut (impl Read + Seek), begin: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(begin))?;
    file.take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn number(bytes: &[u8], is_big_endian: bool) -> u64 {
    let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    if is_big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const X86_64: Build = Build { machine: Some(62), width: Width::Wide, is_big_endian: false };

    /// A library with a segment that nobody maps and one that takes what is behind the headers up to `end`.
    fn library(build: Build, end: u64) -> Vec<u8> {
        let Layout { header_len, word, phoff, phentsize, phnum, program_len, p_offset, p_filesz } =
            build.width.layout();
        let programs_end = header_len + 2 * program_len;
        let mut bytes = vec![0; programs_end as usize];
        bytes[..4].copy_from_slice(b"\x7fELF");
        bytes[4] = if build.width == Width::Wide { 2 } else { 1 };
        bytes[5] = if build.is_big_endian { 2 } else { 1 };
        let mut put = |at: usize, len: usize, number: u64| {
            let value = if build.is_big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
            let value = if build.is_big_endian { &value[8 - len..] } else { &value[..len] };
            bytes[at..at + len].copy_from_slice(value);
        };
        put(18, 2, build.machine.unwrap_or_default());
        put(phoff, word, header_len);
        put(phentsize, 2, program_len);
        put(phnum, 2, 2);
        // PT_NOTE, with an end that no file has.
        let first = header_len as usize;
        put(first, 4, 4);
        put(first + p_offset, word, 0x7FFF_FFFF);
        let second = (header_len + program_len) as usize;
        put(second, 4, 1);
        put(second + p_offset, word, programs_end);
        put(second + p_filesz, word, end - programs_end);
        bytes.resize(end as usize, 0);
        bytes
    }

    fn said(bytes: &[u8], own: Build) -> String {
        let size = bytes.len() as u64;
        fault_of(&mut Cursor::new(bytes), size, own).expect("memory can be read").unwrap_or_default()
    }

    #[test]
    fn a_file_that_ends_too_soon() {
        for build in [
            X86_64,
            Build { machine: Some(183), ..X86_64 },
            Build { machine: Some(22), is_big_endian: true, ..X86_64 },
            Build { machine: Some(40), width: Width::Narrow, ..X86_64 },
            Build { machine: Some(8), width: Width::Narrow, is_big_endian: true },
        ] {
            let whole = library(build, 1000);
            assert_eq!(said(&whole, build), "", "{build:?}");
            let Layout { header_len, program_len, .. } = build.width.layout();
            let programs_end = header_len + 2 * program_len;
            for size in 0..1000 {
                let needed = match size {
                    // It is not seen yet whether it is such a file; the system says what is wrong with it.
                    ..6 => None,
                    size if size < header_len => Some(header_len),
                    size if size < programs_end => Some(programs_end),
                    _ => Some(1000),
                };
                let expected = needed.map(|needed| {
                    format!("it is cut short: its headers need {needed} bytes, and it has {size}; copy it again")
                });
                assert_eq!(said(&whole[..size as usize], build), expected.unwrap_or_default(), "{build:?}");
            }
        }
    }

    #[test]
    fn a_file_of_another_machine() {
        for (build, expected) in [
            (
                Build { machine: Some(183), ..X86_64 },
                "it is built for aarch64, and this is x86_64: build it for x86_64",
            ),
            (
                Build { machine: Some(4711), ..X86_64 },
                "it is built for machine 4711, and this is x86_64: build it for x86_64",
            ),
            (
                Build { width: Width::Narrow, ..X86_64 },
                "it is built for x86_64 with 32 bits, low byte first, and this program with 64 bits, low byte first",
            ),
        ] {
            assert_eq!(said(&library(build, 1000), X86_64), expected);
        }
        let unknown = Build { machine: None, ..X86_64 };
        assert_eq!(said(&library(X86_64, 1000), unknown), "", "what this program is built for is not in the table");
    }

    #[test]
    fn what_is_no_elf_file_or_has_strange_headers_is_left_to_the_system() {
        let mut other_class = library(X86_64, 1000);
        other_class[4] = 9;
        let mut other_programs = library(X86_64, 1000);
        other_programs[54] = 1;
        for bytes in [&b""[..], b"no library", b"\x7fELF", &other_class, &other_programs] {
            assert_eq!(said(bytes, X86_64), "");
        }
        // Sums that no number holds.
        let mut huge = library(X86_64, 1000);
        huge[64 + 56 + 32..][..8].fill(0xFF);
        assert!(said(&huge, X86_64).starts_with("it is cut short: its headers need 18446744073709551615 bytes"));
        huge[32..40].fill(0xFF);
        assert!(said(&huge, X86_64).starts_with("it is cut short: its headers need 18446744073709551615 bytes"));
    }

    #[test]
    fn this_program_is_for_this_machine() {
        let own = std::env::current_exe().expect("it runs");
        assert_eq!(fault(&own).expect("it can be read"), None);
    }
}
