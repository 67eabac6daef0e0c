//! Apache Cassandra and what speaks its native protocol (ScyllaDB, DataStax Enterprise and others): which of them it is, the versions of
//! the protocol and of CQL, and whether one has to log in; the version and the cluster's name where one has not.
//!
//! # What it sends
//! `OPTIONS`, and `STARTUP` with a version of CQL that the server has named. If that is enough to be let in, a `QUERY` for its version and
//! names in the table `system.local`. No credentials.
//!
//! # Source
//! Apache Cassandra, "CQL Binary Protocol", versions 1 to 4: sections 2 "Frame header", 4.1 "Requests" and 4.2 "Responses".

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Cassandra;

impl Plugin for Cassandra {
    const ABOUT: About = About {
        id: "cassandra",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "Apache Cassandra, ScyllaDB and others: protocol and CQL versions, whether one has to log in, the version where one has not",
        sends: "OPTIONS and STARTUP, and where that is enough, a QUERY for the version and names in system.local; no credentials",
        services: &["cassandra-native"],
        transports: transport::TCP | transport::TLS,
        ports: &[9042, 9142, 10350, 19042],
        triggers: &[
            Trigger::Service("cassandra-native"),
            Trigger::Service("cassandra"),
            Trigger::Literal(b"nvalid or unsupported protocol version"),
            Trigger::Literal(b"org.apache.cassandra.transport.ProtocolException"),
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Cassandra);
