//! UDP as a connection: one peer, each read a datagram, each write a datagram, no end.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::UdpSocket;

use super::is_self_connected;

/// Datagrams to and from one peer. Reading fails when ICMP says that they do not reach it: that nobody listens there is
/// `ConnectionRefused`.
pub struct Datagrams {
    socket: Arc<UdpSocket>,
    unreachable: Unreachable,
    /// What a write was told of those before it; it is for whoever reads.
    told: Option<io::Error>,
}

/// Comes back with what ICMP says.
type Unreachable = Pin<Box<dyn Future<Output = io::Error> + Send>>;

impl Datagrams {
    pub(super) async fn connect(to: SocketAddr) -> io::Result<Self> {
        let any: SocketAddr = match to {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await?;
        // The system then hands on what comes from this peer only, and what ICMP says of it.
        socket.connect(to).await?;
        if is_self_connected(socket.local_addr(), socket.peer_addr()) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let socket = Arc::new(socket);
        Ok(Self { unreachable: unreachable(&socket), socket, told: None })
    }

    /// A datagram, or what the system itself says when it is asked for one.
    fn poll_datagram(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        loop {
            match self.socket.poll_recv(cx, buf) {
                // Nothing read would be taken for the end, which datagrams do not have; an empty one says nothing.
                Poll::Ready(Ok(())) if buf.filled().len() == before => {}
                polled => return polled,
            }
        }
    }
}

/// Linux does not call a socket readable when all there is to read is an error, so errors must be waited for by themselves.
fn unreachable(socket: &Arc<UdpSocket>) -> Unreachable {
    let socket = socket.clone();
    Box::pin(async move {
        loop {
            if let Err(error) = socket.ready(Interest::ERROR).await {
                return error;
            }
            // Told once; after that there is none, until the next.
            let error = || socket.take_error()?.ok_or_else(|| io::ErrorKind::WouldBlock.into());
            match socket.try_io(Interest::ERROR, error) {
                Err(none) if none.kind() == io::ErrorKind::WouldBlock => {}
                Ok(error) | Err(error) => return error,
            }
        }
    })
}

/// By the name that Unix has for it: Windows says that a connection was reset, and there is none.
fn named(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::ConnectionReset => io::Error::new(io::ErrorKind::ConnectionRefused, error),
        _ => error,
    }
}

impl AsyncRead for Datagrams {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = self.poll_datagram(cx, buf) {
            return Poll::Ready(read.map_err(named));
        }
        if let Some(error) = self.told.take() {
            return Poll::Ready(Err(error));
        }
        let Poll::Ready(error) = self.unreachable.as_mut().poll(cx) else { return Poll::Pending };
        self.unreachable = unreachable(&self.socket);
        Poll::Ready(Err(named(error)))
    }
}

impl AsyncWrite for Datagrams {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.socket.poll_send(cx, bytes).map_err(named) {
            // The system tells each error once, to whoever asks first.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                self.told = Some(error);
                Poll::Ready(Ok(bytes.len()))
            }
            polled => polled,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Datagrams").field(&self.socket).finish()
    }
}
