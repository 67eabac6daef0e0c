//! SANE's network protocol: which version a scanner's server speaks, and whether this host may use it.
//!
//! # What it sends
//! `SANE_NET_INIT` with the user name `portprint`, which the protocol wants first, and `SANE_NET_EXIT`. Devices are neither listed nor
//! opened: listing them moves hardware.
//!
//! # Source
//! SANE Standard, sections 5.1 "Data Type Encoding", 5.2.1 `SANE_NET_INIT` and 5.2.10 `SANE_NET_EXIT`.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Sane;

impl Plugin for Sane {
    const ABOUT: About = About {
        id: "sane",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "SANE: version of the protocol, and whether this host may use the scanners",
        sends: "SANE_NET_INIT with the user name portprint, and SANE_NET_EXIT; no device is listed",
        services: &["sane"],
        transports: transport::TCP,
        ports: &[6566],
        triggers: &[Trigger::Service("sane"), Trigger::Service("sane-port"), Trigger::SilentRare],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Sane);
