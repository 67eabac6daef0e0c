//! What a scan would send, without sending it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;

use portprint_core::session;
use portprint_scan::{Item, PortSet, Targets};
use portprint_tables::{Database, ProbeId, Protocol};

use crate::context::Context;
use crate::exit::Failure;
use crate::{escape, output};

use super::Args;

/// Up to so many ports are shown by host with their probes. More are listed as they come.
const FEW: usize = 4096;

/// Writes for each host which probes its ports are asked as long as nothing matches, and then what those probes send; or, if there are
/// many ports, the ports, one a line, in the order in which they would be visited and as the targets that they are.
pub(super) fn show(context: &Context, database: &Database<'_>, targets: Targets, args: &Args) -> Result<(), Failure> {
    let mut items = targets.into_items();
    let few: Vec<Item> = items.by_ref().take(FEW + 1).collect();
    if few.len() <= FEW { show_probes(context, database, &few, args) } else { list(few.into_iter().chain(items)) }
}

fn list(items: impl Iterator<Item = Item>) -> Result<(), Failure> {
    let mut out = output::plain();
    let mut count = 0u64;
    for item in items {
        let (protocol, port) = (item.protocol, item.port);
        match item.host.address() {
            Some(IpAddr::V6(address)) => writeln!(out, "{protocol}://[{address}]:{port}"),
            Some(IpAddr::V4(address)) => writeln!(out, "{protocol}://{address}:{port}"),
            None => writeln!(out, "{protocol}://{}:{port}", escape::message(&item.host.name())),
        }
        .map_err(Failure::output)?;
        count += 1;
    }
    out.flush().map_err(Failure::output)?;
    log::warn!("{count} ports would be visited; nothing was sent");
    Ok(())
}

fn show_probes(context: &Context, database: &Database<'_>, items: &[Item], args: &Args) -> Result<(), Failure> {
    let name = |probe: ProbeId| escape::visible(database.probe(probe).name());
    // By address, names first.
    let mut hosts = BTreeMap::<(Option<IpAddr>, String), BTreeSet<(Protocol, u16)>>::new();
    for item in items {
        let host = (item.host.address(), item.host.name().into_owned());
        hosts.entry(host).or_default().insert((item.protocol, item.port));
    }
    let mut out = String::new();
    let mut used = BTreeSet::new();
    let mut plans = BTreeMap::<(Protocol, u16), Option<Vec<ProbeId>>>::new();
    for ((_, host), ports) in hosts {
        let mut groups = BTreeMap::<(Protocol, Option<Vec<ProbeId>>), Vec<u16>>::new();
        for (protocol, port) in ports {
            let plan = plans.entry((protocol, port)).or_insert_with(|| {
                let is_excluded = !args.all_ports && database.is_excluded(protocol, port);
                (!is_excluded).then(|| session::plan(database, protocol, port, args.intensity))
            });
            groups.entry((protocol, plan.clone())).or_default().push(port);
        }
        let _ = writeln!(out, "{}", escape::message(&host));
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|((protocol, _), ports)| (*protocol, ports.first().copied()));
        for ((protocol, plan), ports) in groups {
            let ports = PortSet::from_ports(ports);
            let Some(plan) = plan else {
                let _ = writeln!(out, "  {protocol} {ports}: excluded; only a connection");
                continue;
            };
            let names: Vec<_> = plan.iter().copied().map(name).collect();
            let _ = writeln!(out, "  {protocol} {ports}: {}", names.join(" "));
            used.extend(plan);
        }
    }
    if !used.is_empty() {
        out.push_str("\nProbes:\n");
    }
    for probe in used {
        let payload = database.probe(probe).payload();
        let shown = if payload.is_empty() { String::from("sends nothing, listens") } else { escape::payload(payload) };
        let _ = writeln!(out, "  {} {shown}", name(probe));
    }
    output::write(context.color(), &out)
}
