//! `portprint db export`: the whole database in a form that other programs read. It is made from the text of the sources and leaves
//! nothing out but comments: templates come as they were written, also those that a later one replaces.

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use portprint_codegen::Source;
use portprint_codegen::diagnostic::Diagnostics;
use portprint_codegen::parse::{self, File, Line, Probe};
use portprint_tables::PortRange;
use serde::{Serialize, Serializer};

use crate::context::Context;
use crate::exit::{Ending, Failure};
use crate::output;

/// Write the whole database, lossless, for other programs.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
The JSON: {\"format\": \"portprint-export\", \"version\": 1, \"sources\": [SOURCE…]}
  SOURCE    name, licence, extends (true: one set of rules with the source before it), exclude?, probes
  exclude   line, text
  PROBE     line, protocol, name, payload (unescaped, base64), no_payload, rarity, totalwaitms, tcpwrappedms, ports and
            sslports (pairs of first and last), fallback (names), lines
  LINE      line, soft, service, pattern, caseless, dotall, templates
  TEMPLATE  field (product, version, info, hostname, os, device, cpe), text (a CPE's begins with cpe:/), flags?
Everything is in file order, and `line` is the physical line. Names and texts are strings when they are ASCII, and
{\"base64\": …} when they are not.

Examples:
  portprint db export > database.json
  portprint db export | jq -r '.sources[].probes[] | [.protocol, .name, (.lines | length)] | @tsv'")]
pub(crate) struct Args {
    /// The format
    #[arg(long, default_value = "json")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON document.
    Json,
}

/// `portprint db export`
pub(crate) fn run(context: &Context, arguments: &Args) -> Result<Ending, Failure> {
    let sources = context.sources()?;
    let mut faults = Vec::new();
    let files: Vec<File> =
        sources.iter().enumerate().map(|(index, source)| parse::parse(index, source, &mut faults)).collect();
    if !faults.is_empty() {
        return Err(Failure::fault(format!("the database has faults\n{}", Diagnostics::new(faults, &sources))));
    }
    let document = Document {
        format: "portprint-export",
        version: 1,
        sources: sources.iter().zip(&files).map(|(source, file)| SourceItem::new(source, file)).collect(),
    };
    let mut out = output::plain();
    let Format::Json = arguments.format;
    serde_json::to_writer(&mut out, &document)
        .map_err(io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(Failure::output)?;
    Ok(Ending::Done)
}

#[derive(Serialize)]
struct Document<'t> {
    format: &'static str,
    version: u32,
    sources: Vec<SourceItem<'t>>,
}

#[derive(Serialize)]
struct SourceItem<'t> {
    name: &'t str,
    licence: &'t str,
    extends: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude: Option<ExcludeItem<'t>>,
    /// Written one after the other; the document is never in memory as a whole.
    #[serde(serialize_with = "probes")]
    probes: (&'t [u8], &'t [Probe]),
}

impl<'t> SourceItem<'t> {
    fn new(source: &'t Source, file: &'t File) -> Self {
        Self {
            name: &source.name,
            licence: &source.licence,
            extends: source.extends,
            exclude: file
                .exclude
                .as_ref()
                .map(|exclude| ExcludeItem { line: exclude.line, text: exclude.text[..].into() }),
            probes: (&source.text, &file.probes),
        }
    }
}

#[derive(Serialize)]
struct ExcludeItem<'t> {
    line: u32,
    text: Text<'t>,
}

fn probes<S: Serializer>((text, probes): &(&[u8], &[Probe]), serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(probes.iter().map(|probe| ProbeItem::new(text, probe)))
}

#[derive(Serialize)]
struct ProbeItem<'t> {
    line: u32,
    protocol: &'static str,
    name: Text<'t>,
    payload: String,
    no_payload: bool,
    rarity: u8,
    totalwaitms: u32,
    tcpwrappedms: u32,
    ports: Vec<[u16; 2]>,
    sslports: Vec<[u16; 2]>,
    fallback: Vec<Text<'t>>,
    lines: Vec<LineItem<'t>>,
}

impl<'t> ProbeItem<'t> {
    fn new(text: &'t [u8], probe: &'t Probe) -> Self {
        let pairs = |ranges: &[PortRange]| ranges.iter().map(|range| [range.first, range.last]).collect();
        Self {
            line: probe.line,
            protocol: probe.protocol.as_str(),
            name: probe.name[..].into(),
            payload: STANDARD.encode(&probe.payload),
            no_payload: probe.no_payload,
            rarity: probe.rarity,
            totalwaitms: probe.totalwaitms,
            tcpwrappedms: probe.tcpwrappedms,
            ports: pairs(&probe.ports),
            sslports: pairs(&probe.sslports),
            fallback: probe.fallback.iter().map(|fallback| fallback.name[..].into()).collect(),
            lines: probe.lines.iter().map(|line| LineItem::new(text, line)).collect(),
        }
    }
}

