//! Where plugins are found.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use portprint_plugin_host::isolated::Launcher;
use portprint_plugin_host::{LoadError, Loader, Plugin, Plugins};

use crate::escape;
use crate::exit::Failure;

/// Where plugins are installed, seen from the folder of the program: `bin/portprint` and `lib/portprint/plugins`.
const INSTALLED: &str = "../lib/portprint/plugins";

/// How the files of plugins are called, but for the system's own suffix.
const NAMES: &str = "libportprint_plugin_NAME";

/// All plugins of these folders, and those that are installed. Each that cannot be used is told.
pub(crate) fn load(named: &[PathBuf], isolate: bool) -> Result<Arc<Plugins>, Failure> {
    let mut loader = if isolate { Loader::isolated(launcher()?) } else { Loader::new() };
    for folder in named {
        let report = loader.folder(folder);
        let report = report.map_err(|error| Failure::usage(format!("--plugin-dir {}", in_line(&error))))?;
        if report.files == 0 {
            log::warn!(
                "--plugin-dir {}: no plugins are in it; they are files named {NAMES}{}",
                escape::path(folder),
                std::env::consts::DLL_SUFFIX
            );
        }
        report.refused.iter().for_each(refuse);
    }
    if let Some(folder) = installed().filter(|folder| folder.is_dir()) {
        match loader.folder(&folder) {
            Ok(report) => report.refused.iter().for_each(refuse),
            Err(error) => log::warn!("{}; no plugins from there", in_line(&error)),
        }
    }
    Ok(Arc::new(loader.finish(Box::new(|fault| log::warn!("{fault}")))))
}

fn refuse(error: &LoadError) {
    log::warn!("{}; not used", in_line(error));
}

/// What is said of a file whose name is foreign: on one line, as every message.
fn in_line(error: &LoadError) -> String {
    escape::line(&error.to_string()).into_owned()
}

/// The plugin of a file that the user named.
pub(super) fn plugin(file: &Path) -> Result<Plugin, Failure> {
    Plugin::load(file).map_err(|error| match &error {
        LoadError::Unreadable { .. } => Failure::usage(in_line(&error)),
        _ => Failure::fault(in_line(&error)),
    })
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
