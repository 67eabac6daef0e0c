//! The pattern language: PCRE2's, 8-bit, without UTF, as nmap uses it.
//!
//! Text translation into another engine's syntax is wrong for hundreds of the database's lines (look-around, atomic groups,
//! back-references, `$`, octal escapes, `\s` and `\v`), so patterns are parsed here, to a tree of our own with the exact meaning.

mod ast;
mod class;
mod escape;
mod parser;
mod properties;
mod relax;

pub use ast::{Assertion, Direction, Greed, Node, Pattern};
pub use parser::{PatternError, parse};
pub use properties::{Features, Length, features, fixed_prefix, is_anchored, length, may_match_empty, nullable};
pub(crate) use relax::relaxed;
