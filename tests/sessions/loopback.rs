//! The scanner over real sockets on loopback.

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portprint_core::Matcher;
use portprint_core::session::SessionConfig;
use portprint_scan::{
    Cancel, Connection, Defaults, Direct, Endpoint, Event, PortReport, PortSelection, Ports, Progress, ScanConfig,
    Scanner, SkipReason, Summary, Targets, Transport,
};
use portprint_tables::Protocol;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};

use super::kit::{SMALL, ms, nobody};

/// Serves every connection to a new port of this machine until the test ends.
async fn serve<F>(mut serve: impl FnMut(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    port
}

async fn silent() -> u16 {
    serve(async |mut stream| stream.read_to_end(&mut Vec::new()).await.map(drop)).await
}

fn config() -> ScanConfig {
    let session = SessionConfig { probe_timeout: Some(ms(600)), settle: Some(ms(60)), ..SessionConfig::default() };
    ScanConfig { session, all_states: true, ..ScanConfig::default() }
}

/// Some targets; those without ports get these.
fn targets(list: &[&str], ports: impl IntoIterator<Item = u16>) -> Targets {
    let ports = PortSelection::from_ports(Protocol::Tcp, ports);
    let mut targets = Targets::new(Defaults { protocol: Protocol::Tcp, ports, usual: Ports::default() }, 1);
    list.iter().for_each(|text| targets.add(text.parse().expect("a target")));
    targets
}

fn hosts(ports: impl IntoIterator<Item = u16>) -> Targets {
    targets(&["127.0.0.1"], ports)
}

pub(super) async fn scan<T: Transport>(
    scanner: Scanner<T>,
    targets: Targets,
    cancel: &Cancel,
) -> (Vec<PortReport>, Summary) {
    let mut ports = Vec::new();
    let summary = scanner
        .run(targets, cancel, &Progress::new(), |event| {
            if let Event::Port(port) = event {
                ports.push(*port);
            }
        })
        .await
        .expect("there is a thread for the targets");
    ports.sort_by_key(|port| port.address);
    (ports, summary)
}

fn scanner(config: ScanConfig) -> Scanner {
    Scanner::new(Matcher::new(&SMALL), config)
}

pub(super) fn shown(port: &PortReport) -> String {
    let service = port.report.answer.as_ref().map_or("-", |answer| answer.service.as_str());
    format!("{} {} {service}", port.report.state, port.report.outcome)
}

#[tokio::test]
async fn ports_are_told_apart() {
    let mut expected = vec![
        (
            serve(async |mut stream| {
                for byte in b"SSH-2.0-Opend_9.6\r\n" {
                    stream.write_all(&[*byte]).await?;
                    tokio::time::sleep(ms(1)).await;
                }
                stream.read_to_end(&mut Vec::new()).await.map(drop)
            })
            .await,
            "open identified ssh",
        ),
        (
            serve(async |mut stream| {
                let mut request = [0; 512];
                let length = stream.read(&mut request).await?;
                if request[..length].starts_with(b"GET ") {
                    stream.write_all(b"HTTP/1.0 200 ok\r\nServer: Tinyd/7\r\n\r\n").await?;
                }
                Ok(())
            })
            .await,
            "open identified http",
        ),
        (
            serve(async |mut stream| {
                stream.write_all(b"220 a.example FTP ready\r\n").await?;
                stream.read_to_end(&mut Vec::new()).await.map(drop)
            })
            .await,
            "open soft ftp",
        ),
        (
            // The answer is judged although the peer takes no more than it must and never stops.
            serve(async |mut stream| {
                loop {
                    stream.write_all(&[b'x'; 4000]).await?;
                    stream.write_all(b"ABCDEFGH").await?;
                }
            })
            .await,
            "open identified stream",
        ),
        (serve(async |_| Ok(())).await, "open tcpwrapped -"),
        (silent().await, "open silent -"),
        (nobody(), "closed refused -"),
    ];
    expected.sort_unstable();
    let (ports, summary) = scan(scanner(config()), hosts(expected.iter().map(|(port, _)| *port)), &Cancel::new()).await;
    let found: Vec<_> = ports.iter().map(|port| (port.address.port(), shown(port))).collect();
    let expected: Vec<_> = expected.into_iter().map(|(port, shown)| (port, shown.to_owned())).collect();
    assert_eq!(found, expected);
    assert_eq!(summary, Summary { hosts: 1, open: 6, answered: 4, closed: 1, ..Summary::default() });
}

/// Whether the reset comes before or after the connection is looked at is chance.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_resets_at_once_is_open() {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.expect("there is a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_zero_linger().expect("it is a socket");
        }
    });
    // A busy machine may take a while to accept them, and loses packets of too many at a time; lost resets do not come again.
    let patient = ScanConfig { session: SessionConfig::default(), concurrency: 32, ..config() };
    let (ports, summary) = scan(scanner(patient), targets(&["127.0.0.0/23"], [port]), &Cancel::new()).await;
    assert_eq!((summary.open, summary.closed, summary.filtered), (512, 0, 0));
    let others: Vec<_> = ports.iter().map(shown).filter(|port| port != "open tcpwrapped -").collect();
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test]
async fn a_cancelled_scan_tells_what_it_knows() {
    let talks = serve(async |mut stream| {
        stream.write_all(b"220 a.example FTP ready\r\n").await?;
        stream.read_to_end(&mut Vec::new()).await.map(drop)
    })
    .await;
    let cancel = Cancel::new();
    let (timer, started) = (cancel.clone(), Instant::now());
    tokio::spawn(async move {
        tokio::time::sleep(ms(500)).await;
        timer.cancel();
    });
    let slow = SessionConfig { adaptive: false, ..SessionConfig::default() };
    let config = ScanConfig { session: slow, concurrency: 2, ..ScanConfig::default() };
    let scanner = Scanner::with_transport(Matcher::new(&SMALL), config, Redirect(talks));
    let (ports, summary) = scan(scanner, targets(&["10.0.0.1:1-1000"], []), &cancel).await;
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(ports.iter().map(shown).collect::<Vec<_>>(), ["open error ftp", "open error ftp"]);
    assert!(summary.cancelled);
    assert_eq!((summary.hosts, summary.open, summary.left_out), (1, 2, 998));
}

