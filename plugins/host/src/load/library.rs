//! The only place that opens shared libraries.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use libloading as dl;
use portprint_plugin_abi as abi;

use super::LoadError;
use crate::Plugin;
use crate::raw::Table;

#[cfg(unix)]
type Library = dl::os::unix::Library;
#[cfg(not(unix))]
type Library = dl::Library;

/// All that were ever opened: they are never closed.
static OPEN: Mutex<Vec<Library>> = Mutex::new(Vec::new());

/// Opens a library for ever and reads what it exports. `path` is the file's without links.
///
/// It is never closed, not even if it is refused: a Rust library may have registered destructors of thread-locals, which the system would
/// call in memory that is not there any more; and sessions hold pointers into it.
#[allow(unsafe_code, reason = "opening a library runs its code, and its symbols have no types")]
pub(super) fn open(file: &Path, path: &Path) -> Result<Plugin, LoadError> {
    /// The type of the exported function.
    type Entry = unsafe extern "C" fn() -> *const abi::Plugin;

    // All symbols are looked for now, so that none is found missing in the middle of a scan; and none are lent to other libraries.
    #[cfg(unix)]
    // SAFETY: whoever named the file, or installed it, trusts its code.
    let library = unsafe {
        use dl::os::unix::{RTLD_LOCAL, RTLD_NOW};
        Library::open(Some(path), RTLD_NOW | RTLD_LOCAL)
    };
    #[cfg(not(unix))]
    // SAFETY: as above.
    let library = unsafe { Library::new(path) };
    let library = library.map_err(|error| LoadError::Open { file: file.to_owned(), what: why(&error) })?;
    // SAFETY: the ABI says that a symbol of this name is this function.
    let entry = unsafe { library.get::<Entry>(abi::ENTRY.as_bytes()) }.map(|entry| *entry);
    OPEN.lock().unwrap_or_else(PoisonError::into_inner).push(library);
    let entry = entry.map_err(|_| LoadError::NoEntry { file: file.to_owned() })?;
    // SAFETY: the function takes nothing, does no work, and what it gives lives as long as the library, which is for ever.
    let table = unsafe { Table::read(entry()) };
    table.and_then(Plugin::of).map_err(|refusal| LoadError::Refused { file: file.to_owned(), refusal })
}

/// What the system said, which libloading keeps as the cause.
fn why(error: &dl::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
