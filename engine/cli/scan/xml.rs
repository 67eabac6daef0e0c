//! Results as nmap writes them in XML (`xmloutputversion` 1.05, valid to its nmap.dtd), for the many programs that read that.
//!
//! They take only `scanner="nmap"`, some need attributes in nmap's order, and all need an address for every host and a reason for every
//! state. What nmap has no attribute for stands in a `script` element, which they keep or pass over.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portprint_core::session::{Outcome, PortState};
use portprint_tables::{Field, Protocol};

use crate::escape;

use super::markup::Markup;
use super::outputs::{HostDone, ScanBegin, ScanEnd, Writer};
use super::per_host::{Key, PerHost};
use super::record::{FIELDS, Record, TLS_NAMES, tls_values};

/// How many bytes of ports may wait for the ends of their hosts. Beyond that the hosts are written with what is known, and come again
/// if more becomes known, which is valid too.
const MOST_WAITING: usize = 64 << 20;

/// nmap's names of the fields, in its order.
const ATTRIBUTES: [(Field, &str); FIELDS.len()] = [
    (Field::Product, "product"),
    (Field::Version, "version"),
    (Field::Info, "extrainfo"),
    (Field::Hostname, "hostname"),
    (Field::Os, "ostype"),
    (Field::Device, "devicetype"),
];

/// A document that grows by a host when a host is finished.
#[derive(Debug)]
pub(super) struct Document {
    begin: ScanBegin,
    ports: PerHost<Port>,
    /// How many bytes they have.
    waiting: usize,
}

/// A port that waits for the end of its host.
#[derive(Debug)]
struct Port {
    order: (Protocol, u16),
    begin: SystemTime,
    end: SystemTime,
    element: String,
}

impl Document {
    pub(super) fn new(begin: ScanBegin) -> Self {
        Self { begin, ports: PerHost::new(), waiting: 0 }
    }

    fn write_all_hosts(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.waiting = 0;
        for ((host, ip), ports) in self.ports.take_all() {
            write_host(out, &(host, ip), ports)?;
        }
        Ok(())
    }
}

impl Writer for Document {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        let mut xml = Markup::new();
        xml.push("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>\n");
        xml.comment(&format!("written by portprint {version}: {}", self.begin.command));
        xml.push("\n<nmaprun");
        xml.attribute("scanner", "nmap");
        xml.attribute("args", &self.begin.command);
        xml.attribute("start", &seconds(self.begin.time));
        xml.attribute("startstr", &humantime::format_rfc3339_seconds(self.begin.time).to_string());
        xml.attribute("version", version);
        xml.attribute("xmloutputversion", "1.05");
        xml.push(">\n<verbose level=\"0\"/>\n<debugging level=\"0\"/>\n");
        out.write_all(xml.as_bytes())?;
        out.flush()
    }

    fn port(&mut self, out: &mut dyn Write, record: &Record<'_>) -> io::Result<()> {
        let element = port(record);
        self.waiting += element.len();
        let item = Port {
            order: (record.protocol, record.port),
            begin: record.timestamp,
            end: record.timestamp.checked_add(record.elapsed).unwrap_or(record.timestamp),
            element,
        };
        self.ports.push(record.host, record.ip, item);
        if self.waiting > MOST_WAITING {
            self.write_all_hosts(out)?;
        }
        Ok(())
    }

    fn host_done(&mut self, out: &mut dyn Write, done: &HostDone<'_>) -> io::Result<()> {
        let ports = self.ports.take(done.host, done.ip);
        if ports.is_empty() {
            return Ok(());
        }
        self.waiting -= ports.iter().map(|port| port.element.len()).sum::<usize>().min(self.waiting);
        write_host(out, &(done.host.to_owned(), done.ip), ports)?;
        out.flush()
    }

    fn end(&mut self, out: &mut dyn Write, end: &ScanEnd<'_>) -> io::Result<()> {
        self.write_all_hosts(out)?;
        let (hosts, skipped) = (end.summary.hosts, end.summary.hosts_skipped);
        let elapsed = format!("{:.2}", end.elapsed.as_secs_f64());
        let time = humantime::format_rfc3339_seconds(end.time).to_string();
        let mut xml = Markup::new();
        xml.push("<runstats><finished");
        xml.attribute("time", &seconds(end.time));
        xml.attribute("timestr", &time);
        xml.attribute("summary", &format!("portprint done at {time}; {hosts} hosts scanned in {elapsed} seconds"));
        xml.attribute("elapsed", &elapsed);
        if end.summary.cancelled {
            xml.attribute("exit", "error");
            xml.attribute("errormsg", "the scan was broken off");
        } else {
            xml.attribute("exit", "success");
        }
        xml.push("/><hosts");
        xml.attribute("up", &hosts.to_string());
        xml.attribute("down", &skipped.to_string());
        xml.attribute("total", &(hosts + skipped).to_string());
        xml.push("/>\n</runstats>\n</nmaprun>\n");
        out.write_all(xml.as_bytes())
    }
}