/// Like a proxy that goes away: who is connected by then stays so, nobody else is reached any longer, and some time later that is told.
#[derive(Clone)]
struct Breaks {
    port: u16,
    left: Arc<AtomicUsize>,
    fault: Duration,
}

impl Transport for Breaks {
    type Connection = TcpStream;

    fn connect(&self, _: &Endpoint) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
        let works = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let connecting = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        async move { if works { connecting.await } else { std::future::pending().await } }
    }

    fn fault(&self) -> impl Future<Output = io::Error> + Send + 'static {
        let after = self.fault;
        async move {
            tokio::time::sleep(after).await;
            io::Error::other("it is gone")
        }
    }
}

#[tokio::test]
async fn nothing_is_said_of_ports_that_were_not_reached_when_a_scan_breaks_off() {
    let talks = serve(async |mut stream| {
        stream.write_all(b"220 a.example FTP ready\r\n").await?;
        stream.read_to_end(&mut Vec::new()).await.map(drop)
    })
    .await;
    let slow = SessionConfig { adaptive: false, connections: 1, ..SessionConfig::default() };
    let config = ScanConfig { session: slow, concurrency: 10, all_states: true, ..ScanConfig::default() };
    for (fault, cancelled) in [(ms(500), Duration::MAX), (Duration::MAX, ms(500))] {
        let transport = Breaks { port: talks, left: Arc::new(3.into()), fault };
        let scanner = Scanner::with_transport(Matcher::new(&SMALL), config, transport);
        let cancel = Cancel::new();
        let timer = cancel.clone();
        tokio::spawn(async move {
            tokio::time::sleep(cancelled).await;
            timer.cancel();
        });
        let (mut ports, mut told) = (Vec::new(), Vec::new());
        let summary = scanner
            .run(targets(&["10.0.0.1:1-100"], []), &cancel, &Progress::new(), |event| match event {
                Event::Port(port) => ports.push(shown(&port)),
                Event::HostDone { not_open, left_out, .. } => told.push((not_open, left_out)),
                Event::Done(place) => panic!("{place:?} is not done"),
                _ => {}
            })
            .await
            .expect("there is a thread for the targets");
        assert_eq!(ports, ["open error ftp"; 3]);
        assert_eq!((summary.open, summary.closed, summary.filtered, summary.left_out), (3, 0, 0, 97));
        assert_eq!(told, [(0, 97)]);
    }
}

#[tokio::test]
async fn a_host_has_only_so_much_time() {
    let slow = SessionConfig { adaptive: false, ..SessionConfig::default() };
    let config =
        ScanConfig { session: slow, host_timeout: Some(ms(300)), host_concurrency: 1, ..ScanConfig::default() };
    let (ports, summary) = scan(scanner(config), hosts([silent().await, silent().await]), &Cancel::new()).await;
    assert_eq!(ports.iter().map(shown).collect::<Vec<_>>(), ["open timeout -"]);
    assert_eq!(summary.left_out, 1);
}

