//! SIP: which software answers, what it can do, and whether it asks who is there.
//!
//! # What it sends
//! One OPTIONS request for the server itself, over UDP, TCP or TLS, from nobody in particular. No REGISTER, no INVITE, no password.
//!
//! # Source
//! RFC 3261 (SIP), sections 7, 8, 11, 18 and 20; RFC 3581 (rport).

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Sip;

impl Plugin for Sip {
    const ABOUT: About = About {
        id: "sip",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "SIP: software and version, methods that are allowed, authentication and its realm",
        sends: "an OPTIONS request for the server itself",
        services: &["sip"],
        transports: transport::TCP | transport::UDP | transport::TLS,
        ports: &[5060, 5061, 5062, 5080],
        triggers: &[
            Trigger::Service("sip"),
            Trigger::Service("sip-proxy"),
            Trigger::Service("sips"),
            Trigger::Prefix(b"SIP/2.0 "),
            Trigger::SilentDatagram,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Sip);
