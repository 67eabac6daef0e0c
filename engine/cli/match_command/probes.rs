//! Probes by protocol and name.

use std::collections::HashMap;

use portprint_tables::{Database, ProbeId, Protocol};

use crate::escape;

/// The probes of a database by their key. Names are case-sensitive.
#[derive(Debug)]
pub(crate) struct Probes {
    tcp: HashMap<&'static [u8], ProbeId>,
    udp: HashMap<&'static [u8], ProbeId>,
}

impl Probes {
    /// Indexes a database. Where two sources use a name, the first one has it.
    pub(crate) fn new(database: &Database<'static>) -> Self {
        let mut probes = Self { tcp: HashMap::new(), udp: HashMap::new() };
        for probe in database.probes() {
            let map = match probe.protocol() {
                Protocol::Tcp => &mut probes.tcp,
                Protocol::Udp => &mut probes.udp,
            };
            map.entry(probe.name()).or_insert(probe.id());
        }
        probes
    }

    /// The probe with this key, or a message that says which names are near.
    pub(crate) fn find(&self, protocol: Protocol, name: &str) -> Result<ProbeId, String> {
        self.of(protocol).get(name.as_bytes()).copied().ok_or_else(|| self.unknown(protocol, name))
    }

    fn of(&self, protocol: Protocol) -> &HashMap<&'static [u8], ProbeId> {
        match protocol {
            Protocol::Tcp => &self.tcp,
            Protocol::Udp => &self.udp,
        }
    }

    /// The probes with this name in any protocol, TCP first, or a message that says which names are near.
    pub(crate) fn find_any(&self, name: &str) -> Result<Vec<ProbeId>, String> {
        let found: Vec<_> = [Protocol::Tcp, Protocol::Udp]
            .into_iter()
            .filter_map(|protocol| self.of(protocol).get(name.as_bytes()).copied())
            .collect();
        if found.is_empty() {
            let mut near: Vec<_> = [Protocol::Tcp, Protocol::Udp]
                .into_iter()
                .flat_map(|protocol| {
                    self.near(protocol, name).into_iter().map(move |(far, near)| (far, format!("{protocol}:{near}")))
                })
                .collect();
            near.sort();
            return Err(message(&format!("unknown probe {}", escape::quote(name)), near));
        }
        Ok(found)
    }

    #[cold]
    fn unknown(&self, protocol: Protocol, name: &str) -> String {
        let text = format!("unknown {protocol} probe {}", escape::quote(name));
        let other = match protocol {
            Protocol::Tcp => Protocol::Udp,
            Protocol::Udp => Protocol::Tcp,
        };
        if self.of(other).contains_key(name.as_bytes()) {
            return format!("{text}; there is a {other} probe of this name");
        }
        message(&text, self.near(protocol, name))
    }

    /// Names at a small edit distance, the nearest first. Long names are near nothing, and comparing them takes long.
    fn near(&self, protocol: Protocol, name: &str) -> Vec<(usize, String)> {
        const LONGEST: usize = 64;
        if name.len() > LONGEST {
            return Vec::new();
        }
        let lower = name.to_lowercase();
        let allowed = (name.len() / 3).max(1);
        let mut near: Vec<_> = self
            .of(protocol)
            .keys()
            .map(|known| escape::visible(known))
            .map(|known| (strsim::damerau_levenshtein(&known.to_lowercase(), &lower), known))
            .filter(|(distance, _)| *distance <= allowed)
            .collect();
        near.sort();
        near
    }
}

fn message(text: &str, near: Vec<(usize, String)>) -> String {
    const MOST: usize = 3;
    let names: Vec<_> = near.into_iter().take(MOST).map(|(_, name)| name).collect();
    if names.is_empty() { text.to_owned() } else { format!("{text}; near by name: {}", names.join(", ")) }
}
