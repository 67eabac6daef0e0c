//! IEC 60870-5-104, telecontrol over TCP.
//!
//! # What it sends
//! TESTFR act, which a station confirms in any state. If it is silent, STOPDT act, which says what is the case anyway.
//!
//! No STARTDT act: a station that has several connections in a redundancy group then stops the one with its real master. And no
//! interrogation, which is a command. So nothing is learnt but that somebody speaks the protocol.
//!
//! # Source
//! IEC 60870-5-104:2006, sections 5.1 to 5.3 (control fields, test procedures, control by start and stop) and that on redundant
//! connections; IEC 62351-3 for TLS.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Iec104;

impl Plugin for Iec104 {
    const ABOUT: About = About {
        id: "iec104",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "IEC 60870-5-104: whether a station confirms a test frame",
        sends: "TESTFR act, and STOPDT act to who is silent; no STARTDT and no command",
        services: &["iec-104"],
        transports: transport::TCP | transport::TLS,
        ports: &[2404, 2405, 19998],
        triggers: &[
            Trigger::Service("iec-104"),
            Trigger::Service("iec104"),
            // A test of the station's own, and its confirmation.
            Trigger::Prefix(b"h\x04\x43\0\0\0"),
            Trigger::Prefix(b"h\x04\x83\0\0\0"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Iec104);
