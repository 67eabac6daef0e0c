//! Text to tree. Meaning and limits are those of PCRE2 10.42 (`pcre2pattern`) with the options that nmap sets: none but `i` and `s`.

use std::fmt;

use super::{Direction, Greed, Node, Pattern};
use crate::analyse::ByteSet;
use crate::analyse::pattern::Assertion;

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// The byte of the pattern at fault.
    pub offset: usize,
    /// What is wrong there.
    pub message: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}; expected {}", self.offset, self.message, self.expected)
    }
}

impl std::error::Error for PatternError {}

/// PCRE2's limit of a repeat count.
const MAX_REPEAT: u32 = 65_535;
/// PCRE2's limit of nested parentheses.
const MAX_DEPTH: u32 = 250;

/// Parses a pattern under the options `i` and `s`.
///
/// # Errors
/// Where PCRE2 would refuse to compile it, or where it uses what no byte automaton or backtracker here can do: recursion, conditions,
/// callouts, verbs, `\K`, `\C`, `\X`, Unicode properties and branch reset.
pub fn parse(text: &[u8], caseless: bool, dotall: bool) -> Result<Pattern, PatternError> {
    let options = Options { caseless, dotall, ..Options::default() };
    let mut parser = Parser { text, at: 0, groups: 0, depth: 0, names: Vec::new(), references: Vec::new() };
    let root = parser.alternation(&mut { options })?;
    if parser.at != text.len() {
        return Err(parser.fail("unmatched closing parenthesis", "an opening one before it, or `\\)`"));
    }
    for (offset, reference) in std::mem::take(&mut parser.references) {
        if reference > parser.groups {
            return Err(parser.fail_at(
                offset,
                format!("reference to group {reference}, which does not exist"),
                format!("a group between 1 and {}", parser.groups),
            ));
        }
    }
    Ok(Pattern { root, groups: parser.groups })
}

/// Options that a pattern can change on its way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub(super) caseless: bool,
    dotall: bool,
    multiline: bool,
    ungreedy: bool,
    extended: bool,
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t [u8],
    pub(super) at: usize,
    /// Groups opened so far.
    pub(super) groups: u32,
    depth: u32,
    pub(super) names: Vec<(Vec<u8>, u32)>,
    /// References whose group must exist in the end.
    pub(super) references: Vec<(usize, u32)>,
}

