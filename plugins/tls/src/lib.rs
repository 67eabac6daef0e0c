//! TLS: which versions a server accepts, the cipher suite that it chooses in each, the application protocol, and its certificate.
//!
//! # What it sends
//! On a connection of its own for each version, TLS 1.2, 1.3, 1.1, 1.0 and SSL 3.0: one `ClientHello` that offers this version alone. The
//! connection is closed when the answer has come: no handshake is finished. TLS 1.2 comes with names of application protocols; a server that
//! wants none of them is asked once more without. At last, a whole TLS handshake by the host, for the certificate. No certificate of ours,
//! whatever is asked for, and nothing inside.
//!
//! The key share of TLS 1.3 is random: nothing is computed with it.
//!
//! # Source
//! RFC 8446 (TLS 1.3: sections 4.1, 4.2, 5.1, 6), RFC 5246 (TLS 1.2), RFC 4346, RFC 2246, RFC 6101 (SSL 3.0); RFC 6066 (server name), RFC 7301
//! (ALPN), RFC 5746 and RFC 7627 (renegotiation, extended master secret), RFC 8422 (curves); IANA's registries "TLS Cipher Suites", "TLS
//! Alerts", "TLS Supported Groups" and "ALPN Protocol IDs".

mod cipher;
mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Tls;

impl Plugin for Tls {
    const ABOUT: About = About {
        id: "tls",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "TLS: versions accepted from SSL 3.0 to TLS 1.3, cipher suites chosen, ALPN, certificate",
        sends: "a ClientHello for each version, and one TLS handshake; nothing inside",
        services: &["ssl"],
        transports: transport::TCP,
        ports: &[443, 8443, 993, 995, 465, 636, 990, 853, 5061, 5671, 6697, 8883, 9443],
        triggers: &[
            Trigger::Tls,
            Trigger::SilentStream,
            Trigger::Service("ssl"),
            Trigger::Prefix(b"\x16\x03\x00"),
            Trigger::Prefix(b"\x16\x03\x01"),
            Trigger::Prefix(b"\x16\x03\x02"),
            Trigger::Prefix(b"\x16\x03\x03"),
            Trigger::Prefix(b"\x15\x03\x00\x00\x02"),
            Trigger::Prefix(b"\x15\x03\x01\x00\x02"),
            Trigger::Prefix(b"\x15\x03\x02\x00\x02"),
            Trigger::Prefix(b"\x15\x03\x03\x00\x02"),
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Tls);
