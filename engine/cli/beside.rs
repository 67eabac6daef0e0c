//! Files that are written beside their place and then moved there, so that nobody ever reads half of one, and where links lead.

use std::path::{Path, PathBuf};
use std::{fs, io};

use tempfile::{Builder, NamedTempFile};

/// As many links are followed by Linux.
const LINKS: usize = 40;

/// The file that a path leads to through links, which need not be there yet.
pub(crate) fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.with_file_name(target),
            Err(_) => return Ok(path),
        }
    }
    // They lead in a circle, and the system has words for that.
    fs::metadata(&path).map(|_| path)
}

/// A new file in the folder of a path, with the mode of any new file. Dropped, it is gone.
pub(crate) fn file(path: &Path) -> io::Result<NamedTempFile> {
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
    // Nor does it help to be told its name.
    builder.tempfile_in(folder).map_err(|error| error.kind().into())
}
