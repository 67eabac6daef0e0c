//! Which plugins are worth trying: all triggers at once.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use portprint_core::handshake::{Candidate, Evidence, PluginId};
use portprint_tables::Protocol;

use crate::description::{Description, Transports, Trigger};

/// What speaks for a plugin, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Service,
    Alpn,
    Start,
    Literal,
    Tls,
    SilentOnItsPort,
    Silent,
    SilentRarely,
}

/// The triggers of all plugins.
#[derive(Debug)]
pub(super) struct Triggers {
    plugins: Vec<Traits>,
    /// By the service's name in lower case.
    services: HashMap<String, Vec<usize>>,
    protocols: Vec<(Vec<u8>, usize)>,
    /// Literals at the beginning, sorted, and where those of each first byte begin.
    starts: Vec<(Vec<u8>, usize)>,
    first: Box<[usize; 257]>,
    /// One automaton for the other literals of all plugins; `None`: there are none.
    automaton: Option<AhoCorasick>,
    literals: Vec<(Vec<u8>, usize)>,
}

/// What matters of a plugin besides.
#[derive(Debug)]
struct Traits {
    transports: Transports,
    ports: Vec<u16>,
    /// Over streams and over datagrams; and whether it is rare.
    silent: Option<([bool; 2], bool)>,
    is_tls: bool,
}

impl Triggers {
    pub(super) fn new<'d>(descriptions: impl Iterator<Item = &'d Description>) -> Self {
        let mut all = Self {
            plugins: Vec::new(),
            services: HashMap::new(),
            protocols: Vec::new(),
            starts: Vec::new(),
            first: Box::new([0; 257]),
            automaton: None,
            literals: Vec::new(),
        };
        for (plugin, description) in descriptions.enumerate() {
            let mut traits = Traits {
                transports: description.transports,
                ports: description.ports.clone(),
                silent: None,
                is_tls: false,
            };
            for trigger in &description.triggers {
                match trigger {
                    Trigger::Service(name) => {
                        all.services.entry(name.to_ascii_lowercase()).or_default().push(plugin);
                    }
                    Trigger::Literal { bytes, at_start: true } => all.starts.push((bytes.clone(), plugin)),
                    Trigger::Literal { bytes, at_start: false } => all.literals.push((bytes.clone(), plugin)),
                    Trigger::Silent { streams, datagrams, is_rare } => {
                        traits.silent = Some(([*streams, *datagrams], *is_rare));
                    }
                    Trigger::Tls => traits.is_tls = true,
                    Trigger::Alpn(name) => all.protocols.push((name.clone(), plugin)),
                }
            }
            all.plugins.push(traits);
        }
        all.starts.sort_unstable();
        for byte in 0..=256 {
            all.first[byte] = all.starts.partition_point(|(literal, _)| usize::from(literal[0]) < byte);
        }
        if !all.literals.is_empty() {
            let texts = all.literals.iter().map(|(literal, _)| literal);
            let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(texts);
            all.automaton = Some(automaton.expect("literals are few and short"));
        }
        all
    }

    /// The candidates among those that may be used, best first: what was said comes before silence, and then their order counts.
    pub(super) fn candidates(&self, evidence: &Evidence<'_>, may_be_used: impl Fn(usize) -> bool) -> Vec<Candidate> {
        let mut found: Vec<(Rank, usize)> = Vec::new();
        let mut add = |rank, plugin| found.push((rank, plugin));
        if let Some(service) = evidence.service
            && let Some(named) = self.services.get(&*service.to_ascii_lowercase())
        {
            named.iter().for_each(|plugin| add(Rank::Service, *plugin));
        }
        if let Some(agreed) = evidence.inside.and_then(|tls| tls.alpn.as_deref()) {
            let named = self.protocols.iter().filter(|(name, _)| name == agreed.as_bytes());
            named.for_each(|(_, plugin)| add(Rank::Alpn, *plugin));
        }
        self.find_literals(evidence.responses, &mut add);
        // A port that speaks TLS has said something, even if nobody has asked inside.
        let is_outside = evidence.tls && evidence.inside.is_none();
        let is_silent =
            evidence.service.is_none() && !is_outside && evidence.responses.iter().all(|response| response.is_empty());
        for (plugin, traits) in self.plugins.iter().enumerate() {
            if traits.is_tls && evidence.tls {
                add(Rank::Tls, plugin);
            }
            if let Some((over, is_rare)) = traits.silent
                && is_silent
                && over[usize::from(evidence.protocol == Protocol::Udp)]
            {
                let rank = match is_rare {
                    _ if traits.ports.contains(&evidence.port) => Rank::SilentOnItsPort,
                    false => Rank::Silent,
                    true => Rank::SilentRarely,
                };
                add(rank, plugin);
            }
        }
        if found.is_empty() {
            return Vec::new();
        }
        found.sort_unstable();
        let mut candidates: Vec<Candidate> = Vec::new();
        for (rank, plugin) in found.into_iter().filter(|(_, plugin)| may_be_used(*plugin)) {
            for inside in self.streams(plugin, rank, evidence).into_iter().flatten() {
                let number = PluginId(u32::try_from(plugin).expect("plugins are few"));
                if !candidates.iter().any(|it| (it.plugin, it.inside) == (number, inside)) {
                    candidates.push(Candidate { plugin: number, inside, is_founded: rank < Rank::SilentOnItsPort });
                }
            }
        }
        candidates
    }

    /// Where a plugin is worth trying for what was found: inside TLS, or not.
    fn streams(&self, plugin: usize, rank: Rank, evidence: &Evidence<'_>) -> [Option<bool>; 2] {
        let transports = self.plugins[plugin].transports;
        match (evidence.protocol, evidence.inside) {
            (Protocol::Udp, _) => [transports.udp().then_some(false), None],
            (Protocol::Tcp, None) => [transports.tcp().then_some(false), None],
            // What was said, and what was not, is from inside; that there is TLS at all was seen from outside.
            (Protocol::Tcp, Some(_)) => {
                [transports.tls().then_some(true), (transports.tcp() && rank == Rank::Tls).then_some(false)]
            }
        }
    }

    fn find_literals(&self, responses: &[&[u8]], add: &mut impl FnMut(Rank, usize)) {
        for response in responses {
            if let Some(&byte) = response.first() {
                let of_byte = &self.starts[self.first[usize::from(byte)]..self.first[usize::from(byte) + 1]];
                let said = of_byte.iter().filter(|(literal, _)| response.starts_with(literal));
                said.for_each(|(_, plugin)| add(Rank::Start, *plugin));
            }
            let Some(automaton) = &self.automaton else { continue };
            let mut from = 0;
            // Literals may overlap: of those that begin at one place the automaton tells one, and those behind are looked for from there.
            while let Some(hit) = automaton.find(Input::new(response).span(from..response.len())) {
                let rest = &response[hit.start()..];
                let said = self.literals.iter().filter(|(literal, _)| rest.starts_with(literal));
                said.for_each(|(_, plugin)| add(if hit.start() == 0 { Rank::Start } else { Rank::Literal }, *plugin));
                from = hit.start() + 1;
            }
        }
    }
}
