//! TLS 1.2 and 1.3 by rustls, to learn what is inside: nothing is checked, and the certificate is recorded.
//!
//! With the feature `openssl`, peers that rustls has nothing in common with are asked again by OpenSSL over a new connection.

mod certificate;
#[cfg(feature = "openssl")]
mod openssl;
mod unchecked;

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use portprint_core::session::TlsInfo;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Connection, Endpoint, TlsOffer};
#[cfg(feature = "openssl")]
pub(super) use openssl::DtlsStream;
use unchecked::Unchecked;

/// How TLS is spoken.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    sni: Option<Arc<str>>,
    /// `None`: this machine's OpenSSL may not speak so.
    #[cfg(feature = "openssl")]
    old: Option<openssl::OpenSsl>,
}

impl Tls {
    pub(super) fn new(sni: Option<Arc<str>>) -> Self {
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unchecked::new(&provider)))
            .with_no_client_auth();
        // Each connection stands for itself, and shows its certificate.
        config.resumption = Resumption::disabled();
        Self {
            config: Arc::new(config),
            sni,
            #[cfg(feature = "openssl")]
            old: openssl::OpenSsl::new().ok(),
        }
    }

    /// Whether there is DTLS.
    pub(super) fn has_dtls(&self) -> bool {
        #[cfg(feature = "openssl")]
        {
            self.old.is_some()
        }
        #[cfg(not(feature = "openssl"))]
        {
            false
        }
    }

    /// Puts TLS or DTLS over a connection. `again` is another one to the same peer, if it is needed.
    pub(super) fn secure(
        &self,
        to: &Endpoint,
        connection: Connection,
        offer: TlsOffer,
        again: impl Future<Output = io::Result<TcpStream>> + Send + 'static,
    ) -> impl Future<Output = io::Result<(Connection, TlsInfo)>> + Send + 'static {
        let TlsOffer { sni, alpn, is_midway } = offer;
        let mut config = self.config.clone();
        if !alpn.is_empty() {
            Arc::make_mut(&mut config).alpn_protocols = alpn;
        }
        let connector = TlsConnector::from(config);
        let host = sni.as_deref().or(self.sni.as_deref()).unwrap_or(&to.host);
        let name = server_name(host, to.address.ip());
        #[cfg(feature = "openssl")]
        let old = self.old.clone();
        async move {
            let stream = match connection {
                Connection::Tcp(stream) => stream,
                #[cfg(feature = "openssl")]
                Connection::Udp(datagrams) => {
                    let Some(old) = old else { return Err(io::ErrorKind::Unsupported.into()) };
                    let (stream, info) = old.secure_datagrams(datagrams, sent(&name)).await?;
                    return Ok((Connection::Dtls(Box::new(stream)), info));
                }
                _ => return Err(io::ErrorKind::Unsupported.into()),
            };
            match connector.connect(name.clone(), stream).await {
                Ok(stream) => {
                    let info = describe(stream.get_ref().1);
                    Ok((Connection::Tls(Box::new(stream)), info))
                }
                #[cfg(feature = "openssl")]
                Err(error)
                    if !is_midway
                        && is_too_old(&error)
                        && let Some(old) = old =>
                {
                    let (stream, info) = old.secure(again.await?, sent(&name)).await?;
                    Ok((Connection::OldTls(Box::new(stream)), info))
                }
                Err(error) => {
                    drop((again, is_midway));
                    Err(error)
                }
            }
        }
    }
}

/// Whether the peer may speak another TLS than rustls does. Old ones hang up on a greeting that they do not know.
#[cfg(feature = "openssl")]
fn is_too_old(error: &io::Error) -> bool {
    use rustls::Error::{AlertReceived, PeerIncompatible, PeerMisbehaved};
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(error) => matches!(error, AlertReceived(_) | PeerIncompatible(_) | PeerMisbehaved(_)),
        None => matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset),
    }
}

/// The name that is sent.
#[cfg(feature = "openssl")]
fn sent<'a>(name: &'a ServerName<'_>) -> Option<&'a str> {
    match name {
        ServerName::DnsName(name) => Some(name.as_ref()),
        _ => None,
    }
}

/// The name to ask for. An address is not sent (RFC 6066, 3), and neither is what is no DNS name.
fn server_name(host: &str, address: IpAddr) -> ServerName<'static> {
    ServerName::try_from(host).map_or(ServerName::IpAddress(address.into()), |name| name.to_owned())
}

fn describe(session: &rustls::ClientConnection) -> TlsInfo {
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
        other => other.map_or_else(String::new, |version| format!("{version:?}")),
    };
    // rustls marks the suites of TLS 1.3; their registered names do not.
    let cipher = session.negotiated_cipher_suite().map_or_else(String::new, |suite| {
        suite.suite().as_str().map_or_else(String::new, |name| name.replacen("TLS13_", "TLS_", 1))
    });
    let alpn = session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    let mut info = TlsInfo { version, cipher, alpn, ..TlsInfo::default() };
    if let Some(first) = session.peer_certificates().and_then(<[_]>::first) {
        certificate::describe(first, &mut info);
    }
    info
}

#[cfg(test)]
mod tests;
