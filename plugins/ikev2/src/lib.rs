//! IKE, versions 2 and 1: the key exchange of IPsec.
//!
//! # What it sends
//! Over UDP, with four bytes of zero before each message (RFC 3948) on port 4500, without them on 500, and both ways elsewhere: an
//! IKE_SA_INIT request with common proposals, once more if a cookie or another Diffie-Hellman group is asked for; and the first message
//! of IKEv1's main mode, with common proposals and the vendor ids of NAT traversal and of dead peer detection. Public values are elements of
//! the groups that belong to nobody's secret; nothing is ever authenticated, and what the server began it forgets.
//!
//! # Source
//! RFC 7296 (IKEv2), sections 1.2, 2.6, 2.23 and 3; IANA's registry "IKEv2 Parameters"; RFC 2407, 2408 and 2409 (IKEv1); RFC 3947 (NAT
//! traversal); RFC 3948 (the bytes of zero); RFC 3706 (dead peer detection); RFC 5903 and 8031 (groups).

mod handshake;
mod request;
#[cfg(test)]
mod tests;
mod vendor;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Ike;

impl Plugin for Ike {
    const ABOUT: About = About {
        id: "ikev2",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "IKE: versions, chosen algorithms, authentication of IKEv1, capabilities, product by vendor id",
        sends: "IKE_SA_INIT of IKEv2, and the first message of IKEv1's main mode; nothing is authenticated",
        services: &["isakmp"],
        transports: transport::UDP,
        ports: &[500, 4500],
        triggers: &[
            Trigger::Service("isakmp"),
            Trigger::Service("ike"),
            Trigger::Service("nat-t-ike"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Ike);
