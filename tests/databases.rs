//! The databases that tests need, compiled when they are needed and kept for the next run.
//!
//! Compiling nmap's database takes a good part of a minute, so its result is kept in cargo's folder for such things. The place is named
//! by a hash over all that decides it: the sources, how many threads compiled them, and the test binary itself, because the
//! compiler is linked into it. A hash over the compiler's source files would do more often without compiling, but could be wrong: they
//! may have been edited since the binary was built.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime};
use std::{env, fs, io, process};

use portprint_codegen::{Compiled, Source, find};
use sha2::{Digest, Sha256};

/// The checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder with nmap's database and the corpora, beside the checkout. Without it a test has nothing to do, and says so; with
/// `PORTPRINT_REQUIRE_SHARED=1` it fails instead.
pub(crate) fn shared_data() -> Option<PathBuf> {
    let path = root().join("../shared/data");
    if path.is_dir() {
        return Some(path);
    }
    let absent = "../shared/data is not beside the checkout";
    assert!(env::var_os("PORTPRINT_REQUIRE_SHARED").is_none_or(|value| value != "1"), "{absent}");
    tell(&format!("SKIPPED: {absent}"));
    None
}

/// The file of nmap's rules, if it is there.
pub(crate) fn nmap() -> Option<PathBuf> {
    shared_data().map(|folder| folder.join("nmap-service-probes"))
}

/// The database of corners that is nobody's rules, if it is there.
pub(crate) fn edge() -> Option<PathBuf> {
    shared_data().map(|folder| folder.join("edge.db"))
}

/// Our small database with every feature of the format.
pub(crate) fn mini() -> PathBuf {
    root().join("tests/data/mini.probes")
}

/// One file as sources.
pub(crate) fn read(path: &Path) -> Vec<Source> {
    vec![find::read(path, None, false).unwrap_or_else(|error| panic!("{error}"))]
}

/// The rules of a folder as sources.
pub(crate) fn folder(path: &Path) -> Vec<Source> {
    find::folder(path).unwrap_or_else(|error| panic!("{error}")).sources
}

/// Our own rules: what the setting `builtin` means.
pub(crate) fn builtin() -> Vec<Source> {
    find::sources(None, &root().join("probes")).unwrap_or_else(|error| panic!("{error}")).sources
}

/// Database and text in one block, as a file holds them.
pub(crate) fn compiled(sources: &[Source]) -> Vec<u8> {
    fs::read(kept(sources, THREADS).whole()).expect("the file was written")
}

/// Compiles, with so many threads.
pub(crate) fn compile(sources: &[Source], threads: usize) -> Compiled {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
    pool.install(|| portprint_codegen::compile(sources)).unwrap_or_else(|faults| panic!("{faults}"))
}

/// How many threads compile when it does not matter.
pub(crate) const THREADS: usize = 2;

/// What compiling gave, in files.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// The file with database and text.
    pub(crate) fn whole(&self) -> PathBuf {
        self.folder.join("whole.db")
    }

    /// Every file's name and bytes.
    pub(crate) fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        NAMES.iter().map(|name| (*name, fs::read(self.folder.join(name)).expect("the file was written"))).collect()
    }

    /// The build report.
    pub(crate) fn report(&self) -> String {
        fs::read_to_string(self.folder.join("report.txt")).expect("the file was written")
    }
}

const NAMES: [&str; 5] = ["whole.db", "portprint.db", "portprint.text", "index.rs", "report.txt"];

/// What compiling gives, from an earlier run or compiled now.
pub(crate) fn kept(sources: &[Source], threads: usize) -> Kept {
    static LOCKS: LazyLock<Mutex<HashMap<String, Arc<Mutex<()>>>>> = LazyLock::new(Mutex::default);
    let key = key(sources, threads);
    let lock = Arc::clone(LOCKS.lock().expect("nobody panics with it").entry(key.clone()).or_default());
    // Whoever held it before may have failed; then it is tried again.
    let _guard = lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let base = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("databases");
    let folder = base.join(&key);
    if !folder.is_dir() {
        forget_old(&base);
        write(&folder, &compile(sources, threads));
    }
    Kept { folder }
}

/// Writes all files, or none: the folder gets its name when it is complete.
fn write(folder: &Path, compiled: &Compiled) {
    let unfinished = folder.with_extension(format!("{}.unfinished", process::id()));
    fs::create_dir_all(&unfinished).expect("cargo's folder is writable");
    let report = compiled.report.to_string();
    let texts =
        [&compiled.whole()[..], &compiled.database, &compiled.text, compiled.index.as_bytes(), report.as_bytes()];
    for (name, bytes) in NAMES.iter().zip(texts) {
        fs::write(unfinished.join(name), bytes).expect("cargo's folder is writable");
    }
    if fs::rename(&unfinished, folder).is_err() {
        // Another process was faster.
        assert!(folder.is_dir(), "{} cannot be made", folder.display());
        fs::remove_dir_all(&unfinished).expect("cargo's folder is writable");
    }
}

/// Removes what has not been written in the last days.
fn forget_old(base: &Path) {
    const KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);
    let Ok(entries) = fs::read_dir(base) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let modified = path.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::now());
        if modified.elapsed().is_ok_and(|age| age > KEPT) {
            // Another process may have been faster here too.
            let _ = fs::remove_dir_all(path);
        }
    }
}

fn key(sources: &[Source], threads: usize) -> String {
    static BINARY: LazyLock<[u8; 32]> = LazyLock::new(|| {
        let path = env::current_exe().expect("the system knows it");
        Sha256::digest(fs::read(path).expect("it is readable")).into()
    });
    let mut hash = Sha256::new();
    hash.update(*BINARY);
    hash.update(threads.to_le_bytes());
    for Source { name, licence, text, extends } in sources {
        for part in [name.as_bytes(), licence.as_bytes(), text, &[u8::from(*extends)]] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().take(16).fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("strings take all text");
        hex
    })
}

/// Says something that is seen without `--nocapture`, too.
pub(crate) fn tell(text: &str) {
    writeln!(io::stderr(), "{text}").expect("standard error is open");
}
