//! The scanner over real sockets on loopback.

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portprint_core::Matcher;
use portprint_core::session::{SessionConfig, TlsInfo};
use portprint_scan::{
    Cancel, Connection, Direct, Endpoint, Event, Hosts, PortReport, PortSet, Progress, ScanConfig, Scanner, Summary,
    Transport,
};
use portprint_tables::Protocol;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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

fn hosts(ports: impl IntoIterator<Item = u16>) -> Hosts {
    let mut hosts = Hosts::new(PortSet::from_ports(ports));
    assert!(hosts.add(&"127.0.0.1".parse().expect("an address is a target")));
    hosts
}

async fn scan<T: Transport>(scanner: Scanner<T>, hosts: Hosts, cancel: &Cancel) -> (Vec<PortReport>, Summary) {
    let mut ports = Vec::new();
    let summary = scanner
        .run(hosts, cancel, &Progress::new(), |event| {
            if let Event::Port(port) = event {
                ports.push(*port);
            }
        })
        .await;
    ports.sort_by_key(|port| port.address);
    (ports, summary)
}

fn scanner(config: ScanConfig) -> Scanner {
    Scanner::new(Matcher::new(&SMALL), config)
}

fn shown(port: &PortReport) -> String {
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

#[tokio::test]
async fn a_cancelled_scan_tells_what_it_knows() {
    let talks = serve(async |mut stream| {
        stream.write_all(b"220 a.example FTP ready\r\n").await?;
        stream.read_to_end(&mut Vec::new()).await.map(drop)
    })
    .await;
    let silent = silent().await;
    let cancel = Cancel::new();
    let (timer, started) = (cancel.clone(), Instant::now());
    tokio::spawn(async move {
        tokio::time::sleep(ms(500)).await;
        timer.cancel();
    });
    let slow = SessionConfig { adaptive: false, ..SessionConfig::default() };
    let one = ScanConfig { session: slow, host_concurrency: 2, ..ScanConfig::default() };
    let mut hosts = hosts([talks, silent]);
    assert!(hosts.add(&"127.0.0.2:1-1000".parse().expect("a target")));
    let (ports, summary) = scan(scanner(ScanConfig { concurrency: 2, ..one }), hosts, &cancel).await;
    assert!(started.elapsed() < Duration::from_secs(3));
    let mut found: Vec<_> = ports.iter().map(shown).collect();
    found.sort();
    assert_eq!(found, ["open error -", "open error ftp"]);
    assert!(summary.cancelled);
    assert_eq!((summary.hosts, summary.open, summary.left_out), (1, 2, 1000));
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

    fn can_secure(&self, _: Protocol) -> bool {
        false
    }

    fn secure(
        &self,
        _: &Endpoint,
        _: Connection,
    ) -> impl Future<Output = io::Result<(Connection, TlsInfo)>> + Send + 'static {
        std::future::ready(Err(io::ErrorKind::Unsupported.into()))
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

#[tokio::test]
async fn names_are_resolved_and_those_that_are_not_are_told() {
    let port = serve(async |mut stream| stream.write_all(b"SSH-2.0-Opend_1\r\n").await).await;
    let mut hosts = Hosts::new(PortSet::from_ports([port]));
    assert!(hosts.add(&"localhost".parse().expect("a name is a target")));
    assert!(hosts.add(&"does-not-exist.invalid".parse().expect("a name is a target")));
    let mut skipped = Vec::new();
    let summary = scanner(config())
        .run(hosts, &Cancel::new(), &Progress::new(), |event| {
            if let Event::HostSkipped(host) = event {
                skipped.push(host.host.to_string());
            }
        })
        .await;
    assert_eq!(skipped, ["does-not-exist.invalid"]);
    assert_eq!((summary.hosts, summary.hosts_skipped), (1, 1));
}
