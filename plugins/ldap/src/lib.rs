//! LDAP: what a directory server tells of itself to anybody, in its root entry.
//!
//! # What it sends
//! A search for the root entry (base "", scope base, filter `(objectClass=*)`) without any bind before it, and an unbind. Over UDP the search
//! alone.
//!
//! # Source
//! RFC 4511, sections 4.1.1, 4.1.9, 4.3, 4.4.1, 4.5 and 5.1; RFC 4512, section 5.1; RFC 3045 (`vendorName`, `vendorVersion`); RFC 1798 (UDP); MS-ADTS, section
//! 3.1.1.3.2 (attributes of Active Directory's root entry) and 3.1.1.3.4.3 (its capabilities).

mod handshake;
mod software;
#[cfg(test)]
mod tests;
mod wire;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct Ldap;

impl Plugin for Ldap {
    const ABOUT: About = About {
        id: "ldap",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "LDAP: software, naming contexts, SASL mechanisms, StartTLS, and the domain, host and levels of Active Directory",
        sends: "a search for the root entry, without a bind, and an unbind",
        services: &["ldap"],
        transports: transport::TCP | transport::TLS | transport::UDP,
        ports: &[389, 636, 3268, 3269, 1389, 1636, 10389, 10636],
        triggers: &[
            Trigger::Service("ldap"),
            Trigger::Service("ldaps"),
            Trigger::Service("ldapssl"),
            Trigger::Service("globalcatldap"),
            Trigger::Service("globalcatldapssl"),
            Trigger::Alpn("ldap"),
            Trigger::SilentDatagram,
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(Ldap);
