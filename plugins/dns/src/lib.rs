//! DNS: which software answers, whether it recurses for anybody, and what it knows of EDNS and DNSSEC.
//!
//! # What it sends
//! Up to five questions, each once, over UDP, TCP or TLS: the texts `version.bind`, `version.server` (if the first had no answer),
//! `hostname.bind` and `id.server` (likewise) of class CHAOS; and the name servers of the root, asking for recursion, with EDNS, the flag
//! "DNSSEC OK" and an empty NSID option.
//!
//! # Source
//! RFC 1035, sections 3 and 4; RFC 4892 (`id.server`, and what came before it); RFC 5001 (NSID); RFC 6891 (EDNS); RFC 3225 (DNSSEC OK);
//! RFC 4035, section 3.2.3 (AD); RFC 7766 (TCP); RFC 7858 (TLS).

mod handshake;
mod software;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Dns;

impl Plugin for Dns {
    const ABOUT: About = About {
        id: "dns",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "DNS: software and version, the server's id, recursion, EDNS, DNSSEC",
        sends: "questions for version.bind, hostname.bind and the like, and for the name servers of the root with recursion",
        services: &["domain"],
        transports: transport::TCP | transport::UDP | transport::TLS,
        ports: &[53, 853, 5353, 5300, 1053, 8053],
        triggers: &[
            Trigger::Service("domain"),
            Trigger::Service("domain-s"),
            Trigger::Service("dns"),
            // The question of a usual probe, in whatever answer.
            Trigger::Literal(b"\x07version\x04bind\0\0\x10\0\x03"),
            // That status requests are not implemented, or are refused.
            Trigger::Prefix(b"\0\0\x90\x04\0\0\0\0"),
            Trigger::Prefix(b"\0\0\x90\x05\0\0\0\0"),
            Trigger::Alpn("dot"),
            Trigger::SilentDatagram,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Dns);
