//! SNMP version 3: whether it is spoken, and by whose engine.
//!
//! # What it sends
//! One message: the discovery of an engine, a GetRequest without names, user or context, neither authenticated nor encrypted. No community,
//! and no user's name.
//!
//! # Source
//! RFC 3412 (message processing), section 6; RFC 3414 (user-based security), sections 2.4 and 4; RFC 3411, section 5 (SnmpEngineID);
//! RFC 3416, section 3 (PDUs); RFC 5343; ITU-T X.690 (BER).

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Snmp;

impl Plugin for Snmp {
    const ABOUT: About = About {
        id: "snmp",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "SNMP version 3: the engine's id with its vendor and address, how often it was started, and for how long it has run",
        sends: "one discovery of an SNMPv3 engine; no community, no user",
        services: &["snmp"],
        transports: transport::UDP,
        ports: &[161, 162, 1161, 10161],
        triggers: &[Trigger::Service("snmp"), Trigger::Silent],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Snmp);
