//! What a plugin is for: its description, checked and copied.

use std::fmt;

use portprint_core::handshake::Target;
use portprint_plugin_abi as abi;
use serde::{Deserialize, Serialize};

use crate::raw::{self, Given};

/// What a plugin says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The name by which it is told from others.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its licence, as in SPDX.
    pub licence: String,
    /// What it finds out, for people.
    pub summary: String,
    /// What it sends to a peer, for people.
    pub sends: String,
    /// Where its protocol is spoken.
    pub transports: Transports,
    /// The services that it may answer with.
    pub services: Vec<String>,
    /// Ports on which its protocol is often found.
    pub ports: Vec<u16>,
    /// When to run it.
    pub triggers: Vec<Trigger>,
}

/// Where a protocol is spoken: `TRANSPORT_…`, or'ed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transports(u32);

impl Transports {
    /// All there are.
    const ALL: u32 = abi::TRANSPORT_TCP | abi::TRANSPORT_UDP | abi::TRANSPORT_TLS;

    /// On streams.
    #[must_use]
    pub fn tcp(self) -> bool {
        self.0 & abi::TRANSPORT_TCP != 0
    }

    /// In datagrams.
    #[must_use]
    pub fn udp(self) -> bool {
        self.0 & abi::TRANSPORT_UDP != 0
    }

    /// Inside TLS.
    #[must_use]
    pub fn tls(self) -> bool {
        self.0 & abi::TRANSPORT_TLS != 0
    }

    /// Whether a target's connections are among them.
    #[must_use]
    pub fn has(self, target: &Target<'_>) -> bool {
        self.0 & raw::transport(target) != 0
    }
}

impl fmt::Display for Transports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(self.tcp(), "tcp"), (self.udp(), "udp"), (self.tls(), "tls")];
        let names: Vec<_> = names.into_iter().filter_map(|(is_one, name)| is_one.then_some(name)).collect();
        f.write_str(&names.join(", "))
    }
}

/// A piece of evidence for which a plugin is worth running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trigger {
    /// The rules found this service.
    Service(String),
    /// The peer said these bytes.
    Literal {
        /// At least two.
        bytes: Vec<u8>,
        /// Only at the beginning.
        at_start: bool,
    },
    /// The peer has said nothing at all.
    Silent {
        /// Over streams.
        streams: bool,
        /// Over datagrams.
        datagrams: bool,
        /// Such servers are rare, or seldom silent.
        is_rare: bool,
    },
    /// The peer speaks TLS.
    Tls,
    /// The peer agreed on this application protocol in TLS.
    Alpn(Vec<u8>),
}

/// The most bytes of a name, of a text, and of a literal; and the most services, ports and triggers.
const NAME: u64 = 64;
const TEXT: u64 = 4096;
const LITERAL: u64 = 4096;
const SERVICES: u64 = 256;
const PORTS: u64 = 1024;
const TRIGGERS: u64 = 1024;
/// The most bytes of the name of an application protocol, by the TLS standard.
const ALPN: u64 = 255;

impl Description {
    /// Checks and copies what a plugin gave.
    pub(crate) fn of(given: Given<'_, abi::Description>) -> Result<Self, String> {
        let transports = given.get().transports;
        if transports == 0 || transports & !Transports::ALL != 0 {
            return Err(format!(
                "transports is {transports:#x}; some of {:#x} are expected, and no others",
                Transports::ALL
            ));
        }
        let id = given.part(|it| &it.id).text("id", NAME)?;
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || !id.chars().all(is_plain) {
            return Err(format!("id is {id:?}; lower case letters, digits and hyphens are expected"));
        }
        let mut services = Vec::new();
        for (index, service) in given.list("services", |it| (it.services, it.services_len), SERVICES)?.enumerate() {
            services.push(name(&format!("services[{index}]"), service)?);
        }
        if services.is_empty() {
            return Err("services is empty; a plugin names what it may answer with".to_owned());
        }
        let ports: Vec<u16> =
            given.list("ports", |it| (it.ports, it.ports_len), PORTS)?.map(|port| *port.get()).collect();
        let triggers = given.list("triggers", |it| (it.triggers, it.triggers_len), TRIGGERS)?;
        Ok(Self {
            id: id.to_owned(),
            version: printable("version", given.part(|it| &it.version).text("version", NAME)?)?,
            licence: printable("licence", given.part(|it| &it.licence).text("licence", TEXT)?)?,
            summary: printable("summary", given.part(|it| &it.summary).text("summary", TEXT)?)?,
            sends: printable("sends", given.part(|it| &it.sends).text("sends", TEXT)?)?,
            transports: Transports(transports),
            services,
            ports,
            triggers: triggers
                .enumerate()
                .map(|(index, given)| trigger(&format!("triggers[{index}]"), given))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// The name of a service: it stands in every output as it is.
fn name(field: &str, given: Given<'_, abi::Bytes>) -> Result<String, String> {
    let name = given.text(field, NAME)?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("{field} is {name:?}; printable ASCII without spaces is expected"));
    }
    Ok(name.to_owned())
}

/// Texts for people are shown on terminals.
fn printable(field: &str, text: &str) -> Result<String, String> {
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(format!("{field} has the control character {c:?}")),
        None => Ok(text.to_owned()),
    }
}

fn trigger(field: &str, given: Given<'_, abi::Trigger>) -> Result<Trigger, String> {
    let value_field = format!("{field}.value");
    let (kind, flags) = (given.get().kind, given.get().flags);
    let allowed = match kind {
        abi::TRIGGER_LITERAL => abi::TRIGGER_AT_START,
        abi::TRIGGER_SILENT => abi::TRIGGER_RARE | abi::TRIGGER_STREAMS | abi::TRIGGER_DATAGRAMS,
        _ => 0,
    };
    if flags & !allowed != 0 {
        return Err(format!("{field}.flags is {flags:#x}; at most {allowed:#x} is known for its kind"));
    }
    let value =
        given.part(|it| &it.value).bytes(&value_field, if kind == abi::TRIGGER_ALPN { ALPN } else { LITERAL })?;
    let at_least = |least: usize| match value.len() {
        len if len < least => Err(format!("{value_field} has {len} bytes; at least {least} are expected")),
        _ => Ok(value.to_vec()),
    };
    let nothing = || match value.len() {
        0 => Ok(()),
        len => Err(format!("{value_field} has {len} bytes; its kind has no value")),
    };
    match kind {
        abi::TRIGGER_SERVICE => name(&value_field, given.part(|it| &it.value)).map(Trigger::Service),
        abi::TRIGGER_LITERAL => {
            Ok(Trigger::Literal { bytes: at_least(2)?, at_start: flags & abi::TRIGGER_AT_START != 0 })
        }
        abi::TRIGGER_SILENT => nothing().map(|()| Trigger::Silent {
            // Neither is as good as both.
            streams: flags & abi::TRIGGER_DATAGRAMS == 0 || flags & abi::TRIGGER_STREAMS != 0,
            datagrams: flags & abi::TRIGGER_STREAMS == 0 || flags & abi::TRIGGER_DATAGRAMS != 0,
            is_rare: flags & abi::TRIGGER_RARE != 0,
        }),
        abi::TRIGGER_TLS => nothing().map(|()| Trigger::Tls),
        abi::TRIGGER_ALPN => at_least(1).map(Trigger::Alpn),
        kind => Err(format!("{field}.kind is {kind}, which is not known")),
    }
}
