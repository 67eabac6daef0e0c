//! Protocols that begin without TLS and go over to it: SMTP, LMTP, IMAP, POP3, FTP, NNTP, ManageSieve, XMPP and LDAP.
//!
//! Which of them it is follows from the greeting, or for XMPP and LDAP, which have none, from what the server has said to a probe; and it
//! must then answer as this protocol says. The service is what rules call it.
//!
//! # What it sends
//! - SMTP: `EHLO portprint.invalid` (LMTP: `LHLO`); `STARTTLS`
//! - FTP: `FEAT`; `AUTH TLS`
//! - IMAP: `CAPABILITY`; `STARTTLS`
//! - POP3: `CAPA`; `STLS`
//! - NNTP: `CAPABILITIES`; `STARTTLS`
//! - ManageSieve: `STARTTLS`
//! - XMPP: the head of a stream to the host; `<starttls/>`
//! - LDAP: a search for the root DSE, without a bind; the extended operation StartTLS
//!
//! The second only where TLS is offered, or where it cannot be known otherwise. Where the server goes over to TLS, a TLS handshake follows,
//! and rules may ask inside. Otherwise the protocol's goodbye. To a greeting "220" that names neither SMTP nor FTP, `EHLO`, `LHLO` and `FEAT` until
//! one of them is understood. No user, no password, no mail.
//!
//! # Source
//! RFC 5321 (4.1.1.1, 4.2), RFC 3207, RFC 4954 (SMTP); RFC 2033 (LMTP); RFC 959 (4.2), RFC 2389, RFC 4217 (FTP); RFC 3501 (6.1.1, 6.2.1, 7.1), RFC 9051
//! (IMAP); RFC 1939, RFC 2449, RFC 2595 (POP3); RFC 3977 (5.1, 5.2), RFC 4642 (NNTP); RFC 5804 (ManageSieve); RFC 6120 (4, 5, 6.3.3: XMPP);
//! RFC 4511 (4.1.1, 4.5, 4.14), RFC 4512 (5.1: LDAP).

mod handshake;
mod ldap;
mod lines;
mod numbered;
#[cfg(test)]
mod tests;
mod wire;
mod xmpp;

use portprint_plugin_sdk::{About, End, Plugin, Talk, Trigger, export, transport};

struct StartTls;

impl Plugin for StartTls {
    const ABOUT: About = About {
        id: "starttls",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT OR Apache-2.0",
        summary: "SMTP, LMTP, IMAP, POP3, FTP, NNTP, ManageSieve, XMPP, LDAP: capabilities, mechanisms, and TLS that is gone over to",
        sends: "the protocol's question for capabilities, and its command to go over to TLS; no user, no password",
        services: &["smtp", "lmtp", "imap", "pop3", "ftp", "nntp", "sieve", "jabber", "ldap"],
        transports: transport::TCP,
        ports: &[25, 587, 24, 143, 110, 21, 119, 4190, 5222, 5269, 389],
        triggers: &[
            Trigger::Service("smtp"),
            Trigger::Service("smtp-proxy"),
            Trigger::Service("lmtp"),
            Trigger::Service("imap"),
            Trigger::Service("imap-proxy"),
            Trigger::Service("pop3"),
            Trigger::Service("pop3-proxy"),
            Trigger::Service("ftp"),
            Trigger::Service("ftp-proxy"),
            Trigger::Service("nntp"),
            Trigger::Service("nntp-proxy"),
            Trigger::Service("sieve"),
            Trigger::Service("jabber"),
            Trigger::Service("xmpp"),
            Trigger::Service("ldap"),
            Trigger::Prefix(b"220 "),
            Trigger::Prefix(b"220-"),
            Trigger::Prefix(b"* OK"),
            Trigger::Prefix(b"* PREAUTH"),
            Trigger::Prefix(b"+OK"),
            Trigger::Prefix(b"\"IMPLEMENTATION\""),
        ],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        handshake::identify(talk).await
    }
}

export!(StartTls);
