//! One response after the other.

use anyhow::{Context as _, Result};
use portprint_bench_peer::{Chain, Engine, Task};
use portprint_core::{Fields, Matcher, Scratch, Verdict};
use portprint_tables::{Database, LineId, ProbeId, Protocol};
use serde_json::{Map, Value};

/// The matcher, and what it is asked for.
pub(crate) struct Classify {
    pub(crate) matcher: Matcher<'static>,
    /// The probe of each chain.
    pub(crate) probes: Vec<(Protocol, ProbeId)>,
    pub(crate) scratch: Scratch,
}

impl Classify {
    pub(crate) fn new(task: &Task) -> Result<Self> {
        let database = Database::from_bytes(task.leaked("portprint.db")?)?;
        database.verify()?;
        let probe = |chain: &Chain| {
            let protocol = if chain.protocol == "udp" { Protocol::Udp } else { Protocol::Tcp };
            let probe =
                database.find_probe(protocol, chain.probe.as_bytes()).context("a chain has an unknown probe")?;
            Ok((protocol, probe.id()))
        };
        let probes = task.chains.iter().map(probe).collect::<Result<_>>()?;
        Ok(Self { matcher: Matcher::new(&database), probes, scratch: Scratch::new() })
    }

    fn verdict(&mut self, chain: usize, response: &[u8]) -> Verdict<'_> {
        let (protocol, probe) = self.probes[chain];
        self.matcher.classify(protocol, probe, response, &mut self.scratch)
    }
}

impl Engine for Classify {
    fn classify(&mut self, chain: usize, response: &[u8]) -> Option<usize> {
        let verdict = std::hint::black_box(self.verdict(chain, response));
        verdict.hit.map(|hit| hit.line.index())
    }

    fn answer(&mut self, chain: usize, response: &[u8], answer: &mut String) {
        write_verdict(answer, self.verdict(chain, response));
    }
}

/// The answer that a verdict is.
pub(crate) fn write_verdict(answer: &mut String, verdict: Verdict<'_>) {
    match verdict.hit {
        Some(hit) => write_hit(answer, hit.line, hit.service, hit.fields),
        None => answer.push('-'),
    }
}

/// The answer that a line with its fields is.
pub(crate) fn write_hit(answer: &mut String, line: LineId, service: &[u8], fields: Fields<'_>) {
    let mut object = Map::new();
    object.insert("line".into(), line.to_u32().into());
    object.insert("service".into(), String::from_utf8_lossy(service).into());
    for (field, value) in fields.iter().filter(|(field, _)| !field.is_cpe()) {
        object.insert(format!("{field:?}").to_lowercase(), value.into());
    }
    object.insert("cpe".into(), fields.cpe().collect());
    answer.push_str(&Value::from(object).to_string());
}
