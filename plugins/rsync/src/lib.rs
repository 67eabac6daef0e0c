//! rsync's daemon: version of the protocol, digests for passwords, and the modules that it tells of.
//!
//! # What it sends
//! The greeting of a client that speaks protocol 30, and `#list`, which asks for the modules. No module is opened.
//!
//! # Source
//! rsync's `csprotocol.txt`, section "The client/server protocol", and rsyncd.conf(5): `list`, `motd file`.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Rsync;

impl Plugin for Rsync {
    const ABOUT: About = About {
        id: "rsync",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "rsync: version of the protocol, digests for passwords, names of the modules",
        sends: "a greeting and #list; no module is opened",
        services: &["rsync"],
        transports: transport::TCP | transport::TLS,
        ports: &[873, 874],
        triggers: &[Trigger::Service("rsync"), Trigger::Prefix(b"@RSYNCD: ")],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Rsync);
