//! What a database file says, with the place of everything in it.
//!
//! These are the parser's results: nothing is resolved (fallbacks are names), nothing is merged, and everything is in
//! file order.

use std::ops::Range;

use portprint_tables::{PortRange, Protocol};

/// Bytes `start..end` of a source's text.
pub type Span = Range<usize>;

/// One database file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// Ports that are never probed, if the file says so.
    pub exclude: Option<Exclude>,
    /// The probes in file order. The NULL probe is the one with an empty payload.
    pub probes: Vec<Probe>,
}

/// The `Exclude` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclude {
    /// The physical line, from 1.
    pub line: u32,
    /// The argument as it is written.
    pub text: Vec<u8>,
    /// What it means, in the order written.
    pub items: Vec<ExcludeItem>,
}

/// A part of `Exclude`'s list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcludeItem {
    /// The protocol of the prefix in force (`T:`, `U:`, `S:`, `P:`); none: whatever is being scanned.
    pub protocol: Option<ExcludeProtocol>,
    /// Which ports.
    pub ports: ExcludePorts,
}

/// The prefixes of nmap's port lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExcludeProtocol {
    /// `P:`, IP protocol numbers.
    Ip,
    /// `S:`
    Sctp,
    /// `T:`
    Tcp,
    /// `U:`
    Udp,
}

/// Ports by number, or by names that only nmap's table of services could resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExcludePorts {
    /// `N`, `A-B`, `-B`, `A-`.
    Range(PortRange),
    /// `[A-B]`: of these only the ones that a table of services knows.
    Known(PortRange),
    /// A service name, possibly with `*` and `?`.
    Name(Vec<u8>),
}

/// A `Probe` directive with all directives that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The physical line of the `Probe` directive, from 1.
    pub line: u32,
    /// The `Probe` directive.
    pub span: Span,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Its name; with the protocol it is the probe's key.
    pub name: Vec<u8>,
    /// What is sent, unescaped.
    pub payload: Vec<u8>,
    /// The flag `no-payload`.
    pub no_payload: bool,
    /// `ports`, all lines added up, in the order written.
    pub ports: Vec<PortRange>,
    /// `sslports`, likewise.
    pub sslports: Vec<PortRange>,
    /// 1..=9.
    pub rarity: u8,
    /// Milliseconds, 100..=300,000.
    pub totalwaitms: u32,
    /// Milliseconds, 100..=300,000.
    pub tcpwrappedms: u32,
    /// The names of the last `fallback` directive.
    pub fallback: Vec<FallbackName>,
    /// `match` and `softmatch` lines in file order.
    pub lines: Vec<Line>,
}

/// A name in a `fallback` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackName {
    /// Where it stands.
    pub span: Span,
    /// The name.
    pub name: Vec<u8>,
}

/// A `match` or `softmatch` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The physical line, from 1.
    pub line: u32,
    /// The whole line without its line feed.
    pub span: Span,
    /// `softmatch`.
    pub soft: bool,
    /// The service name as written; may be empty.
    pub service: Vec<u8>,
    /// The regular expression.
    pub pattern: PatternText,
    /// The templates by field; of several for one field only the last one written is here.
    pub templates: Vec<Template>,
}

/// The `m` template of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternText {
    /// Where its text stands, between the delimiters.
    pub span: Span,
    /// The text.
    pub text: Vec<u8>,
    /// The flag `i`.
    pub caseless: bool,
    /// The flag `s`.
    pub dotall: bool,
}

/// A version template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Where its value stands, between the delimiters.
    pub span: Span,
    /// The field that it fills.
    pub field: portprint_tables::Field,
    /// The value as written. A CPE's begins with `cpe:/`.
    pub text: Vec<u8>,
    /// The value in parts, in order; one that always fails is a single [`Part::Fail`] where evaluation would stop.
    pub parts: Vec<Part>,
}

/// A piece of a template. See SEMANTICS in nmap's book, "Version detection: templates" (`vscan-fileformat`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes.
    Literal(Vec<u8>),
    /// `$1` to `$9`: a group's bytes, cut at the first NUL.
    Group(u8),
    /// `$P(n)`: the group's printable ASCII.
    Printable(u8),
    /// `$SUBST(n,"find","replace")`.
    Substitute {
        /// The group.
        group: u8,
        /// What is looked for in the response from the group's start.
        find: Vec<u8>,
        /// What is written instead.
        replace: Vec<u8>,
    },
    /// `$I(n,">")` and `$I(n,"<")`: the group as an unsigned number.
    Integer {
        /// The group.
        group: u8,
        /// `">"`.
        big_endian: bool,
    },
    /// The field stays empty, whatever the response.
    Fail,
}
