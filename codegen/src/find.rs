//! Which database files a build reads: the meaning of the variable `PORTPRINT_PROBES`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{env, fmt, fs, io};

use crate::Source;

/// The environment variable that says which files to read.
pub const VARIABLE: &str = "PORTPRINT_PROBES";

/// Where packages install nmap's file, most likely first.
const INSTALLED: [&str; 9] = [
    "/usr/share/nmap/nmap-service-probes",
    "/usr/local/share/nmap/nmap-service-probes",
    "/opt/homebrew/share/nmap/nmap-service-probes",
    "/opt/local/share/nmap/nmap-service-probes",
    "/home/linuxbrew/.linuxbrew/share/nmap/nmap-service-probes",
    "/run/current-system/sw/share/nmap/nmap-service-probes",
    "/nix/var/nix/profiles/default/share/nmap/nmap-service-probes",
    "C:\\Program Files (x86)\\Nmap\\nmap-service-probes",
    "C:\\Program Files\\Nmap\\nmap-service-probes",
];
/// The same below the user's home folder.
const INSTALLED_AT_HOME: &str = ".nix-profile/share/nmap/nmap-service-probes";

/// The licence of the rules in `probes/`.
const OWN_LICENCE: &str = "MIT OR Apache-2.0";
/// The licence of nmap's file.
const NMAP_LICENCE: &str = "NPSL";
/// What is said of the licence of any other file.
const UNKNOWN_LICENCE: &str = "unknown";

/// The sources of a build, in priority order.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What to compile.
    pub sources: Vec<Source>,
    /// Every file and folder that was read.
    pub watched: Vec<PathBuf>,
    paths: Vec<PathBuf>,
}

impl Found {
    /// A line for each source: the file, how many rules it has, and its licence; our own rules share one line.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let rules = |source: &Source| {
            let lines = source.text.split(|&byte| byte == b'\n');
            lines.filter(|line| line.starts_with(b"match ") || line.starts_with(b"softmatch ")).count()
        };
        let own = |source: &&Source| source.licence == OWN_LICENCE;
        let mut notes: Vec<String> = self
            .sources
            .iter()
            .zip(&self.paths)
            .filter(|(source, _)| !own(source))
            .map(|(source, path)| {
                let terms = if source.licence == NMAP_LICENCE {
                    "; a binary built from it is subject to the Nmap Public Source License"
                } else {
                    ""
                };
                format!("{}: {} rules, licence {}{terms}", path.display(), rules(source), source.licence)
            })
            .collect();
        let (files, count) = self.sources.iter().filter(own).fold((0, 0), |sum, it| (sum.0 + 1, sum.1 + rules(it)));
        if files > 0 {
            notes.push(format!("probes/: {count} rules in {files} files, licence {OWN_LICENCE}"));
        }
        notes
    }

    fn add(&mut self, path: &Path, licence: Option<&str>, extends: bool) -> Result<(), FindError> {
        let source = read(path, licence, extends)?;
        self.sources.push(source);
        self.watched.push(path.to_path_buf());
        self.paths.push(path.to_path_buf());
        Ok(())
    }
}

/// A file that cannot be read, or a setting without files.
#[derive(Debug)]
pub struct FindError(Kind);

#[derive(Debug)]
enum Kind {
    Read { path: PathBuf, error: io::Error },
    NoFiles { setting: String },
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Read { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Kind::NoFiles { setting } => write!(
                f,
                "{VARIABLE}={setting:?} names no file; expected `builtin`, `auto`, or files separated by `{}`",
                if cfg!(windows) { ';' } else { ':' }
            ),
        }
    }
}

impl std::error::Error for FindError {}

/// The sources that a setting of [`VARIABLE`] means. `own` is the folder of our own rules.
///
/// `builtin` (or no setting): our own rules alone. `auto`: the first installed nmap-service-probes, then our own. Otherwise a list of
/// files in priority order, and nothing else.
///
/// # Errors
/// When a file cannot be read.
pub fn sources(setting: Option<&OsStr>, own: &Path) -> Result<Found, FindError> {
    let mut found = Found::default();
    match setting.map(|setting| setting.to_string_lossy()).as_deref() {
        None | Some("builtin" | "") => add_folder(own, Some(OWN_LICENCE), &mut found)?,
        Some("auto") => {
            if let Some(path) = installed() {
                found.add(&path, None, false)?;
            }
            add_folder(own, Some(OWN_LICENCE), &mut found)?;
        }
        Some(text) => {
            let setting = setting.unwrap_or_default();
            for path in env::split_paths(setting).filter(|path| !path.as_os_str().is_empty()) {
                found.add(&path, None, false)?;
            }
            if found.sources.is_empty() {
                return Err(FindError(Kind::NoFiles { setting: text.to_owned() }));
            }
        }
    }
    Ok(found)
}

/// Reads a database file as a source. Its licence is told by its name, unless it is given.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path, licence: Option<&str>, extends: bool) -> Result<Source, FindError> {
    let text = fs::read(path).map_err(|error| FindError(Kind::Read { path: path.to_path_buf(), error }))?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let guessed = if name == "nmap-service-probes" { NMAP_LICENCE } else { UNKNOWN_LICENCE };
    Ok(Source { licence: licence.unwrap_or(guessed).to_owned(), name, text, extends })
}

fn installed() -> Option<PathBuf> {
    let home = env::home_dir().map(|home| home.join(INSTALLED_AT_HOME));
    INSTALLED.iter().map(PathBuf::from).chain(home).find(|path| path.is_file())
}

/// The rules of a folder: every `*.probes` file in it, by name; together one set of rules.
///
/// # Errors
/// When the folder or a file cannot be read.
pub fn folder(path: &Path) -> Result<Found, FindError> {
    let mut found = Found::default();
    add_folder(path, None, &mut found)?;
    Ok(found)
}

fn add_folder(folder: &Path, licence: Option<&str>, found: &mut Found) -> Result<(), FindError> {
    let paths = files(folder, "probes").map_err(|error| FindError(Kind::Read { path: folder.to_path_buf(), error }))?;
    for (index, path) in paths.iter().enumerate() {
        found.add(path, licence, index > 0)?;
    }
    found.watched.push(folder.to_path_buf());
    Ok(())
}

/// The files of a folder that have this extension, by name.
///
/// # Errors
/// When the folder cannot be read, or something else than a file has such a name: a pipe would be waited for.
pub fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|it| it == extension));
    paths.sort();
    // What cannot be looked at is told when it is read.
    match paths.iter().find(|path| path.metadata().is_ok_and(|it| !it.is_file())) {
        Some(other) => Err(io::Error::other(format!("{:?} is not a file", other.file_name().unwrap_or_default()))),
        None => Ok(paths),
    }
}
