//! Portprint's engine without a socket: bytes in, verdict out.
//!
//! [`Matcher::classify`] is a pure function from (protocol, probe, response) to the line and the fields that nmap would give.
//! [`session::Session`] is a state machine that says what to send to a port and what its replies mean. Neither reads a clock, does I/O
//! or allocates per response once its scratch memory is warm; hostile bytes give a verdict, never an error and never a panic.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod handshake;
pub mod matcher;
pub mod session;
mod verdict;

pub use matcher::{LineTest, Matcher, Query, Scratch};
pub use verdict::{Fields, Hit, Verdict};
