//! nmap's XML (`-oX`), and masscan's, which has the same elements.
//!
//! The file may be hostile. No entity is expanded but the five of XML itself, nothing outside of the file is read, and of the file no
//! more is kept than one tag and the open ports of one host; how long a tag may be, and how deep elements may nest, is bounded.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::net::IpAddr;

use portprint_scan::{Host, Hosts, Target};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::line::{OpenPorts, domain_name, one};
use super::stream::{Records, Told};

/// The longest piece: a tag, a text, a comment. The output of nmap's scripts is within tags.
const LONGEST: u64 = 16 << 20;

/// How deep elements nest. Those of nmap nest a dozen deep, in the output of scripts.
const DEEPEST: u32 = 100;

/// A file being read.
pub(super) struct Xml<R> {
    reader: Reader<Counted<R>>,
    buffer: Vec<u8>,
    depth: u32,
    host: Option<HostElement>,
}

/// What is known of a host before its element ends.
#[derive(Default)]
struct HostElement {
    address: Option<String>,
    /// The name by which the user meant it.
    name: Option<String>,
    port: Option<(String, String)>,
    ports: OpenPorts,
}

impl<R: BufRead> Xml<R> {
    pub(super) fn new(input: R) -> Self {
        let mut reader = Reader::from_reader(Counted { input, line: 1, left: LONGEST });
        // A file that was cut off has no end tags.
        reader.config_mut().check_end_names = false;
        Self { reader, buffer: Vec::new(), depth: 0, host: None }
    }

    /// Reads up to the end of a host. The message is of what makes the rest of the file useless.
    fn read_host(&mut self, out: &mut VecDeque<Target>) -> Result<bool, Fault> {
        loop {
            self.reader.get_mut().left = LONGEST;
            self.buffer.clear();
            let (tag, is_empty) = match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(tag)) => (tag, false),
                Ok(Event::Empty(tag)) => (tag, true),
                Ok(Event::End(tag)) => {
                    self.depth = self.depth.saturating_sub(1);
                    if tag.name().as_ref() == "host" {
                        return self.end_host(out).map(|()| true).map_err(Fault::Host);
                    }
                    continue;
                }
                Ok(Event::Eof) if self.depth > 0 => {
                    return Err(Fault::File(String::from("the file ends before nmap's report does")));
                }
                Ok(Event::Eof) => return Ok(false),
                Ok(_) => continue,
                Err(quick_xml::Error::Io(error)) if error.kind() != io::ErrorKind::InvalidData => {
                    return Err(Fault::Io(io::Error::new(error.kind(), error.to_string())));
                }
                Err(error) => return Err(Fault::File(format!("expected nmap's XML: {error}"))),
            };
            if !is_empty {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(Fault::File(format!("expected nmap's XML, whose elements do not nest {DEEPEST} deep")));
                }
            }
            if tag.name().as_ref() == "host" {
                self.host = (!is_empty).then(HostElement::default);
            } else if let Some(host) = &mut self.host {
                host.element(&tag).map_err(Fault::Host)?;
            }
        }
    }

    fn end_host(&mut self, out: &mut VecDeque<Target>) -> Result<(), String> {
        let Some(HostElement { address, name, ports, .. }) = self.host.take() else { return Ok(()) };
        if ports.is_empty() {
            return Ok(());
        }
        let address = address.ok_or("the host has open ports and no address")?;
        let hosts = match (name, address.parse::<IpAddr>()) {
            (Some(name), Ok(address)) => Hosts::One(Host::with_name(domain_name(&name)?, address)),
            _ => one(&address)?,
        };
        out.extend(ports.target(hosts));
        Ok(())
    }
}

impl<R: BufRead + Send> Records for Xml<R> {
    fn read(&mut self, out: &mut VecDeque<Target>, told: &Told) -> io::Result<bool> {
        match self.read_host(out) {
            Ok(more) => Ok(more),
            Err(Fault::Io(error)) => Err(error),
            Err(Fault::Host(message)) => {
                told.bad(self.reader.get_mut().line, message);
                Ok(true)
            }
            Err(Fault::File(message)) => {
                let line = self.reader.get_mut().line;
                // What was read of the last host is as good as the rest.
                let rest = self.end_host(out);
                told.bad(line, rest.err().unwrap_or(message));
                Ok(false)
            }
        }
    }
}

/// What can go wrong.
enum Fault {
    /// With one host.
    Host(String),
    /// With the file, from here on.
    File(String),
    /// With reading.
    Io(io::Error),
}

impl HostElement {
    /// An element within a host.
    fn element(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        match tag.name().as_ref() {
            "address" if attribute(tag, "addrtype")?.is_none_or(|kind| kind.starts_with("ip")) => {
                self.address = attribute(tag, "addr")?;
            }
            "hostname" if attribute(tag, "type")?.as_deref() == Some("user") => self.name = attribute(tag, "name")?,
            "port" => {
                let protocol = attribute(tag, "protocol")?.ok_or("a port has no protocol")?;
                let number = attribute(tag, "portid")?.ok_or("a port has no portid")?;
                self.port = Some((protocol, number));
            }
            "state" => {
                if attribute(tag, "state")?.as_deref() == Some("open")
                    && let Some((protocol, number)) = self.port.take()
                {
                    self.ports.add(&protocol, &number)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("the attributes of an element are broken: {error}");
    let Some(attribute) = tag.try_get_attribute(name).map_err(|error| wrong(&error))? else { return Ok(None) };
    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|error| wrong(&error))?;
    Ok(Some(value.into_owned()))
}

/// An input that counts lines, and that gives only so much for one piece.
struct Counted<R> {
    input: R,
    line: u64,
    left: u64,
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a tag or text is longer than 16 MiB"));
        }
        self.input.fill_buf()
    }

    fn consume(&mut self, used: usize) {
        if let Ok(piece) = self.input.fill_buf() {
            self.line += memchr::memchr_iter(b'\n', &piece[..used.min(piece.len())]).count() as u64;
        }
        self.left = self.left.saturating_sub(used as u64);
        self.input.consume(used);
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
