//! What a command works with: the global flags, and the database that they name.

use std::fmt;
use std::path::{Path, PathBuf};

#[cfg(feature = "plugins")]
use clap::{ValueEnum, builder::PossibleValue};
use portprint_codegen::{Compiled, Source, find};
use portprint_tables::{ALIGNMENT, Database, DatabaseText, FormatError, MAGIC, aligned};

use crate::args::{Color, Global};
use crate::escape;
use crate::exit::Failure;

/// The global flags, as they are meant.
#[derive(Debug)]
pub(crate) struct Context {
    global: Global,
}

/// A database that is ready for use. It lives as long as the program.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// The tables.
    pub(crate) database: Database<'static>,
    /// The text behind them; compiled databases may come without.
    text: Result<DatabaseText<'static>, FormatError>,
    /// Where it comes from.
    pub(crate) origin: Origin,
}

/// Where a database comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// Built into the program.
    Embedded,
    /// A compiled database.
    Compiled(PathBuf),
    /// Text that was compiled at start.
    Text(PathBuf),
    /// Rules of the user's own before another database.
    Rules(Vec<PathBuf>, Box<Origin>),
}

impl Context {
    /// What is meant by these flags.
    pub(crate) fn new(global: Global) -> Self {
        Self { global }
    }

    /// When text for people is coloured.
    pub(crate) fn color(&self) -> Color {
        self.global.color
    }

    /// Whether more is to be told than usual.
    pub(crate) fn is_verbose(&self) -> bool {
        self.global.verbose > 0
    }

    /// Whether only faults are to be told.
    #[cfg_attr(not(feature = "scan"), expect(dead_code, reason = "only scans show how far they are"))]
    pub(crate) fn is_quiet(&self) -> bool {
        self.global.quiet
    }

    /// The flags that say how much is told, and how, as another process of this program takes them.
    #[cfg(feature = "plugins")]
    pub(crate) fn telling(&self) -> Vec<String> {
        let Global { quiet, verbose, log_level, color, .. } = &self.global;
        let value = |value: Option<PossibleValue>| value.map_or_else(String::new, |value| value.get_name().to_owned());
        let mut flags = vec![format!("--color={}", value(color.to_possible_value()))];
        flags.extend(log_level.map(|level| format!("--log-level={}", value(level.to_possible_value()))));
        flags.extend(quiet.then(|| "--quiet".to_owned()));
        flags.extend((0..*verbose).map(|_| "--verbose".to_owned()));
        flags
    }

    /// Whether `--db` names another database than the embedded one.
    pub(crate) fn has_db(&self) -> bool {
        self.global.db.is_some()
    }

    /// The files that the database is read from, each with the flag that names it.
    #[cfg_attr(not(feature = "scan"), expect(dead_code, reason = "only scans write files"))]
    pub(crate) fn files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let rules = self.global.rules.iter().map(|path| ("--rules", path.as_path()));
        self.global.db.iter().map(|path| ("--db", path.as_path())).chain(rules)
    }

    /// Opens the database: the embedded one or the one of `--db`, with the rules of `--rules` before it.
    pub(crate) fn database(&self) -> Result<Opened, Failure> {
        match self.base()? {
            Base::Ready(opened) if self.global.rules.is_empty() => Ok(*opened),
            base => self.compiled(base),
        }
    }

    /// The sources of the database, as [`Context::database`] opens it, without compiling them.
    pub(crate) fn sources(&self) -> Result<Vec<Source>, Failure> {
        let mut sources = self.rules()?;
        sources.extend(self.base()?.sources()?);
        Ok(sources)
    }

    /// The sources of `--rules`.
    pub(crate) fn rules(&self) -> Result<Vec<Source>, Failure> {
        let read: Result<Vec<_>, _> = self.global.rules.iter().map(|path| read_all(path)).collect();
        Ok(read?.concat())
    }

    fn base(&self) -> Result<Base, Failure> {
        let Some(path) = &self.global.db else {
            return Ok(Base::Ready(Box::new(Opened {
                database: portprint::database(),
                text: Ok(portprint::database_text()),
                origin: Origin::Embedded,
            })));
        };
        if path.is_dir() {
            return Ok(Base::Text(read_all(path)?, Origin::Text(path.clone())));
        }
        let source = read(path)?;
        // A text without a probe is a good text, but as a database it is the remains of one.
        if source.text.is_empty() {
            return Err(Failure::file(path.display(), "the file is empty; expected a compiled database or rules"));
        }
        if source.text.starts_with(&MAGIC) {
            open_compiled(path, &source.text).map(|opened| Base::Ready(Box::new(opened)))
        } else {
            Ok(Base::Text(vec![source], Origin::Text(path.clone())))
        }
    }

    fn compiled(&self, base: Base) -> Result<Opened, Failure> {
        let mut sources = self.rules()?;
        let mut origin = base.origin().clone();
        if !sources.is_empty() {
            origin = Origin::Rules(self.global.rules.clone(), Box::new(origin));
        }
        sources.extend(base.sources()?);
        if sources.iter().map(|source| source.text.len()).sum::<usize>() > QUICK {
            log::warn!(
                "compiling {origin} takes a moment; `portprint db compile` does it once, and --db loads the result at once"
            );
        }
        let compiled = compile(&sources)?;
        log::debug!("{}", compiled.report.to_string().trim_end());
        let unreadable = |error| Failure::fault(format!("the compiler wrote a database that cannot be read: {error}"));
        let database = Database::from_bytes(keep(&compiled.database)).map_err(unreadable)?;
        Ok(Opened { database, text: DatabaseText::from_bytes(compiled.text.leak()), origin })
    }
}

