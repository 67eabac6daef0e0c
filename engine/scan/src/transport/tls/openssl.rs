//! What rustls does not speak, by OpenSSL: TLS 1.0 and 1.1, old ciphers and short keys, servers that know no secure renegotiation
//! (RFC 5746), and DTLS 1.0 and 1.2.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::ssl::{self, Ssl, SslContext, SslMethod, SslOptions, SslRef, SslVerifyMode, SslVersion};
use portprint_core::session::TlsInfo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;
use tokio_openssl::SslStream;

use super::certificate;

/// The most bytes of a datagram of ours: every IPv6 network carries packets of 1280 (RFC 8200, 5), headers of 48 among them.
const DATAGRAM: u32 = 1232;

/// How often DTLS is asked whether something must be sent again. Its first time to wait is a second (RFC 6347, 4.2.4.1).
const LOOK: Duration = Duration::from_millis(250);

/// Old TLS and DTLS.
#[derive(Clone, Debug)]
pub(super) struct OpenSsl {
    tls: SslContext,
    dtls: SslContext,
}

impl OpenSsl {
    pub(super) fn new() -> Result<Self, ErrorStack> {
        Ok(Self {
            tls: context(SslMethod::tls_client(), SslVersion::TLS1)?,
            dtls: context(SslMethod::dtls_client(), SslVersion::DTLS1)?,
        })
    }

    /// TLS over a new connection; `name` is the one to ask for.
    pub(super) async fn secure<S>(&self, stream: S, name: Option<&str>) -> io::Result<(SslStream<S>, TlsInfo)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut stream = SslStream::new(session(&self.tls, name)?, stream)?;
        Pin::new(&mut stream).connect().await.map_err(failed)?;
        let info = describe(stream.ssl());
        Ok((stream, info))
    }

    /// DTLS over a new connection, of which each read and each write is a datagram.
    pub(super) async fn secure_datagrams<S>(
        &self,
        stream: S,
        name: Option<&str>,
    ) -> io::Result<(DtlsStream<S>, TlsInfo)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut session = session(&self.dtls, name)?;
        session.set_mtu(DATAGRAM)?;
        let mut stream = SslStream::new(session, stream)?;
        // OpenSSL sends again what was lost when it is called after its time, and nothing else would call it.
        let connected = loop {
            if let Ok(connected) = timeout(LOOK, Pin::new(&mut stream).connect()).await {
                break connected;
            }
        };
        connected.map_err(failed)?;
        let info = describe(stream.ssl());
        Ok((DtlsStream(stream), info))
    }
}

/// Datagrams inside DTLS. The peer is told when they are over: it sees no end otherwise, and if it serves one client at a time it would
/// go on waiting for this one.
#[derive(Debug)]
pub struct DtlsStream<S: AsyncRead + AsyncWrite + Unpin>(SslStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Drop for DtlsStream<S> {
    fn drop(&mut self) {
        // One datagram, which needs no waiting.
        let _ = Pin::new(&mut self.0).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for DtlsStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for DtlsStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn context(method: SslMethod, oldest: SslVersion) -> Result<SslContext, ErrorStack> {
    let mut context = SslContext::builder(method)?;
    context.set_security_level(0);
    context.set_min_proto_version(Some(oldest))?;
    context.set_cipher_list("ALL:@SECLEVEL=0")?;
    context.set_options(SslOptions::ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SslOptions::NO_QUERY_MTU);
    // What a scan asks is who answers, not whether to trust them.
    context.set_verify(SslVerifyMode::NONE);
    Ok(context.build())
}

fn session(context: &SslContext, name: Option<&str>) -> Result<Ssl, ErrorStack> {
    let mut session = Ssl::new(context)?;
    if let Some(name) = name {
        session.set_hostname(name)?;
    }
    Ok(session)
}

fn failed(error: ssl::Error) -> io::Error {
    error.into_io_error().unwrap_or_else(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn describe(session: &SslRef) -> TlsInfo {
    let version = match session.version_str() {
        "TLSv1" => "TLSv1.0",
        "DTLSv1" => "DTLSv1.0",
        other => other,
    };
    let cipher = session.current_cipher().map_or("", |cipher| cipher.standard_name().unwrap_or(cipher.name()));
    let mut info = TlsInfo { version: version.to_owned(), cipher: cipher.to_owned(), ..TlsInfo::default() };
    if let Some(der) = session.peer_certificate().and_then(|certificate| certificate.to_der().ok()) {
        certificate::describe(&der, &mut info);
    }
    info
}
