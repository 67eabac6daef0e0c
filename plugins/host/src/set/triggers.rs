//! Which plugins are worth trying: all triggers at once.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use portprint_core::handshake::{Candidate, Evidence, PluginId};
use portprint_tables::Protocol;

use crate::description::{Description, Transports, Trigger};

/// Literals of more bytes than this are not made into a table of all transitions.
const DENSE: usize = 8 * 1024;

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
    services: Vec<(String, usize)>,
    protocols: Vec<(Vec<u8>, usize)>,
    /// One automaton for the literals of all plugins; `None`: there are none.
    automaton: Option<AhoCorasick>,
    /// By number of the literal.
    literals: Vec<Literal>,
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

#[derive(Clone, Copy, Debug)]
struct Literal {
    plugin: usize,
    at_start: bool,
}

impl Triggers {
    pub(super) fn new<'d>(descriptions: impl Iterator<Item = &'d Description>) -> Self {
        let mut all = Self {
            plugins: Vec::new(),
            services: Vec::new(),
            protocols: Vec::new(),
            automaton: None,
            literals: Vec::new(),
        };
        let mut texts = Vec::new();
        for (plugin, description) in descriptions.enumerate() {
            let mut traits = Traits {
                transports: description.transports,
                ports: description.ports.clone(),
                silent: None,
                is_tls: false,
            };
            for trigger in &description.triggers {
                match trigger {
                    Trigger::Service(name) => all.services.push((name.clone(), plugin)),
                    Trigger::Literal { bytes, at_start } => {
                        texts.push(bytes.as_slice());
                        all.literals.push(Literal { plugin, at_start: *at_start });
                    }
                    Trigger::Silent { streams, datagrams, is_rare } => {
                        traits.silent = Some(([*streams, *datagrams], *is_rare));
                    }
                    Trigger::Tls => traits.is_tls = true,
                    Trigger::Alpn(name) => all.protocols.push((name.clone(), plugin)),
                }
            }
            all.plugins.push(traits);
        }
        if !texts.is_empty() {
            let is_small = texts.iter().map(|text| text.len()).sum::<usize>() <= DENSE;
            let kind = if is_small { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
            let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).kind(Some(kind)).build(texts);
            all.automaton = Some(automaton.expect("literals are few and short"));
        }
        all
    }

    /// The candidates among those that may be used, best first: what was said comes before silence, and then their order counts.
    pub(super) fn candidates(&self, evidence: &Evidence<'_>, may_be_used: impl Fn(usize) -> bool) -> Vec<Candidate> {
        let mut found: Vec<(Rank, usize)> = Vec::new();
        let mut add = |rank, plugin| found.push((rank, plugin));
        if let Some(service) = evidence.service {
            let named = self.services.iter().filter(|(name, _)| name.eq_ignore_ascii_case(service));
            named.for_each(|(_, plugin)| add(Rank::Service, *plugin));
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
        let Some(automaton) = &self.automaton else { return };
        for response in responses {
            for hit in automaton.find_overlapping_iter(response) {
                let literal = self.literals[hit.pattern().as_usize()];
                match (hit.start(), literal.at_start) {
                    (0, _) => add(Rank::Start, literal.plugin),
                    (_, false) => add(Rank::Literal, literal.plugin),
                    (_, true) => {}
                }
            }
        }
    }
}