/// What an item is to a quantifier that may follow.
struct Item {
    node: Node,
    quantifiable: bool,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn eat(&mut self, prefix: &[u8]) -> bool {
        let found = self.text[self.at..].starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    pub(super) fn fail(&self, message: impl Into<String>, expected: impl Into<String>) -> PatternError {
        self.fail_at(self.at, message, expected)
    }

    pub(super) fn fail_at(
        &self,
        offset: usize,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) -> PatternError {
        PatternError { offset: offset.min(self.text.len()), message: message.into(), expected: expected.into() }
    }

    pub(super) fn unsupported(&self, offset: usize, what: &str) -> PatternError {
        self.fail_at(offset, format!("{what} are not supported"), "a pattern without them")
    }

    fn alternation(&mut self, options: &mut Options) -> Result<Node, PatternError> {
        self.depth += 1;
        // The outermost level has no parentheses.
        if self.depth > MAX_DEPTH + 1 {
            return Err(self.fail("parentheses are nested too deeply", format!("at most {MAX_DEPTH} levels")));
        }
        let mut branches = vec![self.branch(options)?];
        while self.eat(b"|") {
            branches.push(self.branch(options)?);
        }
        self.depth -= 1;
        Ok(Node::alternation(branches))
    }

    fn branch(&mut self, options: &mut Options) -> Result<Node, PatternError> {
        let mut nodes = Vec::new();
        // Whether the item before, which is the last of `nodes`, may be repeated.
        let mut quantifiable = false;
        while let Some(byte) = self.peek() {
            let start = self.at;
            match byte {
                b'|' | b')' => break,
                _ if options.extended && (byte.is_ascii_whitespace() || byte == 0x0B) => self.at += 1,
                b'#' if options.extended => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                b'*' | b'+' | b'?' | b'{' if self.quantifier().is_some() => {
                    let (min, max) = self.eat_quantifier()?;
                    if !quantifiable {
                        return Err(self.fail_at(
                            start,
                            "quantifier does not follow a repeatable item",
                            "a character, a class or a group before it",
                        ));
                    }
                    quantifiable = false;
                    let greed = match self.peek() {
                        Some(b'+') => Greed::Possessive,
                        Some(b'?') if options.ungreedy => Greed::Greedy,
                        Some(b'?') => Greed::Lazy,
                        _ if options.ungreedy => Greed::Lazy,
                        _ => Greed::Greedy,
                    };
                    if matches!(self.peek(), Some(b'+' | b'?')) {
                        self.at += 1;
                    }
                    let node = Box::new(nodes.pop().expect("a repeatable item was pushed"));
                    nodes.push(Node::Repeat { min, max, greed, node });
                }
                b'\\' if self.eat(b"\\Q") => {
                    while self.at < self.text.len() && !self.text[self.at..].starts_with(b"\\E") {
                        nodes.push(literal(self.text[self.at], options));
                        self.at += 1;
                        quantifiable = true;
                    }
                    self.eat(b"\\E");
                }
                b'\\' if self.eat(b"\\E") => {}
                _ => {
                    if let Some(item) = self.item(byte, options)? {
                        nodes.push(item.node);
                        quantifiable = item.quantifiable;
                    } else if self.text[start..].starts_with(b"(?#") {
                        // A comment stands between an item and its quantifier without harm; an option setting does not.
                    } else {
                        quantifiable = false;
                    }
                }
            }
        }
        Ok(Node::concat(nodes))
    }

    fn item(&mut self, byte: u8, options: &mut Options) -> Result<Option<Item>, PatternError> {
        let assertion = |assertion| Ok(Some(Item { node: Node::Assert(assertion), quantifiable: false }));
        let repeatable = |node| Ok(Some(Item { node, quantifiable: true }));
        match byte {
            b'(' => match self.group(options)? {
                Some(node) => repeatable(node),
                None => Ok(None),
            },
            b'[' => {
                let set = self.class(options)?;
                repeatable(Node::Set(set))
            }
            b'\\' => {
                let node = self.escape(options)?;
                let quantifiable = !matches!(node, Node::Assert(_));
                Ok(Some(Item { node, quantifiable }))
            }
            b'.' => {
                self.at += 1;
                repeatable(Node::Set(if options.dotall { ByteSet::FULL } else { ByteSet::of(b'\n').complement() }))
            }
            b'^' => {
                self.at += 1;
                assertion(if options.multiline { Assertion::LineStart } else { Assertion::Start })
            }
            b'$' => {
                self.at += 1;
                assertion(if options.multiline { Assertion::LineEnd } else { Assertion::Dollar })
            }
            _ => {
                self.at += 1;
                repeatable(literal(byte, options))
            }
        }
    }

    /// The quantifier here, and its length; a brace that does not open one is a literal.
    fn quantifier(&self) -> Option<(u64, Option<u64>, usize)> {
        let rest = &self.text[self.at..];
        match rest.first()? {
            b'*' => Some((0, None, 1)),
            b'+' => Some((1, None, 1)),
            b'?' => Some((0, Some(1), 1)),
            b'{' => {
                let (min, after_min) = number(rest, 1)?;
                match rest.get(after_min)? {
                    b'}' => Some((min, Some(min), after_min + 1)),
                    b',' if rest.get(after_min + 1) == Some(&b'}') => Some((min, None, after_min + 2)),
                    b',' => {
                        let (max, after_max) = number(rest, after_min + 1)?;
                        (rest.get(after_max) == Some(&b'}')).then_some((min, Some(max), after_max + 1))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn eat_quantifier(&mut self) -> Result<(u32, Option<u32>), PatternError> {
        let (min, max, len) = self.quantifier().expect("the caller saw one");
        let bounded = |number: u64| {
            u32::try_from(number)
                .ok()
                .filter(|&number| number <= MAX_REPEAT)
                .ok_or_else(|| self.fail("number too big in {} quantifier", format!("at most {MAX_REPEAT}")))
        };
        let (min, max) = (bounded(min)?, max.map(bounded).transpose()?);
        if max.is_some_and(|max| max < min) {
            return Err(self.fail("numbers out of order in {} quantifier", "the smaller one first"));
        }
        self.at += len;
        Ok((min, max))
    }

    /// What an opening parenthesis begins; nothing for comments and option settings.
    fn group(&mut self, options: &mut Options) -> Result<Option<Node>, PatternError> {
        let start = self.at;
        self.at += 1;
        if self.peek() == Some(b'*') {
            return Err(self.unsupported(start, "verbs"));
        }
        if self.peek() != Some(b'?') {
            return self.capture(start, *options).map(Some);
        }
        self.at += 1;
        for (prefix, direction, negated) in [
            (&b"="[..], Direction::Ahead, false),
            (b"!", Direction::Ahead, true),
            (b"<=", Direction::Behind, false),
            (b"<!", Direction::Behind, true),
        ] {
            if self.eat(prefix) {
                let node = self.body(start, *options)?;
                if direction == Direction::Behind && !branches_have_fixed_widths(&node) {
                    return Err(self.fail_at(
                        start,
                        "look-behind is not of fixed length",
                        "branches of fixed length each",
                    ));
                }
                return Ok(Some(Node::Look { direction, negated, node: Box::new(node) }));
            }
        }
        if self.eat(b":") {
            return self.body(start, *options).map(Some);
        }
        if self.eat(b">") {
            return Ok(Some(Node::Atomic(Box::new(self.body(start, *options)?))));
        }
        if self.eat(b"#") {
            while self.peek().is_some_and(|byte| byte != b')') {
                self.at += 1;
            }
            return if self.eat(b")") { Ok(None) } else { Err(self.unclosed(start)) };
        }
        for (prefix, end) in [(&b"P<"[..], b'>'), (b"<", b'>'), (b"'", b'\'')] {
            if self.eat(prefix) {
                let name = self.name(end)?;
                self.names.push((name, self.groups + 1));
                return self.capture(start, *options).map(Some);
            }
        }
        if self.eat(b"P=") {
            let name = self.name(b')')?;
            return self.named_reference(start, &name, options).map(Some);
        }
        self.option_setting(start, options)
    }

    fn capture(&mut self, start: usize, options: Options) -> Result<Node, PatternError> {
        self.groups += 1;
        let group = self.groups;
        Ok(Node::Capture(group, Box::new(self.body(start, options)?)))
    }

    /// The inside of parentheses and the closing one. Options set inside end there.
    fn body(&mut self, start: usize, options: Options) -> Result<Node, PatternError> {
        let node = self.alternation(&mut { options })?;
        if self.eat(b")") { Ok(node) } else { Err(self.unclosed(start)) }
    }

    fn unclosed(&self, start: usize) -> PatternError {
        self.fail_at(start, "missing closing parenthesis", "`)` before the pattern's end")
    }

    /// `(?i-s)` changes the rest of the group around it, `(?i-s:…)` its own inside.
    fn option_setting(&mut self, start: usize, options: &mut Options) -> Result<Option<Node>, PatternError> {
        let mut changed = *options;
        let mut value = true;
        if self.eat(b"^") {
            changed = Options { ungreedy: options.ungreedy, ..Options::default() };
        }
        loop {
            match self.peek() {
                Some(b'i') => changed.caseless = value,
                Some(b's') => changed.dotall = value,
                Some(b'm') => changed.multiline = value,
                Some(b'x') => changed.extended = value,
                Some(b'U') => changed.ungreedy = value,
                Some(b'-') if value => value = false,
                Some(b')') => {
                    self.at += 1;
                    *options = changed;
                    return Ok(None);
                }
                Some(b':') => {
                    self.at += 1;
                    return self.body(start, changed).map(Some);
                }
                Some(b'R' | b'&' | b'0'..=b'9' | b'+' | b'P') => return Err(self.unsupported(start, "recursive calls")),
                Some(b'(') => return Err(self.unsupported(start, "conditional groups")),
                Some(b'|') => return Err(self.unsupported(start, "branch reset groups")),
                Some(b'C') => return Err(self.unsupported(start, "callouts")),
                None => return Err(self.unclosed(start)),
                Some(_) => {
                    return Err(self.fail(
                        "unrecognised character after (?",
                        "one of : > = ! <= <! # P< < ' or options among i m s x U",
                    ));
                }
            }
            self.at += 1;
        }
    }

    /// A group's name up to `end`, which is read too.
    pub(super) fn name(&mut self, end: u8) -> Result<Vec<u8>, PatternError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        let name = &self.text[start..self.at];
        if self.peek() != Some(end) || name.is_empty() || name[0].is_ascii_digit() || name.len() > 32 {
            return Err(self.fail_at(
                start,
                "not a group name",
                format!("up to 32 letters, digits and _, not a digit first, then `{}`", char::from(end)),
            ));
        }
        self.at += 1;
        Ok(name.to_vec())
    }

    pub(super) fn named_reference(&self, start: usize, name: &[u8], options: &Options) -> Result<Node, PatternError> {
        match self.names.iter().find(|(known, _)| known == name) {
            Some(&(_, group)) => Ok(Node::BackReference { group, caseless: options.caseless }),
            None => Err(self.fail_at(
                start,
                format!("reference to group `{}`, which does not exist before it", name.escape_ascii()),
                "the name of an earlier group",
            )),
        }
    }
}

pub(super) fn literal(byte: u8, options: &Options) -> Node {
    let set = ByteSet::of(byte);
    Node::Set(if options.caseless { set.fold_case() } else { set })
}

/// Decimal digits from `at`, at least one; saturating, so that too big stays too big.
fn number(text: &[u8], at: usize) -> Option<(u64, usize)> {
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let value = text[at..at + digits]
        .iter()
        .fold(0u64, |value, &digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some((value, at + digits))
}

/// PCRE2 wants each top-level branch of a look-behind to have one width.
fn branches_have_fixed_widths(node: &Node) -> bool {
    let fixed = |node: &Node| super::length(node).fixed().is_some();
    match node {
        Node::Alternation(branches) => branches.iter().all(fixed),
        _ => fixed(node),
    }
}
