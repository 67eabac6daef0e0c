//! `portprint plugin run`: one plugin against one port, whatever the evidence.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portprint_codegen::Source;
use portprint_core::Matcher;
use portprint_core::handshake::{
    Action, Candidate, Event, Evidence, Fault, Handshake, Handshakes, PluginId, Target as Port,
};
use portprint_core::session::{PortState, Report, SessionConfig};
use portprint_plugin_host::fixture::Recorder;
use portprint_plugin_host::{Fixture, Plugin};
use portprint_scan::{
    Cancel, Defaults, Direct, Event as Told, Hosts, PortSelection, Ports, Progress, ScanConfig, Scanner, Target,
    Targets,
};
use portprint_tables::{Database, Protocol};

use crate::context::{Context, keep};
use crate::exit::{Ending, Failure};
use crate::output;

use super::recording::Recording;
use super::{findings, folders};

/// Run one plugin against one port, and show what it finds
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
No probe of the rules is sent; the plugin is shown what the peer says by itself.

Examples:
  portprint plugin run target/release/libportprint_plugin_ssh.so 127.0.0.1:22
  portprint plugin run libportprint_plugin_dns.so udp://192.0.2.53:53
  portprint plugin run libportprint_plugin_mqtt.so 192.0.2.7:8883 --tls
  portprint plugin run libportprint_plugin_ssh.so 127.0.0.1:22 --record fixtures/mine.txt")]
pub(super) struct Args {
    /// The plugin's library
    file: PathBuf,

    /// The port: HOST:PORT, or udp://HOST:PORT
    target: Target,

    /// All connections have TLS over them
    #[arg(long)]
    tls: bool,

    /// Write the conversation as a fixture, into a file that is not there yet
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// There is only one rule set that sends nothing, and waits a moment for what a peer says by itself.
const RULES: &str = "Probe TCP NULL q||\ntotalwaitms 300\ntcpwrappedms 100\nmatch x m|^\\0x\\0y\\0z$|\n";

pub(super) fn run(context: &Context, args: Args) -> Result<Ending, Failure> {
    let target = one_port(args.target)?;
    if args.tls && target.names_udp() {
        return Err(Failure::usage("--tls is for TCP: no TLS is put over the datagrams of plugins"));
    }
    let plugin = folders::plugin(&args.file)?;
    let recording = args.record.as_deref().map(Recording::open).transpose()?;
    let kept = Arc::new(Kept::default());
    let report = ask(Alone { plugin, inside: args.tls, kept: kept.clone() }, target)?;
    if let Some(fault) = lock(&kept.fault).take() {
        return Err(Failure::fault(fault.to_string()));
    }
    let Some(report) = report else {
        return Err(Failure::fault("the target was not asked: it is excluded or has no address"));
    };
    let mut out = String::new();
    if report.found.is_empty() {
        out.push_str(&format!("nothing found; the port is {}\n", report.state));
    }
    for found in &report.found {
        findings::show(&mut out, found);
    }
    // Whoever reads the output may have gone, which ends the program.
    let recorded = recording.map(|recording| record(recording, &kept, report.state)).transpose();
    output::write(context.color(), &out)?;
    if let Some(name) = recorded? {
        log::info!("{name}: recorded; say in its first lines what software it was");
    }
    Ok(Ending::Done)
}

/// Writes the fixture, and gives its name.
fn record(recording: Recording, kept: &Kept, state: PortState) -> Result<String, Failure> {
    let Some(fixture) = lock(&kept.recorded).take() else {
        let what = if kept.has_begun.load(Ordering::Relaxed) {
            "the conversation did not come to its end".to_owned()
        } else {
            format!("there was no conversation, because the port is {state}")
        };
        return Err(Failure::fault(format!("{what}; nothing is recorded")));
    };
    recording.write(&fixture.to_string())
}

/// The target, if it is one port of one host; its transport is said then.
fn one_port(target: Target) -> Result<Target, Failure> {
    const WANTED: &str = "expected one host and one port: HOST:PORT, or udp://HOST:PORT";
    let refuse = |what: &str| Err(Failure::usage(format!("{what}; {WANTED}")));
    if let Hosts::Range(range) = &target.hosts
        && range.first() != range.last()
    {
        return refuse("the target is several hosts");
    }
    let Some(ports) = &target.ports else { return refuse("the target has no port") };
    let protocol = target.protocol.unwrap_or(Protocol::Tcp);
    let sets = [(protocol, &ports.plain), (Protocol::Tcp, &ports.tcp), (Protocol::Udp, &ports.udp)];
    let mut all = sets.into_iter().flat_map(|(protocol, set)| set.iter().map(move |port| (protocol, port)));
    match (all.next(), all.next()) {
        (Some((_, 0)), None) => refuse("no port has the number 0"),
        (Some((own, _)), None) if target.protocol.is_some_and(|said| said != own) => {
            refuse("the target names two transports")
        }
        (Some((protocol, port)), None) => {
            let ports = Some(PortSelection::from_ports(protocol, [port]));
            Ok(Target { hosts: target.hosts, protocol: Some(protocol), ports })
        }
        (None, _) => refuse("the target has no port"),
        (Some(_), Some(_)) => refuse("the target is several ports"),
    }
}

/// Asks the port. Nothing comes back if it was not asked.
fn ask(plugin: Alone, target: Target) -> Result<Option<Report>, Failure> {
    let source = Source { name: "none".to_owned(), text: RULES.as_bytes().to_vec(), ..Source::default() };
    let compiled = portprint_codegen::compile(&[source]).map_err(|faults| Failure::fault(faults.to_string()))?;
    // For the rest of the program's life, which is short.
    let database = Database::from_bytes(keep(&compiled.database)).map_err(|error| Failure::fault(error.to_string()))?;
    let config = ScanConfig {
        session: SessionConfig { connections: 1, ..SessionConfig::default() },
        all_states: true,
        ..ScanConfig::default()
    };
    let protocol = target.protocol.unwrap_or(Protocol::Tcp);
    let ports = PortSelection::from_ports(protocol, []);
    let mut targets = Targets::new(Defaults { protocol, ports, usual: Ports::default() }, 0);
    targets.add(target);
    let scanner =
        Scanner::with_transport(Matcher::new(&database), config, Direct::default()).with_handshakes(Arc::new(plugin));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::fault(format!("the runtime cannot start: {error}")))?;
    let mut report = None;
    let scanned = runtime.block_on(scanner.run(targets, &Cancel::new(), &Progress::new(), |event| match event {
        Told::Port(port) => report = Some(port.report),
        Told::HostSkipped(skipped) => log::warn!("{}: {}", skipped.host, skipped.reason),
        _ => {}
    }));
    // A step that never comes back is left to itself.
    runtime.shutdown_timeout(Duration::ZERO);
    scanned.map_err(|error| Failure::fault(error.to_string()))?;
    Ok(report)
}

