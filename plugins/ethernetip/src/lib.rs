//! EtherNet/IP: vendor, product, revision and serial number of a device.
//!
//! # What it sends
//! One `ListIdentity`, which needs no session.
//!
//! # Source
//! The CIP Networks Library, Volume 2: EtherNet/IP Adaptation of CIP, chapter 2 (encapsulation, ListIdentity); Volume 1, chapter 5A
//! (Identity object) and 6 (device profiles).

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct EtherNetIp;

impl Plugin for EtherNetIp {
    const ABOUT: About = About {
        id: "ethernetip",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "EtherNet/IP: vendor, product, revision, serial number and kind of a device",
        sends: "one ListIdentity",
        services: &["enip"],
        transports: transport::TCP | transport::UDP | transport::TLS,
        ports: &[44818, 2221, 2222],
        triggers: &[
            Trigger::Service("enip"),
            Trigger::Service("EtherNet-IP-1"),
            Trigger::Service("EtherNet-IP-2"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(EtherNetIp);
