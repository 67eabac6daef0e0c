//! XMPP between clients and servers, and between servers: the domain, TLS, SASL mechanisms, and the software where it tells.
//!
//! # What it sends
//! 1. The beginning of a stream as of a client, for the host's name, and the end of the stream. If it is a server for servers, the same as of
//!    one; if the server names another domain for itself, or its certificate does, the same for that.
//! 2. If TLS is offered: `starttls`, a TLS handshake, and the beginning of the stream again.
//! 3. If nothing has told the software so far, the beginning of a stream for nobody, to which servers complain in words of their own.
//!
//! No user, no password, no registration.
//!
//! # Source
//! RFC 6120, sections 4.2 to 4.9 (streams, features, errors), 5.4 (STARTTLS) and 6.4.1 (mechanisms); XEP-0114 (components), XEP-0115 (`c`, which
//! names the software), XEP-0220 (dialback), XEP-0368 (TLS without STARTTLS).

mod handshake;
mod software;
#[cfg(test)]
mod tests;
mod wire;
mod xml;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Xmpp;

impl Plugin for Xmpp {
    const ABOUT: About = About {
        id: "xmpp",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "XMPP servers for clients and for servers: domain, TLS, SASL mechanisms, features, software where it tells",
        sends: "the beginning of a stream, starttls where it is offered, and the end of the stream; no user and no password",
        services: &["xmpp-client", "xmpp-server", "jabber"],
        transports: transport::TCP | transport::TLS,
        ports: &[5222, 5269, 5223, 5270, 5347, 5298, 7070],
        triggers: &[
            Trigger::Service("jabber"),
            Trigger::Service("xmpp"),
            Trigger::Service("xmpp-client"),
            Trigger::Service("xmpp-server"),
            Trigger::Literal(b"http://etherx.jabber.org/streams"),
            Trigger::Literal(b"urn:ietf:params:xml:ns:xmpp-streams"),
            Trigger::Prefix(b"<stream:"),
            Trigger::Prefix(b"</stream:stream>"),
            Trigger::Alpn("xmpp-client"),
            Trigger::Alpn("xmpp-server"),
            Trigger::SilentRare,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Xmpp);
