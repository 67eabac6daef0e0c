//! Where `plugin run --record` writes: a file that is made sure of before the port is asked, and that is there only once it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::escape;
use crate::exit::Failure;

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
            _ => beside(path).map(Place::New),
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

/// A file in the same folder, with the mode of any new file.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // What is said of a folder that is not there would name the file beside the place.
    fs::metadata(folder)?;
    let mut builder = Builder::new();
    builder.prefix(".portprint-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What the umask leaves of this.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
