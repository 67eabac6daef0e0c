//! Where connections come from.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};

/// A way to reach a port.
///
/// An error that tells of exhausted local means (descriptors, memory, local ports) must come with the first poll of the future: it is
/// not the peer's, and the driver waits and tries again.
pub trait Transport: Send + Sync + 'static {
    /// A connection. Dropping it closes it.
    type Connection: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Connects. There is no limit in time; the future is dropped when the session has waited long enough.
    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<Self::Connection>> + Send + 'static;
}

/// Plain TCP.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Transport for Tcp {
    type Connection = TcpStream;

    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
        connect(to)
    }
}

async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    let stream = socket.connect(to).await?;
    if is_self_connected(&stream) {
        // Closed with a reset, so that the port is not kept busy by a connection to itself.
        let _ = stream.set_zero_linger();
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

/// Whoever connects to a free local port may be given that very port as its own, and then talks to itself: TCP allows both ends to
/// open at once. It proves that nobody listens there.
fn is_self_connected(stream: &TcpStream) -> bool {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(local), Ok(peer)) => local == peer,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_connection_to_itself_is_recognised() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let own = socket.local_addr().unwrap();
        let stream = socket.connect(own).await.unwrap();
        assert!(is_self_connected(&stream));
        let _ = stream.set_zero_linger();
    }

    #[tokio::test]
    async fn a_connection_to_somebody_is_not_taken_for_one() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = Tcp.connect(listener.local_addr().unwrap()).await.unwrap();
        assert!(!is_self_connected(&stream));
    }
}
