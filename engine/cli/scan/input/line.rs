//! Files with a record a line. Which program wrote a line is seen from the line, so files may be put together.

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::net::IpAddr;

use portprint_scan::{Host, Hosts, PortSelection, PortSet, Target};
use portprint_tables::Protocol;

use super::json;
use super::lines::{Line, Lines, TOO_LONG};
use super::stream::{Records, Told};

/// A file of lines.
pub(super) struct LineFile<R> {
    lines: Lines<R>,
    reading: Reading,
}

/// What lines before this one say about it.
#[derive(Default)]
struct Reading {
    /// The columns of zmap's CSV, after its header.
    columns: Option<Columns>,
    /// Whether every line so far was a host with ports; nothing before the first.
    all_have_ports: Option<bool>,
    /// Whether it was told that an address may be meant otherwise.
    doubted: bool,
}

impl<R: BufRead> LineFile<R> {
    pub(super) fn new(input: R) -> Self {
        Self { lines: Lines::new(input), reading: Reading::default() }
    }
}

impl<R: BufRead + Send> Records for LineFile<R> {
    fn read(&mut self, out: &mut VecDeque<Target>, told: &Told) -> io::Result<bool> {
        let Some((number, line)) = self.lines.next()? else { return Ok(false) };
        let Line::Whole(line) = line else {
            told.bad(number, TOO_LONG);
            return Ok(true);
        };
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if !text.is_empty()
            && !text.starts_with('#')
            && let Err(message) = self.reading.line(text, out, &|doubt| told.doubt(number, doubt))
        {
            told.bad(number, message);
        }
        Ok(true)
    }
}

impl Reading {
    /// Reads a line, whoever wrote it.
    fn line(&mut self, text: &str, out: &mut VecDeque<Target>, doubt: &dyn Fn(String)) -> Result<(), String> {
        if text.starts_with('{') {
            return json::record(text, out);
        }
        if let Some((host, ports)) = text.split_once(" -> ") {
            return rustscan(host, ports).map(|target| out.push_back(target));
        }
        if let Some(rest) = text.strip_prefix("Host: ") {
            return grepable(rest).map(|target| out.extend(target));
        }
        let words: Vec<_> = text.split_ascii_whitespace().take(4).collect();
        if let [status @ ("open" | "closed" | "banner"), protocol, port, address] = words[..] {
            return masscan_list(status, protocol, port, address).map(|target| out.extend(target));
        }
        if let Some(columns) = Columns::of_header(text) {
            self.columns = Some(columns);
            return Ok(());
        }
        if let Some(columns) = &self.columns {
            return columns.row(text).map(|target| out.extend(target));
        }
        if let Some((first, _)) = text.split_once(',')
            && is_address(first.trim())
        {
            return comma_separated(text).map(|target| out.push_back(target));
        }
        let target = self.plain(text, doubt)?;
        self.all_have_ports = Some(self.all_have_ports.unwrap_or(true) && target.ports.is_some());
        out.push_back(target);
        Ok(())
    }

    /// A target as people write it, or as naabu does, which puts no brackets around IPv6.
    fn plain(&mut self, text: &str, doubt: &dyn Fn(String)) -> Result<Target, String> {
        let target: Target = text.parse().map_err(|error| format!("{error}"))?;
        let Some(bare) = target.ports.is_none().then(|| Target::from_bare_v6(text)).flatten() else {
            return Ok(target);
        };
        let with_port = self.all_have_ports == Some(true);
        if !std::mem::replace(&mut self.doubted, true) {
            let (is, why) = if with_port { ("a port", "so far") } else { ("part of the address", "not so far") };
            doubt(format!(
                "'{text}' is an IPv6 address with or without a port: what follows the last colon is taken for {is}, because every \
                 line had a port {why}. Write [address]:port to be sure"
            ));
        }
        Ok(if with_port { bare } else { target })
    }
}

/// Whether a field is where zgrab2 expects an address: one, a network, or nothing.
fn is_address(field: &str) -> bool {
    let address = field.split('/').next().unwrap_or_default();
    field.is_empty() || address.parse::<IpAddr>().is_ok()
}

/// `1.2.3.4 -> [22,80]`
fn rustscan(host: &str, ports: &str) -> Result<Target, String> {
    let expected = "expected rustscan's way of writing, like 1.2.3.4 -> [22,80]";
    let ports = ports.trim().strip_prefix('[').and_then(|ports| ports.strip_suffix(']')).ok_or(expected)?;
    let ports = ports.parse().map_err(|error| format!("{error}; {expected}"))?;
    Ok(Target { hosts: one(host.trim())?, protocol: Some(Protocol::Tcp), ports: Some(ports) })
}

/// `127.0.0.1 (localhost)⇥Ports: 22/open/tcp//ssh///, …⇥…`, a line of nmap's `-oG` after `Host: `
fn grepable(text: &str) -> Result<Option<Target>, String> {
    let mut fields = text.split('\t').map(str::trim);
    let host = fields.next().and_then(|field| field.split(' ').next()).unwrap_or_default();
    let hosts = one(host)?;
    let Some(list) = fields.find_map(|field| field.strip_prefix("Ports: ")) else { return Ok(None) };
    let mut ports = OpenPorts::default();
    for item in list.split(", ") {
        // Versions may have commas in them, so not every piece is a port.
        let [number, "open", protocol, ..] = item.split('/').collect::<Vec<_>>()[..] else { continue };
        if number.bytes().all(|byte| byte.is_ascii_digit()) {
            ports.add(protocol, number)?;
        }
    }
    Ok(ports.target(hosts))
}

