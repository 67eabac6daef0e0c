//! Tunnels through an HTTP proxy: CONNECT (RFC 9110, 9.3.6).

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use httparse::{EMPTY_HEADER, Response, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Login, Refusal};

/// The most bytes of answers before the tunnel.
const HEADER: usize = 8 * 1024;

/// The most fields of an answer.
const FIELDS: usize = 100;

const CLOSED: Refusal = Refusal::Nonsense("it closes connections without an answer");

/// Asks the proxy to connect. Nothing behind the head of its answer has been read then.
pub(super) async fn open(stream: &mut TcpStream, login: Option<&Login>, to: SocketAddr) -> Result<(), Refusal> {
    // A zone has no meaning elsewhere.
    let authority = SocketAddr::new(to.ip(), to.port());
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    if let Some(Login { user, password }) = login {
        let _ = write!(request, "Proxy-Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|_| CLOSED)?;
    match status(stream).await? {
        200..=299 => Ok(()),
        // Tinyproxy says 401 of wrong passwords.
        401 | 407 if login.is_some() => Err(Refusal::Us("it refuses the user or the password")),
        407 => Err(Refusal::Us("it wants a user and a password (407): http://user:password@host:port")),
        405 | 501 => Err(Refusal::Us("it does not make tunnels (CONNECT)")),
        403 => Err(Refusal::Peer(io::ErrorKind::PermissionDenied)),
        504 => Err(Refusal::Peer(io::ErrorKind::TimedOut)),
        // Whether the port is closed or nobody answers is not told.
        500..=599 => Err(Refusal::Peer(io::ErrorKind::HostUnreachable)),
        _ => Err(Refusal::Peer(io::ErrorKind::Other)),
    }
}

/// Reads up to the end of the answer's head, and not a byte further: what comes then is the peer's.
async fn status(stream: &mut TcpStream) -> Result<u16, Refusal> {
    let mut head = Vec::new();
    let mut ahead = [0; 1024];
    let mut total = 0;
    loop {
        // Looked at first, and only taken as far as it belongs to the head.
        let seen = stream.peek(&mut ahead).await.map_err(|_| CLOSED)?;
        if seen == 0 {
            return Err(CLOSED);
        }
        let before = head.len();
        head.extend_from_slice(&ahead[..seen]);
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut response = Response::new(&mut fields);
        let ended = match response.parse(&head) {
            Ok(Status::Complete(end)) => Some((end, response.code)),
            Ok(Status::Partial) => None,
            Err(_) => return Err(Refusal::Nonsense("it does not speak HTTP")),
        };
        let taken = ended.map_or(seen, |(end, _)| end - before);
        stream.read_exact(&mut ahead[..taken]).await.map_err(|_| CLOSED)?;
        total += taken;
        match ended {
            // Another answer follows (RFC 9110, 15.2).
            Some((_, Some(100..=199))) => head.clear(),
            Some((_, Some(status))) => return Ok(status),
            Some((_, None)) => return Err(Refusal::Nonsense("it does not speak HTTP")),
            None => {}
        }
        if total >= HEADER {
            return Err(Refusal::Nonsense("the head of its answer is longer than 8 KiB"));
        }
    }
}
