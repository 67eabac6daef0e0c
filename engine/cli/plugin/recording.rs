//! Where `plugin run --record` writes: a place that is made sure of before the port is asked, where a file is only once it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::{beside, escape};

/// A fixture that is to be written.
#[derive(Debug)]
pub(super) struct Recording {
    path: PathBuf,
    /// A pipe or a device; none when there is nothing yet.
    there: Option<File>,
}

impl Recording {
    /// Nothing that is there is replaced: it may be a fixture that nobody can record again, or the plugin.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Err(Failure::usage("--record -: what is found goes to standard output; name a file"));
        }
        let there = match fs::metadata(path) {
            Ok(there) if !there.is_file() && !there.is_dir() => OpenOptions::new().write(true).open(path).map(Some),
            _ if fs::symlink_metadata(path).is_ok() => {
                let path = escape::path(path);
                return Err(Failure::usage(format!(
                    "--record {path}: it is there already, and is not replaced; name a file that is not there yet"
                )));
            }
            _ => can_be_made(path).map(|()| None),
        };
        let there = there.map_err(|error| Failure::file(format!("--record {}", escape::path(path)), error))?;
        Ok(Self { path: path.to_owned(), there })
    }

    /// Writes it, and gives its name.
    pub(super) fn write(self, fixture: &str) -> Result<String, Failure> {
        let name = escape::path(&self.path);
        let written = match self.there {
            Some(mut file) => file.write_all(fixture.as_bytes()),
            None => beside::file(&self.path).and_then(|mut file| {
                file.write_all(fixture.as_bytes())?;
                file.persist_noclobber(&self.path).map(drop).map_err(|error| error.error)
            }),
        };
        written.map_err(|error| Failure::file(&name, error))?;
        Ok(name)
    }
}

/// Tries it: the file is made and taken away again, so that nothing is left however the program ends.
fn can_be_made(path: &Path) -> io::Result<()> {
    File::create_new(path)?;
    fs::remove_file(path)
}
