//! Proxies of both kinds, well-behaved and not, on loopback.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// What a proxy says once it has read what it waits for.
type Step = (&'static [u8], &'static [u8]);

const HELLO: &[u8] = b"\x05\x01\x00";
const HELLO_WITH_LOGIN: &[u8] = b"\x05\x02\x00\x02";
const LOGIN: &[u8] = b"\x01\x02me\x06secret";
/// To 10.0.0.1, port 80.
const ASK: &[u8] = b"\x05\x01\x00\x01\x0a\x00\x00\x01\x00\x50";
const YES: &[u8] = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
/// A name as the address of the other end, and the first bytes of the peer in the same segment.
const YES_AND_MORE: &[u8] = b"\x05\x00\x00\x03\x04name\x00\x00SSH-";
const CONNECT: &[u8] = b"CONNECT 10.0.0.1:80 HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\r\n";
const CONNECT_WITH_LOGIN: &[u8] = b"CONNECT 10.0.0.1:80 HTTP/1.1\r\nHost: 10.0.0.1:80\r\n\
    Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n";

/// A proxy that goes through these steps with everybody, and closes. The first connection of a SOCKS proxy is there to look at it.
async fn proxy(steps: &'static [Step]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                for (expected, answer) in steps {
                    let mut read = vec![0; expected.len()];
                    stream.read_exact(&mut read).await?;
                    if read != *expected {
                        return stream.write_all(b"unexpected").await;
                    }
                    stream.write_all(answer).await?;
                }
                stream.shutdown().await?;
                // Closed with unread bytes, the connection would be reset.
                stream.read_to_end(&mut Vec::new()).await.map(drop)
            });
        }
    });
    port
}

/// What comes of a connection through the proxy: what the peer says, the error's kind, or the fault.
async fn outcome(scheme: &str, port: u16) -> String {
    let login = if scheme.ends_with('+') { "me:secret@" } else { "" };
    let scheme = scheme.trim_end_matches('+');
    let proxy: Proxy = format!("{scheme}://{login}127.0.0.1:{port}").parse().unwrap();
    let proxied = match Proxied::open(proxy, None).await {
        Ok(proxied) => proxied,
        Err(error) => return format!("at once: {error}"),
    };
    let to = Endpoint { host: "10.0.0.1".into(), address: "10.0.0.1:80".parse().unwrap(), protocol: Protocol::Tcp };
    tokio::select! {
        connected = proxied.connect(&to) => match connected {
            Ok(mut connection) => {
                let mut said = Vec::new();
                connection.read_to_end(&mut said).await.unwrap();
                format!("\"{}\"", said.escape_ascii())
            }
            Err(error) => format!("{:?}", error.kind()),
        },
        fault = proxied.fault() => format!("fault: {fault}"),
    }
}

#[tokio::test]
async fn socks() {
    let refused = |code: u8| -> &'static [Step] {
        let reply: &'static [u8] = Vec::leak(vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
        Vec::leak(vec![(HELLO, b"\x05\x00".as_slice()), (ASK, reply)])
    };
    let cases: [(&str, &'static [Step], &str); 18] = [
        ("socks5", &[(HELLO, b"\x05\x00"), (ASK, YES), (b"", b"SSH-2.0")], "\"SSH-2.0\""),
        ("socks5", &[(HELLO, b"\x05\x00"), (ASK, YES_AND_MORE)], "\"SSH-\""),
        ("socks5+", &[(HELLO_WITH_LOGIN, b"\x05\x02"), (LOGIN, b"\x01\x00"), (ASK, YES)], "\"\""),
        ("socks5+", &[(HELLO_WITH_LOGIN, b"\x05\x00"), (ASK, YES_AND_MORE)], "\"SSH-\""),
        (
            "socks5+",
            &[(HELLO_WITH_LOGIN, b"\x05\x02"), (LOGIN, b"\x01\x01")],
            "fault: * it refuses the user or the password",
        ),
        ("socks5+", &[(HELLO_WITH_LOGIN, b"\x05\xff")], "at once: * it takes no user and password"),
        ("socks5", &[(HELLO, b"\x05\xff")], "at once: * it wants a user and a password"),
        ("socks5", &[(HELLO, b"\x05\x02")], "at once: * it wants a user and a password"),
        ("socks5", refused(5), "ConnectionRefused"),
        ("socks5", refused(4), "HostUnreachable"),
        ("socks5", refused(3), "NetworkUnreachable"),
        ("socks5", refused(6), "TimedOut"),
        ("socks5", refused(2), "PermissionDenied"),
        ("socks5", refused(1), "Other"),
        ("socks5", refused(0xf3), "Other"),
        ("socks5", &[(HELLO, b"HTTP/1.1 400 Bad Request\r\n\r\n")], "at once: * it does not speak SOCKS 5"),
        ("socks5", &[(HELLO, b"")], "at once: * it closes the connection without an answer"),
        ("socks5", &[(HELLO, b"\x05\x00"), (ASK, b"\x05\x00\x00")], "fault: * it closes connections without an answer"),
    ];
    check(&cases).await;
}

