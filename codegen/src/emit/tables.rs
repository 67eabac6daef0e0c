//! The tables of names: sources, services, probes, ports.

use std::ops::Range;

use portprint_tables::{ExcludeRow, Extent, PortRange, PortRow, ProbeRow, Section, ServiceRow, SourceRow, TextRow};
use sha2::{Digest, Sha256};

use super::block::{BytePool, Sections, number};
use crate::Source;
use crate::ir::Rules;

/// Writes the tables; returns the hash over all sources.
pub(crate) fn emit(sources: &[Source], rules: &Rules, by_position: &[u32], sections: &mut Sections) -> [u8; 32] {
    // Those of the lines that are found by their first places which belong to a probe.
    let within = |lines: &Range<usize>| {
        let place = |line: usize| by_position.partition_point(|&other| (other as usize) < line);
        let start = place(lines.start);
        Extent { start: number(start), len: number(place(lines.end) - start) }
    };
    let mut pool = BytePool::default();
    let mut whole = Sha256::new();
    let mut source_rows = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let sha256: [u8; 32] = Sha256::digest(&source.text).into();
        whole.update(sha256);
        whole.update(source.name.as_bytes());
        whole.update([0, u8::from(source.extends)]);
        let (probes, lines) = rules.counts[index];
        source_rows.extend(
            SourceRow {
                name: pool.add(source.name.as_bytes()),
                licence: pool.add(source.licence.as_bytes()),
                sha256,
                lines: number(lines),
                probes: number(probes),
                priority: number(rules.priorities[index]),
            }
            .encode(),
        );
    }
    let services = rules.services.iter().flat_map(|name| ServiceRow { name: pool.add(name) }.encode()).collect();

    let mut ports = Vec::new();
    let mut port_list = |ranges: &[PortRange]| {
        let start = number(ports.len() / PortRow::SIZE);
        ports.extend(ranges.iter().flat_map(|range| PortRow { first: range.first, last: range.last }.encode()));
        Extent { start, len: number(ranges.len()) }
    };
    let mut lists: Vec<u8> = Vec::new();
    let mut probe_list = |probes: &[usize]| {
        let start = number(lists.len() / 4);
        lists.extend(probes.iter().flat_map(|&probe| number(probe).to_le_bytes()));
        Extent { start, len: number(probes.len()) }
    };
    let mut probe_rows = Vec::new();
    for probe in &rules.probes {
        let flags =
            if probe.is_null() { ProbeRow::NULL } else { 0 } | if probe.no_payload { ProbeRow::NO_PAYLOAD } else { 0 };
        probe_rows.extend(
            ProbeRow {
                name: pool.add(&probe.name),
                payload: pool.add(&probe.payload),
                protocol: probe.protocol as u8,
                flags,
                rarity: probe.rarity,
                reserved: 0,
                source: number(probe.source),
                line: probe.line,
                totalwaitms: probe.totalwaitms,
                tcpwrappedms: probe.tcpwrappedms,
                ports: port_list(&probe.ports),
                sslports: port_list(&probe.sslports),
                lines: Extent { start: number(probe.lines.start), len: number(probe.lines.len()) },
                positions: within(&probe.lines),
                chain: probe_list(&probe.chain),
                fallback: probe_list(&probe.fallback),
                sent_as: number(probe.sent_as),
            }
            .encode(),
        );
    }
    let exclude = rules.exclude.iter().flat_map(|item| {
        let protocols = if item.tcp { ExcludeRow::TCP } else { 0 } | if item.udp { ExcludeRow::UDP } else { 0 };
        ExcludeRow { protocols, first: item.ports.first, last: item.ports.last }.encode()
    });
    sections.put(Section::Sources, source_rows);
    sections.put(Section::Services, services);
    sections.put(Section::Ports, ports);
    sections.put(Section::ProbeLists, lists);
    sections.put(Section::Probes, probe_rows);
    sections.put(Section::Exclude, exclude.collect());
    sections.put(Section::Bytes, pool.into_bytes());
    whole.finalize().into()
}

/// Writes the sources' text and where each line stands in it.
pub(crate) fn emit_text(sources: &[Source], rules: &Rules, sections: &mut Sections) {
    let mut text = Vec::new();
    let mut starts = Vec::new();
    let mut source_rows = Vec::new();
    let mut pool = BytePool::default();
    for source in sources {
        starts.push(text.len());
        source_rows.extend(
            portprint_tables::TextSourceRow {
                name: pool.add(source.name.as_bytes()),
                licence: pool.add(source.licence.as_bytes()),
                text: Extent { start: number(text.len()), len: number(source.text.len()) },
                extends: u32::from(source.extends),
            }
            .encode(),
        );
        text.extend_from_slice(&source.text);
    }
    let rows = rules.lines.iter().flat_map(|line| {
        let extent = |span: &std::ops::Range<usize>| Extent {
            start: number(starts[line.source] + span.start),
            len: number(span.len()),
        };
        TextRow { pattern: extent(&line.syntax.pattern.span), line: extent(&line.syntax.span) }.encode()
    });
    sections.put(Section::TextRows, rows.collect());
    sections.put(Section::TextSources, source_rows);
    sections.put(Section::TextNames, pool.into_bytes());
    sections.put(Section::Text, text);
}
