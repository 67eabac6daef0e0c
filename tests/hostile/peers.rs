//! Peers on loopback that mean no good, and what they got rid of.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What a harmless peer says.
pub(super) const BANNER: &[u8] = b"SSH-2.0-Opend_9.6\r\n";

/// What no output may take for more than text.
const CONTROLS: &[u8] = b"\0\x1b[31m\x1b]0;owned\x07\xff\xfe\xc3\x28\xf0\x9f\x98\x9b\xe2\x80\xae\x7f\r\x08\x0c\r\n";

/// The first message of a server that speaks TLS, as far as its version; more would follow.
const HALF_HELLO: &[u8] = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03 some random bytes";

/// A record of a handshake whose message is longer than any.
const LONG_HANDSHAKE: &[u8] = b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff";

/// The size of the pieces of a flood.
const PIECE: usize = 16 * 1024;

/// How a peer behaves on each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// Greets and listens.
    Greet,
    Listen,
    /// A byte each second.
    Drip,
    Flood,
    /// A line of so many bytes.
    Line(usize),
    CloseAtOnce,
    ResetAtOnce,
    ResetInBanner,
    /// Accepts, and leaves what comes to the system.
    Ignore,
    Controls,
    TlsAlert,
    TlsGarbage,
    TlsHalf,
    TlsEndless,
}

/// Ports that behave alike.
pub(super) struct Peers {
    pub(super) ports: Vec<u16>,
    pub(super) counts: Arc<Counts>,
    /// Stops them when it is dropped.
    _tasks: JoinSet<()>,
}

#[derive(Default)]
pub(super) struct Counts {
    /// Bytes that the system took from the peers: what was read, and what lay in buffers.
    pub(super) written: AtomicU64,
    pub(super) connections: AtomicU64,
}

impl Peers {
    /// So many ports on all addresses of this machine.
    pub(super) fn start(does: Does, ports: usize) -> Self {
        let counts = Arc::new(Counts::default());
        let mut peers = Self { ports: Vec::with_capacity(ports), counts, _tasks: JoinSet::new() };
        for _ in 0..ports {
            let listener = listen(does).expect("there is a free port");
            peers.ports.push(listener.local_addr().expect("a bound socket has an address").port());
            let counts = peers.counts.clone();
            peers._tasks.spawn(async move {
                let mut connections = JoinSet::new();
                loop {
                    while connections.try_join_next().is_some() {}
                    let Ok((stream, _)) = listener.accept().await else {
                        sleep(Duration::from_millis(10)).await;
                        continue;
                    };
                    counts.connections.fetch_add(1, Ordering::Relaxed);
                    let counts = counts.clone();
                    // A scanner that goes away is no concern of the peer's.
                    connections.spawn(async move { drop(Peer { stream, counts }.play(does).await) });
                }
            });
        }
        peers
    }

    pub(super) fn written(&self) -> u64 {
        self.counts.written.load(Ordering::Relaxed)
    }

    pub(super) fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }
}

fn listen(does: Does) -> io::Result<tokio::net::TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // What lies in our own buffer is not what the scanner took.
    socket.set_send_buffer_size(32 * 1024)?;
    if does == Does::Ignore {
        // The least there is: the window is closed after some two thousand bytes.
        socket.set_recv_buffer_size(1)?;
    }
    socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
    socket.listen(4096)
}

struct Peer {
    stream: TcpStream,
    counts: Arc<Counts>,
}

impl Peer {
    async fn play(mut self, does: Does) -> io::Result<()> {
        match does {
            Does::Greet => self.say(BANNER).await?,
            Does::Controls => self.say(CONTROLS).await?,
            Does::Listen | Does::Ignore | Does::CloseAtOnce => {}
            Does::Drip => loop {
                self.say(b"x").await?;
                sleep(Duration::from_secs(1)).await;
            },
            Does::Flood => self.flood().await?,
            Does::Line(length) => {
                for _ in 0..length / PIECE {
                    self.say(&[b'A'; PIECE]).await?;
                }
                self.say(b"\n").await?;
            }
            Does::ResetAtOnce => self.stream.set_zero_linger()?,
            Does::ResetInBanner => {
                self.say(&BANNER[..10]).await?;
                sleep(Duration::from_millis(50)).await;
                self.stream.set_zero_linger()?;
            }
            Does::TlsAlert => {
                self.asked().await?;
                self.say(b"\x15\x03\x01\x00\x02\x02\x28").await?;
                return Ok(());
            }
            Does::TlsGarbage => {
                self.asked().await?;
                self.say(HALF_HELLO).await?;
                self.flood().await?;
            }
            Does::TlsHalf => {
                self.asked().await?;
                self.say(HALF_HELLO).await?;
            }
            Does::TlsEndless => {
                self.asked().await?;
                self.say(LONG_HANDSHAKE).await?;
                self.say(&[0; 0x4000 - 4]).await?;
                loop {
                    self.say(b"\x16\x03\x03\x40\x00").await?;
                    self.say(&[0; 0x4000]).await?;
                }
            }
        }
        match does {
            Does::CloseAtOnce | Does::ResetAtOnce | Does::ResetInBanner => Ok(()),
            Does::Ignore => std::future::pending().await,
            _ => self.stream.read_to_end(&mut Vec::new()).await.map(drop),
        }
    }

    async fn say(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let taken = self.stream.write(bytes).await?;
            self.counts.written.fetch_add(taken as u64, Ordering::Relaxed);
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    async fn flood(&mut self) -> io::Result<()> {
        loop {
            self.say(&[b'F'; PIECE]).await?;
        }
    }

    /// Waits until something is asked.
    async fn asked(&mut self) -> io::Result<()> {
        let mut request = [0; 1024];
        self.stream.read(&mut request).await.map(drop)
    }
}
