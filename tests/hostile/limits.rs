//! The limits that can be set hold against peers that give them reason to.

use std::fmt::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::measure::{RULES, scan};
use super::peers::{Does, Peers};
use crate::databases::tell;

fn with_peer<T>(does: Does, ports: usize, test: impl FnOnce(&Peers, String) -> T) -> T {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _entered = runtime.enter();
    let peers = Peers::start(does, ports);
    let mut targets = String::new();
    for port in &peers.ports {
        let _ = writeln!(targets, "127.0.0.1:{port}");
    }
    test(&peers, targets)
}

#[test]
fn no_more_of_an_answer_is_kept_than_may_be() {
    for (most, taken) in [("1000", 512 * 1024), ("2000000", 6_000_000)] {
        with_peer(Does::Flood, 1, |peers, targets| {
            let ran = scan(&targets, RULES, &["--max-response", most, "--save-responses", "saved.jsonl"]);
            let saved = ran.place.read("saved.jsonl");
            let lengths: Vec<_> = saved
                .lines()
                .map(|line| {
                    let line: Value = serde_json::from_str(line).expect("a response");
                    STANDARD.decode(line["response"].as_str().expect("bytes")).expect("base64").len()
                })
                .collect();
            let most: usize = most.parse().expect("a number");
            assert!(lengths.iter().max() == Some(&most), "{most}: {lengths:?}");
            let each = peers.written() / peers.connections();
            assert!(each < taken, "{most}: {each} bytes of each connection");
        });
    }
}

#[test]
fn probes_and_hosts_have_only_so_much_time() {
    for does in [Does::Listen, Does::Drip] {
        let (probe, host) = with_peer(does, 1, |_, targets| {
            let probe = scan(&targets, RULES, &["--patient", "--probe-timeout", "200ms"]).took;
            let host = scan(&targets, RULES, &["--patient", "--host-timeout", "700ms"]);
            assert_eq!(host.records[0].1["outcome"], "timeout", "{does:?}");
            (probe, host.took)
        });
        // Three probes each.
        assert!(probe < Duration::from_secs(2), "{does:?}: {probe:?}");
        assert!(host > Duration::from_millis(700) && host < Duration::from_secs(2), "{does:?}: {host:?}");
    }
}

/// A payload as long as a line can have it, which is more than the window of who never reads.
fn long_payload() -> String {
    format!("{RULES}Probe TCP Long q|{}|\nrarity 1\nmatch long m|^long|\n", "long ".repeat(1600))
}

#[test]
fn a_peer_that_does_not_read_cannot_hold_a_probe_up() {
    with_peer(Does::Ignore, 4, |_, targets| {
        let ran = scan(&targets, &long_payload(), &["--probe-timeout", "200ms"]);
        assert_eq!((ran.code, ran.records.len()), (0, 4), "{}", ran.stderr);
        assert!(ran.records.iter().all(|(_, record)| record["outcome"] == "silent"), "{:?}", ran.records);
        assert!(ran.took < Duration::from_secs(4), "{:?}", ran.took);
    });
}

#[test]
fn memory_does_not_grow_with_the_number_of_targets() {
    let mut peaks = Vec::new();
    for hosts in [2_000, 100_000_u32] {
        let mut targets = String::new();
        for host in 0..hosts {
            let [_, b, c, d] = host.to_be_bytes();
            let _ = writeln!(targets, "127.{}.{c}.{d}:1", b + 1);
        }
        let ran = scan(&targets, RULES, &[]);
        assert_eq!((ran.code, ran.records.len()), (0, 0), "{}", ran.stderr);
        peaks.push(ran.peak);
        tell(&format!("{hosts} closed ports of as many hosts: {} MiB, {:?}", ran.peak / 1024, ran.took));
    }
    assert!(peaks[1] < 100 * 1024, "{peaks:?}");
}
