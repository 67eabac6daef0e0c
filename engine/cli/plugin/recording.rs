//! Where `plugin run --record` writes: a file that is made sure of before the port is asked, and that is there only once it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::exit::Failure;
use crate::{beside, escape};

/// A fixture that is to be written.
#[derive(Debug)]
pub(super) struct Recording {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Beside its place; dropped, it is gone.
    New(NamedTempFile),
    /// A pipe or a device.
    There(File),
}

impl Recording {
    /// Nothing that is there is replaced: it may be a fixture that nobody can record again, or the plugin.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Err(Failure::usage("--record -: what is found goes to standard output; name a file"));
        }
        let place = match fs::metadata(path) {
            Ok(there) if !there.is_file() && !there.is_dir() => {
                OpenOptions::new().write(true).open(path).map(Place::There)
            }
            _ if fs::symlink_metadata(path).is_ok() => {
                let path = escape::path(path);
                return Err(Failure::usage(format!(
                    "--record {path}: it is there already, and is not replaced; name a file that is not there yet"
                )));
            }
            _ => beside::file(path).map(Place::New),
        };
        let place = place.map_err(|error| Failure::file(format!("--record {}", escape::path(path)), error))?;
        Ok(Self { path: path.to_owned(), place })
    }

    /// Writes it, and gives its name.
    pub(super) fn write(self, fixture: &str) -> Result<String, Failure> {
        let name = escape::path(&self.path);
        let written = match self.place {
            Place::There(mut file) => file.write_all(fixture.as_bytes()),
            Place::New(mut file) => file
                .write_all(fixture.as_bytes())
                .and_then(|()| file.persist_noclobber(&self.path).map(drop).map_err(|error| error.error)),
        };
        written.map_err(|error| Failure::file(&name, error))?;
        Ok(name)
    }
}
