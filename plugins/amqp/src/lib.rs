//! AMQP 0-9-1 and 1.0: product, version and platform, and how clients can prove who they are.
//!
//! # What it sends
//! 1. The protocol header of AMQP 0-9-1. A server of it introduces itself by `connection.start`, and that is all.
//! 2. If the server asks for another protocol or closes, on another connection the header of AMQP 1.0's SASL layer, to which the server
//!    lists its mechanisms. Only if `ANONYMOUS` is one of them: `sasl-init` with it, the header of AMQP 1.0, `open` and `close`.
//! 3. If there is no SASL layer, on another connection the header of AMQP 1.0, `open` and `close`.
//!
//! # Source
//! AMQP 0-9-1 specification, sections 2.2 and 4.2, and class `connection` of its reference; OASIS AMQP 1.0, part 1 (types), part 2 sections
//! 2.2, 2.3 and 2.7 (version negotiation, frames, performatives), and part 5 section 5.3 (SASL).

mod handshake;
mod one;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Amqp;

impl Plugin for Amqp {
    const ABOUT: About = About {
        id: "amqp",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "AMQP 0-9-1 and 1.0: product, version, platform, capabilities, SASL mechanisms, whether anybody may connect",
        sends: "the header of AMQP 0-9-1; to servers of AMQP 1.0 its headers, SASL ANONYMOUS if that is offered, open and close; no user and no password",
        services: &["amqp"],
        transports: transport::TCP | transport::TLS,
        ports: &[5672, 5671, 5673, 61616],
        triggers: &[Trigger::Service("amqp"), Trigger::Service("amqps"), Trigger::Prefix(b"AMQP"), Trigger::SilentRare],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Amqp);