#[tokio::test]
async fn http() {
    let long: &'static [u8] = Vec::leak([b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &[b'x'; 9000]].concat());
    let too_long: &'static [Step] = Vec::leak(vec![(CONNECT, long)]);
    let cases: [(&str, &'static [Step], &str); 15] = [
        ("http", &[(CONNECT, b"HTTP/1.1 200 Connection established\r\n\r\n"), (b"", b"SSH-2.0")], "\"SSH-2.0\""),
        ("http", &[(CONNECT, b"HTTP/1.0 200 OK\r\nVia: a\r\n\r\n\r\nSSH")], r#""\r\nSSH""#),
        // No answer to CONNECT has a body.
        ("http", &[(CONNECT, b"HTTP/1.1 204 -\r\nContent-Length: 5\r\n\r\nhello")], "\"hello\""),
        ("http", &[(CONNECT, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nSSH")], "\"SSH\""),
        ("http+", &[(CONNECT_WITH_LOGIN, b"HTTP/1.1 200 OK\r\n\r\n")], "\"\""),
        ("http+", &[(CONNECT_WITH_LOGIN, b"HTTP/1.1 401 No\r\n\r\n")], "fault: * it refuses the user or the password"),
        ("http", &[(CONNECT, b"HTTP/1.1 407 No\r\n\r\n")], "fault: * it wants a user and a password (407)"),
        ("http", &[(CONNECT, b"HTTP/1.1 501 No\r\n\r\n")], "fault: * it does not make tunnels (CONNECT)"),
        ("http", &[(CONNECT, b"HTTP/1.1 403 No\r\n\r\n")], "PermissionDenied"),
        ("http", &[(CONNECT, b"HTTP/1.1 502 No\r\n\r\n")], "HostUnreachable"),
        ("http", &[(CONNECT, b"HTTP/1.1 504 No\r\nContent-Length: 2\r\n\r\nno")], "TimedOut"),
        ("http", &[(CONNECT, b"SSH-2.0-OpenSSH_9.6\r\n")], "fault: * it does not speak HTTP"),
        ("http", &[(CONNECT, b"HTTP/1.1 200 OK\r\nVia")], "fault: * it closes connections without an answer"),
        ("http", &[(CONNECT, b"")], "fault: * it closes connections without an answer"),
        ("http", too_long, "fault: * the head of its answer is longer than 8 KiB"),
    ];
    check(&cases).await;
}

async fn check(cases: &[(&str, &'static [Step], &str)]) {
    for (scheme, steps, expected) in cases {
        let port = proxy(steps).await;
        let found = outcome(scheme, port).await;
        let expected =
            expected.replace('*', &format!("the proxy {}://127.0.0.1:{port}:", scheme.trim_end_matches('+')));
        assert!(found.starts_with(&expected), "{scheme} {steps:?}: {found}, not {expected}");
        assert!(!found.contains("secret") && !found.contains("me:"), "{found}");
    }
}

#[tokio::test]
async fn a_head_in_pieces_is_read_to_its_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        // The one that looks whether the proxy is there.
        drop(std::mem::replace(&mut stream, listener.accept().await?.0));
        stream.set_nodelay(true)?;
        stream.read_exact(&mut [0; CONNECT.len()]).await?;
        for byte in b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nSSH-2.0" {
            stream.write_all(&[*byte]).await?;
            sleep(Duration::from_millis(2)).await;
        }
        io::Result::Ok(())
    });
    assert_eq!(outcome("http", port).await, "\"SSH-2.0\"");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxied = Proxied::open(format!("http://127.0.0.1:{port}").parse().unwrap(), None).await.unwrap();
    drop(listener);
    let found = outcome("socks5", port).await;
    assert!(found.starts_with(&format!("at once: the proxy socks5://127.0.0.1:{port}: Connection refused")), "{found}");
    // And when it goes away: it is tried again for a while, and then it is a fault, not the peer's refusal.
    let to = Endpoint { host: "a".into(), address: "10.0.0.1:80".parse().unwrap(), protocol: Protocol::Tcp };
    let started = Instant::now();
    tokio::select! {
        connected = proxied.connect(&to) => panic!("{:?}", connected.err()),
        fault = proxied.fault() => assert!(fault.to_string().contains("Connection refused"), "{fault}"),
    }
    assert!(started.elapsed() > Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_working_proxy_may_fail_now_and_then() {
    let port = proxy(&[(HELLO, b"\x05\x00"), (ASK, b"")]).await;
    let proxied = Proxied::open(format!("socks5://127.0.0.1:{port}").parse().unwrap(), None).await.unwrap();
    proxied.route.answered();
    let to = Endpoint { host: "a".into(), address: "10.0.0.1:80".parse().unwrap(), protocol: Protocol::Tcp };
    for _ in 1..FAILURES {
        assert_eq!(proxied.connect(&to).await.unwrap_err().kind(), ErrorKind::Other);
    }
    tokio::select! {
        connected = proxied.connect(&to) => panic!("{:?}", connected.err()),
        fault = proxied.fault() => assert!(fault.to_string().contains("without an answer"), "{fault}"),
    }
    // UDP does not go through.
    let to = Endpoint { protocol: Protocol::Udp, ..to };
    assert_eq!(proxied.connect(&to).await.unwrap_err().kind(), ErrorKind::Unsupported);
}
