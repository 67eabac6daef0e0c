//! What a plugin says of itself.

/// Where a protocol is spoken.
pub mod transport {
    use portprint_plugin_abi as abi;

    /// Streams.
    pub const TCP: u32 = abi::TRANSPORT_TCP;
    /// Datagrams.
    pub const UDP: u32 = abi::TRANSPORT_UDP;
    /// Inside TLS. Connections have it over them before they are used.
    pub const TLS: u32 = abi::TRANSPORT_TLS;
}

/// What a plugin says of itself.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// A name in lower case letters, digits and hyphens.
    pub id: &'static str,
    /// The plugin's version.
    pub version: &'static str,
    /// Its licence, as in SPDX.
    pub licence: &'static str,
    /// One sentence for people: what it finds out.
    pub summary: &'static str,
    /// What it sends, for people who are asked what they did.
    pub sends: &'static str,
    /// The services that it may answer with.
    pub services: &'static [&'static str],
    /// Where the protocol is spoken: [`transport::TCP`] and others, or'ed.
    pub transports: u32,
    /// Where it is often found: a hint for the order of plugins, and no evidence.
    pub ports: &'static [u16],
    /// When to run it.
    pub triggers: &'static [Trigger],
}

/// A piece of evidence for which a plugin is worth running.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// The rules found this service.
    Service(&'static str),
    /// The peer said these bytes somewhere, to any probe or by itself.
    Literal(&'static [u8]),
    /// What the peer said began with these bytes.
    Prefix(&'static [u8]),
    /// The peer has said nothing at all.
    Silent,
    /// The same, over streams only.
    SilentStream,
    /// The same, over datagrams only.
    SilentDatagram,
    /// The same, for servers that are rare, or seldom silent: such plugins are tried after the others, if there is a place left.
    SilentRare,
    /// The peer speaks TLS.
    Tls,
    /// The peer agreed on this application protocol in TLS.
    Alpn(&'static str),
}
