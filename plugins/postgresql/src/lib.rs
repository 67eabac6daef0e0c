//! PostgreSQL and what speaks its protocol (PgBouncer, Pgpool-II, CockroachDB and others): whether TLS is offered or required, and how
//! clients prove who they are; the version, as far as it is told before that.
//!
//! # What it sends
//! - An `SSLRequest`; if TLS is offered, a TLS handshake; and a `StartupMessage` for the user `portprint`.
//! - If TLS is offered, the same `StartupMessage` without it on a second connection.
//! - As long as the version is not known, on a last connection the head of a `StartupMessage` of protocol 255.0, to which PostgreSQL
//!   answers with what it supports.
//!
//! No password, whatever is asked for.
//!
//! # Source
//! PostgreSQL documentation, "Frontend/Backend Protocol", sections "Message Flow", "Message Formats" and "Error and Notice Message Fields".

mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Postgresql;

impl Plugin for Postgresql {
    const ABOUT: About = About {
        id: "postgresql",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "PostgreSQL: TLS offered or required, authentication method, version as far as it is told before authentication",
        sends: "an SSLRequest, a StartupMessage for the user portprint inside and outside TLS, and one of an impossible version; no password",
        services: &["postgresql"],
        transports: transport::TCP | transport::TLS,
        ports: &[5432, 5433, 6432, 26257, 9999],
        triggers: &[
            Trigger::Service("postgresql"),
            Trigger::Literal(b"SFATAL\0VFATAL\0C"),
            Trigger::Literal(b"SFATAL\0C08P01\0M"),
            Trigger::Literal(b"SFATAL\0C0A000\0M"),
            Trigger::Alpn("postgresql"),
            Trigger::SilentRare,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Postgresql);
