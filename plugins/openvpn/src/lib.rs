//! OpenVPN: whether it is one, where the control channel has no key of its own.
//!
//! # What it sends
//! One `P_CONTROL_HARD_RESET_CLIENT_V2` with a random session id, over UDP or TCP. Servers with `tls-auth` or `tls-crypt` say nothing to it.
//!
//! # Source
//! "OpenVPN Wire Protocol", the draft of OpenVPN's authors (repository OpenVPN/openvpn-rfc), sections on packet types and on the control
//! channel; openvpn(8), `--tls-auth` and `--tls-crypt`.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Openvpn;

impl Plugin for Openvpn {
    const ABOUT: About = About {
        id: "openvpn",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "OpenVPN servers that answer clients without a key for the control channel",
        sends: "one P_CONTROL_HARD_RESET_CLIENT_V2 with a random session id",
        services: &["openvpn"],
        transports: transport::TCP | transport::UDP,
        ports: &[1194, 443, 1195, 943, 8443],
        triggers: &[
            Trigger::Service("openvpn"),
            // Resets of servers that speak first, or speak to anybody.
            Trigger::Prefix(b"\0\x0e@"),
            Trigger::Prefix(b"\0\x1a@"),
            Trigger::Prefix(b"\0\x1e@"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Openvpn);