/// `open tcp 80 1.2.3.4 …` and the same with `banner`, from masscan's `-oL`
fn masscan_list(status: &str, protocol: &str, port: &str, address: &str) -> Result<Option<Target>, String> {
    let hosts = one(address)?;
    let mut ports = OpenPorts::default();
    if status != "closed" {
        ports.add(protocol, port)?;
    }
    Ok(ports.target(hosts))
}

/// `IP, DOMAIN, TAG, PORT`, as zgrab2 reads it, where all but one of the first two may be left out; or zmap's `saddr,sport`
fn comma_separated(text: &str) -> Result<Target, String> {
    let expected = "expected IP, DOMAIN, TAG, PORT";
    let fields = fields(text).map_err(|error| format!("{error}; {expected}"))?;
    let field = |index: usize| fields.get(index).map(String::as_str).filter(|field| !field.is_empty());
    let is_port = |field: &str| field.bytes().all(|byte| byte.is_ascii_digit());
    let (domain, port) = match field(1) {
        Some(port) if fields.len() == 2 && is_port(port) => (None, Some(port)),
        domain => (domain, field(3)),
    };
    let hosts = match (field(0), domain) {
        (Some(address), None) => any(address)?,
        (None, Some(domain)) => any(domain)?,
        (Some(address), Some(domain)) => match any(address)? {
            Hosts::One(host) => Hosts::One(match host.address() {
                Some(address) => Host::with_name(domain_name(domain)?, address),
                None => host,
            }),
            range @ Hosts::Range(_) => range,
        },
        (None, None) => return Err(format!("there is neither an address nor a domain; {expected}")),
    };
    let ports =
        port.map(|port| number(port).map(|port| PortSelection::from_ports(Protocol::Tcp, [port]))).transpose()?;
    Ok(Target { hosts, protocol: ports.as_ref().map(|_| Protocol::Tcp), ports })
}

/// Where zmap's CSV has what.
struct Columns {
    address: usize,
    port: Option<usize>,
    success: Option<usize>,
    classification: Option<usize>,
}

impl Columns {
    fn of_header(text: &str) -> Option<Self> {
        // Hardly any line is one, and each is looked at.
        if !text.contains("saddr") {
            return None;
        }
        let names = fields(text).ok()?;
        let find = |name: &str| names.iter().position(|field| field == name);
        // The answer comes from the port that was asked.
        Some(Self {
            address: find("saddr")?,
            port: find("sport"),
            success: find("success"),
            classification: find("classification"),
        })
    }

    fn row(&self, text: &str) -> Result<Option<Target>, String> {
        let fields = fields(text)?;
        let field = |column: Option<usize>| column.and_then(|column| fields.get(column)).map(String::as_str);
        if matches!(field(self.success), Some("0" | "false")) || field(self.classification) == Some("rst") {
            return Ok(None);
        }
        let hosts = one(field(Some(self.address)).ok_or("the line has no field under zmap's header saddr")?)?;
        let is_udp = field(self.classification).is_some_and(|word| word.starts_with("udp"));
        let protocol = if is_udp { Protocol::Udp } else { Protocol::Tcp };
        let ports = field(self.port).map(number).transpose()?;
        let ports = ports.map(|port| PortSelection::from_ports(protocol, [port]));
        Ok(Some(Target { hosts, protocol: ports.as_ref().map(|_| protocol), ports }))
    }
}

/// The fields of a line of CSV.
fn fields(text: &str) -> Result<Vec<String>, String> {
    // zgrab2 lets a space stand before a quote, where it would be taken for a part of the field.
    let text = text.replace(", \"", ",\"");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .buffer_capacity(text.len().max(1))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    reader.read_record(&mut record).map_err(|error| format!("the line is not CSV: {error}"))?;
    Ok(record.iter().map(str::to_owned).collect())
}

/// Open ports of a host, of both transports.
#[derive(Default)]
pub(super) struct OpenPorts {
    tcp: Vec<u16>,
    udp: Vec<u16>,
}

impl OpenPorts {
    /// Adds a port. Those of other transports are none that could be asked.
    pub(super) fn add(&mut self, protocol: &str, port: &str) -> Result<(), String> {
        let list = match protocol {
            "tcp" => &mut self.tcp,
            "udp" => &mut self.udp,
            _ => return Ok(()),
        };
        list.push(number(port)?);
        Ok(())
    }

    /// Whether no port is open.
    pub(super) fn is_empty(&self) -> bool {
        self.tcp.is_empty() && self.udp.is_empty()
    }

    /// The target, if any port is open.
    pub(super) fn target(self, hosts: Hosts) -> Option<Target> {
        let (is_empty, [tcp, udp]) = (self.is_empty(), [self.tcp, self.udp].map(PortSet::from_ports));
        let ports = PortSelection { tcp, udp, ..PortSelection::default() };
        (!is_empty).then_some(Target { hosts, protocol: None, ports: Some(ports) })
    }
}

/// A port by number.
fn number(text: &str) -> Result<u16, String> {
    let wrong = || format!("'{}' is not a port; expected a number up to 65535", text.escape_debug());
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().map_err(|_| wrong()) } else { Err(wrong()) }
}

/// One host, by name or address.
pub(super) fn one(text: &str) -> Result<Hosts, String> {
    match any(text)? {
        one @ Hosts::One(_) => Ok(one),
        Hosts::Range(_) => Err(format!("'{}' is not a host; expected an address", text.escape_debug())),
    }
}

fn any(text: &str) -> Result<Hosts, String> {
    let bracketed = if text.contains(':') { format!("[{text}]") } else { text.to_owned() };
    let target: Target = bracketed.parse().map_err(|error| format!("{error}"))?;
    Ok(target.hosts)
}

/// A name that goes beside an address.
pub(super) fn domain_name(text: &str) -> Result<&str, String> {
    any(text).map(|_| text)
}

#[cfg(test)]
mod tests;
