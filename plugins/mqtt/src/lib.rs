//! MQTT: which versions a broker takes, whether it lets anybody in, and what it allows clients of MQTT 5.
//!
//! # What it sends
//! 1. A CONNECT of MQTT 5 without user, password or will, with a clean session and no client identifier, so that nobody else's session is
//!    touched; and a DISCONNECT at once if it is accepted.
//! 2. The same in MQTT 3.1.1, on another connection.
//!
//! Nothing is subscribed to, and nothing published.
//!
//! # Source
//! OASIS MQTT 3.1.1, sections 3.1, 3.2 and 3.14; OASIS MQTT 5.0, sections 2.2.2, 3.1, 3.2 and 3.14.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Mqtt;

impl Plugin for Mqtt {
    const ABOUT: About = About {
        id: "mqtt",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "MQTT brokers: versions, whether authentication is required, limits and features of MQTT 5",
        sends: "CONNECT of MQTT 5 and of 3.1.1 without user and password, each with DISCONNECT after it; subscribes to nothing",
        services: &["mqtt"],
        transports: transport::TCP | transport::TLS,
        ports: &[1883, 8883, 1884, 8884, 8886, 11883, 18830],
        triggers: &[
            Trigger::Service("mqtt"),
            Trigger::Service("secure-mqtt"),
            Trigger::Alpn("mqtt"),
            Trigger::Alpn("x-amzn-mqtt-ca"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Mqtt);
