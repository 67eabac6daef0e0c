//! Microsoft SQL Server: its version to the build, and whether it encrypts.
//!
//! # What it sends
//! A TDS `PRELOGIN` message with the options that clients send: a version, encryption "off" (for the login alone), the name of the
//! default instance, a thread, and no MARS. No login.
//!
//! # Source
//! Microsoft Open Specifications, \[MS-TDS\]: 2.2.3.1 "Packet Header", 2.2.6.5 "PRELOGIN"; Microsoft's list of SQL Server builds.

mod builds;
mod handshake;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Mssql;

impl Plugin for Mssql {
    const ABOUT: About = About {
        id: "mssql",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "Microsoft SQL Server: product and build, whether encryption is offered or required",
        sends: "a TDS PRELOGIN message; no login",
        services: &["ms-sql-s"],
        transports: transport::TCP | transport::TLS,
        ports: &[1433, 1434, 2433, 14330],
        triggers: &[
            Trigger::Service("ms-sql-s"),
            Trigger::Service("ms-sql"),
            Trigger::Prefix(b"\x04\x01\0\x25\0\0\x01\0\0\0\x15\0\x06"),
            Trigger::Prefix(b"\x04\x01\0\x2b\0\0\x01\0\0\0\x1a\0\x06"),
            Trigger::Alpn("tds/8.0"),
            Trigger::SilentRare,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Mssql);
