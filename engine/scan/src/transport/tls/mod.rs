//! TLS 1.2 and 1.3 by rustls, to learn what is inside: nothing is checked, and the certificate is recorded.

mod certificate;
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
use tokio_rustls::TlsConnector;

use super::{Connection, Endpoint};
use unchecked::Unchecked;

/// How TLS is spoken.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    sni: Option<Arc<str>>,
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
        Self { config: Arc::new(config), sni }
    }

    pub(super) fn secure(
        &self,
        to: &Endpoint,
        connection: Connection,
    ) -> impl Future<Output = io::Result<(Connection, TlsInfo)>> + Send + 'static {
        let connector = TlsConnector::from(self.config.clone());
        let name = server_name(self.sni.as_ref().unwrap_or(&to.host), to.address.ip());
        async move {
            let Connection::Tcp(stream) = connection else { return Err(io::ErrorKind::Unsupported.into()) };
            let stream = connector.connect(name, stream).await?;
            let info = describe(stream.get_ref().1);
            Ok((Connection::Tls(Box::new(stream)), info))
        }
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
