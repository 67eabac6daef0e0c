//! NTP: time servers, and what they say of themselves.
//!
//! # What it sends
//! A request for the time, as every client sends it; and one control message that reads the server's variables, which many servers only
//! answer to their own hosts.
//!
//! # Source
//! RFC 5905 (NTP version 4), sections 7.3 and 8; RFC 9327 (control messages), sections 2 to 4.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Ntp;

impl Plugin for Ntp {
    const ABOUT: About = About {
        id: "ntp",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "NTP: version, stratum and source of the time; software, processor and system where they are told",
        sends: "a request for the time, and a control message that reads variables",
        services: &["ntp"],
        transports: transport::UDP,
        ports: &[123],
        triggers: &[Trigger::Service("ntp"), Trigger::Silent],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Ntp);
