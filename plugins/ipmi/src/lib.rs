//! IPMI over LAN, and ASF: the management controllers of servers.
//!
//! # What it sends
//! Commands that need no session: Get Channel Authentication Capabilities (once more in the form of IPMI 1.5 if the newer one is refused);
//! then an ASF Presence Ping, Get System GUID and, to controllers of IPMI 2.0, Get Channel Cipher Suites, up to six times. No session is
//! opened.
//!
//! # Source
//! IPMI v2.0 specification, revision 1.1, sections 13.1 to 13.8 (RMCP, sessions, message formats), 22.13 (authentication capabilities),
//! 22.14 (system GUID), 22.15 (cipher suites); ASF v2.0 specification, section 3.2.4 (DMTF DSP0136).

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Ipmi;

impl Plugin for Ipmi {
    const ABOUT: About = About {
        id: "ipmi",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "IPMI: versions, how users authenticate, anonymous login, cipher suites, vendor",
        sends: "Get Channel Authentication Capabilities, Get System GUID, Get Channel Cipher Suites, and an ASF ping; no session",
        services: &["asf-rmcp"],
        transports: transport::UDP,
        ports: &[623, 664],
        triggers: &[
            Trigger::Service("asf-rmcp"),
            Trigger::Service("ipmi"),
            // RMCP with a message of IPMI, and of ASF.
            Trigger::Prefix(b"\x06\0\xff\x07"),
            Trigger::Prefix(b"\x06\0\xff\x06"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Ipmi);
