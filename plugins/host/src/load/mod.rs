//! From files to plugins.

#[cfg(all(unix, not(target_vendor = "apple")))]
mod image;
mod library;
mod trust;

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use crate::isolated::{Launcher, Pool};
use crate::set::{Member, Plugins, Tell};
use crate::{Plugin, Refusal, regular};

/// A plugin that is not loaded, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// A file or folder cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        what: String,
    },
    /// This process is root's, and others could have changed it.
    Untrusted {
        /// The file.
        file: PathBuf,
        /// The file without links, or a folder that it is in.
        path: PathBuf,
        /// Who could, and what to do.
        what: String,
    },
    /// The system cannot open it as a library.
    Open {
        /// The file.
        file: PathBuf,
        /// What the system says.
        what: String,
    },
    /// It is a library, and no plugin.
    NoEntry {
        /// The file.
        file: PathBuf,
    },
    /// A field of it is not as it must be.
    Refused {
        /// The file.
        file: PathBuf,
        /// Which field.
        refusal: Refusal,
    },
    /// Another plugin has the same id.
    Duplicate {
        /// The id.
        id: String,
        /// The later one, which is refused. `None`: it is part of the program.
        file: Option<PathBuf>,
        /// The earlier one.
        first: Option<PathBuf>,
    },
    /// Its process did not say what it is.
    Child {
        /// The file.
        file: PathBuf,
        /// What it did instead.
        what: String,
    },
}

impl LoadError {
    fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), what: error.to_string() }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place =
            |file: &Option<PathBuf>| file.as_ref().map_or("this program".to_owned(), |file| file.display().to_string());
        match self {
            Self::Unreadable { path, what } => write!(f, "{}: {what}", path.display()),
            Self::Untrusted { file, path, what } if file == path => write!(f, "{}: refused: {what}", path.display()),
            Self::Untrusted { file, path, what } => {
                write!(f, "{}: refused: {}: {what}", file.display(), path.display())
            }
            Self::Open { file, what } => write!(f, "{}: it cannot be opened as a library: {what}", file.display()),
            Self::NoEntry { file } => {
                write!(f, "{}: it exports no {}, so it is no plugin", file.display(), portprint_plugin_abi::ENTRY)
            }
            Self::Refused { file, refusal } => write!(f, "{}: {refusal}", file.display()),
            Self::Duplicate { id, file, first } => {
                write!(f, "{}: its id is {id:?}, and so is that of {}: remove one of them", place(file), place(first))
            }
            Self::Child { file, what } => write!(f, "{}: its process {what}", file.display()),
        }
    }
}

impl std::error::Error for LoadError {}

impl Plugin {
    /// Loads a plugin into this process, where its library stays for ever.
    ///
    /// # Errors
    /// It cannot be loaded, or is no plugin that can be used.
    pub fn load(file: &Path) -> Result<Self, LoadError> {
        library::open(file, &loadable(file)?)
    }
}

/// The file itself, links resolved, if it may be loaded. What is wrong with it is told of the name that it was given.
fn loadable(file: &Path) -> Result<PathBuf, LoadError> {
    let unreadable = |error| LoadError::unreadable(file, &error);
    let path = fs::canonicalize(file).map_err(unreadable)?;
    regular::check(&path).map_err(unreadable)?;
    trust::check(file, &path)?;
    #[cfg(all(unix, not(target_vendor = "apple")))]
    if let Some(what) = image::fault(&path).map_err(unreadable)? {
        return Err(LoadError::Open { file: file.to_owned(), what });
    }
    Ok(path)
}

/// What came of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderReport {
    /// How many files in it are plugins by their names.
    pub files: usize,
    /// Why some of them are not used.
    pub refused: Vec<LoadError>,
}

/// Gathers plugins: from files, from folders, and from this program.
#[derive(Debug, Default)]
pub struct Loader {
    launcher: Option<Launcher>,
    members: Vec<Member>,
}

impl Loader {
    /// Loads into this process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs each plugin in processes of its own, and loads none into this one.
    #[must_use]
    pub fn isolated(launcher: Launcher) -> Self {
        Self { launcher: Some(launcher), members: Vec::new() }
    }

    /// Adds a plugin that is part of this program.
    ///
    /// # Errors
    /// Its id is taken.
    pub fn plugin(&mut self, plugin: Plugin) -> Result<(), LoadError> {
        self.add(Member::here(plugin, None))
    }

    /// Adds a file, whatever its name. One that is there already is not added again.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub fn file(&mut self, file: &Path) -> Result<(), LoadError> {
        let path = loadable(file)?;
        if self.members.iter().any(|member| member.file.as_ref() == Some(&path)) {
            return Ok(());
        }
        let member = match &self.launcher {
            None => Member::here(library::open(file, &path)?, Some(path)),
            Some(launcher) => {
                let (pool, description) =
                    Pool::start(&path, launcher).map_err(|what| LoadError::Child { file: file.to_owned(), what })?;
                Member::apart(pool, description, path)
            }
        };
        self.add(member)
    }

    /// Adds all plugins of a folder: files that are named `libportprint_plugin_NAME.so` or `portprint_plugin_NAME.so`, with the system's
    /// own suffix for shared libraries. Others are not even opened, because opening a library runs its code.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn folder(&mut self, folder: &Path) -> Result<FolderReport, LoadError> {
        let unreadable = |error| LoadError::unreadable(folder, &error);
        let entries = fs::read_dir(folder).map_err(unreadable)?;
        let names: io::Result<Vec<_>> = entries.map(|entry| entry.map(|entry| entry.file_name())).collect();
        let mut names = names.map_err(unreadable)?;
        names.retain(|name| name.to_str().is_some_and(is_plugin_name));
        names.sort();
        let refused = names.iter().filter_map(|name| self.file(&folder.join(name)).err()).collect();
        Ok(FolderReport { files: names.len(), refused })
    }

    /// The set. What is wrong with plugins while they are used is told to `tell`, each thing once.
    #[must_use]
    pub fn finish(self, tell: Tell) -> Plugins {
        Plugins::of(self.members, tell)
    }

    fn add(&mut self, member: Member) -> Result<(), LoadError> {
        if let Some(first) = self.members.iter().find(|it| it.id() == member.id()) {
            let (id, file, first) = (member.id().to_owned(), member.file.clone(), first.file.clone());
            return Err(LoadError::Duplicate { id, file, first });
        }
        self.members.push(member);
        Ok(())
    }
}

/// Whether a file in a folder is taken for a plugin.
fn is_plugin_name(name: &str) -> bool {
    let stem = name.strip_suffix(std::env::consts::DLL_SUFFIX).map(|stem| stem.strip_prefix("lib").unwrap_or(stem));
    stem.and_then(|stem| stem.strip_prefix("portprint_plugin_")).is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_plugins() {
        let suffix = std::env::consts::DLL_SUFFIX;
        for (stem, is_one) in [
            ("libportprint_plugin_modbus", true),
            ("portprint_plugin_modbus", true),
            ("portprint_plugin_", false),
            ("libportprint", false),
            ("modbus", false),
            ("liblibportprint_plugin_modbus", false),
        ] {
            assert_eq!(is_plugin_name(&format!("{stem}{suffix}")), is_one, "{stem}");
        }
        assert!(!is_plugin_name("libportprint_plugin_modbus.d"));
    }
}
