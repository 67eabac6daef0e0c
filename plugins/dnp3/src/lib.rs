//! DNP3 over TCP: whether there is an outstation, and the addresses by which it is reached.
//!
//! # What it sends
//! Requests for the status of the link, which change nothing: as from the master with the address 1 to the outstations with the
//! addresses 0, 1, 2, 3, 4, 10, 100 and 1024, and to the one that stands for any (0xfffc); if nobody answers, the same as from the
//! masters 0, 2, 3, 100 and 1024. Both are one packet.
//!
//! Nothing is asked of the application above: a request in the middle of a real master's selection and operation cancels them.
//!
//! # Source
//! IEEE 1815-2012, clauses 9 (data link layer) and 13 (over IP networks).

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Dnp3;

impl Plugin for Dnp3 {
    const ABOUT: About = About {
        id: "dnp3",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "DNP3: whether there is an outstation, and its address and its master's",
        sends: "requests for the link's status, to usual addresses from usual addresses",
        services: &["dnp3"],
        transports: transport::TCP | transport::TLS,
        ports: &[20000, 19999, 19998],
        triggers: &[
            Trigger::Service("dnp3"),
            Trigger::Service("dnp"),
            // Some outstations speak first.
            Trigger::Prefix(b"\x05\x64"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Dnp3);