fn write_host(out: &mut dyn Write, (host, ip): &Key, mut ports: Vec<Port>) -> io::Result<()> {
    ports.sort_by_key(|port| port.order);
    let mut xml = Markup::new();
    xml.push("<host");
    if let Some(begin) = ports.iter().map(|port| port.begin).min() {
        xml.attribute("starttime", &seconds(begin));
    }
    if let Some(end) = ports.iter().map(|port| port.end).max() {
        xml.attribute("endtime", &seconds(end));
    }
    // Nobody asked whether the host is there, which nmap says like this.
    xml.push("><status state=\"up\" reason=\"user-set\" reason_ttl=\"0\"/>\n<address");
    xml.attribute("addr", &ip.to_string());
    xml.attribute("addrtype", if ip.is_ipv4() { "ipv4" } else { "ipv6" });
    xml.push("/>\n<hostnames>\n");
    if !is_address(host, *ip) {
        xml.push("<hostname");
        xml.attribute("name", host);
        xml.push(" type=\"user\"/>\n");
    }
    xml.push("</hostnames>\n<ports>");
    out.write_all(xml.as_bytes())?;
    for port in ports {
        out.write_all(port.element.as_bytes())?;
    }
    out.write_all(b"</ports>\n</host>\n")
}

/// Whether a host was given as this address, however it was written.
fn is_address(host: &str, ip: IpAddr) -> bool {
    host.trim_matches(['[', ']']).parse() == Ok(ip)
}

fn port(record: &Record<'_>) -> String {
    let mut xml = Markup::new();
    xml.push("<port");
    xml.attribute("protocol", record.protocol.as_str());
    xml.attribute("portid", &record.port.to_string());
    xml.push("><state");
    xml.attribute("state", record.state.as_str());
    xml.attribute("reason", reason(record.state, record.protocol));
    xml.push(" reason_ttl=\"0\"/>");
    service(&mut xml, record);
    script(&mut xml, record);
    xml.push("</port>\n");
    xml.into_string()
}

/// Nmap's word for why a state is known.
fn reason(state: PortState, protocol: Protocol) -> &'static str {
    match (state, protocol) {
        (PortState::Open, Protocol::Tcp) => "syn-ack",
        (PortState::Open, Protocol::Udp) => "udp-response",
        (PortState::Closed, Protocol::Tcp) => "conn-refused",
        (PortState::Closed, Protocol::Udp) => "port-unreach",
        (PortState::Filtered | PortState::OpenFiltered, _) => "no-response",
    }
}

