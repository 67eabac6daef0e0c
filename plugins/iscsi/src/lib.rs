//! iSCSI: how initiators have to prove who they are, and which targets a discovery session is told of.
//!
//! # What it sends
//! A Login Request for a discovery session by the initiator `iqn.2026-01.example.portprint:scan`, which offers no authentication first and
//! CHAP second. If the target goes on without authentication: a Login Request with the few operational keys of such a session, a Text
//! Request `SendTargets=All`, and a Logout Request. If it wants CHAP it is not asked for a challenge. No logical unit is touched.
//!
//! # Source
//! RFC 7143, sections 6 "Login and Full Feature Phase Negotiation", 11.10 to 11.15 (PDU formats), 12.1 "AuthMethod" and appendix C
//! "SendTargets Operation".

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Iscsi;

impl Plugin for Iscsi {
    const ABOUT: About = About {
        id: "iscsi",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "iSCSI: authentication required for discovery, and the targets that are told of without it",
        sends: "a login for a discovery session without authentication, SendTargets=All if it is let in, and a logout",
        services: &["iscsi"],
        transports: transport::TCP,
        ports: &[3260, 860],
        triggers: &[
            Trigger::Service("iscsi"),
            // A Reject, and a Login Response.
            Trigger::Prefix(b"\x3f\x80"),
            Trigger::Prefix(b"\x23\0\0\0"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Iscsi);
