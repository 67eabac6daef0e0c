//! A JSON array of records, as masscan's `-oJ` writes it. One whose end is missing is good up to there: a scan that was broken off
//! leaves it so.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use portprint_scan::Target;

use super::json;
use super::lines::LONGEST;
use super::stream::{Records, Told};

/// An array, cut into its records without a look at what they say.
pub(super) struct Array<R> {
    input: R,
    record: Vec<u8>,
    line: u64,
}

/// Where in a record the next byte stands.
#[derive(Clone, Copy, Default)]
struct Place {
    depth: u32,
    in_text: bool,
    escaped: bool,
}

impl Place {
    fn pass(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_text => self.escaped = true,
            b'"' => self.in_text = !self.in_text,
            _ if self.in_text => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

impl<R: BufRead> Array<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, record: Vec::new(), line: 1 }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        loop {
            let byte = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?.first().copied(),
            };
            if byte.is_some() {
                self.input.consume(1);
            }
            self.line += u64::from(byte == Some(b'\n'));
            return Ok(byte);
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        while !matches!(self.byte()?, None | Some(b'\n')) {}
        Ok(())
    }
}

impl<R: BufRead + Send> Records for Array<R> {
    fn read(&mut self, out: &mut VecDeque<Target>, told: &Told) -> io::Result<bool> {
        loop {
            match self.byte()? {
                None => return Ok(false),
                Some(b'{') => break,
                Some(b'[' | b']' | b',') => {}
                Some(byte) if byte.is_ascii_whitespace() => {}
                Some(_) => {
                    told.bad(self.line, "there is something between the records of the array; expected {");
                    self.skip_line()?;
                    return Ok(true);
                }
            }
        }
        let (line, mut place) = (self.line, Place { depth: 1, ..Place::default() });
        self.record.clear();
        self.record.push(b'{');
        while place.depth > 0 {
            match self.byte()? {
                // No text of JSON has a line feed in it; here one begins that has no end, and the next line is good again.
                Some(b'\n') if place.in_text => break,
                Some(_) if self.record.len() == LONGEST => {
                    told.bad(line, "the record is longer than 64 KiB");
                    self.skip_line()?;
                    return Ok(true);
                }
                Some(byte) => {
                    place.pass(byte);
                    self.record.push(byte);
                }
                None => {
                    told.bad(line, "the file ends within a record");
                    return Ok(false);
                }
            }
        }
        let text = String::from_utf8_lossy(&self.record);
        // Old versions of masscan end so, which is not JSON.
        if !text.starts_with("{finished")
            && let Err(message) = json::record(&text, out)
        {
            told.bad(line, message);
        }
        Ok(true)
    }
}
