//! BACnet/IP: vendor, model, firmware and names of a device.
//!
//! # What it sends
//! - `ReadPropertyMultiple` of the device object, by the instance that stands for any: names, versions, vendor, place;
//! - `ReadProperty` of the same, one after the other, where that is not understood;
//! - `Who-Is`, to this address alone, where nobody answers or there is no such object.
//!
//! Nothing is written.
//!
//! # Source
//! ANSI/ASHRAE 135 (BACnet), clauses 6.2 (NPDU), 12.11 (device object), 15.5, 15.7 and 16.10 (services), 20.1 and 20.2 (encoding), and
//! annex J.2 (BACnet/IP).

mod handshake;
mod property;
mod tag;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Bacnet;

impl Plugin for Bacnet {
    const ABOUT: About = About {
        id: "bacnet",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "BACnet/IP: vendor, model, firmware, software and names of a device",
        sends: "requests that read the properties of the device object, and Who-Is where nobody answers",
        services: &["bacnet"],
        transports: transport::UDP,
        ports: &[47808, 47809, 47810, 47820],
        triggers: &[
            Trigger::Service("bacnet"),
            Trigger::Prefix(b"\x81\x0a\0"),
            Trigger::Prefix(b"\x81\x0b\0"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Bacnet);
