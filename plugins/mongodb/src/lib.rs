//! MongoDB and what speaks its protocol (FerretDB, Percona Server for MongoDB, DocumentDB and others): which of them it is, its version
//! and wire versions, the replica set, and whether one has to log in.
//!
//! # What it sends
//! `isMaster` as every driver does at first, in `OP_QUERY`, or, where that is not answered, `hello` in `OP_MSG`; then `buildInfo`, and
//! `listDatabases` for names only and filtered to `admin`, which servers refuse to those who have not logged in. No credentials.
//!
//! # Source
//! MongoDB documentation, "MongoDB Wire Protocol" (`OP_MSG`, `OP_QUERY`, `OP_REPLY`), and the commands' own pages; MongoDB
//! specifications, "MongoDB Handshake" and "Server Discovery and Monitoring"; bsonspec.org, version 1.1.

mod bson;
mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Mongodb;

impl Plugin for Mongodb {
    const ABOUT: About = About {
        id: "mongodb",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "MongoDB, FerretDB and others: product, version, wire versions, replica set, whether one has to log in",
        sends: "the commands isMaster (or hello), buildInfo, and listDatabases for the name admin alone; no credentials",
        services: &["mongodb"],
        transports: transport::TCP | transport::TLS,
        ports: &[27017, 27018, 27019, 10255, 10260],
        triggers: &[
            Trigger::Service("mongodb"),
            Trigger::Service("mongod"),
            Trigger::Literal(b"ou are trying to access MongoDB"),
            Trigger::Literal(b"trying to access MongoDB over HTTP"),
            Trigger::Literal(b"Unsupported OP_QUERY command"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Mongodb);
