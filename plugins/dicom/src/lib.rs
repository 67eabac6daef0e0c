//! DICOM: whether an association is accepted, and the implementation that answers.
//!
//! # What it sends
//! An `A-ASSOCIATE-RQ` for the Verification SOP class alone, from the application entity `PORTPRINT` to `ANY-SCP`; then an `A-RELEASE-RQ`
//! if it was accepted. No message is sent over the association, not even a `C-ECHO`.
//!
//! # Source
//! DICOM PS3.8 "Network Communication Support for Message Exchange", section 9.3 "DICOM Upper Layer Protocol for TCP/IP Data Units
//! Structure", and PS3.7, annex D.3.3.2 "Implementation Identification Notification".

mod handshake;
mod implementations;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Dicom;

impl Plugin for Dicom {
    const ABOUT: About = About {
        id: "dicom",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "DICOM: whether an association with an unknown application entity is accepted, and the implementation's UID and version",
        sends: "an A-ASSOCIATE-RQ for Verification from PORTPRINT to ANY-SCP, and an A-RELEASE-RQ",
        services: &["dicom"],
        transports: transport::TCP | transport::TLS,
        ports: &[104, 11112, 4242, 2762, 2761, 11113, 5678],
        triggers: &[
            Trigger::Service("dicom"),
            Trigger::Service("acr-nema"),
            // An A-ABORT, which is what is said to what is no PDU.
            Trigger::Prefix(b"\x07\x00\x00\x00\x00\x04\x00\x00"),
            Trigger::Prefix(b"\x03\x00\x00\x00\x00\x04\x00"),
            Trigger::Silent,
            Trigger::Tls,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Dicom);