#[tokio::test]
async fn a_rate_holds_connections_back_and_not_the_peer_to_account() {
    let mut ports = Vec::new();
    for _ in 0..5 {
        ports.push(silent().await);
    }
    let rated = ScanConfig { rate: std::num::NonZeroU32::new(10), ..config() };
    let short = SessionConfig { probe_timeout: Some(ms(10)), connect_timeout: ms(300), ..rated.session };
    let started = Instant::now();
    let (ports, _) = scan(scanner(ScanConfig { session: short, ..rated }), hosts(ports), &Cancel::new()).await;
    // Three connections each, a tenth of a second apart. Nothing timed out while it was held back.
    assert!(started.elapsed() >= ms(1400), "{:?}", started.elapsed());
    assert!(
        ports.iter().all(|port| shown(port) == "open silent -"),
        "{:?}",
        ports.iter().map(shown).collect::<Vec<_>>()
    );
}

/// TCP that counts, and that has no descriptor to give to every other call.
#[derive(Clone, Default)]
struct Scarce {
    calls: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    direct: Direct,
}

impl Transport for Scarce {
    type Connection = Connection;

    fn connect(&self, to: &Endpoint) -> impl Future<Output = io::Result<Connection>> + Send + 'static {
        let scarce = self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        if scarce {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        let connecting = self.direct.connect(to);
        async move { if scarce { Err(io::Error::from_raw_os_error(24)) } else { connecting.await } }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn without_descriptors_it_waits_and_loses_nothing() {
    let mut expected = Vec::new();
    for _ in 0..20 {
        expected.push(nobody());
        expected.push(serve(async |mut stream| stream.write_all(b"SSH-2.0-Opend_1\r\n").await).await);
    }
    let transport = Scarce::default();
    let scanner = Scanner::with_transport(Matcher::new(&SMALL), config(), transport.clone());
    let (ports, summary) = scan(scanner, hosts(expected.iter().copied()), &Cancel::new()).await;
    assert_eq!(ports.len(), expected.len());
    assert_eq!((summary.open, summary.answered, summary.closed), (20, 20, 20));
    assert!(transport.refused.load(Ordering::Relaxed) >= 20);
}

/// Whatever address is meant, it is one port of this machine.
#[derive(Clone, Copy)]
struct Redirect(u16);

impl Transport for Redirect {
    type Connection = TcpStream;

    fn connect(&self, _: &Endpoint) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.0))
    }
}

/// A peer that takes in a byte of what is sent, and no more.
#[derive(Clone, Default)]
struct Full(Arc<std::sync::Mutex<Vec<DuplexStream>>>);

impl Transport for Full {
    type Connection = DuplexStream;

    fn connect(&self, _: &Endpoint) -> impl Future<Output = io::Result<DuplexStream>> + Send + 'static {
        let (ours, theirs) = tokio::io::duplex(1);
        self.0.lock().expect("nobody panics with it").push(theirs);
        std::future::ready(Ok(ours))
    }
}

#[tokio::test]
async fn a_peer_that_takes_nothing_in_does_not_hold_up_the_end() {
    let (cancel, started) = (Cancel::new(), Instant::now());
    let timer = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(ms(1000)).await;
        timer.cancel();
    });
    let config = config();
    let session = SessionConfig { connections: 1, ..config.session };
    let scanner = Scanner::with_transport(Matcher::new(&SMALL), ScanConfig { session, ..config }, Full::default());
    let (ports, _) = scan(scanner, targets(&["10.0.0.1:7"], []), &cancel).await;
    assert_eq!(ports.iter().map(shown).collect::<Vec<_>>(), ["open error -"]);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

/// Nobody listens anywhere.
#[derive(Clone, Copy)]
struct Nobody;

impl Transport for Nobody {
    type Connection = TcpStream;

    fn connect(&self, _: &Endpoint) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
        std::future::ready(Err(io::ErrorKind::ConnectionRefused.into()))
    }
}

