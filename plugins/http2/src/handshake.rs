//! The conversation.

use std::net::IpAddr;

use portprint_plugin_sdk::{End, Talk, text};

use crate::hpack::{self, Decoder, Header};
use crate::wire::{self, Head, flag, kind};
use crate::{grpc, software};

/// Frames that are looked at while an answer is waited for.
const MOST_FRAMES: usize = 64;
/// What may stand in an answer's headers.
const MOST_HEADERS: usize = 64 * 1024;
/// What is kept of an answer's body.
const MOST_BODY: usize = 1024;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let speaks_1 = talk.seen().starts_with(b"HTTP/1.");
    if !wire::is_tls(talk.seen()) {
        let plain = Asked { tls: false, speaks_1 };
        let ended = converse(talk, plain).await;
        if !talk.found.service.is_empty() {
            return ended;
        }
        if !talk.can_start_tls() || !may_want_tls(talk, ended).await {
            return ended.and(Err(End::Mismatch));
        }
    }
    converse(talk, Asked { tls: true, speaks_1: true }).await
}

/// Whether a peer that did not answer in HTTP/2 may do so inside TLS.
async fn may_want_tls(talk: &mut Talk, ended: Result<(), End>) -> bool {
    match ended {
        Err(End::Eof | End::Reset) => true,
        Err(End::Mismatch) => {
            let Ok(start) = talk.peek(2).await else { return false };
            if wire::is_tls(start) {
                return true;
            }
            // "Bad Request" is what HTTP/1 says on a port that wants TLS, and not only there.
            let line = talk.read_line(256).await.unwrap_or_default();
            line.starts_with("HTTP/1.") && line.split(' ').nth(1) == Some("400")
        }
        _ => false,
    }
}

/// How the server is asked.
#[derive(Clone, Copy, Debug)]
struct Asked {
    tls: bool,
    /// HTTP/1 is understood, too.
    speaks_1: bool,
}

async fn converse(talk: &mut Talk, asked: Asked) -> Result<(), End> {
    let mut connection = Connection::open(talk, asked).await?;
    let authority = authority(talk);
    let scheme = if asked.tls { "https" } else { "http" };
    let head = [
        (":method", "HEAD"),
        (":scheme", scheme),
        (":authority", authority.as_str()),
        (":path", "/"),
        ("user-agent", "portprint"),
        ("accept", "*/*"),
    ];
    let answer = connection.request(talk, &head, None).await;
    if talk.found.service.is_empty() {
        return Err(answer.err().unwrap_or(End::Mismatch));
    }
    let answer = answer.unwrap_or_default();
    tell(talk, &answer);
    if !answer.may_be_grpc() {
        connection.close(talk).await;
        return Ok(());
    }

    let check = [
        (":method", "POST"),
        (":scheme", scheme),
        (":authority", authority.as_str()),
        (":path", grpc::HEALTH_CHECK),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", "portprint"),
    ];
    if connection.is_over {
        connection = Connection::open(talk, asked).await?;
    }
    let checked = connection.request(talk, &check, Some(&grpc::EMPTY)).await;
    connection.close(talk).await;
    grpc::tell(talk, [&answer, checked.as_ref().unwrap_or(&Answer::default())]);
    // Who has answered one of both has said what it is.
    if answer.headers.is_empty() { checked.map(|_| ()) } else { Ok(()) }
}

/// What an answer to `HEAD /` says of the server.
fn tell(talk: &mut Talk, answer: &Answer) {
    if let Some(status) = answer.status() {
        talk.found.detail("http_status", status);
    }
    if let Some(server) = answer.header("server").filter(|server| !server.is_empty()) {
        software::name(&server, &mut talk.found);
        talk.found.detail("server", server);
    }
}

/// Whom a request is for.
fn authority(talk: &Talk) -> String {
    let host = match talk.host() {
        "" => talk.address().to_string(),
        host => host.to_owned(),
    };
    let host = if host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()) { format!("[{host}]") } else { host };
    match talk.port() {
        80 | 443 => host,
        port => format!("{host}:{port}"),
    }
}

/// What came back for a request.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The first block of headers, and those after the body.
    headers: Vec<Header>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().rfind(|header| header.name.eq_ignore_ascii_case(name.as_bytes())).map(|it| text(&it.value))
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    fn status(&self) -> Option<u16> {
        self.header(":status")?.parse().ok()
    }

    /// Whether there is nothing at `/` for browsers.
    fn may_be_grpc(&self) -> bool {
        self.status().is_none_or(|status| status >= 400) || grpc::is_answer(self)
    }
}

/// A connection on which both sides have said their settings.
#[derive(Debug)]
struct Connection {
    asked: Asked,
    decoder: Decoder,
    next_stream: u32,
    settings: Vec<(u16, u32)>,
    is_over: bool,
}

