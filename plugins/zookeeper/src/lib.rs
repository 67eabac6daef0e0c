//! ZooKeeper, and what speaks its protocol: version, mode, and how much is told to whoever asks.
//!
//! # What it sends
//! 1. The four-letter word `srvr`. Every answer to it identifies the server, and so does its refusal ("not in the whitelist").
//! 2. On another connection the word `envi`: the host's name and system, if the server tells them.
//! 3. Only if there is no answer to `srvr` at all, a `ConnectRequest`. Such a request for a new session would write one to the whole
//!    ensemble, and a timeout of 0 would not prevent that: servers raise it to the least they allow. So it asks to go on with session 1,
//!    which no server has given out (ids begin with the time) and for which there is no password: the answer is that the session has
//!    expired, nothing is written, and the server closes. A server that gives out a session all the same is told to close it.
//!
//! # Source
//! ZooKeeper Administrator's Guide, section "The Four Letter Words"; ZooKeeper's `zookeeper.jute`, module `org.apache.zookeeper.proto`, records
//! `ConnectRequest`, `ConnectResponse` and `RequestHeader`.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Zookeeper;

impl Plugin for Zookeeper {
    const ABOUT: About = About {
        id: "zookeeper",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "ZooKeeper and ClickHouse Keeper: version, mode, which commands are refused, host and system where they are told",
        sends: "the commands srvr and envi, which only read; where they are not answered, a request to go on with a session that does not exist",
        services: &["zookeeper"],
        transports: transport::TCP | transport::TLS,
        ports: &[2181, 2281, 2182, 2183, 9181, 9281],
        triggers: &[
            Trigger::Service("zookeeper"),
            Trigger::Literal(b"is not executed because it is not in the whitelist"),
            Trigger::Literal(b"This ZooKeeper instance is not currently serving requests"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Zookeeper);
