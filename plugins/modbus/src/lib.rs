//! Modbus over TCP, UDP and TLS: vendor, product and revision where the device identifies itself.
//!
//! # What it sends
//! Requests that read, to the unit 1, and to 255 and 0 if nobody answers there:
//! - Read Device Identification (43/14), basic; further requests of it while the device says that more follows, and regular if the device
//!   says that it has that;
//! - where that is refused, Report Server ID (17);
//! - where nobody answered, Read Holding Registers (3): the first one.
//!
//! Nothing is written.
//!
//! # Source
//! MODBUS Application Protocol Specification V1.1b3, sections 6.3, 6.13, 6.21 and 7; MODBUS Messaging on TCP/IP Implementation Guide V1.0b,
//! section 3.1.3.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Modbus;

impl Plugin for Modbus {
    const ABOUT: About = About {
        id: "modbus",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "Modbus: vendor, product and revision where the device identifies itself",
        sends: "requests that read the device's identification (43/14, 17), and one register where nobody answers them",
        services: &["modbus"],
        transports: transport::TCP | transport::UDP | transport::TLS,
        ports: &[502, 503, 802, 1502, 5020],
        triggers: &[
            Trigger::Service("modbus"),
            Trigger::Service("mbap"),
            // Exceptions, and answers, to other protocols' requests that begin like one of Modbus.
            Trigger::Prefix(b"\r\n\r\n\0\x03"),
            Trigger::Prefix(b"GE\0\0\0\x03H\xd4"),
            Trigger::Prefix(b"OP\0\0\0\x03S\xa0"),
            Trigger::Prefix(b"\x16\x03\0\0\0\x03\0\x80"),
            Trigger::Prefix(b"0\x84\0\0\0\x03\x02"),
            Trigger::Prefix(b"\0\x1e\0\0\0\x03\0"),
            Trigger::Prefix(b"\0\x1e\0\x06\0\x03"),
            Trigger::Prefix(b"\0\x0c\0\0\0\x03\0"),
            Trigger::Prefix(b"l\0\0\0\0\x03"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Modbus);
