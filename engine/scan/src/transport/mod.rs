//! Where connections come from.

mod connection;
mod datagrams;
mod proxy;
#[cfg(feature = "tls")]
mod tls;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use portprint_core::session::TlsInfo;
use portprint_tables::Protocol;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};

pub use connection::Connection;
use datagrams::Datagrams;
pub use proxy::{Proxied, Proxy, ProxyError};

/// Where a connection goes.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The host as it was given.
    pub host: Arc<str>,
    /// Its address, and the port.
    pub address: SocketAddr,
    /// The transport.
    pub protocol: Protocol,
}

/// What a TLS client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOffer {
    /// The name; the host's own if there is none.
    pub sni: Option<String>,
    /// Application protocols.
    pub alpn: Vec<Vec<u8>>,
    /// Something was said on the connection before, so that another one cannot stand in for it.
    pub is_midway: bool,
}

/// A way to reach a port.
///
/// An error that tells of exhausted local means (descriptors, memory, local ports) must come with the first poll of the future: it is
/// not the peer's, and the driver waits and tries again.
pub trait Transport: Send + Sync + 'static {
    /// A connection. Dropping it closes it. Of a datagram transport each read is one datagram and each write sends one; it has no end.
    type Connection: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Connects. `ConnectionRefused` says that the port is closed; `ConnectionReset` that it was open and broke the connection off before
    /// this was looked at. There is no limit in time; the future is dropped when the session has waited long enough.
    fn connect(&self, to: &Endpoint) -> impl Future<Output = io::Result<Self::Connection>> + Send + 'static;

    /// Whether [`Transport::secure`] can be asked for this.
    fn can_secure(&self, protocol: Protocol) -> bool {
        let _ = protocol;
        false
    }

    /// Puts TLS, or DTLS, over a connection. The peer's certificate is recorded, and neither it nor anything else is checked.
    ///
    /// If that takes another connection to the peer, `opens` is called before it is opened.
    fn secure(
        &self,
        to: &Endpoint,
        connection: Self::Connection,
        offer: TlsOffer,
        opens: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = io::Result<(Self::Connection, TlsInfo)>> + Send + 'static {
        let _ = (to, connection, offer, opens);
        std::future::ready(Err(io::ErrorKind::Unsupported.into()))
    }

    /// Comes back when nobody can be reached any longer for a reason that is not the peers'. The scan ends then, and tells the error.
    fn fault(&self) -> impl Future<Output = io::Error> + Send + 'static {
        std::future::pending()
    }
}

/// Sockets of this machine: TCP, UDP, with the feature `tls` TLS over TCP, and with the feature `openssl` old TLS, and DTLS over UDP.
#[derive(Clone, Debug)]
pub struct Direct {
    #[cfg(feature = "tls")]
    tls: tls::Tls,
}

impl Direct {
    /// Sockets of this machine. `sni` is the name to ask TLS servers for instead of the one that the host was given by.
    #[must_use]
    pub fn new(sni: Option<Arc<str>>) -> Self {
        #[cfg(not(feature = "tls"))]
        let _ = sni;
        Self {
            #[cfg(feature = "tls")]
            tls: tls::Tls::new(sni),
        }
    }

    /// Puts TLS over a connection, or over another to the same peer, if that is needed.
    fn secure_or_again(
        &self,
        to: &Endpoint,
        connection: Connection,
        offer: TlsOffer,
        again: impl Future<Output = io::Result<TcpStream>> + Send + 'static,
    ) -> impl Future<Output = io::Result<(Connection, TlsInfo)>> + Send + 'static {
        #[cfg(feature = "tls")]
        {
            self.tls.secure(to, connection, offer, again)
        }
        #[cfg(not(feature = "tls"))]
        {
            let _ = (to, connection, offer, again);
            std::future::ready(Err(io::ErrorKind::Unsupported.into()))
        }
    }
}

impl Default for Direct {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Transport for Direct {
    type Connection = Connection;

    fn connect(&self, to: &Endpoint) -> impl Future<Output = io::Result<Connection>> + Send + 'static {
        connect(to.protocol, to.address)
    }

    fn can_secure(&self, protocol: Protocol) -> bool {
        match protocol {
            #[cfg(feature = "tls")]
            Protocol::Tcp => true,
            #[cfg(feature = "tls")]
            Protocol::Udp => self.tls.has_dtls(),
            #[cfg(not(feature = "tls"))]
            _ => false,
        }
    }

    fn secure(
        &self,
        to: &Endpoint,
        connection: Connection,
        offer: TlsOffer,
        opens: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = io::Result<(Connection, TlsInfo)>> + Send + 'static {
        let address = to.address;
        self.secure_or_again(to, connection, offer, async move {
            opens();
            connect_tcp(address).await
        })
    }
}

async fn connect(protocol: Protocol, to: SocketAddr) -> io::Result<Connection> {
    match protocol {
        Protocol::Tcp => connect_tcp(to).await.map(Connection::Tcp),
        Protocol::Udp => Datagrams::connect(to).await.map(Connection::Udp),
    }
}