/// One plugin, for which everything speaks.
#[derive(Debug)]
struct Alone {
    plugin: Plugin,
    inside: bool,
    kept: Arc<Kept>,
}

/// What is to be known of its conversation afterwards.
#[derive(Debug, Default)]
struct Kept {
    has_begun: AtomicBool,
    recorded: Mutex<Option<Fixture>>,
    fault: Mutex<Option<Fault>>,
}

impl Kept {
    fn fault(&self, fault: Fault) -> Fault {
        *lock(&self.fault) = Some(fault.clone());
        fault
    }
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Its conversation; what it does wrong is kept.
struct Conversation {
    handshake: Box<dyn Handshake>,
    kept: Arc<Kept>,
}

impl Handshake for Conversation {
    fn step(&mut self, event: &Event) -> Result<Action, Fault> {
        self.handshake.step(event).map_err(|fault| self.kept.fault(fault))
    }
}

impl Handshakes for Alone {
    fn candidates(&self, _: &Evidence<'_>) -> Vec<Candidate> {
        vec![Candidate { plugin: PluginId(0), inside: self.inside, is_founded: true }]
    }

    fn open(&self, _: PluginId, target: &Port<'_>) -> Result<Box<dyn Handshake>, Fault> {
        // The same each time, as in replays.
        let session = self.plugin.open(target, 0).map_err(|fault| self.kept.fault(fault))?;
        self.kept.has_begun.store(true, Ordering::Relaxed);
        let kept = self.kept.clone();
        let keep = Box::new(move |fixture| *lock(&kept.recorded) = Some(fixture));
        let handshake = Box::new(Recorder::new(Box::new(session), target, keep));
        Ok(Box::new(Conversation { handshake, kept: self.kept.clone() }))
    }

    fn name(&self, _: PluginId) -> &str {
        &self.plugin.description().id
    }

    fn overdue(&self, plugin: PluginId) {
        let what = "a step did not come back, which breaks the rule that step returns soon".to_owned();
        self.kept.fault(Fault { plugin: self.name(plugin).to_owned(), what });
    }
}
