//! AJP, by which web servers hand requests on to servlet containers: whether it answers, and what it makes of a request.
//!
//! # What it sends
//! A `CPing`, and a Forward Request `HEAD /` for a client at 192.0.2.1, which is an address of nobody, without a secret.
//!
//! # Source
//! "The AJP Protocol Reference" (AJPv13) of Apache Tomcat Connectors, sections "Request Packet Structure", "Response Packet Structure" and
//! the prefix codes 10 (`CPing`) and 9 (`CPong Reply`).

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Ajp;

impl Plugin for Ajp {
    const ABOUT: About = About {
        id: "ajp",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "AJP: whether it answers, and the status and server of the page behind it",
        sends: "a CPing, and a request HEAD / without a secret",
        services: &["ajp13"],
        transports: transport::TCP,
        ports: &[8009, 8010],
        triggers: &[Trigger::Service("ajp13"), Trigger::Prefix(b"AB\0"), Trigger::SilentRare],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Ajp);
