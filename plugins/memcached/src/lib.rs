//! Memcached: its version, by its text protocol or its binary one, and whether one has to log in.
//!
//! # What it sends
//! The command `version` in the text protocol, and `quit`; in UDP `version` alone. Where that is not answered, `version`, the list of
//! SASL's mechanisms and `quit` in the binary protocol. No credentials.
//!
//! # Source
//! Memcached's own documentation: `doc/protocol.txt` (with "UDP protocol"), `doc/protocol-binary.xml`, and "SASL authentication for
//! binary protocol".

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Memcached;

impl Plugin for Memcached {
    const ABOUT: About = About {
        id: "memcached",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "Memcached: version, whether one has to log in, and by which mechanisms",
        sends: "the command version in the text protocol, or else version and a list of mechanisms in the binary one",
        services: &["memcached"],
        transports: transport::TCP | transport::UDP | transport::TLS,
        ports: &[11211, 11212, 11213, 11210],
        triggers: &[
            Trigger::Service("memcached"),
            Trigger::Service("memcache"),
            Trigger::Prefix(b"ERROR\r\n"),
            Trigger::Prefix(b"CLIENT_ERROR "),
            Trigger::SilentDatagram,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Memcached);
