//! SMB: dialect, signing, and who the server says it is.
//!
//! # What it sends
//! An SMB 2 `NEGOTIATE` for the dialects 2.0.2 to 3.1.1, and a `SESSION_SETUP` with an NTLMSSP `NEGOTIATE_MESSAGE` that names nobody. The
//! server's challenge is read and not answered. Where SMB 2 is not known, the same in SMB 1; where a NetBIOS session is demanded, a
//! session request for `*SMBSERVER` first. No user, no password, and no share is asked for.
//!
//! # Source
//! [MS-SMB2], sections 2.1, 2.2.1 to 2.2.6; [MS-SMB] and [MS-CIFS] for SMB 1; [MS-NLMP], section 2.2; RFC 4178 (SPNEGO); RFC 1002,
//! section 4.3 (NetBIOS sessions).

mod handshake;
mod smb1;
mod spnego;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Smb;

impl Plugin for Smb {
    const ABOUT: About = About {
        id: "smb",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "SMB: dialect, signing required, mechanisms of authentication, names of host and domain, build of Windows",
        sends: "an SMB negotiation and the beginning of an NTLM login that names nobody; the challenge is not answered",
        services: &["microsoft-ds", "netbios-ssn"],
        transports: transport::TCP,
        ports: &[445, 139],
        triggers: &[
            Trigger::Service("microsoft-ds"),
            Trigger::Service("netbios-ssn"),
            Trigger::Service("smb"),
            Trigger::Literal(b"\xffSMB"),
            Trigger::Literal(b"\xfeSMB"),
            // There is no NetBIOS session with this name, or without one.
            Trigger::Prefix(b"\x83\0\0\x01"),
            Trigger::Silent,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Smb);
