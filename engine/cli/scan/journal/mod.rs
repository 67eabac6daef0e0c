//! The file of `--resume`: which scan it is, and what of it is done, so that the same command goes on where it stopped.
//!
//! Nothing is said to be done before what was found there is written, and safe on the disk if it goes to a file. So whenever the program
//! or the machine dies, nothing is lost; what was done and not yet noted down is done again.

mod identity;
mod lines;
mod notes;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use portprint_scan::{Cancel, Done};

use crate::escape;
use crate::exit::Failure;

pub(super) use identity::{Identity, Parts};
pub(super) use notes::{Notes, Synced};

use super::summary::number;

/// A journal that is open, and ours alone.
#[derive(Debug)]
pub(super) struct Journal {
    name: String,
    file: File,
    /// Which scan it is; `None`: it is new.
    identity: Option<Identity>,
    done: Done,
    /// How much of the file is whole.
    len: u64,
}

impl Journal {
    /// Opens the file, or makes it. What is in it does not change.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let name = escape::path(path);
        let fault = |error: io::Error| Failure::file(&name, format!("the journal cannot be opened: {error}"));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(fault)?;
        if !file.metadata().map_err(fault)?.is_file() {
            return Err(Failure::usage(format!("{name}: a journal must be a regular file")));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::usage(format!("{name}: another scan is writing this journal")));
            }
            Err(TryLockError::Error(error)) => {
                return Err(Failure::file(&name, format!("the journal cannot be locked: {error}")));
            }
        }
        let read = lines::read(BufReader::new(&file)).map_err(|error| error.told(&name))?;
        let lines::Read { identity, done, len } = read;
        Ok(Self { name, file, identity, done, len })
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The seed that settled the order.
    pub(super) fn seed(&self) -> Option<u64> {
        self.identity.as_ref().and_then(Identity::seed)
    }

    /// Whether there is a scan to go on with.
    pub(super) fn goes_on(&self) -> bool {
        self.identity.is_some()
    }

    /// Makes it the journal of a scan, and gives what is done of it.
    ///
    /// # Errors
    /// It belongs to another scan, or it cannot be written.
    pub(super) fn begin(&mut self, identity: Identity) -> Result<Done, Failure> {
        let fault = |error| cannot_write(&self.name, error);
        if let Some(difference) = self.identity.as_ref().and_then(|known| known.difference(&identity)) {
            return Err(Failure::usage(format!(
                "{} belongs to another scan: {difference}; repeat the command as it was, or name another file",
                self.name
            )));
        }
        // A line that was being written when the scan died goes.
        self.file.set_len(self.len).map_err(fault)?;
        self.file.seek(SeekFrom::Start(self.len)).map_err(fault)?;
        if self.goes_on() {
            log::warn!("{}: the scan goes on after {}", self.name, number(self.done.count(), "port"));
        } else {
            self.file.write_all(lines::header(&identity).as_bytes()).map_err(fault)?;
            self.file.sync_data().map_err(fault)?;
        }
        Ok(std::mem::take(&mut self.done))
    }

    /// Notes down from now on what is done, after what was written to `outputs` is on the disk. If that fails, `cancel` is cancelled.
    pub(super) fn start(self, outputs: Vec<Synced>, cancel: Cancel) -> Result<Notes, Failure> {
        Notes::start(self.name, self.file, outputs, cancel)
    }
}

fn cannot_write(name: &str, error: io::Error) -> Failure {
    Failure::file(name, format!("the journal cannot be written: {error}; the scan ends with what is known"))
}
