//! SSH: the algorithms that a server offers, and its host key.
//!
//! # What it sends
//! 1. `SSH-2.0-portprint`, our identification.
//! 2. `SSH_MSG_KEXINIT`, with algorithms that the server has just offered.
//! 3. `SSH_MSG_KEXDH_INIT` or `SSH_MSG_KEX_ECDH_INIT` with a public value of random bytes. The server answers with its host key, which is
//!    all that is wanted: the keys that could follow are never computed, and nobody is logged in.
//! 4. `SSH_MSG_DISCONNECT`, "by application".
//!
//! There is no user name in it, and no password or key. To a server of SSH 1 only, nothing but the identification is sent.
//!
//! # Source
//! RFC 4253 (transport: sections 4.2, 6, 7, 8, 11.1), RFC 8268 and RFC 8731 (groups), RFC 8308 and the extensions of OpenSSH's file `PROTOCOL`
//! (names that stand among the algorithms, and are none).

mod handshake;
mod software;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Ssh;

impl Plugin for Ssh {
    const ABOUT: About = About {
        id: "ssh",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "SSH: key exchanges, host keys, ciphers and MACs that are offered, the host key, and the software behind it",
        sends: "an identification, a KEXINIT, and a key exchange that is broken off at the host key; no user, no password",
        services: &["ssh"],
        transports: transport::TCP,
        ports: &[22, 2222, 22222, 830],
        triggers: &[Trigger::Service("ssh"), Trigger::Prefix(b"SSH-")],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Ssh);
