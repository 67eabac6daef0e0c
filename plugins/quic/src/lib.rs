//! QUIC: its versions, and whether HTTP/3 is spoken in it.
//!
//! # What it sends
//! A packet of 1200 bytes with a version that is reserved for being unknown, to which servers say the versions that they know. Then the
//! first packet of a handshake, with a ClientHello that offers HTTP/3; again with the token if the server wants to see the address
//! confirmed; and if the server has no HTTP/3, once more for DNS and once for plain HTTP over QUIC. As soon as the server has answered to
//! the ClientHello, the connection is closed. Nothing is ever authenticated, and no request is made.
//!
//! # Source
//! RFC 8999 (invariants), section 6; RFC 9000 (QUIC), sections 6, 17.2 and 19; RFC 9001 (TLS in QUIC), sections 4 and 5; RFC 9369
//! (version 2); RFC 8446 (TLS 1.3), section 4; RFC 9114 (HTTP/3), section 3.1; RFC 9250 (DNS over QUIC), section 4.1.1.

mod crypto;
mod handshake;
#[cfg(test)]
mod tests;
mod tls;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Quic;

impl Plugin for Quic {
    const ABOUT: About = About {
        id: "quic",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "QUIC: versions, whether HTTP/3 or DNS is spoken in it, address validation",
        sends: "a packet of an unknown version, and the beginnings of handshakes that offer h3, doq and hq-interop",
        services: &["quic"],
        transports: transport::UDP,
        ports: &[443, 80, 853, 784, 8443, 4433],
        triggers: &[Trigger::Service("quic"), Trigger::Service("http3"), Trigger::Silent],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Quic);
