//! Files that a scan writes: new ones, and those that go on where an earlier run of the scan ended.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::{bars, escape};

use super::files::is_stream;
use super::journal::Synced;

/// How much is read at a time to find the last line.
const PIECE: u64 = 64 * 1024;

/// A file of lines that are written as they come, or standard output. A scan that goes on adds to it.
pub(super) struct LineFile {
    /// What it is called in messages; `None` is standard output.
    name: Option<String>,
    out: Box<dyn Write>,
    /// The file, if it is one that can be brought to the disk.
    synced: Option<File>,
    /// Whether progress bars may stand where it writes.
    is_terminal: bool,
}

impl LineFile {
    /// `-` is standard output.
    pub(super) fn open(path: &Path, goes_on: bool) -> Result<Self, Failure> {
        if is_stream(path) {
            // It hands on each line, for whoever reads along.
            let out = Box::new(io::stdout().lock());
            return Ok(Self { name: None, out, synced: None, is_terminal: io::stdout().is_terminal() });
        }
        let name = escape::path(path);
        let fault = |error| Failure::file(&name, error);
        let (file, _) = lines(path, goes_on).map_err(fault)?;
        let synced = to_sync(&file).map_err(fault)?;
        Ok(Self { name: Some(name), out: Box::new(BufWriter::new(file)), synced, is_terminal: false })
    }

    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), Failure> {
        self.with_out(|out| out.write_all(lines))
    }

    /// The file that must be on the disk before anything is said to be done.
    pub(super) fn synced(&mut self) -> Option<Synced> {
        Some(Synced { name: self.name.clone()?, file: self.synced.take()? })
    }

    /// Hands on what has been written.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.with_out(|out| out.flush())
    }

    fn with_out(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let Self { name, out, is_terminal, .. } = self;
        let written = if *is_terminal { bars::suspend(|| write(&mut **out)) } else { write(&mut **out) };
        written.map_err(|error| match name {
            Some(name) => Failure::file(name, error),
            None => Failure::output(error),
        })
    }
}

/// Makes a file anew. When a scan goes on, what was found before stays, under another name.
pub(super) fn create(path: &Path, goes_on: bool) -> io::Result<File> {
    if goes_on && fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0) {
        let aside = aside(path);
        fs::rename(path, &aside)?;
        let name = escape::path;
        log::warn!("{}: what the scan had found before is in {} now", name(path), name(&aside));
    }
    File::create(path)
}

/// Opens a file of lines. When a scan goes on, what is there stays, but for a last line that is not whole. Says whether anything is
/// there.
pub(super) fn lines(path: &Path, goes_on: bool) -> io::Result<(File, bool)> {
    // Devices and pipes keep nothing.
    if !goes_on || fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        return File::create(path).map(|file| (file, false));
    }
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    let len = whole_lines(&mut file)?;
    file.set_len(len)?;
    file.seek(SeekFrom::End(0))?;
    Ok((file, len > 0))
}

/// A handle by which the file can be brought to the disk. There is none for devices and pipes.
pub(super) fn to_sync(file: &File) -> io::Result<Option<File>> {
    if file.metadata()?.is_file() { file.try_clone().map(Some) } else { Ok(None) }
}

/// How long the file is up to the end of its last whole line.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut piece = Vec::new();
    while end > 0 {
        let begin = end.saturating_sub(PIECE);
        piece.clear();
        file.seek(SeekFrom::Start(begin))?;
        file.take(end - begin).read_to_end(&mut piece)?;
        if let Some(last) = memchr::memrchr(b'\n', &piece) {
            return Ok(begin + last as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

/// The first name behind the file's that is free.
fn aside(path: &Path) -> PathBuf {
    let mut number = 1u64;
    loop {
        let mut name = OsString::from(path);
        name.push(format!(".{number}"));
        let aside = PathBuf::from(name);
        if !fs::exists(&aside).unwrap_or(false) {
            return aside;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn half_a_line_is_cut_off() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("lines");
        let long = "x".repeat(200_000);
        for (before, kept) in [
            (String::new(), 0),
            (String::from("abc"), 0),
            (String::from("abc\n"), 4),
            (String::from("abc\nde"), 4),
            (format!("abc\n{long}"), 4),
            (format!("{long}\n{long}\n"), 400_002),
            (long.clone(), 0),
        ] {
            fs::write(&path, &before).expect("the folder can be written");
            let (mut file, has_lines) = lines(&path, true).expect("it can be opened");
            assert_eq!(has_lines, kept > 0);
            file.write_all(b"new\n").expect("it can be written");
            assert_eq!(fs::read_to_string(&path).expect("it is text"), format!("{}new\n", &before[..kept]));
        }
        assert!(!lines(&path, false).expect("it can be opened").1);
        assert_eq!(fs::read(&path).expect("it is there"), b"");
    }

    #[test]
    fn what_cannot_go_on_is_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("a.xml");
        for text in ["first", "second", "third"] {
            create(&path, true).and_then(|mut file| file.write_all(text.as_bytes())).expect("it can be written");
        }
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("it is there");
        assert_eq!([read("a.xml.1"), read("a.xml.2"), read("a.xml")], ["first", "second", "third"]);
        create(&path, false).expect("it can be written");
        assert_eq!(read("a.xml"), "");
        assert!(!folder.path().join("a.xml.3").exists());
    }
}