/// The database without the rules of `--rules`.
enum Base {
    /// Its tables are there.
    Ready(Box<Opened>),
    /// It must be compiled.
    Text(Vec<Source>, Origin),
}

impl Base {
    fn origin(&self) -> &Origin {
        match self {
            Self::Ready(opened) => &opened.origin,
            Self::Text(_, origin) => origin,
        }
    }

    fn sources(self) -> Result<Vec<Source>, Failure> {
        match self {
            Self::Ready(opened) => Ok(sources_of(opened.text()?)),
            Self::Text(sources, _) => Ok(sources),
        }
    }
}

impl Opened {
    /// The text behind the tables.
    pub(crate) fn text(&self) -> Result<&DatabaseText<'static>, Failure> {
        self.text
            .as_ref()
            .map_err(|error| Failure::fault(format!("{}: the text of the rules is needed, but: {error}", self.origin)))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |path: &PathBuf| escape::path(path);
        match self {
            Self::Embedded => f.write_str("the embedded database"),
            Self::Compiled(path) => write!(f, "{} (compiled)", name(path)),
            Self::Text(path) => write!(f, "{} (text)", name(path)),
            Self::Rules(paths, base) => {
                write!(f, "{} (rules) before {base}", paths.iter().map(name).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Reads a file of a database as a source of its own. Whether it is text is for the caller to see.
pub(crate) fn read(path: &Path) -> Result<Source, Failure> {
    find::read(path, None, false).map_err(|error| Failure::fault(error.to_string()))
}

/// Reads a file of a database as a source of its own, or the `*.probes` of a folder as one set of rules.
pub(crate) fn read_all(path: &Path) -> Result<Vec<Source>, Failure> {
    if !path.is_dir() {
        return Ok(vec![read(path)?]);
    }
    let found = find::folder(path).map_err(|error| Failure::fault(error.to_string()))?;
    if found.sources.is_empty() {
        return Err(Failure::file(path.display(), "there is no *.probes in it"));
    }
    Ok(found.sources)
}

/// The sources behind a database's tables, as they went into the compiler.
pub(crate) fn sources_of(text: &DatabaseText<'_>) -> Vec<Source> {
    let string = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text.sources()
        .map(|source| Source {
            name: string(source.name),
            licence: string(source.licence),
            text: source.text.to_vec(),
            extends: source.extends,
        })
        .collect()
}

/// Compiles; all faults are told at once.
pub(crate) fn compile(sources: &[Source]) -> Result<Compiled, Failure> {
    portprint_codegen::compile(sources)
        .map_err(|faults| Failure::fault(format!("the database has faults\n{}", faults.to_string().trim_end())))
}

/// Keeps tables for the rest of the program's life, aligned as those that are built in.
pub(crate) fn keep(tables: &[u8]) -> &'static [u8] {
    let place = &mut aligned(vec![0; tables.len() + ALIGNMENT].leak())[..tables.len()];
    place.copy_from_slice(tables);
    place
}

fn open_compiled(path: &Path, bytes: &[u8]) -> Result<Opened, Failure> {
    let bytes = keep(bytes);
    let database = Database::from_bytes(bytes)
        .and_then(|database| database.verify().map(|()| database))
        .map_err(|error| Failure::file(path.display(), error))?;
    Ok(Opened { database, text: DatabaseText::from_bytes(bytes), origin: Origin::Compiled(path.to_owned()) })
}

/// Texts up to this many bytes are compiled before anyone could read a message about it.
const QUICK: usize = 100_000;
