//! The session state machine against simulated peers on a simulated clock, and the scanner and the program against real ones on loopback.
//!
//! [`kit`] plays the peer. A test says how the peer behaves and looks at the transcript or at the report.

mod ahead;
mod cut;
mod datagrams;
mod endings;
mod handshakes;
mod kit;
mod loopback;
mod order;
mod program;
mod resume;
mod settle;
mod sources;
mod traces;
mod tunnel;
