//! MySQL and what speaks its protocols (MariaDB, Percona Server, TiDB and others): which of them it is, its version, whether TLS is
//! offered, and how clients prove who they are. The X protocol, too.
//!
//! # What it sends
//! Nothing to MySQL's classic protocol, in which the server speaks first. To the X protocol, `CapabilitiesGet` and `ConnectionClose`.
//!
//! # Source
//! MySQL Internals / Source Code Documentation, "Connection Phase": `Protocol::HandshakeV10`, `Protocol::HandshakeV9`, `ERR_Packet`,
//! "Capabilities Flags"; MariaDB Knowledge Base, "Connecting" (the initial handshake packet). X protocol: MySQL Source Code
//! Documentation, "X Protocol", with the messages of `mysqlx.proto`, `mysqlx_connection.proto` and `mysqlx_datatypes.proto`.

mod handshake;
#[cfg(test)]
mod tests;
mod vendor;
mod wire;
mod x;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Mysql;

impl Plugin for Mysql {
    const ABOUT: About = About {
        id: "mysql",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "MySQL, MariaDB, Percona Server and others: product, version, TLS offered, authentication plugin; the X protocol's capabilities",
        sends: "nothing to MySQL's classic protocol; CapabilitiesGet and ConnectionClose to the X protocol",
        services: &["mysql", "mysqlx"],
        transports: transport::TCP | transport::TLS,
        ports: &[3306, 33060, 3307, 4000, 6033, 9306],
        triggers: &[
            Trigger::Service("mysql"),
            Trigger::Service("mysqlx"),
            Trigger::Literal(b"mysql_native_password\0"),
            Trigger::Literal(b"caching_sha2_password\0"),
            Trigger::Literal(b"mysql_clear_password\0"),
            Trigger::Literal(b"' is not allowed to connect to this M"),
            Trigger::Literal(b"' is blocked because of many connection errors"),
            Trigger::Prefix(x::HELLO),
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Mysql);
