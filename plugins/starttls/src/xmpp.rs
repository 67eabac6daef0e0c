//! XMPP: features of a stream.

use portprint_plugin_sdk::{End, Talk, text};

use crate::handshake::{Offer, go_over, goodbye, list};

/// The namespace of streams, which every head of one names.
const STREAMS: &str = "http://etherx.jabber.org/streams";

/// How long a tag may be with the text before it, and how many may come.
const MOST_TAG: usize = 4 * 1024;
const MOST_TAGS: usize = 256;

/// How often a stream is opened.
const MOST_STREAMS: usize = 4;

/// Whether the server has said something in XMPP.
pub(crate) fn is_answer(seen: &[u8]) -> bool {
    [STREAMS, "urn:ietf:params:xml:ns:xmpp-streams", "<stream:error", "</stream:stream>"]
        .iter()
        .any(|mark| seen.windows(mark.len()).any(|part| part == mark.as_bytes()))
}

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let seen = text(talk.seen());
    let mut space = if seen.contains("jabber:server") { "jabber:server" } else { "jabber:client" };
    let mut to = match talk.host() {
        "" => talk.address().to_string(),
        host => host.to_owned(),
    };
    let mut told_name = attribute(&seen, "from").filter(|from| !from.is_empty());
    for _ in 0..MOST_STREAMS {
        talk.reconnect().await?;
        let stream = open(talk, space, &to).await?;
        match stream.error.as_str() {
            "" => return go_on(talk, &stream, &to).await,
            "invalid-namespace" if space == "jabber:client" => space = "jabber:server",
            // The host by another name: that which the server has called itself.
            _ => match told_name.take().or(stream.from).filter(|name| *name != to) {
                Some(name) => to = name,
                None => {
                    talk.found.detail("error", stream.error);
                    return Err(End::Mismatch);
                }
            },
        }
    }
    Err(End::Mismatch)
}

async fn go_on(talk: &mut Talk, stream: &Stream, to: &str) -> Result<(), End> {
    // A name that it was not told by us.
    if let Some(from) = stream.from.as_deref().filter(|from| from.contains('.') && *from != to) {
        from.clone_into(&mut talk.found.hostname);
    }
    list(talk, "capability", &stream.features);
    list(talk, "mechanism", &stream.mechanisms);
    let offer = Offer::is(stream.features.iter().any(|name| name == "starttls"));
    if offer == Offer::Yes {
        talk.found.detail("tls_required", stream.requires_tls);
    }
    if offer.is_worth_asking(talk) {
        talk.send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        let answer = tag(talk).await?;
        let agreed = answer.name == "proceed";
        if go_over(talk, offer, agreed).await? {
            return Ok(());
        }
    }
    goodbye(talk, b"</stream:stream>").await;
    Ok(())
}

/// What a server says when a stream is opened.
#[derive(Debug, Default)]
struct Stream {
    from: Option<String>,
    features: Vec<String>,
    mechanisms: Vec<String>,
    requires_tls: bool,
    error: String,
}

async fn open(talk: &mut Talk, space: &str, to: &str) -> Result<Stream, End> {
    let to: String = to.chars().filter(|c| !"<>&'\"".contains(*c) && !c.is_control()).collect();
    let head = format!(
        "<?xml version='1.0'?><stream:stream xmlns='{space}' xmlns:stream='{STREAMS}' to='{to}' version='1.0'>"
    );
    talk.send(head.as_bytes());
    let first = loop {
        let tag = tag(talk).await?;
        if tag.kind != Kind::Instruction {
            break tag;
        }
    };
    // Ours has a "to", and comes from nobody: an echo is no answer.
    let is_stream =
        first.name == "stream" && first.attributes.contains(STREAMS) && attribute(&first.attributes, "id").is_some();
    if !is_stream {
        return Err(End::Mismatch);
    }
    talk.found.service = "jabber".into();
    let mut stream = Stream { from: attribute(&first.attributes, "from"), ..Stream::default() };
    let mut path: Vec<String> = Vec::new();
    for _ in 0..MOST_TAGS {
        let tag = tag(talk).await?;
        let parent = path.last().map(String::as_str).unwrap_or_default();
        if tag.kind == Kind::Close {
            if tag.name == "mechanism" {
                stream.mechanisms.push(tag.before);
            }
            path.pop();
        } else {
            match parent {
                "features" => stream.features.push(tag.name.clone()),
                "starttls" => stream.requires_tls |= tag.name == "required",
                "error" if stream.error.is_empty() => stream.error.clone_from(&tag.name),
                _ => {}
            }
            if tag.kind == Kind::Open {
                path.push(tag.name.clone());
            }
        }
        let is_over = path.is_empty() && matches!(tag.name.as_str(), "features" | "error" | "stream");
        if is_over {
            if tag.name != "features" && stream.error.is_empty() {
                return Err(End::Eof);
            }
            return Ok(stream);
        }
    }
    Err(End::Mismatch)
}

/// What a tag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Open,
    Close,
    /// Both at once.
    Empty,
    Instruction,
}

/// A tag of XML.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) kind: Kind,
    /// Without its prefix.
    pub(crate) name: String,
    pub(crate) attributes: String,
    /// The text before it.
    pub(crate) before: String,
}

impl Tag {
    /// From everything up to and with ">".
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (before, tag) = text.strip_suffix('>')?.rsplit_once('<')?;
        let (kind, tag) = if let Some(tag) = tag.strip_prefix('/') {
            (Kind::Close, tag)
        } else if tag.starts_with(['?', '!']) {
            (Kind::Instruction, tag)
        } else if let Some(tag) = tag.strip_suffix('/') {
            (Kind::Empty, tag)
        } else {
            (Kind::Open, tag)
        };
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let name = name.rsplit(':').next().unwrap_or_default();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
        (is_name || kind == Kind::Instruction).then(|| Self {
            kind,
            name: name.to_owned(),
            attributes: attributes.to_owned(),
            before: before.trim().to_owned(),
        })
    }
}

/// The value of an attribute.
pub(crate) fn attribute(tag: &str, wanted: &str) -> Option<String> {
    for (at, _) in tag.match_indices(wanted) {
        let is_start = tag.get(..at)?.chars().next_back().is_none_or(char::is_whitespace);
        let rest = tag.get(at + wanted.len()..)?.trim_start();
        let Some(rest) = rest.strip_prefix('=').filter(|_| is_start) else { continue };
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|c| "'\"".contains(*c))?;
        return rest.get(1..)?.split_once(quote).map(|(value, _)| value.to_owned());
    }
    None
}

async fn tag(talk: &mut Talk) -> Result<Tag, End> {
    let read = talk.read_until(b">", MOST_TAG).await?;
    Tag::read(&text(&read)).ok_or(End::Mismatch)
}