/// What is told of hosts, in order.
async fn told<T: Transport>(scanner: Scanner<T>, targets: Targets, progress: &Progress) -> (Vec<String>, Summary) {
    let mut told = Vec::new();
    let summary = scanner
        .run(targets, &Cancel::new(), progress, |event| match event {
            Event::HostDone { host, not_open, left_out, .. } => {
                told.push(format!("{host} done, {not_open} not open, {left_out} left out"));
            }
            Event::HostMute { host, open, .. } => told.push(format!("{host} mute, {open} open")),
            Event::HostSkipped(skipped) => {
                let why = if matches!(skipped.reason, SkipReason::Excluded(_)) { "excluded" } else { "unresolved" };
                told.push(format!("{} {why}", skipped.host));
            }
            Event::Port(_)
            | Event::Note(_)
            | Event::Moment(_)
            | Event::Fault(_)
            | Event::Done(_)
            | Event::Window(_) => {}
        })
        .await
        .expect("there is a thread for the targets");
    told.sort();
    (told, summary)
}

#[tokio::test]
async fn names_are_resolved_and_those_that_are_not_are_told() {
    let port = serve(async |mut stream| stream.write_all(b"SSH-2.0-Opend_1\r\n").await).await;
    let names = ["localhost", "does-not-exist.invalid", "does-not-exist.invalid:1-9"];
    let (list, summary) = told(scanner(config()), targets(&names, [port]), &Progress::new()).await;
    assert_eq!(list, ["does-not-exist.invalid unresolved", "localhost done, 0 not open, 0 left out"]);
    assert_eq!((summary.hosts, summary.hosts_skipped, summary.answered), (1, 1, 1));
}

#[tokio::test]
async fn what_is_excluded_is_not_reached_by_a_name() {
    let mut targets = targets(&["localhost:1-9", "127.0.0.0/30:1", "10.0.0.1:1"], []);
    targets.exclude(["127.0.0.0/8", "::/0"].iter().map(|text| text.parse().expect("networks")).collect());
    let progress = Progress::new();
    let (list, summary) =
        told(Scanner::with_transport(Matcher::new(&SMALL), config(), Nobody), targets, &progress).await;
    assert_eq!(list, ["10.0.0.1 done, 1 not open, 0 left out", "localhost excluded"]);
    assert_eq!((summary.hosts_excluded, summary.hosts_skipped, summary.closed), (1, 0, 1));
    assert_eq!((progress.total(), progress.finished(), progress.started()), (Some(10), 10, 1));
}

#[tokio::test]
async fn a_host_that_is_open_everywhere_and_mute_is_given_up() {
    let config = ScanConfig { mute_ports: 20, host_concurrency: 10, ..config() };
    let scanner = Scanner::with_transport(Matcher::new(&SMALL), config, Redirect(silent().await));
    let progress = Progress::new();
    let (list, summary) = told(scanner, targets(&["10.0.0.1:1-5000"], []), &progress).await;
    assert_eq!(list[1], "10.0.0.1 mute, 20 open");
    assert_eq!(list[0], format!("10.0.0.1 done, 0 not open, {} left out", 5000 - summary.open));
    assert!((20..40).contains(&summary.open), "{summary:?}");
    assert_eq!((progress.finished(), progress.open()), (5000, summary.open));
}

#[tokio::test]
async fn every_port_of_a_host_begins_soon() {
    let scanner = Scanner::with_transport(Matcher::new(&SMALL), ScanConfig::default(), Nobody);
    let progress = Progress::new();
    let started = Instant::now();
    let (list, summary) = told(scanner, targets(&["10.0.0.1:0-,U:0-"], []), &progress).await;
    assert_eq!(list, ["10.0.0.1 done, 131072 not open, 0 left out"]);
    // There is nothing to ask by UDP.
    assert_eq!((summary.closed, summary.filtered), (65_536, 65_536));
    assert_eq!((progress.started(), progress.finished()), (131_072, 131_072));
    // Optimised it is well under a second.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test]
async fn hosts_of_shards_are_told_when_something_was_found_on_them() {
    let port = serve(async |mut stream| stream.write_all(b"SSH-2.0-Opend_1\r\n").await).await;
    let mut open = 0;
    for number in 1..=2 {
        let mut targets = targets(&["10.0.0.0/28:1"], []);
        targets.shard(portprint_scan::Shard::new(number, 2).expect("one of two"));
        let scanner = Scanner::with_transport(Matcher::new(&SMALL), config(), Redirect(port));
        let (list, summary) = told(scanner, targets, &Progress::new()).await;
        assert_eq!(list.len() as u64, summary.open);
        assert!(list.iter().all(|told| told.ends_with("done, 0 not open, 0 left out")), "{list:?}");
        open += summary.open;
    }
    assert_eq!(open, 16);
}
