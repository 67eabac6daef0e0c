//! UDP over real sockets on loopback, where a port that nobody listens on says so by ICMP.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::thread;

use portprint_core::Matcher;
use portprint_core::handshake::Action;
use portprint_core::session::SessionConfig;
use portprint_scan::{Cancel, Defaults, PortReport, PortSelection, Ports, ScanConfig, Scanner, Targets};
use portprint_tables::Protocol;

use super::handshakes::{Plugins, on_silence, send};
use super::kit::{compile, ms, nobody_takes};
use super::loopback::{scan, shown};

const RULES: &str = r"
Probe UDP Ask q|ask|
rarity 1
match asked m|^yes| p/Askd/
Probe UDP Beg q|beg|
rarity 2
match begged m|^please|
Probe UDP Pray q|pray|
rarity 3
match prayed m|^amen|
";

/// Asks one port of this machine as patiently as the rules say.
async fn ask(port: u16, rules: &str, session: SessionConfig, plugins: Option<Arc<Plugins>>) -> PortReport {
    let database = compile(&[("datagrams", rules)]);
    let ports = PortSelection::from_ports(Protocol::Udp, [port]);
    let mut targets = Targets::new(Defaults { protocol: Protocol::Udp, ports, usual: Ports::default() }, 1);
    targets.add("127.0.0.1".parse().expect("a target"));
    let config = ScanConfig { session, all_states: true, ..ScanConfig::default() };
    let mut scanner = Scanner::new(Matcher::new(&database), config);
    if let Some(plugins) = plugins {
        scanner = scanner.with_handshakes(plugins);
    }
    scan(scanner, targets, &Cancel::new()).await.0.remove(0)
}

#[tokio::test]
async fn a_port_at_which_nobody_listens_is_closed_at_once() {
    let (adaptive, ahead) = (SessionConfig::default(), SessionConfig { intensity: 9, ..SessionConfig::default() });
    let alone = SessionConfig { connections: 1, adaptive: false, ..SessionConfig::default() };
    for session in [adaptive, ahead, alone] {
        let port = ask(nobody_takes(), RULES, session, None).await;
        assert_eq!((shown(&port).as_str(), port.report.probes_sent), ("closed refused -", 1), "{session:?}");
        // The first probe alone has five seconds for its answer; the machine may be busy.
        assert!(port.elapsed < ms(2000), "{:?} with {session:?}", port.elapsed);
    }
}

#[tokio::test]
async fn a_port_that_has_answered_is_not_closed_when_it_goes_away() {
    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = peer.local_addr().expect("a bound socket has an address").port();
    thread::spawn(move || {
        let (_, from) = peer.recv_from(&mut [0; 16]).expect("somebody asks");
        peer.send_to(b"no", from).expect("somebody listens");
        // Nobody else gets the port, and what others send to it is refused.
        peer.connect((Ipv4Addr::LOCALHOST, 9)).expect("it needs nobody there");
        std::mem::forget(peer);
    });
    let port = ask(port, RULES, SessionConfig::default(), None).await;
    assert_eq!(shown(&port), "open unrecognized -");
}

/// Probes ahead of their turn are refused like the first, which the peer has taken in and left unanswered.
#[tokio::test]
async fn a_port_that_closes_before_it_answers_is_closed() {
    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = peer.local_addr().expect("a bound socket has an address").port();
    thread::spawn(move || {
        peer.recv_from(&mut [0; 16]).expect("somebody asks");
        peer.connect((Ipv4Addr::LOCALHOST, 9)).expect("it needs nobody there");
        std::mem::forget(peer);
    });
    let port = ask(port, RULES, SessionConfig::default(), None).await;
    assert_eq!(shown(&port), "closed refused -");
    assert!(port.elapsed < ms(3000), "{:?}", port.elapsed);
}

#[tokio::test]
async fn a_port_that_refuses_the_datagrams_of_plugins_is_closed() {
    // There is no probe to send, so that the plugins are the first to ask.
    let rules = "Probe TCP NULL q||\nmatch x m|^x|\n";
    let script = |name| on_silence(name, &[Action::Reconnect, send(b"hello", 1), Action::GiveUp]);
    let plugins = Arc::new(Plugins::new(vec![script("first"), script("second")]));
    let port = ask(nobody_takes(), rules, SessionConfig::default(), Some(plugins)).await;
    assert_eq!(shown(&port), "closed refused -");
}
