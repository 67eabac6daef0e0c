//! Portprint tells what really runs behind a port.
//!
//! This library embeds a database that was compiled when it was built (see the crate's README for which one), and re-exports what is
//! needed to use it:
//!
//! ```
//! use portprint::{Field, Matcher, Protocol, Scratch};
//!
//! let database = portprint::database();
//! let matcher = Matcher::new(&database);
//! let mut scratch = Scratch::new();
//! let verdict = matcher.classify_any(Protocol::Tcp, b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", &mut scratch);
//! let hit = verdict.hit.expect("every database knows OpenSSH");
//! assert_eq!(hit.service, b"ssh");
//! assert_eq!(hit.fields.get(Field::Product), Some("OpenSSH"));
//! ```
//!
//! The features `cli` and `scan` (both on by default) add what the program needs; `--no-default-features` leaves a matcher without
//! threads, sockets or a compiler in it.

pub use portprint_core::{Fields, Hit, Matcher, Scratch, Verdict, matcher, session};
#[cfg(feature = "scan")]
pub use portprint_scan as scan;
pub use portprint_tables::{self as tables, Database, Field, LineId, PortRange, ProbeId, Protocol};

/// The generated index of the embedded database: constants and the list of probes.
#[allow(clippy::unreadable_literal, reason = "generated")]
pub mod index {
    include!(concat!(env!("OUT_DIR"), "/index.rs"));
}

/// The embedded database. Takes constant time.
#[must_use]
pub fn database() -> Database<'static> {
    static BYTES: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/portprint.db")));
    Database::from_bytes(&BYTES.0).expect("the build wrote it")
}

/// Bytes that start where a line of the cache does, so that no row of the tables straddles two; see [`tables::ALIGNMENT`].
#[repr(C, align(64))]
struct Aligned<B: ?Sized>(B);

/// The text of the embedded database's sources.
#[cfg(feature = "cli")]
#[must_use]
pub fn database_text() -> tables::DatabaseText<'static> {
    static BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/portprint.text"));
    tables::DatabaseText::from_bytes(BYTES).expect("the build wrote it")
}

/// How the embedded database was compiled, for people.
#[cfg(feature = "cli")]
#[must_use]
pub fn build_report() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/report.txt"))
}
