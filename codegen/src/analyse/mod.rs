//! What each pattern means, made ready to run: automata, capture programs, required literals.

pub mod automaton;
mod byte_set;
pub mod determine;
mod line;
pub mod literals;
pub mod needs;
pub mod nfa;
pub mod pattern;
pub mod plain;
pub mod positions;
pub mod rehearsal;
pub mod sample;
pub(crate) mod search;
pub mod select;
mod training;

pub use byte_set::ByteSet;
pub use line::{Analysis, Builder, Fault, analyse};
