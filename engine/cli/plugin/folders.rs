//! Where plugins are found.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use portprint_plugin_host::isolated::Launcher;
use portprint_plugin_host::{Loader, Plugins};

use crate::exit::Failure;

/// Where plugins are installed, seen from the folder of the program: `bin/portprint` and `lib/portprint/plugins`.
const INSTALLED: &str = "../lib/portprint/plugins";

/// All plugins of these folders, and those that are installed. Each that cannot be used is told.
pub(crate) fn load(named: &[PathBuf], isolate: bool) -> Result<Arc<Plugins>, Failure> {
    let mut loader = if isolate { Loader::isolated(launcher()?) } else { Loader::new() };
    for folder in named {
        let refused = loader.folder(folder).map_err(|error| Failure::usage(format!("--plugin-dir {error}")))?;
        refused.iter().for_each(|error| log::warn!("{error}; not used"));
    }
    if let Some(folder) = installed().filter(|folder| folder.is_dir()) {
        match loader.folder(&folder) {
            Ok(refused) => refused.iter().for_each(|error| log::warn!("{error}; not used")),
            Err(error) => log::warn!("{error}; no plugins from there"),
        }
    }
    Ok(Arc::new(loader.finish(Box::new(|fault| log::warn!("{fault}")))))
}

/// Where plugins are installed for this program.
pub(super) fn installed() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    Some(program.parent()?.join(INSTALLED))
}

/// How this program serves a plugin to itself.
fn launcher() -> Result<Launcher, Failure> {
    /// The most processes of a plugin.
    const MOST: usize = 16;
    Ok(Launcher { program: program()?, arguments: vec!["plugin".into(), "serve".into()], most: MOST })
}

/// This program's file.
pub(super) fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::fault(format!("this program's own file cannot be found: {error}")))
}

/// The nearest folder `fixtures` beside a file or above it.
pub(super) fn fixtures(file: &Path) -> Option<PathBuf> {
    const ABOVE: usize = 4;
    let file = file.canonicalize().ok()?;
    file.ancestors().skip(1).take(ABOVE).map(|folder| folder.join("fixtures")).find(|folder| folder.is_dir())
}
