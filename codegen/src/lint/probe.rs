//! Probes that ask for nothing.

use super::{Finding, Kind, Place};
use crate::{Source, ir};

/// What is wrong with the probes.
pub(super) fn findings(rules: &ir::Rules, sources: &[Source]) -> Vec<Finding> {
    let place = |probe: &ir::Probe| {
        let span = line_span(&sources[probe.source].text, probe.line);
        Place { source: probe.source, line: probe.line, span }
    };
    let mut findings = Vec::new();
    for (index, probe) in rules.probes.iter().enumerate() {
        // Every TCP probe is answered by the lines of the NULL probe, too; that is no reason to send it.
        let asks = std::iter::once(&index).chain(&probe.fallback).any(|&at| !rules.probes[at].lines.is_empty());
        if !asks && !probe.is_null() {
            findings.push(Finding { place: place(probe), kind: Kind::ProbeWithoutLines });
        }
        // In another source it is meant, and sent once: sources have probes of their own.
        let same =
            |it: &&ir::Probe| (it.source, it.protocol, &it.payload) == (probe.source, probe.protocol, &probe.payload);
        if let Some(first) = rules.probes[..index].iter().find(same) {
            findings.push(Finding { place: place(probe), kind: Kind::ProbeRepeated { first: place(first) } });
        }
    }
    findings
}

/// Where a physical line stands.
fn line_span(text: &[u8], line: u32) -> crate::parse::Span {
    let mut start = 0;
    for _ in 1..line {
        start += text[start..].iter().position(|&byte| byte == b'\n').map_or(text.len() - start, |at| at + 1);
    }
    let end = start + text[start..].iter().position(|&byte| byte == b'\n').unwrap_or(text.len() - start);
    start..end
}
