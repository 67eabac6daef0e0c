//! Kafka: which versions the broker is of, who is in its cluster, and whether clients have to authenticate.
//!
//! # What it sends
//! 1. An `ApiVersions` request of version 3; to a broker that does not know it, one of version 0.
//! 2. If the broker lists it, a `SaslHandshake` that names the mechanism `PLAIN`. It is a question only: the user and the password would come
//!    in the next request, which is never sent. A listener without SASL refuses it and goes on.
//! 3. Where no authentication is asked for, a `Metadata` request for no topics, which creates nothing: brokers and the cluster's id.
//!
//! # Source
//! Apache Kafka, "Protocol Guide", sections "Network", "Protocol Primitive Types" and "Messages" (`ApiVersions`, `SaslHandshake`,
//! `Metadata`); KIP-35, KIP-43, KIP-511 and KIP-584. Which release has which versions: the message definitions of each release.

mod handshake;
mod releases;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Kafka;

impl Plugin for Kafka {
    const ABOUT: About = About {
        id: "kafka",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "Kafka: release by the versions of its requests, cluster and brokers, SASL mechanisms",
        sends: "an ApiVersions request, a SaslHandshake that asks for PLAIN, and a Metadata request for no topics; no user and no password",
        services: &["kafka"],
        transports: transport::TCP | transport::TLS,
        ports: &[9092, 9093, 9094, 9095, 19092, 29092, 9192],
        triggers: &[Trigger::Service("kafka"), Trigger::Silent],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Kafka);
