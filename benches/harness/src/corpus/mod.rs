//! Responses, and what is known of their answers.

mod file;
mod generate;
mod hostile;
mod random;
mod unknown;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::database::Database;
use crate::definition::Corpus;

pub(crate) use random::Random;

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// What it is, for people.
    pub(crate) name: String,
    /// `tcp` or `udp`.
    pub(crate) protocol: String,
    /// The probe that drew it.
    pub(crate) probe: String,
    pub(crate) bytes: Vec<u8>,
    /// The right answers, if they are known: mostly one, two where PCRE2 meets a limit of nmap's. None is no match.
    pub(crate) right: Option<Vec<Option<Expected>>>,
}

/// What a corpus says of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The physical line.
    pub(crate) line: u32,
    /// The fields by name, empty ones absent.
    pub(crate) fields: BTreeMap<String, String>,
}

/// The responses of a task; none when a file is not there. Hostile ones are made from `database`; `order` says which of
/// the given database's lines a physical line is, and `whole` gives that database.
pub(crate) fn read(
    parts: &[Corpus],
    shared: &Path,
    database: &Database,
    order: impl Fn(u32) -> Option<usize>,
    whole: impl Fn() -> Result<Database>,
) -> Result<Option<Vec<Response>>> {
    let mut all = Vec::new();
    for part in parts {
        match part {
            Corpus::Files { files, max_len, known_to_every, every } => {
                let mut responses = Vec::new();
                for name in files {
                    let path = shared.join(format!("{name}.jsonl.gz"));
                    if !path.exists() {
                        eprintln!("{} is not there", path.display());
                        return Ok(None);
                    }
                    responses.extend(file::read(&path)?);
                }
                responses.retain(|response| response.bytes.len() <= *max_len);
                if let Some(step) = known_to_every {
                    let is_known = |right: &Expected| order(right.line).is_some_and(|index| index % step == 0);
                    responses.retain(|it| it.right.iter().flatten().all(|it| it.as_ref().is_some_and(is_known)));
                }
                all.extend(responses.into_iter().step_by(*every));
            }
            Corpus::Generated { generated, seed, count, size: [least, most], probe, unknown } => {
                ensure!(least <= most, "a size is from the least to the greatest");
                let mut random = Random::new(*seed);
                let response = |index: usize| Response {
                    name: format!("{generated:?} {index}").to_lowercase(),
                    protocol: "tcp".into(),
                    probe: probe.clone(),
                    bytes: generate::response(*generated, *least..=*most, &mut random),
                    right: None,
                };
                let mut responses: Vec<Response> = (0..*count).map(response).collect();
                if *unknown {
                    unknown::retain(&mut responses, &whole()?.compiled, probe)?;
                }
                all.extend(responses);
            }
            Corpus::Hostile { hostile, seed, count, size, probes } => {
                let order = hostile::Order { kind: *hostile, seed: *seed, count: *count, size: *size, probes };
                all.extend(order.fill(database)?);
            }
        }
    }
    Ok(Some(all))
}
