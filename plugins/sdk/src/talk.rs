//! The conversation with a peer, as its plugin sees it.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use portprint_plugin_abi as abi;

use crate::{About, Found};

/// A protocol plugin.
pub trait Plugin {
    /// What it says of itself.
    const ABOUT: About;

    /// Finds out whether the peer speaks the protocol, and what else it tells. What stands in [`Talk::found`] at the end is the answer, if
    /// there is a service in it; an error then says that there would have been more to learn.
    ///
    /// # Errors
    /// The conversation ended early.
    fn identify(talk: &mut Talk) -> impl Future<Output = Result<(), End>> + Send;
}

/// Why a conversation ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer speaks something else, or said what makes no sense.
    Mismatch,
    /// The peer closed.
    Eof,
    /// The peer broke off.
    Reset,
    /// A connection was refused.
    Refused,
    /// The peer took too long.
    TimedOut,
    /// TLS could not be established.
    TlsFailed,
    /// The host allows no more.
    Limit,
}

/// What a TLS handshake showed of the peer. Texts are empty where there is nothing to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The version: `TLSv1.3`.
    pub version: String,
    /// The cipher suite by IANA's name.
    pub cipher: String,
    /// The application protocol that was agreed on.
    pub alpn: String,
    /// Whom the certificate names, as in RFC 4514.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Until when it is valid, RFC 3339.
    pub not_after: String,
    /// The SHA-256 of the certificate, in hexadecimal.
    pub sha256: String,
    /// Its alternative names.
    pub names: Vec<String>,
}

/// The conversation with a peer.
///
/// A connection is opened by the host when it is first needed. What [`Talk::send`] was given goes out with the next `await`.
#[derive(Debug)]
pub struct Talk {
    /// What was found so far.
    pub found: Found,
    mailbox: Arc<Mutex<Mailbox>>,
    target: Target,
    seen: Vec<u8>,
    request: Vec<u8>,
    tls: Option<Tls>,
    /// What came and was not read.
    buffer: Vec<u8>,
    datagrams: VecDeque<Vec<u8>>,
    outbox: VecDeque<Vec<u8>>,
    is_open: bool,
    /// Why nothing more will come on this connection.
    ended: Option<End>,
    is_last: bool,
    patience: Option<Duration>,
    random: u64,
}

/// The port that a conversation is with.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) transport: u32,
    pub(crate) host: String,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) can_secure: bool,
    pub(crate) seed: u64,
}

/// Between a conversation and the glue around it.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    pub(crate) ask: Option<Ask>,
    pub(crate) heard: Option<Heard>,
}

/// What the plugin wants next.
#[derive(Debug)]
pub(crate) enum Ask {
    Send { bytes: Vec<u8>, wait_ms: u32, min: u32 },
    Wait { wait_ms: u32, min: u32 },
    StartTls { sni: String, alpn: Vec<Vec<u8>> },
    Reconnect,
}

/// An event, copied.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) kind: u32,
    pub(crate) flags: u32,
    pub(crate) data: Vec<u8>,
    pub(crate) request: Vec<u8>,
    pub(crate) tls: Option<Tls>,
}

impl Talk {
    /// A conversation that begins with this event.
    pub(crate) fn new(target: Target, start: Heard, mailbox: Arc<Mutex<Mailbox>>) -> Self {
        let is_open = start.flags & abi::EVENT_OPEN != 0;
        Self {
            found: Found::default(),
            mailbox,
            random: target.seed ^ 0x9e37_79b9_7f4a_7c15,
            target,
            buffer: if is_open { start.data.clone() } else { Vec::new() },
            seen: start.data,
            request: start.request,
            tls: start.tls,
            datagrams: VecDeque::new(),
            outbox: VecDeque::new(),
            is_open,
            ended: None,
            is_last: start.flags & abi::EVENT_LAST != 0,
            patience: None,
        }
    }

    /// What the peer has said before, to [`Talk::request`]. If its connection is still open, that is what is read first.
    #[must_use]
    pub fn seen(&self) -> &[u8] {
        &self.seen
    }