async fn connect_tcp(to: SocketAddr) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Closed with a reset: everything worth reading has been read by then, and the local port is free again at once. Left to wait as TCP has
    // it, some hundred connections a second to one port would use all local ports up.
    socket.set_zero_linger()?;
    let stream = socket.connect(to).await?;
    if is_self_connected(stream.local_addr(), stream.peer_addr()) {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

/// Whoever connects to a free local port may be given that very port as its own, and then talks to itself: TCP allows both ends to
/// open at once, and a datagram comes to whoever has the port. It proves that nobody listens there.
fn is_self_connected(local: io::Result<SocketAddr>, peer: io::Result<SocketAddr>) -> bool {
    matches!((local, peer), (Ok(local), Ok(peer)) if local == peer)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_connection_to_itself_is_recognised() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_zero_linger().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let own = socket.local_addr().unwrap();
        let stream = socket.connect(own).await.unwrap();
        assert!(is_self_connected(stream.local_addr(), stream.peer_addr()));
    }

    #[tokio::test]
    async fn a_connection_to_somebody_is_not_taken_for_one() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = connect_tcp(listener.local_addr().unwrap()).await.unwrap();
        assert!(!is_self_connected(stream.local_addr(), stream.peer_addr()));
    }

    /// A port of this machine at which nobody listens for datagrams, for as long as the socket is there: it is taken, and its own peer
    /// is somebody else.
    async fn closed() -> (tokio::net::UdpSocket, SocketAddr) {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect("127.0.0.1:9").await.unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    #[tokio::test]
    async fn datagrams_that_nobody_takes_are_refused() {
        let (_socket, address) = closed().await;
        let mut connection = connect(Protocol::Udp, address).await.unwrap();
        let mut answer = [0; 16];
        // Every time, whether a read or a write is the first to be told.
        for writes in [1, 3, 1] {
            for _ in 0..writes {
                connection.write_all(b"abc").await.unwrap();
            }
            let read = tokio::time::timeout(std::time::Duration::from_secs(5), connection.read(&mut answer)).await;
            assert_eq!(read.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionRefused, "{writes}");
        }
    }

    #[tokio::test]
    async fn what_came_before_a_refusal_is_read() {
        let peer = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut connection = connect(Protocol::Udp, peer.local_addr().unwrap()).await.unwrap();
        connection.write_all(b"abc").await.unwrap();
        let (_, from) = peer.recv_from(&mut [0; 16]).await.unwrap();
        peer.send_to(b"x", from).await.unwrap();
        drop(peer);
        let mut answer = [0; 16];
        assert_eq!(connection.read(&mut answer).await.unwrap(), 1);
        connection.write_all(b"abc").await.unwrap();
        let refused = tokio::time::timeout(std::time::Duration::from_secs(5), connection.read(&mut answer)).await;
        assert_eq!(refused.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn ipv6_by_both_transports() {
        let Ok(datagrams) = tokio::net::UdpSocket::bind("[::1]:0").await else {
            eprintln!("SKIPPED: this machine has no IPv6");
            return;
        };
        let stream = tokio::net::TcpListener::bind("[::1]:0").await.unwrap();
        let (udp, tcp) = (datagrams.local_addr().unwrap(), stream.local_addr().unwrap());
        tokio::spawn(async move {
            let (length, from) = datagrams.recv_from(&mut [0; 16]).await.unwrap();
            // An empty one is no end.
            for answer in [b"".as_slice(), &[b'0' + length as u8]] {
                datagrams.send_to(answer, from).await.unwrap();
            }
            stream.accept().await.unwrap().0.write_all(b"3").await.unwrap();
        });
        for (protocol, address) in [(Protocol::Udp, udp), (Protocol::Tcp, tcp)] {
            let mut connection = connect(protocol, address).await.unwrap();
            connection.write_all(b"abc").await.unwrap();
            let mut answer = [0; 16];
            assert_eq!(connection.read(&mut answer).await.unwrap(), 1);
            assert_eq!(answer[0], b'3', "{protocol}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_zone_is_kept_and_a_wrong_one_is_an_error() {
        let Ok(mut address) = crate::resolve::resolve("fe80::1%lo").await else {
            eprintln!("SKIPPED: this machine has no IPv6");
            return;
        };
        address.set_port(9);
        assert!(matches!(address, SocketAddr::V6(address) if address.scope_id() > 0), "{address}");
        // Nobody has the address; what matters is that it ends with an error.
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let connected = tokio::time::timeout(std::time::Duration::from_secs(1), connect(protocol, address)).await;
            assert!(protocol == Protocol::Udp || !matches!(connected, Ok(Ok(_))), "{protocol}");
        }
        assert!(crate::resolve::resolve("fe80::1%no-such-zone").await.is_err());
    }
}
