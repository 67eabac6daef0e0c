//! Loads plugins from shared libraries, and checks everything that they do.
//!
//! A plugin is other people's code behind the C ABI of `portprint-plugin-abi`. [`Loader`] gathers plugins and [`Plugins`] is the set that
//! the engine uses; a [`Plugin`] can be used alone, too, as tests do. Whatever a plugin passes is looked at before it is followed, and
//! copied; one that breaks a rule costs its own conversation and is told with the rule's name, and after three times it is used no more.
//! What cannot be seen from inside a process, a crash or a step that never comes back, is contained by [`isolated`] processes.

mod action;
pub mod check;
mod description;
pub mod fixture;
pub mod isolated;
mod load;
mod plugin;
mod raw;
mod refusal;
mod regular;
mod replay;
mod set;

pub use description::{Description, Transports, Trigger};
pub use fixture::Fixture;
pub use load::{FolderReport, LoadError, Loader};
pub use plugin::{Plugin, Session};
pub use refusal::Refusal;
pub use replay::{Delivery, ReplayError, ReplayErrorKind, replay, replay_session};
pub use set::{Entry, Plugins, Tell};
