//! The beginning of streams.

use crate::xml::{self, Element, Malformed, Tag, Tags};

/// The longest beginning of a stream that is read.
pub(crate) const MOST_BYTES: usize = 32 * 1024;
/// The most values of a kind that are kept.
const MOST: usize = 32;

const STREAMS: &str = "http://etherx.jabber.org/streams";

/// Asks for TLS.
pub(crate) const START_TLS: &[u8] = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/// Ends a stream.
pub(crate) const END: &[u8] = b"</stream:stream>";

/// Between whom a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Client,
    Server,
    Component,
}

impl Kind {
    fn read(namespace: &str) -> Option<Self> {
        match namespace {
            "jabber:client" => Some(Self::Client),
            "jabber:server" => Some(Self::Server),
            "jabber:component:accept" | "jabber:component:connect" => Some(Self::Component),
            _ => None,
        }
    }
}

/// Begins a stream, to a domain or to nobody.
pub(crate) fn open(kind: Kind, to: Option<&str>) -> Vec<u8> {
    let namespaces = match kind {
        Kind::Server => "xmlns='jabber:server' xmlns:db='jabber:server:dialback'",
        _ => "xmlns='jabber:client'",
    };
    let to = to.map(|to| format!(" to='{}'", xml::quoted(to))).unwrap_or_default();
    format!("<?xml version='1.0'?><stream:stream{to} {namespaces} xmlns:stream='{STREAMS}' version='1.0'>").into_bytes()
}

/// What the peer begins a stream with, as far as it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) kind: Option<Kind>,
    pub(crate) from: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) has_id: bool,
    pub(crate) features: Option<Features>,
    pub(crate) error: Option<Error>,
    /// Nothing more is to be expected.
    pub(crate) is_whole: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Features {
    pub(crate) names: Vec<String>,
    pub(crate) requires_tls: bool,
    pub(crate) mechanisms: Vec<String>,
    pub(crate) compressions: Vec<String>,
    /// What XEP-0115 calls the node: an address that stands for the software.
    pub(crate) software: Option<String>,
}

impl Features {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|it| it == name)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Error {
    pub(crate) condition: String,
    pub(crate) text: String,
}

impl Stream {
    /// What came, to the last whole tag. Nothing if there is no tag yet.
    pub(crate) fn read(text: &str) -> Result<Option<Self>, Malformed> {
        let mut tags = Tags::new(text);
        if !text.trim_start().is_empty() && !text.trim_start().starts_with('<') {
            return Err(Malformed);
        }
        let (root, is_empty) = loop {
            match tags.next()? {
                None => return Ok(None),
                Some((_, Tag::Declaration)) => {}
                Some((_, Tag::Open(root))) => break (root, false),
                Some((_, Tag::Empty(root))) => break (root, true),
                Some((_, Tag::Close(_))) => return Err(Malformed),
            }
        };
        let prefix = root.name.strip_suffix(root.local()).and_then(|prefix| prefix.strip_suffix(':'));
        let namespace = match prefix {
            Some(prefix) => root.attribute(&format!("xmlns:{prefix}")),
            None => root.attribute("xmlns"),
        };
        let mut stream = Self::default();
        match root.local() {
            "stream" if namespace == Some(STREAMS) => {
                // There are servers that say the first namespace after whoever asks.
                let is_server = root.attribute("xmlns:db") == Some("jabber:server:dialback");
                stream.kind = if is_server { Some(Kind::Server) } else { root.attribute("xmlns").and_then(Kind::read) };
                let attribute = |name| root.attribute(name).filter(|value| !value.is_empty()).map(str::to_owned);
                stream.from = attribute("from");
                stream.version = attribute("version");
                stream.has_id = root.attribute("id").is_some();
                stream.is_whole = is_empty;
                stream.children(&mut tags)?;
            }
            // Some complain without beginning a stream.
            "error" if namespace == Some(STREAMS) || (prefix == Some("stream") && namespace.is_none()) => {
                let mut error = Error::default();
                if !is_empty {
                    stream.is_whole = content(&mut tags, |path, element, before| error.take(path, element, before))?;
                }
                stream.error = Some(error);
            }
            _ => return Err(Malformed),
        }
        Ok(Some(stream))
    }

    fn children(&mut self, tags: &mut Tags) -> Result<(), Malformed> {
        while let Some((_, tag)) = tags.next()? {
            let (child, is_empty) = match tag {
                Tag::Open(child) => (child, false),
                Tag::Empty(child) => (child, true),
                Tag::Close(_) => {
                    self.is_whole = true;
                    break;
                }
                Tag::Declaration => return Err(Malformed),
            };
            match child.local() {
                "features" => {
                    let features = self.features.insert(Features::default());
                    let take =
                        |path: &[String], element: Option<&Element>, before: &str| features.take(path, element, before);
                    self.is_whole = is_empty || content(tags, take)?;
                    break;
                }
                "error" => {
                    let error = self.error.insert(Error::default());
                    let take =
                        |path: &[String], element: Option<&Element>, before: &str| error.take(path, element, before);
                    self.is_whole = is_empty || content(tags, take)?;
                    break;
                }
                _ if is_empty => {}
                _ => {
                    if !content(tags, |_, _, _| {})? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Walks through the content of an element, and says whether its end came. The function is told of each element where it begins, with the
/// names of those around it; and where one ends, with its own name among them and the text before the end.
fn content(tags: &mut Tags, mut take: impl FnMut(&[String], Option<&Element>, &str)) -> Result<bool, Malformed> {
    const DEEPEST: usize = 8;
    let mut path: Vec<String> = Vec::new();
    while let Some((before, tag)) = tags.next()? {
        match tag {
            Tag::Open(element) => {
                take(&path, Some(&element), "");
                path.push(element.local().to_owned());
                if path.len() > DEEPEST {
                    return Err(Malformed);
                }
            }
            Tag::Empty(element) => take(&path, Some(&element), ""),
            Tag::Close(name) => {
                if path.is_empty() {
                    return Ok(true);
                }
                if path.last().map(String::as_str) != Some(xml::local(&name)) {
                    return Err(Malformed);
                }
                take(&path, None, before.trim());
                path.pop();
            }
            Tag::Declaration => return Err(Malformed),
        }
    }
    Ok(false)
}

impl Features {
    fn take(&mut self, path: &[String], element: Option<&Element>, before: &str) {
        match (path, element) {
            ([], Some(element)) if self.names.len() < MOST => {
                if element.local() == "c" {
                    self.software = element.attribute("node").map(str::to_owned);
                }
                self.names.push(element.local().to_owned());
            }
            ([feature], Some(element)) if feature == "starttls" && element.local() == "required" => {
                self.requires_tls = true
            }
            ([feature, value], None) => {
                let values = match (feature.as_str(), value.as_str()) {
                    ("mechanisms", "mechanism") => &mut self.mechanisms,
                    ("compression", "method") => &mut self.compressions,
                    _ => return,
                };
                if values.len() < MOST && !before.is_empty() {
                    values.push(before.to_owned());
                }
            }
            _ => {}
        }
    }
}

impl Error {
    fn take(&mut self, path: &[String], element: Option<&Element>, before: &str) {
        match (path, element) {
            ([], Some(element)) if element.local() != "text" && self.condition.is_empty() => {
                element.local().clone_into(&mut self.condition);
            }
            ([text], None) if text == "text" => before.clone_into(&mut self.text),
            _ => {}
        }
    }
}
