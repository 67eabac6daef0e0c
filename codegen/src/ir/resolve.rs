//! Syntax trees to rules: sources are joined, names resolved, chains built.

use std::collections::HashMap;

use portprint_tables::{PortRange, Protocol};

use super::{Exclude, Line, Probe, Rules};
use crate::diagnostic::Diagnostic;
use crate::parse::{self, ExcludePorts, ExcludeProtocol, FallbackName, File};

/// Resolves the parsed files; `extends[i]` says that file `i` belongs to the same set of rules as the one before.
///
/// Unknown fallback names are added to `diagnostics`.
#[must_use]
pub fn resolve(files: Vec<File>, extends: &[bool], diagnostics: &mut Vec<Diagnostic>) -> Rules {
    let mut rules = Rules::default();
    let mut sets: Vec<RuleSet> = Vec::new();
    for (source, file) in files.into_iter().enumerate() {
        if sets.is_empty() || !extends[source] {
            sets.push(RuleSet::default());
        }
        rules.priorities.push(sets.len() - 1);
        rules.counts.push((file.probes.len(), file.probes.iter().map(|probe| probe.lines.len()).sum()));
        if let (Some(exclude), true) = (&file.exclude, rules.exclude.is_empty()) {
            add_exclude(exclude, &mut rules);
        }
        sets.last_mut().expect("one was pushed").add(source, file);
    }

    let mut services = HashMap::new();
    let mut ranges = Vec::new();
    let mut fallback_names = Vec::new();
    for set in sets {
        let first = rules.probes.len();
        for mut draft in set.probes {
            let lines_start = rules.lines.len();
            for (source, line) in draft.lines.drain(..) {
                let next = rules.services.len();
                let service = *services.entry(line.service.clone()).or_insert_with(|| {
                    rules.services.push(line.service.clone());
                    next
                });
                rules.lines.push(Line { source, probe: rules.probes.len(), service, syntax: line });
            }
            fallback_names.push(draft.fallback);
            rules.probes.push(Probe { lines: lines_start..rules.lines.len(), ..draft.probe });
        }
        ranges.push(first..rules.probes.len());
    }
    for range in &ranges {
        for index in range.clone() {
            let (source, names) = &fallback_names[index];
            let found = names.iter().filter_map(|name| {
                let found = find_fallback(&rules.probes, range.clone(), index, &name.name);
                if found.is_none() {
                    diagnostics.push(Diagnostic {
                        source: *source,
                        span: name.span.clone(),
                        message: format!("unknown probe `{}` in fallback", name.name.escape_ascii()),
                        expected: "the name of a probe of this file; the NULL probe only for TCP probes".into(),
                    });
                }
                found
            });
            rules.probes[index].fallback = found.collect();
        }
    }
    for index in 0..rules.probes.len() {
        rules.probes[index].chain = chain(&rules.probes, &ranges, index);
        rules.probes[index].sent_as =
            ranges.iter().find_map(|range| twin(&rules.probes, range.clone(), index)).unwrap_or(index);
    }
    rules
}

/// Files of one priority, joined probe by probe.
#[derive(Default)]
struct RuleSet {
    probes: Vec<Draft>,
}

/// A probe whose lines and fallbacks are still names.
struct Draft {
    probe: Probe,
    lines: Vec<(usize, parse::Line)>,
    fallback: (usize, Vec<FallbackName>),
}

