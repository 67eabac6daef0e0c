//! RDP: which security protocols a server has and insists on, and who it says it is.
//!
//! # What it sends
//! X.224 Connection Requests, up to three on connections of their own: for TLS, CredSSP or RDSTLS; for TLS alone; for none of these. If
//! the server chooses TLS, a TLS handshake; if it chooses CredSSP, inside TLS a `TSRequest` with an NTLMSSP `NEGOTIATE_MESSAGE` that names
//! nobody, whose challenge is read and not answered. A server that does not choose is sent an MCS Connect Initial. No user, no password.
//!
//! # Source
//! [MS-RDPBCGR], sections 2.2.1.1 to 2.2.1.4; [MS-CSSP], section 2.2.1; [MS-NLMP], section 2.2; ITU-T X.224, section 13.

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Rdp;

impl Plugin for Rdp {
    const ABOUT: About = About {
        id: "rdp",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "RDP: TLS and network level authentication offered and required, names of host and domain, build of Windows",
        sends: "X.224 connection requests, a TLS handshake, and the beginning of an NTLM login that names nobody; the challenge is not answered",
        services: &["ms-wbt-server"],
        transports: transport::TCP,
        ports: &[3389, 3390, 3388],
        triggers: &[
            Trigger::Service("ms-wbt-server"),
            Trigger::Service("rdp"),
            // Connection Confirms, with and without a choice; and xrdp's answer to what makes no sense.
            Trigger::Prefix(b"\x03\0\0\x13\x0e\xd0"),
            Trigger::Prefix(b"\x03\0\0\x0b\x06\xd0"),
            Trigger::Prefix(b"\x03\0\0\x09\x02\xf0\x80\x21\x80"),
            Trigger::SilentRare,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Rdp);
