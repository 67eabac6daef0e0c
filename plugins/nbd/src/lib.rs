//! Network Block Device: which style of handshake, whether TLS is offered or demanded, and which exports there are.
//!
//! # What it sends
//! Servers speak first. One that begins with the newstyle negotiation is sent the client's flags and, if it knows how to refuse an
//! option, `NBD_OPT_LIST`, `NBD_OPT_STARTTLS` (with a TLS handshake and another `NBD_OPT_LIST` inside, if the server agrees) and
//! `NBD_OPT_ABORT`. One that begins with the oldstyle negotiation is sent `NBD_CMD_DISC`. No export is opened.
//!
//! # Source
//! The NBD project's `doc/proto.md`, sections "Newstyle negotiation", "Oldstyle negotiation", "Option types" and "Option reply types".

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Nbd;

impl Plugin for Nbd {
    const ABOUT: About = About {
        id: "nbd",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "Network Block Device: style of the handshake, TLS offered or required, names of the exports",
        sends: "NBD_OPT_LIST, NBD_OPT_STARTTLS and NBD_OPT_ABORT, or NBD_CMD_DISC to servers that are too old for these; no export is opened",
        services: &["nbd"],
        transports: transport::TCP,
        ports: &[10809, 10810],
        triggers: &[Trigger::Service("nbd"), Trigger::Prefix(b"NBDMAGIC")],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Nbd);
