//! The targets of a scan, from arguments and files.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use portprint_scan::{Hosts, PortSet, Target};
use portprint_tables::{Database, Protocol};

use crate::exit::Failure;
use crate::match_command;

use super::Args;

/// The rarity up to which a probe's ports are usual ones.
const USUAL_RARITY: u8 = 3;

/// The longest line of a file of targets.
const LONGEST: u64 = 64 * 1024;

/// What was found.
pub(super) struct Found {
    pub(super) hosts: Hosts,
    /// How many targets were bad, each told.
    pub(super) skipped: usize,
}

struct Collector {
    found: Found,
    udp_told: bool,
}

/// Collects targets. A bad one among the arguments is wrong usage; in a file it is told and skipped.
pub(super) fn collect(args: &Args, database: &Database<'_>) -> Result<Found, Failure> {
    if args.targets.is_empty() && args.input.is_empty() {
        return Err(Failure::usage("there is no target; name one, or a file of targets with -i"));
    }
    let ports = match &args.ports {
        Some(ports) => ports.tcp.clone(),
        None => PortSet::usual(database, Protocol::Tcp, USUAL_RARITY),
    };
    let mut collector = Collector { found: Found { hosts: Hosts::new(ports), skipped: 0 }, udp_told: false };
    if args.ports.as_ref().is_some_and(|ports| !ports.udp.is_empty()) {
        collector.skip_udp();
    }
    for text in &args.targets {
        let target = text.parse().map_err(|error| Failure::usage(format!("{error}")))?;
        collector.add(&target);
    }
    for path in &args.input {
        collector.read(path)?;
    }
    Ok(collector.found)
}

impl Collector {
    fn add(&mut self, target: &Target) {
        if !self.found.hosts.add(target) {
            self.skip_udp();
        }
    }

    fn skip_udp(&mut self) {
        self.found.skipped += 1;
        if !self.udp_told {
            log::warn!("UDP is not supported yet; UDP targets are skipped");
            self.udp_told = true;
        }
    }

    fn read(&mut self, path: &Path) -> Result<(), Failure> {
        let name = match_command::name(path);
        let mut input = BufReader::new(match_command::open(path)?);
        let mut line = Vec::new();
        for number in 1u64.. {
            line.clear();
            let length = input
                .by_ref()
                .take(LONGEST)
                .read_until(b'\n', &mut line)
                .map_err(|error| Failure::file(&name, error))?;
            if length == 0 {
                break;
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            match text.parse() {
                Ok(target) => self.add(&target),
                Err(error) => {
                    log::warn!("{name}:{number}: {error}; skipped");
                    self.found.skipped += 1;
                }
            }
        }
        Ok(())
    }
}