#[derive(Serialize)]
struct LineItem<'t> {
    line: u32,
    soft: bool,
    service: Text<'t>,
    pattern: Text<'t>,
    caseless: bool,
    dotall: bool,
    templates: Vec<TemplateItem<'t>>,
}

impl<'t> LineItem<'t> {
    fn new(text: &'t [u8], line: &'t Line) -> Self {
        // Behind the pattern: its delimiter, its flags, and the templates.
        let tail = &text[line.pattern.span.end + 1..line.span.end];
        Self {
            line: line.line,
            soft: line.soft,
            service: line.service[..].into(),
            pattern: line.pattern.text[..].into(),
            caseless: line.pattern.caseless,
            dotall: line.pattern.dotall,
            templates: Templates(skip_letters(tail)).collect(),
        }
    }
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct TemplateItem<'t> {
    field: &'static str,
    text: Text<'t>,
    /// They mean nothing, but somebody wrote them.
    #[serde(skip_serializing_if = "Text::is_empty")]
    flags: Text<'t>,
}

/// The templates of a line that the parser found good, as they are written.
struct Templates<'t>(&'t [u8]);

impl<'t> Iterator for Templates<'t> {
    type Item = TemplateItem<'t>;

    fn next(&mut self) -> Option<TemplateItem<'t>> {
        let text = &self.0[self.0.iter().position(|byte| !is_space(*byte))?..];
        let mode = &text[..text.len() - skip_letters(text).len()];
        // A whole CPE stands without a delimiter before it, and its value begins with the mode. With another delimiter, as older files
        // have it, the beginning is left out.
        let is_whole = text.starts_with(b"cpe:/");
        let delimiter_at = if text.starts_with(b"cpe:") { mode.len() + 1 } else { mode.len() };
        let start = if is_whole { 0 } else { delimiter_at + 1 };
        let delimiter = *text.get(delimiter_at)?;
        let end = delimiter_at + 1 + text[delimiter_at + 1..].iter().position(|byte| *byte == delimiter)?;
        let flags = &text[end + 1..];
        self.0 = skip_letters(flags);
        Some(TemplateItem {
            field: field(mode),
            text: if delimiter_at > mode.len() && !is_whole {
                Text(Cow::Owned([b"cpe:/", &text[start..end]].concat()))
            } else {
                text[start..end].into()
            },
            flags: flags[..flags.len() - self.0.len()].into(),
        })
    }
}

fn field(mode: &[u8]) -> &'static str {
    match mode {
        b"p" => "product",
        b"v" => "version",
        b"i" => "info",
        b"h" => "hostname",
        b"o" => "os",
        b"d" => "device",
        _ => "cpe",
    }
}

fn skip_letters(text: &[u8]) -> &[u8] {
    const MOST: usize = 3;
    let letters = text.iter().take(MOST).take_while(|byte| byte.is_ascii_alphabetic()).count();
    &text[letters..]
}

/// As C's `isspace`, which is what decides where templates end.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0B
}

/// Bytes that are ASCII as a rule.
#[derive(Debug, PartialEq, Eq)]
struct Text<'t>(Cow<'t, [u8]>);

impl<'t> From<&'t [u8]> for Text<'t> {
    fn from(bytes: &'t [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }
}

impl Text<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Encoded {
            base64: String,
        }
        // DEL is the one control character that JSON does not escape.
        match std::str::from_utf8(&self.0) {
            Ok(text) if text.is_ascii() && !text.contains('\x7F') => serializer.serialize_str(text),
            _ => Encoded { base64: STANDARD.encode(&self.0) }.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Templates, Text};

    #[test]
    fn templates_come_as_they_were_written() {
        let text =
            b" p/one/ p|two| v=$1=  i/a b/s cpe:/a:x:y/a cpe:/a:second/ cpe/odd/ cpe:/x:part/\t cpe:|h:m:x/y| o%Linux%";
        let found: Vec<_> = Templates(text).map(|item| (item.field, item.text, item.flags)).collect();
        let expected = [
            ("product", "one", ""),
            ("product", "two", ""),
            ("version", "$1", ""),
            ("info", "a b", "s"),
            ("cpe", "cpe:/a:x:y", "a"),
            ("cpe", "cpe:/a:second", ""),
            ("cpe", "odd", ""),
            ("cpe", "cpe:/x:part", ""),
            ("cpe", "cpe:/h:m:x/y", ""),
            ("os", "Linux", ""),
        ]
        .map(|(field, text, flags)| (field, Text::from(text.as_bytes()), Text::from(flags.as_bytes())));
        assert_eq!(found, expected);
    }
}
