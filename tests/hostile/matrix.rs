//! Every kind of bad peer, in the same scan as twenty good ones.

use std::fmt::Write;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::measure::{RULES, Ran, scan};
use super::peers::{Does, Peers};
use crate::databases::tell;

/// The good ones in each scan.
const OTHERS: usize = 20;

/// Their records come so soon, whatever else is going on, where there is room for all at a time.
const NOT_LATE: Duration = Duration::from_secs(3);

/// And so soon where they wait with others for one of the thousand places, which a silent peer holds for some three seconds.
const AFTER_OTHERS: Duration = Duration::from_secs(15);

/// What a bad peer may cost more than a good one, in KiB.
const MEMORY: u64 = 4 * 1024;

/// The most that a peer gets rid of on one connection: what is kept, one read, and the system's buffers.
const TAKEN: u64 = 1024 * 1024;

#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    does: Does,
    shape: Shape,
    /// All records of the bad ones begin with this: state, outcome.
    expected: &'static str,
    budget: Duration,
}

/// Where the bad ones are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// So many ports of one host.
    Ports(usize),
    /// One port of each of so many hosts.
    Hosts(usize),
}

impl Shape {
    fn peers(self) -> usize {
        match self {
            Self::Ports(count) | Self::Hosts(count) => count,
        }
    }

    fn start(self, does: Does) -> Peers {
        Peers::start(does, if let Self::Ports(count) = self { count } else { 1 })
    }

    fn targets(self, bad: &Peers, others: &Peers) -> String {
        let mut targets = String::new();
        for port in &others.ports {
            let _ = writeln!(targets, "127.0.0.2:{port}");
        }
        match self {
            Self::Ports(_) => bad.ports.iter().for_each(|port| writeln!(targets, "127.0.0.1:{port}").expect("memory")),
            Self::Hosts(count) => {
                for host in 0..count {
                    let _ = writeln!(targets, "127.1.{}.{}:{}", host / 256, host % 256, bad.ports[0]);
                }
            }
        }
        targets
    }
}

const fn case(name: &'static str, does: Does, expected: &'static str, seconds: u64) -> Case {
    Case { name, does, shape: Shape::Ports(4), expected, budget: Duration::from_secs(seconds) }
}

/// Sums of what the rules wait for, with as much again for a machine that is busy.
const FEW: [Case; 14] = [
    case("greets, and is harmless", Does::Greet, "open identified", 4),
    case("silent", Does::Listen, "open silent", 12),
    case("a byte a second", Does::Drip, "open unrecognized", 14),
    case("endless flood", Does::Flood, "open unrecognized", 6),
    case("a line of 64 MiB", Does::Line(64 << 20), "open unrecognized", 6),
    case("closes at once", Does::CloseAtOnce, "open tcpwrapped", 4),
    case("resets at once", Does::ResetAtOnce, "open tcpwrapped", 4),
    case("resets in its banner", Does::ResetInBanner, "open unrecognized", 12),
    case("never reads", Does::Ignore, "open silent", 12),
    case("control bytes", Does::Controls, "open unrecognized", 12),
    case("TLS alert", Does::TlsAlert, "open unrecognized", 10),
    case("TLS garbage", Does::TlsGarbage, "open unrecognized", 10),
    case("half a TLS handshake", Does::TlsHalf, "open timeout", 16),
    case("TLS handshake without end", Does::TlsEndless, "open unrecognized", 10),
];

const fn many(name: &'static str, does: Does, shape: Shape, expected: &'static str) -> Case {
    Case { name, does, shape, expected, budget: Duration::from_secs(25) }
}

const MANY: [Case; 5] = [
    many("2,000 ports, harmless", Does::Greet, Shape::Ports(2000), "open identified"),
    many("2,000 ports of a host, mute", Does::Listen, Shape::Ports(2000), "open silent"),
    many("2,000 ports of a host, control bytes", Does::Controls, Shape::Ports(2000), "open unrecognized"),
    many("3,000 hosts, harmless", Does::Greet, Shape::Hosts(3000), "open identified"),
    many("3,000 hosts, silent", Does::Listen, Shape::Hosts(3000), "open silent"),
];

