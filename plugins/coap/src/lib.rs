//! CoAP: small devices, and the resources that they offer.
//!
//! # What it sends
//! One request: GET of `/.well-known/core`; once more if the server wants to see the address confirmed (Echo); and the acknowledgement
//! of an answer that asks for one.
//!
//! # Source
//! RFC 7252 (CoAP), sections 3, 4 and 7; RFC 6690 (link format), section 2; RFC 7959 (blocks), section 2.2; RFC 9175 (Echo), section 2.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Coap;

impl Plugin for Coap {
    const ABOUT: About = About {
        id: "coap",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "CoAP: the resources that are offered, LwM2M, whether clients have to prove who they are",
        sends: "a GET of /.well-known/core",
        services: &["coap"],
        transports: transport::UDP,
        ports: &[5683, 5684, 5685, 61616],
        triggers: &[Trigger::Service("coap"), Trigger::Literal(b"</.well-known/core>"), Trigger::Silent],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Coap);