impl Connection {
    async fn open(talk: &mut Talk, asked: Asked) -> Result<Self, End> {
        talk.reconnect().await?;
        if asked.tls && talk.start_tls(&[b"h2", b"http/1.1"]).await?.alpn != "h2" {
            return Err(End::Mismatch);
        }
        talk.send(wire::PREFACE);
        talk.send(&wire::settings());
        // Looked at before it is read: what it is if it is no frame may be of interest.
        let head = Head::read(talk.peek(wire::HEAD).await?)?;
        if !head.is_first() {
            return Err(End::Mismatch);
        }
        let (_, payload) = frame(talk).await?;
        let settings = wire::read_settings(&payload)?;
        talk.send(&wire::frame(kind::SETTINGS, flag::ACK, 0, &[]));
        Ok(Self { asked, decoder: Decoder::new(), next_stream: 1, settings, is_over: false })
    }

    /// Asks, and waits for the whole answer. Where the server takes the request back, there is none in it.
    async fn request(&mut self, talk: &mut Talk, headers: &[(&str, &str)], body: Option<&[u8]>) -> Result<Answer, End> {
        let stream = self.next_stream;
        self.next_stream += 2;
        let end = if body.is_none() { flag::END_STREAM } else { 0 };
        talk.send(&wire::frame(kind::HEADERS, flag::END_HEADERS | end, stream, &hpack::encode(headers)));
        if let Some(body) = body {
            talk.send(&wire::frame(kind::DATA, flag::END_STREAM, stream, body));
        }
        let answer = self.answer(talk, stream).await;
        self.is_over |= answer.is_err();
        answer
    }

    async fn answer(&mut self, talk: &mut Talk, stream: u32) -> Result<Answer, End> {
        let mut answer = Answer::default();
        for _ in 0..MOST_FRAMES {
            let (head, payload) = frame(talk).await?;
            match head.kind {
                // It has understood ours: nobody says that who does not speak HTTP/2.
                kind::SETTINGS if head.has(flag::ACK) && payload.is_empty() => self.name(talk),
                kind::GOAWAY if head.stream == 0 && payload.len() >= 8 => {
                    self.name(talk);
                    self.is_over = true;
                    if wire::last_stream(&payload)? < stream {
                        return Ok(answer);
                    }
                }
                kind::HEADERS => {
                    let headers = self.headers(talk, head, &payload).await?;
                    if head.stream == stream {
                        self.name(talk);
                        answer.headers.extend(headers);
                    }
                }
                kind::DATA if head.stream == stream => {
                    let data = wire::data(head, &payload)?;
                    let room = MOST_BODY.saturating_sub(answer.body.len());
                    answer.body.extend(data.iter().take(room));
                }
                kind::RST_STREAM if head.stream == stream && payload.len() == 4 => {
                    self.name(talk);
                    return Ok(answer);
                }
                kind::CONTINUATION => return Err(End::Mismatch),
                _ => {}
            }
            let ends = matches!(head.kind, kind::HEADERS | kind::DATA);
            if ends && head.stream == stream && head.has(flag::END_STREAM) {
                return Ok(answer);
            }
        }
        Err(End::Limit)
    }

    /// A block of headers that may go on in other frames. All have to be read, since they refer to each other.
    async fn headers(&mut self, talk: &mut Talk, head: Head, payload: &[u8]) -> Result<Vec<Header>, End> {
        let mut block = wire::header_block(head, payload)?.to_vec();
        let mut last = head;
        while !last.has(flag::END_HEADERS) {
            let (next, payload) = frame(talk).await?;
            let goes_on = next.kind == kind::CONTINUATION && next.stream == head.stream && !payload.is_empty();
            if !goes_on || block.len() > MOST_HEADERS {
                return Err(End::Mismatch);
            }
            block.extend_from_slice(&payload);
            last = next;
        }
        Ok(self.decoder.decode(&block)?)
    }

    /// It is HTTP/2.
    fn name(&mut self, talk: &mut Talk) {
        if !talk.found.service.is_empty() {
            return;
        }
        talk.found.service = if self.asked.speaks_1 { "http" } else { "http2" }.into();
        talk.found.detail("protocol_version", "HTTP/2");
        if self.asked.tls {
            talk.found.detail("alpn", "h2");
        }
        for &(id, value) in &self.settings {
            if let Some(key) = wire::setting_key(id) {
                talk.found.detail(key, value);
            }
        }
    }

    async fn close(&mut self, talk: &mut Talk) {
        if !self.is_over {
            self.is_over = true;
            talk.send(&wire::goaway());
            talk.read(0).await.ok();
        }
    }
}

async fn frame(talk: &mut Talk) -> Result<(Head, Vec<u8>), End> {
    let head = Head::read(talk.peek(wire::HEAD).await?)?;
    let frame = talk.read(wire::HEAD + head.length).await?;
    Ok((head, frame.get(wire::HEAD..).unwrap_or_default().to_vec()))
}
