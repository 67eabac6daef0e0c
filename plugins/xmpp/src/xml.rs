//! As much of XML as streams are made of: tags, attributes and text. No declarations, and no entities but the five.

/// Something between two angle brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Open(Element),
    /// One without content.
    Empty(Element),
    Close(String),
    /// `<?xml …?>`
    Declaration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(is, _)| is == name).map(|(_, value)| value.as_str())
    }

    /// The name without its prefix.
    pub(crate) fn local(&self) -> &str {
        local(&self.name)
    }
}

/// A name without its prefix.
pub(crate) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// This is no XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads tags from the front.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tags<'a> {
    rest: &'a str,
}

impl<'a> Tags<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// The text before the next tag, and the tag. Nothing if it has not come yet.
    pub(crate) fn next(&mut self) -> Result<Option<(String, Tag)>, Malformed> {
        let Some((before, rest)) = self.rest.split_once('<') else { return Ok(None) };
        let Some(end) = end(rest) else { return Ok(None) };
        let (inside, rest) = rest.split_at_checked(end).ok_or(Malformed)?;
        self.rest = rest.strip_prefix('>').ok_or(Malformed)?;
        Ok(Some((plain(before), tag(inside)?)))
    }
}

/// Where a tag ends: a bracket that is not between quotes.
fn end(inside: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

fn tag(inside: &str) -> Result<Tag, Malformed> {
    if inside.starts_with('?') {
        return Ok(Tag::Declaration);
    }
    if let Some(name) = inside.strip_prefix('/') {
        return Ok(Tag::Close(name_of(name.trim_end())?.to_owned()));
    }
    match inside.strip_suffix('/') {
        Some(inside) => element(inside).map(Tag::Empty),
        None => element(inside).map(Tag::Open),
    }
}

fn element(inside: &str) -> Result<Element, Malformed> {
    const MOST: usize = 32;
    let (name, mut rest) = inside.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((inside, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let (name, value) = rest.split_once('=').ok_or(Malformed)?;
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or(Malformed)?;
        let (value, after) = value.strip_prefix(quote).and_then(|value| value.split_once(quote)).ok_or(Malformed)?;
        attributes.push((name_of(name.trim_end())?.to_owned(), plain(value)));
        if attributes.len() > MOST {
            return Err(Malformed);
        }
        rest = after;
    }
    Ok(Element { name: name_of(name)?.to_owned(), attributes })
}

fn name_of(name: &str) -> Result<&str, Malformed> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
    if !name.is_empty() && name.chars().all(is_name) { Ok(name) } else { Err(Malformed) }
}

/// Text without the five entities.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
        if text.contains(entity) {
            text = text.replace(entity, c);
        }
    }
    text
}

/// Text that goes into an attribute.
pub(crate) fn quoted(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;")
}
