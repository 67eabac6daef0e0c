//! A connection of [`Direct`](super::Direct).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Datagrams;

/// A socket, or TLS over one.
#[derive(Debug)]
pub enum Connection {
    /// A stream.
    Tcp(TcpStream),
    /// Datagrams to and from one peer.
    Udp(Datagrams),
    /// A stream inside TLS.
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
    /// A stream inside TLS that rustls does not speak.
    #[cfg(feature = "openssl")]
    OldTls(Box<tokio_openssl::SslStream<TcpStream>>),
    /// Datagrams inside DTLS.
    #[cfg(feature = "openssl")]
    Dtls(Box<super::tls::DtlsStream<Datagrams>>),
}

macro_rules! each {
    ($self:expr, $connection:ident => $does:expr) => {
        match $self.get_mut() {
            Connection::Tcp($connection) => $does,
            Connection::Udp($connection) => $does,
            #[cfg(feature = "tls")]
            Connection::Tls($connection) => $does,
            #[cfg(feature = "openssl")]
            Connection::OldTls($connection) => $does,
            #[cfg(feature = "openssl")]
            Connection::Dtls($connection) => $does,
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = each!(self, connection => Pin::new(connection).poll_read(cx, buf));
        // What OpenSSL does not understand is called by the name that rustls has for it.
        polled.map_err(|error| match error.kind() {
            io::ErrorKind::Other => io::Error::new(io::ErrorKind::InvalidData, error),
            _ => error,
        })
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, connection => Pin::new(connection).poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, connection => Pin::new(connection).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, connection => Pin::new(connection).poll_shutdown(cx))
    }
}
