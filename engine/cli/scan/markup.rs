//! Elements and attributes of XML and of HTML. XML allows no control character, not even as a reference, so these are written as visible
//! escapes.

use crate::escape;

/// A piece of a document or a page.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// Appends markup of our own.
    pub(super) fn push(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// Appends foreign text, in an element or in the quotes of an attribute. Like nmap, it never has two hyphens in a row, so that it can stand in a comment.
    pub(super) fn text(&mut self, text: &str) {
        let mut last = ' ';
        for c in escape::line(text).chars() {
            match c {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&apos;"),
                '-' if last == '-' => self.0.push_str("&#45;"),
                c => self.0.push(c),
            }
            last = c;
        }
    }

    /// Appends ` name="value"`.
    pub(super) fn attribute(&mut self, name: &str, value: &str) {
        self.0.extend([" ", name, "=\""]);
        self.text(value);
        self.0.push('"');
    }

    /// Appends `<tag>text</tag>`; attributes of our own may stand behind the name of the tag.
    pub(super) fn element(&mut self, tag: &str, text: &str) {
        let name = tag.split(' ').next().unwrap_or(tag);
        self.0.extend(["<", tag, ">"]);
        self.text(text);
        self.0.extend(["</", name, ">"]);
    }

    /// Appends a comment. It may not end in a hyphen, which the spaces see to.
    pub(super) fn comment(&mut self, text: &str) {
        self.push("<!-- ");
        self.text(text);
        self.push(" -->");
    }
}