/// The service as nmap would have it. It knows a name for every port number, and gives it where nothing matched; we do not.
fn service(xml: &mut Markup, record: &Record<'_>) {
    let (method, confidence) = match record.outcome {
        Outcome::Identified | Outcome::Soft => ("probed", "10"),
        Outcome::Tcpwrapped => ("probed", "8"),
        _ => ("table", "3"),
    };
    let name = record.service.or((record.outcome == Outcome::Tcpwrapped).then_some("tcpwrapped"));
    if name.is_none() && record.fingerprint.is_none() && !record.tls {
        return;
    }
    xml.push("<service");
    xml.attribute("name", name.unwrap_or("unknown"));
    for (field, attribute) in ATTRIBUTES {
        if let Some(value) = record.get(field) {
            xml.attribute(attribute, value);
        }
    }
    if let Some(fingerprint) = record.fingerprint_line() {
        xml.attribute("servicefp", &fingerprint);
    }
    if record.tls {
        xml.attribute("tunnel", "ssl");
    }
    xml.attribute("method", method);
    xml.attribute("conf", confidence);
    if record.cpe.is_empty() {
        return xml.push("/>");
    }
    xml.push(">");
    for cpe in &record.cpe {
        xml.push("<cpe>");
        xml.text(cpe);
        xml.push("</cpe>");
    }
    xml.push("</service>");
}

/// What nmap has no attributes for. All of it is in one element: ndiff fails on ports with two. Its output is the same for every scan
/// of the same service, so that ndiff shows no difference where there is none.
fn script(xml: &mut Markup, record: &Record<'_>) {
    let mut told = record.outcome.as_str().to_owned();
    match &record.rule {
        Some(rule) => {
            let _ = write!(told, " by {}, {} line {}", rule.probe, rule.source, rule.line);
        }
        None if record.service.is_some() => {
            let _ = write!(told, " by plugin {}", record.plugin.unwrap_or_default());
        }
        None if record.banner.is_empty() => {}
        None => {
            let _ = write!(told, ": {}", escape::payload(record.banner));
        }
    }
    if let Some(info) = record.tls_info {
        let _ = write!(told, "; {}", info.version);
        if let Some(subject) = &info.subject {
            let _ = write!(told, " {subject}");
        }
    }
    xml.push("<script id=\"portprint\"");
    xml.attribute("output", &told);
    xml.push(">");
    elem(xml, "outcome", record.outcome.as_str());
    elem(xml, "method", record.method());
    elem(xml, "tls", if record.tls { "true" } else { "false" });
    elem(xml, "timestamp", &record.time());
    elem(xml, "probes_sent", &record.probes_sent.to_string());
    elem(xml, "ms", &record.millis().to_string());
    if let Some(rule) = &record.rule {
        elem(xml, "soft", if rule.soft { "true" } else { "false" });
        elem(xml, "probe", &rule.probe);
        elem(xml, "source", &rule.source);
        elem(xml, "line", &rule.line.to_string());
    }
    if let Some(plugin) = record.plugin {
        elem(xml, "plugin", plugin);
    }
    if !record.details.is_empty() {
        xml.push("<table key=\"details\">");
        for (key, value) in record.details() {
            elem(xml, key, &value);
        }
        xml.push("</table>");
    }
    if !record.banner.is_empty() {
        elem(xml, "banner", &STANDARD.encode(record.banner));
    }
    if let Some(info) = record.tls_info {
        xml.push("<table key=\"tls_info\">");
        for (name, value) in TLS_NAMES.into_iter().zip(tls_values(info)) {
            if let Some(value) = value {
                elem(xml, name, &value.joined());
            }
        }
        xml.push("</table>");
    }
    xml.push("</script>");
}

/// Writes `<elem key="key">text</elem>`, which is what results of scripts are made of.
fn elem(xml: &mut Markup, key: &str, text: &str) {
    xml.push("<elem");
    xml.attribute("key", key);
    xml.push(">");
    xml.text(text);
    xml.push("</elem>");
}

/// Seconds since 1970, as nmap writes times.
fn seconds(time: SystemTime) -> String {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs().to_string()
}