    /// The payload to which the peer said [`Talk::seen`]; empty if it spoke by itself.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// What TLS showed, once there is TLS over the connection.
    #[must_use]
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// The host's name; empty if it was given by its address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.target.host
    }

    /// The peer's address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.target.address
    }

    /// The peer's port. It is no evidence.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.target.port
    }

    /// Whether this is about datagrams.
    #[must_use]
    pub fn is_udp(&self) -> bool {
        self.target.transport == abi::TRANSPORT_UDP
    }

    /// Whether all connections have TLS over them from the beginning.
    #[must_use]
    pub fn is_inside_tls(&self) -> bool {
        self.target.transport == abi::TRANSPORT_TLS
    }

    /// Whether [`Talk::start_tls`] can be asked for.
    #[must_use]
    pub fn can_start_tls(&self) -> bool {
        self.target.can_secure
    }

    /// How long each further wait may take. Without it, as long as the host finds sensible for this peer.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = Some(patience);
    }

    /// Random bytes, for what must not be the same each time. In replays they are always the same.
    pub fn random<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| {
            // xorshift64*; the seed is the host's.
            self.random ^= self.random >> 12;
            self.random ^= self.random << 25;
            self.random ^= self.random >> 27;
            (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 56) as u8
        })
    }

    /// Sends bytes, or a datagram, with the next `await`.
    pub fn send(&mut self, bytes: &[u8]) {
        let is_udp = self.is_udp();
        match self.outbox.back_mut() {
            Some(last) if !is_udp => last.extend_from_slice(bytes),
            _ => self.outbox.push_back(bytes.to_vec()),
        }
    }

    /// What has come and was not read.
    #[must_use]
    pub fn buffered(&self) -> &[u8] {
        &self.buffer
    }

    /// Exactly `count` bytes.
    ///
    /// # Errors
    /// They did not come.
    pub async fn read(&mut self, count: usize) -> Result<Vec<u8>, End> {
        self.need(count).await?;
        Ok(self.take(count))
    }

    /// Waits until `count` bytes can be looked at, without reading them.
    ///
    /// # Errors
    /// They did not come. Those that did are still there.
    pub async fn peek(&mut self, count: usize) -> Result<&[u8], End> {
        self.need(count).await?;
        Ok(&self.buffer[..count])
    }

    /// Whatever comes next: at least one byte, and all that is there.
    ///
    /// # Errors
    /// Nothing came.
    pub async fn read_some(&mut self) -> Result<Vec<u8>, End> {
        self.need(1).await?;
        Ok(self.take(self.buffer.len()))
    }

    /// Everything up to and with `end`.
    ///
    /// # Errors
    /// It did not come, or there were more than `most` bytes before it. What came is still there.
    pub async fn read_until(&mut self, end: &[u8], most: usize) -> Result<Vec<u8>, End> {
        let mut from = 0;
        loop {
            if let Some(at) = find(&self.buffer[from..], end) {
                return Ok(self.take(from + at + end.len()));
            }
            if self.buffer.len() > most {
                return Err(End::Mismatch);
            }
            from = (self.buffer.len() + 1).saturating_sub(end.len().max(1));
            self.need(self.buffer.len() + 1).await?;
        }
    }

    /// A line of text, without its end.
    ///
    /// # Errors
    /// It did not come, or is longer than `most` bytes.
    pub async fn read_line(&mut self, most: usize) -> Result<String, End> {
        self.read_until(b"\n", most).await.map(|line| crate::text(&line))
    }

    /// Everything until the peer closes or says nothing more, as far as `most` bytes.
    pub async fn read_to_end(&mut self, most: usize) -> Vec<u8> {
        while self.buffer.len() < most && self.need(self.buffer.len() + 1).await.is_ok() {}
        self.take(self.buffer.len().min(most))
    }

    /// The next datagram.
    ///
    /// # Errors
    /// None came.
    pub async fn datagram(&mut self) -> Result<Vec<u8>, End> {
        loop {
            if self.outbox.is_empty()
                && let Some(datagram) = self.datagrams.pop_front()
            {
                return Ok(datagram);
            }
            self.more(1).await?;
        }
    }

    /// Opens a new connection, closing the one that is open. What was to be sent, or read, is forgotten.
    ///
    /// # Errors
    /// It could not be opened.
    pub async fn reconnect(&mut self) -> Result<(), End> {
        self.outbox.clear();
        self.open().await
    }

    /// Puts TLS over the connection, asking for the host's name and these application protocols.
    ///
    /// # Errors
    /// The peer did not do it.
    pub async fn start_tls(&mut self, alpn: &[&[u8]]) -> Result<&Tls, End> {
        self.flush().await?;
        let alpn = alpn.iter().map(|name| name.to_vec()).collect();
        let heard = self.ask(Ask::StartTls { sni: String::new(), alpn }).await?;
        self.buffer.clear();
        if heard.kind != abi::EVENT_TLS_READY {
            self.is_open = false;
            return Err(match heard.kind {
                abi::EVENT_TIMEOUT => End::TimedOut,
                _ => End::TlsFailed,
            });
        }
        Ok(self.tls.insert(heard.tls.unwrap_or_default()))
    }

    /// Takes bytes that have come.
    fn take(&mut self, count: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(count.min(self.buffer.len()));
        std::mem::replace(&mut self.buffer, rest)
    }

    async fn need(&mut self, count: usize) -> Result<(), End> {
        while self.buffer.len() < count || !self.outbox.is_empty() {
            self.more(count.saturating_sub(self.buffer.len())).await?;
        }
        Ok(())
    }

    /// Sends what is to be sent, and waits for more if `count` is not 0.
    async fn more(&mut self, count: usize) -> Result<(), End> {
        if let Some(ended) = self.ended {
            // What cannot be sent any more is no reason to lose what came.
            self.outbox.clear();
            return if count == 0 { Ok(()) } else { Err(ended) };
        }
        if !self.is_open {
            self.open().await?;
        }
        let min = count.try_into().unwrap_or(u32::MAX);
        let wait_ms = match self.patience {
            _ if count == 0 || self.outbox.len() > 1 => 0,
            Some(patience) => patience.as_millis().try_into().unwrap_or(u32::MAX - 1).max(1),
            None => abi::WAIT_DEFAULT,
        };
        let ask = match self.outbox.pop_front() {
            Some(bytes) => Ask::Send { bytes, wait_ms, min },
            None => Ask::Wait { wait_ms, min },
        };
        let heard = self.ask(ask).await?;
        let came = heard.data.len();
        match heard.kind {
            abi::EVENT_DATAGRAM => self.datagrams.push_back(heard.data),
            _ => self.buffer.extend_from_slice(&heard.data),
        }
        self.ended = match heard.kind {
            abi::EVENT_EOF => Some(End::Eof),
            abi::EVENT_RESET => Some(End::Reset),
            abi::EVENT_REFUSED => Some(End::Refused),
            // A single wait is over; there may be others.
            abi::EVENT_TIMEOUT if wait_ms != 0 && came < count => return Err(End::TimedOut),
            _ => None,
        };
        Ok(())
    }

    /// Sends what is to be sent, without waiting for an answer.
    ///
    /// # Errors
    /// There is no connection, or the peer has gone.
    pub async fn flush(&mut self) -> Result<(), End> {
        while !self.outbox.is_empty() {
            self.more(0).await?;
        }
        if self.is_open { Ok(()) } else { self.open().await }
    }

    async fn open(&mut self) -> Result<(), End> {
        self.buffer.clear();
        self.datagrams.clear();
        self.ended = None;
        let heard = self.ask(Ask::Reconnect).await?;
        self.is_open = heard.kind == abi::EVENT_CONNECTED;
        if heard.tls.is_some() {
            self.tls = heard.tls;
        }
        match heard.kind {
            abi::EVENT_CONNECTED => Ok(()),
            abi::EVENT_REFUSED => Err(End::Refused),
            abi::EVENT_TIMEOUT => Err(End::TimedOut),
            abi::EVENT_TLS_FAILED => Err(End::TlsFailed),
            _ => Err(End::Reset),
        }
    }

    /// Hands a wish to the host, and comes back with what came of it.
    async fn ask(&mut self, ask: Ask) -> Result<Heard, End> {
        if self.is_last {
            return Err(End::Limit);
        }
        let mut ask = Some(ask);
        let heard = poll_fn(|_| {
            let mut mailbox = self.mailbox.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(ask) = ask.take() {
                mailbox.ask = Some(ask);
                return Poll::Pending;
            }
            mailbox.heard.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        self.is_last = heard.flags & abi::EVENT_LAST != 0;
        Ok(heard)
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len().max(1)).position(|window| window == part)
}
