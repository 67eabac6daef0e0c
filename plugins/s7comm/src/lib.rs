//! S7 communication, which Siemens' controllers and their like speak over ISO transport: order code, firmware, names, serial number.
//!
//! # What it sends
//! - A connection request of ISO transport, class 0, for the places where a CPU usually is (remote TSAPs 0x0102, 0x0101, 0x0100, 0x0200; the
//!   next one where one is refused);
//! - Setup Communication;
//! - Read SZL for the lists 0x0011 (module), 0x001c (component) and 0x0232, index 4 (protection), and for further parts of a list;
//! - a disconnect request.
//!
//! Nothing is written, and no password is sent.
//!
//! # Source
//! RFC 1006; RFC 905, sections 13.3 to 13.7; Siemens, "System Software for S7-300/400, System and Standard Functions, Volume 2", chapter
//! "System Status Lists"; the S7 part as Wireshark's dissector `s7comm` has it.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct S7comm;

impl Plugin for S7comm {
    const ABOUT: About = About {
        id: "s7comm",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "S7 communication: order code, firmware, names, serial number and protection level of a controller",
        sends: "a connection request, Setup Communication, requests that read three system status lists, and a disconnect request",
        services: &["s7comm"],
        transports: transport::TCP,
        ports: &[102],
        triggers: &[
            Trigger::Service("s7comm"),
            Trigger::Service("iso-tsap"),
            // A confirmation, or a refusal, of a connection of ISO transport.
            Trigger::Prefix(b"\x03\0\0\x0b\x06\xd0\0\0\0"),
            Trigger::Prefix(b"\x03\0\0\x0e\x09\xd0"),
            Trigger::Prefix(b"\x03\0\0\x16\x11\xd0"),
            Trigger::Prefix(b"\x03\0\0*%\xd0"),
            Trigger::Prefix(b"\x03\0\0\x0b\x06\x80"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(S7comm);
