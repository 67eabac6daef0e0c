//! The format of compiled databases: written by `portprint-codegen`, read by `portprint-core`, described here once.
//!
//! A database is one block of bytes, little-endian throughout and without alignment, so that it can be embedded with
//! `include_bytes!`, read from a file, or sent elsewhere. [`Database::from_bytes`] looks at the header and the section table only
//! and takes constant time; [`Database::verify`] reads everything once.
#![no_std]

pub mod code;
mod database;
mod error;
mod format;
mod ids;
mod row;
mod rows;
mod verify;

pub use database::{Database, DatabaseText, Engine, LineRange, Probe, Source, SourceText};
pub use error::FormatError;
pub use format::{
    ALIGNMENT, FORMAT_VERSION, HEADER_SIZE, MAGIC, SECTION_ENTRY_SIZE, Section, SectionTable, aligned, checksum,
};
pub use ids::{Field, LineId, PortRange, ProbeId, Protocol, SourceId};
pub use rows::*;
