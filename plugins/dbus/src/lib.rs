//! D-Bus over TCP: which mechanisms of authentication there are.
//!
//! # What it sends
//! A NUL byte, with which every client begins, and `AUTH` without a mechanism, which asks for the list. No login is begun.
//!
//! # Source
//! D-Bus Specification, section "Authentication Protocol".

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Dbus;

impl Plugin for Dbus {
    const ABOUT: About = About {
        id: "dbus",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "D-Bus over TCP: mechanisms of authentication, and whether anonymous is one",
        sends: "AUTH without a mechanism, which asks for the list of them",
        services: &["dbus"],
        transports: transport::TCP,
        ports: &[55556, 12434],
        triggers: &[Trigger::Service("dbus"), Trigger::Prefix(b"REJECTED "), Trigger::SilentRare],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Dbus);
