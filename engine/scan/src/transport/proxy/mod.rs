//! TCP through a proxy.
//!
//! What goes wrong between us and the proxy is not the peers' and must not pass for their silence. So a proxy that cannot be reached, that
//! lets us not in, or that does not speak its protocol is a fault that ends the scan; only what a working proxy says of a peer is an
//! outcome.

mod address;
mod http;
mod socks;

use std::future::{Future, pending};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use portprint_core::session::TlsInfo;
use portprint_tables::Protocol;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::SetOnce;
use tokio::time::{sleep, timeout};

use super::{Connection, Direct, Endpoint, TlsOffer, Transport, connect_tcp};
use address::{Login, ProxyKind};
pub use address::{Proxy, ProxyError};

/// How long the proxy may take to be there before the scan.
const FIRST: Duration = Duration::from_secs(10);

/// How long connecting to it may take during the scan.
const CONNECT: Duration = Duration::from_secs(4);

/// Pauses in milliseconds between attempts to connect to it: it may be busy with us.
const PAUSES: [u64; 5] = [50, 100, 200, 400, 800];

/// So many failures without an answer in between, and the proxy is taken to be broken. A working one may lose some connections.
const FAILURES: u32 = 32;

/// TCP through a proxy, and, with the feature `tls`, TLS over it. There is no UDP.
///
/// A host's name is resolved on this machine.
#[derive(Clone, Debug)]
pub struct Proxied {
    route: Arc<Route>,
    /// For what is done once there is a connection.
    direct: Direct,
}

#[derive(Debug)]
struct Route {
    proxy: Proxy,
    address: SocketAddr,
    /// Whether it has ever given an answer that makes sense.
    proven: AtomicBool,
    /// How often in a row it has not.
    failures: AtomicU32,
    fault: SetOnce<String>,
}

