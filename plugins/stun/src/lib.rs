//! STUN and TURN: which software answers, and whether it relays.
//!
//! # What it sends
//! A Binding request without attributes, and an Allocate request without credentials. The latter asks to relay for a transport protocol
//! that is for experiments only (253), so that even an open relay allocates nothing: it says 442. If that was no clear answer, a Refresh
//! request without credentials, with a lifetime of 0, for the allocation that does not exist. Over UDP, TCP and TLS.
//!
//! # Source
//! RFC 8489 (STUN), sections 5, 6 and 14; RFC 8656 (TURN), sections 7.2, 8.2 and 18; RFC 5780 (NAT behaviour), section 7; RFC 3489 for servers
//! that are older than the magic cookie.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Stun;

impl Plugin for Stun {
    const ABOUT: About = About {
        id: "stun",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "STUN: software and version, addresses of the server, whether it is a TURN relay and for whom",
        sends: "a Binding request, an Allocate request that cannot be granted, and sometimes a Refresh of nothing; no credentials",
        services: &["stun"],
        transports: transport::TCP | transport::UDP | transport::TLS,
        ports: &[3478, 5349, 3479, 5350, 19302, 443, 80],
        triggers: &[
            Trigger::Service("stun"),
            Trigger::Service("stuns"),
            Trigger::Service("turn"),
            // The magic cookie, which every answer has.
            Trigger::Literal(&wire::MAGIC),
            Trigger::Alpn("stun.turn"),
            Trigger::Alpn("stun.nat-discovery"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Stun);
