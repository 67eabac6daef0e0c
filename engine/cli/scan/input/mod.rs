//! The targets of a scan, from arguments and files.
//!
//! ```text
//! file ─► lines, values of an array, or XML ─► records of a dozen programs ─► Target
//! ```
//!
//! A bad target among the arguments is wrong usage; in a file it is told with its line and skipped. What must not be scanned is never
//! skipped: a bad line of those is wrong usage wherever it stands.

mod array;
mod json;
mod line;
mod lines;
mod stream;
mod xml;

use std::hash::{BuildHasher, RandomState};
use std::net::ToSocketAddrs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use portprint_scan::{AddressRange, Defaults, Excluded, PortSet, Ports, Shard, Target, Targets};
use portprint_tables::{Database, Protocol};

use crate::exit::Failure;
use crate::match_command;

use super::Args;
use super::journal::{Identity, Parts};
use lines::{Line, Lines};

/// Why there is no UDP with `--proxy`.
const NO_UDP: &str = "UDP does not go through a proxy";

/// The rarity up to which a probe's ports are usual ones.
const USUAL_RARITY: u8 = 3;

/// What was wrong with files, while they are read.
#[derive(Debug, Default)]
pub(super) struct Faults {
    bad: AtomicU64,
    /// The first file that could not be read to its end.
    unreadable: Mutex<Option<String>>,
}

impl Faults {
    /// Something bad was told and skipped.
    fn count(&self) {
        self.bad.fetch_add(1, Ordering::Relaxed);
    }

    fn unreadable(&self, message: String) {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
    }

    /// Whether anything was bad and skipped.
    pub(super) fn is_any(&self) -> bool {
        self.bad.load(Ordering::Relaxed) > 0
    }

    /// The failure of a file, once all are read.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).take().map(Failure::fault)
    }
}

/// What is to be scanned.
pub(super) struct Input {
    pub(super) targets: Targets,
    pub(super) faults: Arc<Faults>,
    /// Which scan it is.
    pub(super) identity: Identity,
}

/// Takes the arguments, and opens the files. `seed` is the one that the scan had before, if it goes on.
pub(super) fn open(args: &Args, database: &Database<'_>, seed: Option<u64>) -> Result<Input, Failure> {
    if args.targets.is_empty() && args.input.is_empty() {
        return Err(Failure::usage("there is no target; name one, or a file of targets with -i"));
    }
    if args.input.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Failure::usage("standard input can be read only once"));
    }
    let usual = |protocol| PortSet::usual(database, protocol, USUAL_RARITY);
    let defaults = Defaults {
        protocol: if args.udp { Protocol::Udp } else { Protocol::Tcp },
        ports: args.ports.clone().unwrap_or_default(),
        usual: Ports::new(&usual(Protocol::Tcp), &usual(Protocol::Udp)),
    };
    let seed = args.order.seed.or(seed).unwrap_or_else(|| RandomState::new().hash_one("portprint"));
    log::info!("the order of ports is that of --seed {seed}");
    let ports = format!("{defaults:?}");
    let mut targets = Targets::new(defaults, seed);
    let tcp_only = args.way.proxy.is_some();
    if tcp_only && (args.udp || args.ports.as_ref().is_some_and(|ports| !ports.udp.is_empty())) {
        return Err(Failure::usage(format!("{NO_UDP}; leave out -u, or the ports behind U:")));
    }
    for text in &args.targets {
        let target: Target = text.parse().map_err(|error| Failure::usage(format!("{error}")))?;
        if tcp_only && target.names_udp() {
            return Err(Failure::usage(format!("target '{text}': {NO_UDP}")));
        }
        targets.add(target);
    }
    let faults = Arc::new(Faults::default());
    let mut excluded = excluded(args)?;
    let identity = Identity::new(&Parts {
        targets: &args.targets,
        inputs: args.input.len(),
        ports,
        excluded: format!("{excluded:?}"),
        reserved: args.reserved,
        shard: args.order.shard.zip(args.order.shards),
        intensity: args.intensity,
        all_ports: args.all_ports,
        all_states: args.all_states,
        seed,
    });
    resolve(args, &mut excluded, &faults)?;
    targets.exclude(excluded.into_iter().collect());
    if args.reserved {
        targets.include_reserved();
    }
    if let (Some(count), Some(number)) = (args.order.shards, args.order.shard) {
        let shard = Shard::new(number, count)
            .ok_or_else(|| Failure::usage(format!("--shard {number}: the shards are numbered from 1 to {count}")))?;
        targets.shard(shard);
    }
    for path in &args.input {
        targets.add_stream(stream::open(path, tcp_only, &faults)?);
    }
    Ok(Input { targets, faults, identity })
}

/// What must not be scanned.
fn excluded(args: &Args) -> Result<Vec<Excluded>, Failure> {
    let mut list = Vec::new();
    for item in args.exclude.iter().flat_map(|items| items.split(',')).map(str::trim) {
        list.push(item.parse().map_err(|error| Failure::usage(format!("--exclude: {error}")))?);
    }
    for path in &args.exclude_file {
        read_excluded(path, &mut list)?;
    }
    Ok(list)
}

/// Adds the addresses of names that must not be scanned.
fn resolve(args: &Args, list: &mut Vec<Excluded>, faults: &Faults) -> Result<(), Failure> {
    let mut addresses = Vec::new();
    for excluded in &*list {
        let Excluded::Name(name) = excluded else { continue };
        if args.dry_run {
            log::warn!("--exclude: {name} is not resolved in a dry run; targets at its addresses are listed");
            faults.count();
            continue;
        }
        // Somebody does not want to be scanned: rather no scan than one that cannot leave them out.
        let found = (name.as_str(), 0).to_socket_addrs().map_err(|error| {
            Failure::usage(format!(
                "--exclude: {name} has no address that could be left out ({error}); give the address"
            ))
        })?;
        addresses.extend(found.map(|address| Excluded::Range(AddressRange::one(address.ip()))));
    }
    list.append(&mut addresses);
    Ok(())
}

/// Reads a file of what must not be scanned: an item a line, with comments after `#`.
fn read_excluded(path: &Path, list: &mut Vec<Excluded>) -> Result<(), Failure> {
    let name = match_command::name(path);
    let mut lines = Lines::new(std::io::BufReader::new(match_command::open(path)?));
    while let Some((number, line)) = lines.next().map_err(|error| Failure::file(&name, error))? {
        let Line::Whole(line) = line else {
            return Err(Failure::usage(format!("{name}:{number}: {}", lines::TOO_LONG)));
        };
        let text = String::from_utf8_lossy(line);
        let text = text.split('#').next().unwrap_or_default().trim();
        if !text.is_empty() {
            list.push(text.parse().map_err(|error| Failure::usage(format!("{name}:{number}: {error}")))?);
        }
    }
    Ok(())
}
