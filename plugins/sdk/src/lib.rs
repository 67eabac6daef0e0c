//! Protocol plugins for portprint in safe Rust.
//!
//! A plugin identifies a protocol that shows itself only in dialogue. It is written as one straight function that sends and reads; the
//! connection behind it is the host's, who opens it, keeps the time, puts TLS over it, and may end the conversation at any `await`:
//!
//! ```
//! use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, transport};
//!
//! struct Echo;
//!
//! impl Plugin for Echo {
//!     const ABOUT: About = About {
//!         id: "shout",
//!         version: "1.0.0",
//!         licence: "MIT OR Apache-2.0",
//!         summary: "Finds servers that say everything again, but louder",
//!         sends: "the word hello",
//!         services: &["shout"],
//!         transports: transport::TCP,
//!         ports: &[7777],
//!         triggers: &[Trigger::Silent],
//!     };
//!
//!     async fn identify(talk: &mut Talk) -> Result<(), End> {
//!         talk.send(b"hello");
//!         if talk.read(6).await? != b"HELLO!" {
//!             return Err(End::Mismatch);
//!         }
//!         talk.found.service = "shout".into();
//!         // From here on whatever goes wrong leaves a partial result.
//!         talk.send(b"version");
//!         talk.found.version = talk.read_line(64).await?;
//!         Ok(())
//!     }
//! }
//!
//! portprint_plugin_sdk::export!(Echo);
//! ```
//!
//! The function is a state machine: nothing blocks, there is no thread and no runtime behind it, and a recorded conversation gives the
//! same result whenever it is replayed (feature `testkit`). A panic ends the session and is told to the host.
//!
//! Replies come from peers that may send anything. [`Reader`] takes bytes apart without a panic.

mod about;
mod export;
mod found;
mod talk;
#[cfg(feature = "testkit")]
pub mod testkit;
mod wire;

pub use about::{About, Trigger, transport};
#[doc(hidden)]
pub use export::raw;
pub use found::{Found, Value};
pub use talk::{End, Plugin, Talk, Tls};
pub use wire::{Reader, Short, text};