/// Why there is no tunnel.
enum Refusal {
    /// The proxy could not reach the peer, or may not.
    Peer(ErrorKind),
    /// It does not serve us.
    Us(&'static str),
    /// It is not the proxy that we take it for, or out of order.
    Nonsense(&'static str),
}

impl Proxied {
    /// Looks whether the proxy is there. `sni` is as for [`Direct::new`].
    ///
    /// # Errors
    /// The proxy's name has no address, it cannot be reached within ten seconds, or it speaks another protocol. The error names it.
    pub async fn open(proxy: Proxy, sni: Option<Arc<str>>) -> io::Result<Self> {
        let address = match timeout(FIRST, find(&proxy)).await {
            Ok(Ok(address)) => address,
            Ok(Err(error)) => return Err(told(&proxy, &error.to_string())),
            Err(_) => return Err(told(&proxy, "it does not answer within 10 seconds")),
        };
        let route = Route {
            proxy,
            address,
            proven: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            fault: SetOnce::new(),
        };
        Ok(Self { route: Arc::new(route), direct: Direct::new(sni) })
    }
}

/// The address at which the proxy answers.
async fn find(proxy: &Proxy) -> io::Result<SocketAddr> {
    let mut last = io::Error::new(ErrorKind::NotFound, "its name has no address");
    for address in lookup_host((proxy.host.as_str(), proxy.port)).await? {
        let mut stream = match connect_tcp(address).await {
            Ok(stream) => stream,
            Err(error) => {
                last = error;
                continue;
            }
        };
        return match proxy.kind {
            // It says nothing before it is asked to connect.
            ProxyKind::Http => Ok(address),
            ProxyKind::Socks5 => match socks::greet(&mut stream, proxy.login.as_ref()).await {
                Ok(()) => Ok(address),
                Err(Refusal::Us(why) | Refusal::Nonsense(why)) => Err(io::Error::other(why)),
                Err(Refusal::Peer(kind)) => Err(kind.into()),
            },
        };
    }
    Err(last)
}

fn told(proxy: &Proxy, why: &str) -> io::Error {
    io::Error::other(format!("the proxy {proxy}: {why}"))
}

impl Route {
    async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let mut stream = self.reach().await?;
        let login = self.proxy.login.as_ref();
        let opened = match self.proxy.kind {
            ProxyKind::Socks5 => socks::open(stream, login, to).await,
            ProxyKind::Http => http::open(&mut stream, login, to).await.map(|()| stream),
        };
        match opened {
            Ok(stream) => {
                self.answered();
                Ok(stream)
            }
            Err(Refusal::Peer(kind)) => {
                self.answered();
                Err(kind.into())
            }
            Err(Refusal::Us(why)) => self.broken(why).await,
            Err(Refusal::Nonsense(why)) => {
                if self.failed() || !self.proven.load(Ordering::Relaxed) {
                    return self.broken(why).await;
                }
                Err(io::Error::other(why))
            }
        }
    }

    /// A connection to the proxy. Given up half-way, that counts as a failure.
    async fn reach(&self) -> io::Result<TcpStream> {
        let mut reaching = Reaching { route: self, is_done: false };
        let mut pauses = PAUSES.into_iter();
        let result = loop {
            let error = match timeout(CONNECT, connect_tcp(self.address)).await {
                Ok(Ok(stream)) => break Ok(stream),
                Ok(Err(error)) if !is_of_proxy(&error) => break Err(error),
                Ok(Err(error)) => error.to_string(),
                Err(_) => String::from("it cannot be reached any longer"),
            };
            match pauses.next() {
                Some(pause) => sleep(Duration::from_millis(pause)).await,
                None => return self.broken(&error).await,
            }
        };
        reaching.is_done = true;
        result
    }

    fn answered(&self) {
        self.proven.store(true, Ordering::Relaxed);
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Counts a failure. Whether there are too many.
    fn failed(&self) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES
    }

    fn set_fault(&self, why: &str) {
        // The first fault is the one to tell.
        let _ = self.fault.set(told(&self.proxy, why).to_string());
    }

    /// The scan is over: nothing comes of this connection, and nothing is to be said of its peer.
    async fn broken<T>(&self, why: &str) -> T {
        self.set_fault(why);
        pending().await
    }
}

/// A connection to the proxy that is not there yet.
struct Reaching<'a> {
    route: &'a Route,
    is_done: bool,
}

impl Drop for Reaching<'_> {
    fn drop(&mut self) {
        if !self.is_done && self.route.failed() {
            self.route.set_fault("it cannot be reached any longer");
        }
    }
}

/// Whether an error of connecting is the proxy's or the network's. Others are this machine's, and pass.
fn is_of_proxy(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::TimedOut
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::PermissionDenied
    )
}

impl Transport for Proxied {
    type Connection = Connection;

    fn connect(&self, to: &Endpoint) -> impl Future<Output = io::Result<Connection>> + Send + 'static {
        let route = self.route.clone();
        let Endpoint { protocol, address, .. } = *to;
        async move {
            match protocol {
                Protocol::Tcp => route.connect(address).await.map(Connection::Tcp),
                Protocol::Udp => Err(ErrorKind::Unsupported.into()),
            }
        }
    }

    fn can_secure(&self, protocol: Protocol) -> bool {
        protocol == Protocol::Tcp && self.direct.can_secure(protocol)
    }

    fn secure(
        &self,
        to: &Endpoint,
        connection: Connection,
        offer: TlsOffer,
        opens: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = io::Result<(Connection, TlsInfo)>> + Send + 'static {
        let (route, address) = (self.route.clone(), to.address);
        self.direct.secure_or_again(to, connection, offer, async move {
            opens();
            route.connect(address).await
        })
    }

    fn fault(&self) -> impl Future<Output = io::Error> + Send + 'static {
        let route = self.route.clone();
        async move { io::Error::other(route.fault.wait().await.clone()) }
    }
}

#[cfg(test)]
mod tests;
