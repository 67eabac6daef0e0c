//! Files of targets: which of the formats it is, and reading on while the scan runs.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use portprint_scan::{Arrival, Stream, Target};

use crate::exit::Failure;
use crate::match_command;

use super::array::Array;
use super::line::LineFile;
use super::xml::Xml;
use super::{Faults, NO_UDP};

/// Much is read at a time, and the beginning of a file, which tells its format, is in the first piece.
const BUFFER: usize = 64 * 1024;

/// How long targets wait for others that may come after them.
const QUIET: Duration = Duration::from_secs(1);

/// How many targets of a pipe are read ahead.
const AHEAD: usize = 1024;

/// A file in one of the formats.
pub(super) trait Records: Send {
    /// Reads a record, and appends the targets in it. `false` at the end.
    fn read(&mut self, out: &mut VecDeque<Target>, told: &Told) -> io::Result<bool>;
}

/// Whom to tell what is wrong with a file.
pub(super) struct Told {
    name: String,
    faults: Arc<Faults>,
}

impl Told {
    #[cfg(test)]
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), faults: Arc::default() }
    }

    /// Something is bad and is skipped.
    pub(super) fn bad(&self, line: u64, message: impl std::fmt::Display) {
        log::warn!("{}:{line}: {message}; skipped", self.name);
        self.faults.count();
    }

    /// Something is good, but may be meant otherwise.
    pub(super) fn doubt(&self, line: u64, message: impl std::fmt::Display) {
        log::warn!("{}:{line}: {message}", self.name);
    }

    #[cfg(test)]
    pub(super) fn is_any(&self) -> bool {
        self.faults.is_any()
    }
}

/// Opens a file, or standard input for `-`. Reading begins when targets are asked for.
pub(super) fn open(path: &Path, tcp_only: bool, faults: &Arc<Faults>) -> Result<Stream, Failure> {
    let name = match_command::name(path);
    // Who sends targets through a pipe may take time to find them; a file has them all.
    let is_file = path.as_os_str() != "-" && std::fs::metadata(path).is_ok_and(|file| file.is_file());
    let file = File {
        input: Some(match_command::open(path)?),
        records: None,
        tcp_only,
        read: VecDeque::new(),
        told: Told { name, faults: faults.clone() },
    };
    if is_file { Ok(Box::new(file.map(Arrival::Target))) } else { Ok(Box::new(Pipe::start(file)?)) }
}

/// The targets of a file.
struct File {
    /// Before its format is known.
    input: Option<Box<dyn Read + Send>>,
    records: Option<Box<dyn Records>>,
    /// Whether UDP is refused.
    tcp_only: bool,
    read: VecDeque<Target>,
    told: Told,
}

impl File {
    fn read_on(&mut self) -> io::Result<bool> {
        if let Some(input) = self.input.take() {
            self.records = Some(recognise(BufReader::with_capacity(BUFFER, input))?);
        }
        match &mut self.records {
            Some(records) => records.read(&mut self.read, &self.told),
            None => Ok(false),
        }
    }
}

impl Iterator for File {
    type Item = Target;

    fn next(&mut self) -> Option<Target> {
        loop {
            while let Some(target) = self.read.pop_front() {
                if !self.tcp_only || !target.names_udp() {
                    return Some(target);
                }
                log::warn!("{}: a target with UDP: {NO_UDP}; skipped", self.told.name);
                self.told.faults.count();
            }
            match self.read_on() {
                Ok(true) => {}
                Ok(false) => {
                    self.records = None;
                    if self.read.is_empty() {
                        return None;
                    }
                }
                Err(error) => {
                    self.records = None;
                    let message = format!("{}: {error}", self.told.name);
                    log::warn!("{message}; its other targets are missing");
                    self.told.faults.unreadable(message);
                }
            }
        }
    }
}

/// Which format it is, by how it begins.
pub(super) fn recognise<R: BufRead + Send + 'static>(mut input: R) -> io::Result<Box<dyn Records>> {
    // What Windows may put before a text in UTF-8.
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let beginning = loop {
        match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    let marked = beginning.starts_with(MARK);
    let mut text = beginning[if marked { MARK.len() } else { 0 }..].iter().filter(|byte| !byte.is_ascii_whitespace());
    let (first, second) = (text.next().copied(), text.next().copied());
    if marked {
        input.consume(MARK.len());
    }
    Ok(match (first, second) {
        (Some(b'<'), _) => Box::new(Xml::new(input)),
        // An address in brackets begins otherwise. One read may have given the bracket alone: then it is an array, or nothing.
        (Some(b'['), Some(b'{' | b']' | b',') | None) => Box::new(Array::new(input)),
        _ => Box::new(LineFile::new(input)),
    })
}

/// A file that comes as somebody writes it.
struct Pipe {
    targets: Receiver<Target>,
    /// How long the targets since the last pause have been waited for.
    waited: Duration,
}

impl Pipe {
    fn start(file: File) -> Result<Self, Failure> {
        let (sender, targets) = sync_channel(AHEAD);
        let read = move || {
            // When nobody takes them any longer, nobody needs the rest.
            file.into_iter().try_for_each(|target| sender.send(target).ok());
        };
        std::thread::Builder::new()
            .name(String::from("input"))
            .spawn(read)
            .map_err(|error| Failure::fault(format!("there is no thread to read targets on: {error}")))?;
        Ok(Self { targets, waited: Duration::ZERO })
    }
}

impl Iterator for Pipe {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        if let Ok(target) = self.targets.try_recv() {
            return Some(Arrival::Target(target));
        }
        let start = Instant::now();
        match self.targets.recv_timeout(QUIET.saturating_sub(self.waited)) {
            Ok(target) => {
                self.waited += start.elapsed();
                Some(Arrival::Target(target))
            }
            Err(RecvTimeoutError::Timeout) => {
                self.waited = Duration::ZERO;
                Some(Arrival::Pause)
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }
}
