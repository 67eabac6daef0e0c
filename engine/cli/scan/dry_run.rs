//! What a scan would send, without sending it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use portprint_core::session;
use portprint_scan::{Hosts, PortSet};
use portprint_tables::{Database, ProbeId, Protocol};

use crate::context::Context;
use crate::exit::Failure;
use crate::{escape, output};

use super::Args;

/// Writes for each host which probes its ports are asked as long as nothing matches, and then what those probes send.
pub(super) fn show(context: &Context, database: &Database<'_>, hosts: &Hosts, args: &Args) -> Result<(), Failure> {
    let name = |probe: ProbeId| escape::visible(database.probe(probe).name());
    let mut out = String::new();
    let mut used = BTreeSet::new();
    let mut plans = BTreeMap::<u16, Option<Vec<ProbeId>>>::new();
    for (host, ports) in hosts.iter() {
        let mut groups = BTreeMap::<Option<Vec<ProbeId>>, Vec<u16>>::new();
        for port in ports.iter() {
            let plan = plans.entry(port).or_insert_with(|| {
                let is_excluded = !args.all_ports && database.is_excluded(Protocol::Tcp, port);
                (!is_excluded).then(|| session::plan(database, Protocol::Tcp, port, args.intensity))
            });
            groups.entry(plan.clone()).or_default().push(port);
        }
        let _ = writeln!(out, "{}", escape::message(&host.given));
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by(|(_, one), (_, other)| one.first().cmp(&other.first()));
        for (plan, ports) in groups {
            let ports = PortSet::from_ports(ports);
            let Some(plan) = plan else {
                let _ = writeln!(out, "  tcp {ports}: excluded; only a connection");
                continue;
            };
            let names: Vec<_> = plan.iter().copied().map(name).collect();
            let _ = writeln!(out, "  tcp {ports}: {}", names.join(" "));
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
