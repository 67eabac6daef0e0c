//! OPC UA over TCP: application, product, security modes and policies, and how users prove who they are.
//!
//! # What it sends
//! - `HEL` with the URL `opc.tcp://HOST:PORT`;
//! - `OPN` with the security policy None;
//! - `GetEndpoints`;
//! - `CLO`.
//!
//! There is no session: nobody logs in, not even anonymously.
//!
//! # Source
//! OPC 10000-6 (OPC UA, Part 6: Mappings), sections 5.2, 6.7 and 7.1; OPC 10000-4 (Services), sections 5.4.4, 5.5.2 and 7.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Opcua;

impl Plugin for Opcua {
    const ABOUT: About = About {
        id: "opcua",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "OPC UA: application and product, security modes and policies, how users prove who they are",
        sends: "HEL, OPN without security, GetEndpoints and CLO; nobody logs in",
        services: &["opcua"],
        transports: transport::TCP,
        ports: &[4840, 4841, 4855, 48010, 48020, 49320, 53530, 62541],
        triggers: &[
            Trigger::Service("opcua"),
            Trigger::Service("opcua-tcp"),
            // An error, which ends a connection, and a server that calls its client.
            Trigger::Prefix(b"ERRF"),
            Trigger::Prefix(b"RHEF"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Opcua);