impl RuleSet {
    /// Adds a file. Its probes join those of earlier files of the set that send the same; inside a file each stays for itself.
    fn add(&mut self, source: usize, file: File) {
        let known = self.probes.len();
        for parsed in file.probes {
            let is_null = parsed.payload.is_empty();
            let protocol = if is_null { Protocol::Tcp } else { parsed.protocol };
            let lines = parsed.lines.into_iter().map(|line| (source, line));
            let earlier = self.probes[..known]
                .iter_mut()
                .find(|draft| draft.probe.protocol == protocol && draft.probe.payload == parsed.payload);
            if let Some(draft) = earlier {
                draft.lines.extend(lines);
                extend(&mut draft.probe.ports, parsed.ports);
                extend(&mut draft.probe.sslports, parsed.sslports);
                draft.probe.rarity = draft.probe.rarity.min(parsed.rarity);
                if draft.fallback.1.is_empty() {
                    draft.fallback = (source, parsed.fallback);
                }
                continue;
            }
            self.probes.push(Draft {
                probe: Probe {
                    source,
                    line: parsed.line,
                    protocol,
                    name: parsed.name,
                    payload: parsed.payload,
                    no_payload: parsed.no_payload,
                    rarity: parsed.rarity,
                    totalwaitms: parsed.totalwaitms,
                    tcpwrappedms: parsed.tcpwrappedms,
                    ports: parsed.ports,
                    sslports: parsed.sslports,
                    lines: 0..0,
                    fallback: Vec::new(),
                    chain: Vec::new(),
                    sent_as: 0,
                },
                lines: lines.collect(),
                fallback: (source, parsed.fallback),
            });
        }
    }
}

fn extend(ports: &mut Vec<PortRange>, more: Vec<PortRange>) {
    for range in more {
        if !ports.contains(&range) {
            ports.push(range);
        }
    }
}

/// nmap's look-up: the NULL probe for TCP probes, then the same protocol, then any.
fn find_fallback(probes: &[Probe], mut set: std::ops::Range<usize>, of: usize, name: &[u8]) -> Option<usize> {
    let named = |index: &usize| probes[*index].name == name;
    if probes[of].protocol == Protocol::Tcp
        && let Some(null) = set.clone().find(|&index| probes[index].is_null()).filter(named)
    {
        return Some(null);
    }
    let others = |index: &usize| named(index) && !probes[*index].is_null();
    set.clone()
        .find(|index| others(index) && probes[*index].protocol == probes[of].protocol)
        .or_else(|| set.find(others))
}

/// The first probe of a set that sends the same over the same protocol.
fn twin(probes: &[Probe], mut set: std::ops::Range<usize>, of: usize) -> Option<usize> {
    if set.contains(&of) {
        return Some(of);
    }
    set.find(|&index| probes[index].protocol == probes[of].protocol && probes[index].payload == probes[of].payload)
}

/// Over every set of rules in turn: the probe (or its twin there), its fallbacks, and for TCP the NULL probe.
fn chain(probes: &[Probe], sets: &[std::ops::Range<usize>], of: usize) -> Vec<usize> {
    let mut chain = Vec::new();
    let mut add = |index: usize| {
        if !chain.contains(&index) {
            chain.push(index);
        }
    };
    for set in sets {
        if let Some(own) = twin(probes, set.clone(), of) {
            add(own);
            // Not recursive: fallbacks of fallbacks are not followed.
            probes[own].fallback.iter().for_each(|&index| add(index));
        }
        if probes[of].protocol == Protocol::Tcp
            && let Some(null) = set.clone().find(|&index| probes[index].is_null())
        {
            add(null);
        }
    }
    chain
}

fn add_exclude(exclude: &parse::Exclude, rules: &mut Rules) {
    for item in &exclude.items {
        let (tcp, udp) = match item.protocol {
            None => (true, true),
            Some(ExcludeProtocol::Tcp) => (true, false),
            Some(ExcludeProtocol::Udp) => (false, true),
            Some(ExcludeProtocol::Ip | ExcludeProtocol::Sctp) => continue,
        };
        match &item.ports {
            ExcludePorts::Range(ports) => rules.exclude.push(Exclude { tcp, udp, ports: *ports }),
            ExcludePorts::Known(ports) => {
                rules.exclude_unresolved.push(format!("[{}-{}]", ports.first, ports.last).into_bytes());
            }
            ExcludePorts::Name(name) => rules.exclude_unresolved.push(name.clone()),
        }
    }
}
