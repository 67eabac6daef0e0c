//! TLS with servers of all kinds on loopback.

use std::net::SocketAddr;
use std::time::Duration;

use portprint_tables::Protocol;
use rcgen::{CertificateParams, CertifiedKey, DnType, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::{Direct, Transport};

use super::*;

/// A certificate of its own, and what a server needs to show it.
fn certificate() -> (CertifiedKey<KeyPair>, TlsAcceptor) {
    let signing_key = KeyPair::generate().unwrap();
    let mut params =
        CertificateParams::new(["a.example".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "portprint test");
    params.not_after = date_time_ymd(2031, 2, 3);
    let cert = params.self_signed(&signing_key).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (CertifiedKey { cert, signing_key }, TlsAcceptor::from(Arc::new(config)))
}

async fn secured(address: SocketAddr, sni: Option<&str>) -> io::Result<(Connection, TlsInfo)> {
    secured_and_told(address, sni, || {}).await
}

async fn secured_and_told(
    address: SocketAddr,
    sni: Option<&str>,
    opens: impl FnOnce() + Send + 'static,
) -> io::Result<(Connection, TlsInfo)> {
    let direct = Direct::new(sni.map(Arc::from));
    let to = Endpoint { host: "host.example".into(), address, protocol: Protocol::Tcp };
    let connection = direct.connect(&to).await?;
    direct.secure(&to, connection, TlsOffer::default(), opens).await
}

/// Serves every connection of a new port so.
async fn serve<F>(at: &str, serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

#[tokio::test]
async fn what_the_certificate_says_is_told() {
    let (own, acceptor) = certificate();
    let mut expected = String::new();
    for byte in Sha256::digest(own.cert.der()) {
        expected.push_str(&format!("{byte:02x}"));
    }
    for (at, sni, asked) in [
        ("127.0.0.1:0", None, "host.example"),
        ("127.0.0.1:0", Some("other.example"), "other.example"),
        ("[::1]:0", None, "host.example"),
    ] {
        if TcpListener::bind(at).await.is_err() {
            eprintln!("SKIPPED: this machine has no IPv6");
            continue;
        }
        let acceptor = acceptor.clone();
        let address = serve(at, move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut stream = acceptor.accept(stream).await?;
                let name = stream.get_ref().1.server_name().unwrap_or("none").to_owned();
                stream.write_all(name.as_bytes()).await?;
                // Closed without a farewell.
                stream.flush().await
            }
        })
        .await;
        let (mut connection, info) = secured(address, sni).await.unwrap();
        assert_eq!(info.version, "TLSv1.3");
        assert!(info.cipher.starts_with("TLS_") && !info.cipher.contains("13"), "{}", info.cipher);
        assert_eq!(info.subject.as_deref(), Some("CN=portprint test"));
        assert_eq!(info.issuer, info.subject);
        assert_eq!(info.names, ["a.example", "127.0.0.1", "::1"]);
        assert_eq!(info.not_after.as_deref(), Some("2031-02-03T00:00:00Z"));
        assert_eq!(info.sha256.as_deref(), Some(expected.as_str()));
        let mut said = [0; 64];
        let length = connection.read(&mut said).await.unwrap();
        assert_eq!(said[..length].escape_ascii().to_string(), asked);
        // What came before is kept; the end is one that the driver takes for an end.
        let end = connection.read(&mut said).await.map_err(|error| error.kind());
        assert!(matches!(end, Ok(0) | Err(io::ErrorKind::UnexpectedEof)), "{end:?}");
    }
}

#[tokio::test]
async fn who_speaks_no_tls_is_told_by_an_error() {
    /// A fatal alert of TLS 1.2: handshake_failure.
    const ALERT: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";
    for said in
        [b"SSH-2.0-OpenSSH_9.6\r\n".as_slice(), ALERT, b"", b"\x16\x03\x03\x40\x00", b"\x16\x03\x03\xff\xff\x02"]
    {
        let address = serve("127.0.0.1:0", move |mut stream| async move {
            stream.read_exact(&mut [0; 100]).await?;
            stream.write_all(said).await?;
            stream.shutdown().await?;
            stream.read_to_end(&mut Vec::new()).await.map(drop)
        })
        .await;
        let result = timeout(Duration::from_secs(20), secured(address, None)).await.expect("it ends");
        assert!(result.is_err(), "{said:?}");
    }
}

#[tokio::test]
async fn who_stops_in_the_middle_is_waited_for_only_as_long_as_somebody_waits() {
    let address = serve("127.0.0.1:0", |mut stream| async move {
        stream.read_exact(&mut [0; 100]).await?;
        stream.write_all(b"\x16\x03\x03\x00\x50\x02").await?;
        stream.read_to_end(&mut Vec::new()).await.map(drop)
    })
    .await;
    assert!(timeout(Duration::from_millis(300), secured(address, None)).await.is_err());
}

#[cfg(feature = "openssl")]
mod old {
    //! With the `openssl` program as the server, where it is installed.

    use std::net::{Ipv4Addr, UdpSocket};
    use std::process::{Child, Command, Stdio};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Server(Child);

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// A server that answers with a page about the connection; with DTLS it sends what it gets on standard input.
    fn server(port: u16, arguments: &[&str]) -> Option<(Server, tempfile::TempDir)> {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["old.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "old");
        let path = folder.path().join("both.pem");
        std::fs::write(&path, params.self_signed(&key).unwrap().pem() + &key.serialize_pem()).unwrap();
        let server = Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &port.to_string(), "-cipher", "ALL:@SECLEVEL=0", "-cert"])
            .arg(path)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match server {
            Ok(server) => Some((Server(server), folder)),
            Err(error) => {
                eprintln!("SKIPPED: the program openssl cannot be run: {error}");
                None
            }
        }
    }

    #[tokio::test]
    async fn old_tls_is_spoken() {
        for (flag, version) in [("-tls1", "TLSv1.0"), ("-tls1_1", "TLSv1.1"), ("-tls1_2", "TLSv1.2")] {
            let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
            let Some(_server) = server(port, &[flag, "-www"]) else { return };
            let address = (Ipv4Addr::LOCALHOST, port).into();
            let (mut tries, again) = (0, Arc::new(AtomicUsize::new(0)));
            let (mut connection, info) = loop {
                let counted = again.clone();
                let opens = move || {
                    counted.fetch_add(1, Ordering::Relaxed);
                };
                match secured_and_told(address, None, opens).await {
                    Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && tries < 200 => tries += 1,
                    other => break other.unwrap(),
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            assert_eq!(info.version, version);
            assert_eq!(again.load(Ordering::Relaxed), usize::from(version != "TLSv1.2"), "{version}");
            assert!(info.cipher.starts_with("TLS_ECDHE_ECDSA_"), "{}", info.cipher);
            assert_eq!((info.subject.as_deref(), info.names), (Some("CN=old"), vec!["old.example".to_owned()]));
            connection.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
            let mut page = [0; 12];
            connection.read_exact(&mut page).await.unwrap();
            assert_eq!(&page, b"HTTP/1.0 200");
        }
    }

    /// Hands datagrams to and fro, and loses the first one each way.
    async fn losing(server: u16) -> u16 {
        let relay = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = relay.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut buffer, mut client, mut lost) = ([0; 4096], None, [false; 2]);
            loop {
                let Ok((length, from)) = relay.recv_from(&mut buffer).await else { continue };
                let is_answer = from.port() == server;
                if !is_answer {
                    client = Some(from);
                }
                let to = if is_answer { client } else { Some((Ipv4Addr::LOCALHOST, server).into()) };
                if let Some(to) = to
                    && std::mem::replace(&mut lost[usize::from(is_answer)], true)
                {
                    let _ = relay.send_to(&buffer[..length], to).await;
                }
            }
        });
        port
    }

    #[tokio::test]
    async fn dtls_is_spoken() {
        for (flag, version, loses) in
            [("-dtls1", "DTLSv1.0", false), ("-dtls1_2", "DTLSv1.2", false), ("-dtls1_2", "DTLSv1.2", true)]
        {
            let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let Some((mut server, _folder)) = server(port, &[flag]) else { return };
            let direct = Direct::default();
            assert!(direct.can_secure(Protocol::Udp));
            let port = if loses { losing(port).await } else { port };
            let address = (Ipv4Addr::LOCALHOST, port).into();
            let to = Endpoint { host: "127.0.0.1".into(), address, protocol: Protocol::Udp };
            // It serves the next client when it is told that this one is gone.
            for _ in 0..3 {
                let mut tries = 0;
                let (mut connection, info) = loop {
                    let connection = direct.connect(&to).await.unwrap();
                    let secured =
                        timeout(Duration::from_secs(20), direct.secure(&to, connection, TlsOffer::default(), || {}));
                    match secured.await.expect("it ends") {
                        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && tries < 200 => tries += 1,
                        other => break other.unwrap(),
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                };
                assert_eq!(info.version, version);
                assert_eq!(info.names, ["old.example"]);
                std::io::Write::write_all(server.0.stdin.as_mut().unwrap(), b"hello\n").unwrap();
                let mut said = [0; 64];
                let read = timeout(Duration::from_secs(5), connection.read(&mut said)).await.expect("it comes");
                assert_eq!(&said[..read.unwrap()], b"hello\n");
            }
        }
    }
}
