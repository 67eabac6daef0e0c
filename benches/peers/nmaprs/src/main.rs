//! A peer of the benchmark: the service detection of nmaprs.
//!
//! `PROTOCOL.md` in the benchmark's folder has the rules, `README.md` what this does and does not do. Usage: `nmaprs-peer TASK`.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use nmaprs::vscan::{ServiceMatch, apply_template, load_service_probes};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// A shorter round would measure how a process wakes up.
const LEAST_ROUND: Duration = Duration::from_millis(20);

struct Peer {
    /// The patterns of each chain's probes, in the order in which the probes are tried.
    chains: Vec<Vec<usize>>,
    probes: Vec<Vec<ServiceMatch>>,
    responses: Vec<(usize, Vec<u8>)>,
}

#[derive(Default)]
struct Answer {
    service: String,
    product: String,
    version: String,
}

impl Peer {
    /// The probes of the chain one after the other; nmaprs has no fallback itself, so this part is ours.
    fn classify(&self, chain: usize, response: &[u8]) -> Option<Answer> {
        self.chains[chain].iter().find_map(|&probe| match_probe(&self.probes[probe], response))
    }

    fn answers(&self, path: &str) -> Result<Value> {
        let mut text = String::new();
        for (chain, response) in &self.responses {
            text += &match self.classify(*chain, response) {
                None => "-".to_owned(),
                Some(Answer { service, product, version }) => {
                    let fields = [("service", service), ("product", product), ("version", version)];
                    let present: BTreeMap<_, _> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
                    json!(present).to_string()
                }
            };
            text.push('\n');
        }
        fs::write(path, text).with_context(|| path.to_owned())?;
        Ok(json!({ "answers": self.responses.len() }))
    }

    fn round(&self) -> Value {
        let start = now(ClockId::ThreadCPUTime);
        for passes in 1.. {
            for (chain, response) in &self.responses {
                black_box(self.classify(*chain, response));
            }
            let spent = now(ClockId::ThreadCPUTime) - start;
            if spent >= LEAST_ROUND {
                return json!({ "ns": (spent / passes).as_nanos() as u64 });
            }
        }
        unreachable!("time passes")
    }

    fn each(&self) -> Value {
        let times = self.responses.iter().map(|(chain, response)| {
            let start = now(ClockId::Monotonic);
            black_box(self.classify(*chain, response));
            (now(ClockId::Monotonic) - start).as_nanos() as u64
        });
        json!({ "each": times.collect::<Vec<_>>() })
    }
}

/// The loop of nmaprs over one probe's patterns: those of `match` lines first, then those of `softmatch` lines.
fn match_probe(matches: &[ServiceMatch], response: &[u8]) -> Option<Answer> {
    let first = |soft| {
        let mut candidates = matches.iter().filter(move |it| it.soft == soft);
        candidates.find_map(|it| it.regex.captures(response).map(|captures| (it, captures)))
    };
    let (found, captures) = first(false).or_else(|| first(true))?;
    // nmaprs itself joins all fields into one text and leaves the service out where there is a product. Its fields one by one are the
    // kinder reading.
    let field = |template: &Option<String>| {
        template.as_ref().map(|it| apply_template(it, &captures).trim().to_owned()).unwrap_or_default()
    };
    Some(Answer {
        service: found.service_name.clone(),
        product: field(&found.product_tpl),
        version: field(&found.version_tpl),
    })
}

fn load(task: &Path) -> Result<(Peer, usize)> {
    let objects = |name: &str| -> Result<Vec<Value>> {
        let text = fs::read_to_string(task.join(name)).with_context(|| name.to_owned())?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    };
    let lines = objects("lines.jsonl")?;
    let loaded = load_service_probes(&task.join("nmap-service-probes"))?;
    let tcp = loaded.tcp.into_iter().map(|it| (("tcp".to_owned(), it.name), it.matches));
    let udp = loaded.udp.into_iter().map(|it| (("udp".to_owned(), it.name), it.matches));
    let (mut probes, mut by_name) = (Vec::new(), HashMap::new());
    for (name, matches) in tcp.chain(udp) {
        by_name.insert(name, probes.len());
        probes.push(matches);
    }

    let text = |object: &Value, key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let mut chains = Vec::new();
    for chain in objects("chains.jsonl")? {
        let mut chain_probes = Vec::new();
        for range in chain["lines"].as_array().context("a chain has lines")? {
            let Some(line) = range[0].as_u64().and_then(|start| lines.get(start as usize)) else { continue };
            let name = (text(line, "protocol"), text(line, "probe"));
            chain_probes.push(*by_name.get(&name).with_context(|| format!("no probe {name:?}"))?);
        }
        chains.push(chain_probes);
    }

    let data = fs::read(task.join("responses.bin")).context("responses.bin")?;
    let (mut rest, mut responses) = (data.as_slice(), Vec::new());
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
        let (response, after) = after.split_at_checked(number(4)).context("responses.bin is cut off")?;
        ensure!(number(0) < chains.len(), "responses.bin names a chain that is not there");
        responses.push((number(0), response.to_vec()));
        rest = after;
    }
    let unsupported = lines.len() - probes.iter().map(Vec::len).sum::<usize>();
    Ok((Peer { chains, probes, responses }, unsupported))
}

fn now(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn say(message: &Value) -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{message}")?;
    Ok(output.flush()?)
}

fn main() -> Result<()> {
    let task = PathBuf::from(std::env::args_os().nth(1).context("usage: nmaprs-peer TASK")?);
    let start = Instant::now();
    let (peer, unsupported) = load(&task)?;
    let load_ms = start.elapsed().as_millis() as u64;
    let notes = "lines that regex cannot compile are dropped by nmaprs; the walk over the chain's probes is the peer's";
    let ready = json!({ "engine": "nmaprs 0.1.9", "load_ms": load_ms, "unsupported": unsupported, "notes": notes });
    say(&json!({ "ready": ready }))?;
    for command in io::stdin().lock().lines() {
        let command = command?;
        match command.split_once(' ').unwrap_or((&command, "")) {
            ("answers", path) => say(&peer.answers(path)?)?,
            ("round", _) => say(&peer.round())?,
            ("each", _) => say(&peer.each())?,
            ("quit", _) => break,
            _ => bail!("no such command: {command}"),
        }
    }
    Ok(())
}
