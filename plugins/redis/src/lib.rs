//! Redis and what speaks its protocol (Valkey, KeyDB, Dragonfly and others): which of them it is, its version, and whether it wants a
//! password.
//!
//! # What it sends
//! The commands `HELLO` (without arguments, which changes nothing), `PING`, `INFO server` (or `INFO` where it takes no argument) and
//! `QUIT`, one after the other. Never `AUTH`.
//!
//! # Source
//! Redis documentation, "Redis serialization protocol specification" (RESP2 and RESP3), and the commands' own pages; the names of the
//! fields of `INFO` as the servers' documentation has them.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Redis;

impl Plugin for Redis {
    const ABOUT: About = About {
        id: "redis",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "Redis, Valkey, KeyDB, Dragonfly and others: product, version, mode, whether a password is needed",
        sends: "the commands HELLO, PING, INFO server and QUIT; no password",
        services: &["redis"],
        transports: transport::TCP | transport::TLS,
        ports: &[6379, 6380, 26379, 7000, 7001, 6666, 16379],
        triggers: &[
            Trigger::Service("redis"),
            Trigger::Prefix(b"-ERR wrong number of arguments for 'get' command"),
            Trigger::Prefix(b"-ERR unknown command"),
            Trigger::Prefix(b"-ERR Protocol error"),
            Trigger::Prefix(b"-NOAUTH "),
            Trigger::Prefix(b"-DENIED "),
            Trigger::Prefix(b"-LOADING "),
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Redis);