/// What a case came to.
struct Result {
    case: Case,
    ran: Ran,
    bad: Peers,
    /// How many records the bad ones have.
    found: usize,
    /// When the last of the others came.
    last: Duration,
}

fn run(case: Case, others: &Peers) -> Result {
    let bad = case.shape.start(case.does);
    let outputs = ["-o", "text=r.txt", "-o", "xml=r.xml", "-o", "csv=r.csv", "-o", "html=r.html"];
    let arguments = [&outputs[..], &["--connect-timeout", "2s"]].concat();
    let ran = scan(&case.shape.targets(&bad, others), RULES, &arguments);
    let name = case.name;
    assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
    let is_other = |record: &Value| record["ip"] == "127.0.0.2";
    let (good, found): (Vec<_>, Vec<_>) = ran.records.iter().partition(|(_, record)| is_other(record));
    assert_eq!(good.len(), OTHERS, "{name}: all others are found");
    assert!(good.iter().all(|(_, record)| record["product"] == "Opend"), "{name}: and identified");
    let last = good.iter().map(|(at, _)| *at).max().unwrap_or_default();
    for (_, record) in &found {
        let told = format!("{} {}", record["state"], record["outcome"]).replace('"', "");
        assert_eq!(told, case.expected, "{name}: {record}");
    }
    let found = found.len();
    outputs_are_text(name, &ran);
    Result { case, bad, found, last, ran }
}

fn outputs_are_text(name: &str, ran: &Ran) {
    for file in ["r.txt", "r.xml", "r.csv", "r.html"] {
        let text = ran.place.read(file);
        let control = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r'));
        assert!(control.is_none(), "{name}: {file} has {control:?}");
        if file == "r.xml" {
            let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
            roxmltree::Document::parse_with_options(&text, options).expect("it is well-formed");
        }
    }
}

#[test]
fn bad_peers_cost_nobody_anything() {
    assert!(portprint_scan::available_descriptors() > 8000, "both ends of each connection need descriptors");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _entered = runtime.enter();
    let others = &Peers::start(Does::Greet, OTHERS);
    let mut results: Vec<Result> = thread::scope(|scope| {
        let handle = runtime.handle();
        let run = |case| {
            let _entered = handle.enter();
            run(case, others)
        };
        let threads = FEW.map(|case| scope.spawn(move || run(case)));
        threads.map(|thread| thread.join().expect("it has passed")).into()
    });
    results.extend(MANY.map(|case| run(case, others)));

    let mut faults = Vec::new();
    let mut table = String::from(
        "peer                                  wall s (budget)  MiB (more)  taken/conn KiB  conns  others s\n",
    );
    for result in &results {
        let Result { case, ran, bad, found, last } = result;
        let harmless = results
            .iter()
            .find(|other| other.case.shape == case.shape && other.case.does == Does::Greet)
            .map_or(0, |other| other.ran.peak);
        let more = ran.peak.saturating_sub(harmless);
        let (taken, connections) = (bad.written(), bad.connections());
        let each = taken / connections.max(1);
        let _ = writeln!(
            table,
            "{:36}  {:6.1} ({:3})     {:5.1} ({:4.1})  {:14}  {:5}  {:8.2}",
            case.name,
            ran.took.as_secs_f64(),
            case.budget.as_secs(),
            ran.peak as f64 / 1024.0,
            more as f64 / 1024.0,
            each / 1024,
            connections,
            last.as_secs_f64(),
        );
        let not_late = if matches!(case.shape, Shape::Hosts(_)) { AFTER_OTHERS } else { NOT_LATE };
        let is_mute = case.shape == Shape::Ports(2000) && case.does == Does::Listen;
        let is_given_up = is_mute && (200..1000).contains(found) && ran.stderr.contains("127.0.0.1");
        for (is_well, fault) in [
            (ran.took <= case.budget, "it took too long"),
            (more <= MEMORY, "it took too much memory"),
            (each <= TAKEN, "it took too much in"),
            (*last <= not_late, "the others came late"),
            (*found == case.shape.peers() || is_given_up, "ports are missing"),
        ] {
            if !is_well {
                faults.push(format!("{}: {fault}", case.name));
            }
        }
    }
    tell(&table);
    assert!(faults.is_empty(), "{faults:#?}\n{table}");
}
