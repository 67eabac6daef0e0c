//! Input as chunks of whole lines: as many as one read gives, so that a program that writes a line and waits gets its answer.

use std::io::{self, Read};

use memchr::{memchr_iter, memrchr};

const READ: usize = 256 * 1024;
/// A longer line is not kept in memory; it gets an error for its answer.
pub(crate) const LONGEST_LINE: usize = 256 * 1024 * 1024;

/// Some lines of the input.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The physical number of the first one, from 1.
    pub(crate) first_line: u64,
    /// The lines.
    pub(crate) lines: Lines,
}

/// What a chunk holds.
#[derive(Debug)]
pub(crate) enum Lines {
    /// Lines with their line feeds; the last line of the input may be without one.
    Whole(Vec<u8>),
    /// One line that was too long to be kept.
    TooLong,
}

/// Cuts an input into chunks.
#[derive(Debug)]
pub(crate) struct Chunks<R> {
    input: R,
    /// The beginning of a line whose end has not been read.
    rest: Vec<u8>,
    line: u64,
    ended: bool,
    longest_line: usize,
}

impl<R: Read> Chunks<R> {
    /// Reads nothing yet.
    pub(crate) fn new(input: R) -> Self {
        Self { input, rest: Vec::new(), line: 1, ended: false, longest_line: LONGEST_LINE }
    }

    /// The next chunk; none at the end of the input.
    pub(crate) fn next_chunk(&mut self) -> io::Result<Option<Chunk>> {
        let mut buffer = std::mem::take(&mut self.rest);
        let mut searched = 0;
        loop {
            if let Some(at) = memrchr(b'\n', &buffer[searched..]) {
                let end = searched + at + 1;
                self.rest = Vec::with_capacity(READ + (buffer.len() - end));
                self.rest.extend_from_slice(&buffer[end..]);
                buffer.truncate(end);
                let lines = memchr_iter(b'\n', &buffer).count() as u64;
                return Ok(Some(self.chunk(Lines::Whole(buffer), lines)));
            }
            searched = buffer.len();
            if searched > self.longest_line {
                self.skip_line(buffer)?;
                return Ok(Some(self.chunk(Lines::TooLong, 1)));
            }
            if self.ended {
                return Ok(if buffer.is_empty() { None } else { Some(self.chunk(Lines::Whole(buffer), 1)) });
            }
            self.ended = self.read_more(&mut buffer)? == 0;
        }
    }

    fn chunk(&mut self, lines: Lines, count: u64) -> Chunk {
        let first_line = self.line;
        self.line += count;
        Chunk { first_line, lines }
    }

    /// Appends what one read gives.
    fn read_more(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let old = buffer.len();
        buffer.resize(old + READ, 0);
        let read = loop {
            match self.input.read(&mut buffer[old..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        buffer.truncate(old + read.as_ref().copied().unwrap_or(0));
        read
    }

    /// Reads on to the next line feed and keeps what follows it.
    fn skip_line(&mut self, mut buffer: Vec<u8>) -> io::Result<()> {
        loop {
            buffer.clear();
            buffer.shrink_to(READ);
            if self.read_more(&mut buffer)? == 0 {
                self.ended = true;
                return Ok(());
            }
            if let Some(at) = memchr::memchr(b'\n', &buffer) {
                buffer.drain(..=at);
                self.rest = buffer;
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes a read.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = self.0.len().min(self.1);
            buffer[..len].copy_from_slice(&self.0[..len]);
            self.0 = &self.0[len..];
            Ok(len)
        }
    }

    #[test]
    fn lines_come_whole_however_they_are_read() {
        for text in ["", "one", "one\n", "one\ntwo", "\n\nthree\n", "one\r\n\ntwo\nthree\n\n"] {
            for width in 1..8 {
                let mut chunks = Chunks::new(Slow(text.as_bytes(), width));
                let mut all = Vec::new();
                let mut line = 1;
                while let Some(chunk) = chunks.next_chunk().unwrap() {
                    assert_eq!(chunk.first_line, line);
                    let Lines::Whole(lines) = chunk.lines else { panic!("no line is long") };
                    line += lines.iter().filter(|byte| **byte == b'\n').count() as u64;
                    all.extend_from_slice(&lines);
                }
                assert_eq!(all, text.as_bytes());
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_alone() {
        let text = b"before\n0123456789012345678901234567890\nafter\nlast";
        for width in [1, 7, 100] {
            let mut chunks = Chunks::new(Slow(text, width));
            chunks.longest_line = 16;
            let mut seen = Vec::new();
            while let Some(chunk) = chunks.next_chunk().unwrap() {
                match chunk.lines {
                    Lines::Whole(lines) => seen.extend_from_slice(&lines),
                    Lines::TooLong => {
                        assert_eq!(chunk.first_line, 2);
                        seen.extend_from_slice(b"(too long)\n");
                    }
                }
            }
            // A read that holds the whole line hands it on: it is in memory anyway.
            if width < 100 {
                assert_eq!(String::from_utf8(seen).unwrap(), "before\n(too long)\nafter\nlast", "width {width}");
            }
        }
    }
}
