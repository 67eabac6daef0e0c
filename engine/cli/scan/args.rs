//! What can be typed after `portprint scan`.

use std::convert::Infallible;
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use portprint_core::session::SessionConfig;
use portprint_scan::{PortSelection, Proxy, ProxyError, ScanConfig};

use crate::exit::Failure;

#[cfg(feature = "plugins")]
use super::plugin_args::PluginArgs;

/// Ask ports what really runs behind them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Targets:
  example.org         a host; its ports come from -p
  example.org:22,80   a host with ports
  10.0.0.0/24         a network; [2001:db8::/64]:22 with ports
  10.0.0.1-20:80      a range of addresses; also 10.0.0.1-10.0.1.20
  [::1]:443           IPv6 with ports stands in brackets
  udp://127.0.0.1:53  a target with its transport
The format of a file of targets is recognised: targets, one a line (empty lines and those that begin
with # are skipped); what naabu, rustscan -g, zmap (CSV), masscan (-oJ, -oL, -oD), and nmap (-oX,
-oG) write, of which the open ports are taken; and what zgrab2 reads (IP, DOMAIN, TAG, PORT).
Bad lines are told and skipped, and the exit code is 3 then.

Targets may be given twice, and networks may overlap: among the arguments, and within 65,536 lines of
the files, every port of an address is asked once. Ports are visited in random order; those of files
by 65,536 lines at a time. Addresses that IANA has reserved are left out of larger networks.

Durations are written like 500ms, 5s, 2m or, in seconds, 5 or 0.5.

Formats:
  text   a table for each host, when the host is finished; the sum of all at the end goes to
         standard error unless -q is given
  jsonl  a record for each port, when the port is finished; see below
  csv    the fields of these records as columns, with a header. A cell that a spreadsheet would
         run as a formula (= + - @ at its start) has an apostrophe before it
  xml    what nmap -oX writes, for the programs that read it; what nmap has no attribute for is in
         <script id=\"portprint\">. Each host is written when it is finished
  html   a page to look at, search and print; one file that loads nothing. Written at the end;
         rows wait in a temporary file. Browsers become slow beyond some ten thousand rows

JSON Lines are one record for each open port:
  {\"host\": …, \"ip\": …, \"port\": N, \"protocol\": \"tcp\", \"tls\": bool, \"timestamp\": …, \"state\": …,
   \"service\": …, \"product\": …, \"version\": …, \"info\": …, \"hostname\": …, \"os\": …, \"device\": …,
   \"cpe\": […], \"method\": …, \"soft\": bool, \"outcome\": …, \"probe\": …, \"source\": FILE,
   \"line\": N, \"plugin\": …, \"details\": {…}, \"tls_info\": {\"version\", \"cipher\", \"alpn\", \"subject\", \"issuer\", \"names\": […],
   \"not_after\", \"sha256\"}, \"banner\": BASE64, \"fingerprint\": …, \"probes_sent\": N, \"ms\": N}
Fields without a value are left out. `service` never comes from the port number. `outcome` is one
of identified, soft, unrecognized, silent, tcpwrapped, refused, reset, timeout, excluded, error.

Ctrl-C ends a scan with what is known: ports in progress are reported as far as they have come, every
output is finished, and the exit code is 130. A second one ends the program at once. SIGTERM does the
same as Ctrl-C, and so does SIGHUP, unless it is ignored, as under nohup.

With --resume FILE a scan that was interrupted or killed goes on when the same command is given again;
--seed need not be. FILE notes down what is done, after the results are written. Nothing is lost; ports
that were in flight, or had ended less than 200 ms before, may come twice: keep the last record of each.
Files of text, jsonl, csv, --save-responses and --record are added to, after half a line at the end is cut off;
xml and html are written anew with what this run finds, and the file of the run before gets another
name, such as found.xml.1. Files of the run before that have gone are told. If only -o text, xml or html
is given, a kill loses what they had not written yet. A journal of other targets, ports, exclusions, shards
or probes is refused; pace, timeouts and outputs may change. Targets of -i, standard input too, must come
again as they were, from the start.

With --record FILE the conversation with every port is written as JSON Lines while it goes on, so that it
can be seen later what decided an answer. The first line has the sources of the database by their hashes,
each other line a port's `id` and one of
  begin  the time, the port, and how it is asked
  do     what the session says: connect, send, close, wait, and at last done with what it found
  in     what it is told, and `at` what time: connected, data, eof, timed out, ...
Times are nanoseconds since the port was begun. Bytes are the characters U+0000 to U+00FF. Of one port:
  grep -F 127.0.0.1:22/tcp FILE

Examples:
  portprint scan 127.0.0.1                     the usual ports of this machine
  portprint scan -p- 127.0.0.1                 all of them
  portprint scan -p 22,80,8000-8100 example.org
  portprint scan -i targets.txt -o jsonl=found.jsonl -o text
  portprint scan 127.0.0.1 -o html=report.html -o xml=report.xml
  portprint scan -u 192.0.2.0/24               the usual UDP ports of a network
  portprint scan -p 443 10.0.0.0/8 --exclude-file leave-alone.txt
  portprint scan -p 22 10.0.0.0/8 --seed 7 --shards 4 --shard 1   a quarter of a scan
  masscan 10.0.0.0/8 -p1-1000 -oL - | portprint scan -i - -o jsonl
  portprint scan --proxy socks5://127.0.0.1:1080 -p 22 10.0.0.0/24
  portprint scan --sni www.example.org -p 443 192.0.2.7
  portprint scan --resume s.journal -o jsonl=s.jsonl -p 443 10.0.0.0/16   again to go on
  portprint scan --dry-run -p 22 example.org   what would be sent?
  portprint scan --save-responses r.jsonl 127.0.0.1 && portprint match r.jsonl
  portprint scan --record t.jsonl -p 22 127.0.0.1   and see t.jsonl for all that was said")]
pub(crate) struct Args {
    /// Hosts, with or without ports
    #[arg(value_name = "TARGET")]
    pub(super) targets: Vec<String>,

    /// Read targets from a file, or what another scanner found; `-`: standard input (may be given several times)
    #[arg(short, long, value_name = "FILE")]
    pub(super) input: Vec<PathBuf>,

    /// Ports of targets without any, as nmap writes them: 22,80,1-1000,-100,60000-,- [default: those that the database's
    /// probes of rarity 3 or less list]
    #[arg(short, long, value_name = "PORTS", allow_hyphen_values = true)]
    pub(super) ports: Option<PortSelection>,

    /// Targets and ports are UDP unless they say otherwise: those of -p without T:, or the usual UDP ports
    #[arg(short, long)]
    pub(super) udp: bool,

    /// Never scan these: addresses, networks, ranges, names, with commas between them (may be given several times)
    #[arg(long, value_name = "LIST")]
    pub(super) exclude: Vec<String>,

    /// Never scan what stands in a file, one item a line, with comments after # (may be given several times)
    #[arg(long, value_name = "FILE")]
    pub(super) exclude_file: Vec<PathBuf>,

    /// Visit addresses that IANA has reserved in networks that are larger than the reserved block, too
    #[arg(long)]
    pub(super) reserved: bool,

    /// Which probes to send to ports that do not list them: those of this rarity or less, from 0 to 9; 9 sends all
    #[arg(long, value_name = "0-9", default_value_t = 7, value_parser = clap::value_parser!(u8).range(0..=9))]
    pub(super) intensity: u8,

    /// Probe ports that the database excludes, too
    #[arg(long)]
    pub(super) all_ports: bool,

    /// Report ports that are not open, too
    #[arg(long)]
    pub(super) all_states: bool,

    /// How to write results, and where: text, jsonl, xml, csv, html; without a file to standard output (may be given several
    /// times)
    #[arg(short, long, value_name = "FORMAT[=FILE]", default_value = "text")]
    pub(super) output: Vec<OutputArg>,

    /// Write every response whole to a file, in the input format of `portprint match`; `-`: to standard output, if nothing
    /// else goes there
    #[arg(long, value_name = "FILE")]
    pub(super) save_responses: Option<PathBuf>,

    /// Write all that was said on every connection to a file, with its times, to be looked at or replayed; see below. `-`: to
    /// standard output, if nothing else goes there
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(super) record: Option<PathBuf>,

    /// Show every probe, answer and verdict on standard error
    #[arg(long)]
    pub(super) trace: bool,

    /// Show what would be sent, and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    #[command(flatten)]
    pub(super) way: Way,

    #[command(flatten)]
    pub(super) order: Order,

    #[cfg(feature = "plugins")]
    #[command(flatten)]
    pub(super) plugins: PluginArgs,

    #[command(flatten)]
    pub(super) pace: Pace,
}

/// How peers are reached.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Way")]
pub(super) struct Way {
    /// Connect through a proxy: socks5:// or http://, then [USER:PASSWORD@]HOST:PORT, user and password percent-encoded. Names
    /// are resolved here; there is no UDP. A proxy that fails ends the scan
    #[arg(long, value_name = "URL")]
    pub(super) proxy: Option<ProxyArg>,

    /// The name to ask TLS servers for [default: the target's, if it was given by name]
    #[arg(long, value_name = "NAME", value_parser = dns_name)]
    pub(super) sni: Option<Arc<str>>,
}

/// A proxy, or what is wrong with it: the parser of arguments would show the password with the fault.
#[derive(Clone, Debug)]
pub(super) struct ProxyArg(Result<Proxy, ProxyError>);

impl FromStr for ProxyArg {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.parse()))
    }
}

impl Way {
    /// The proxy.
    pub(super) fn proxy(&self) -> Result<Option<Proxy>, Failure> {
        match &self.proxy {
            None => Ok(None),
            Some(ProxyArg(Ok(proxy))) => Ok(Some(proxy.clone())),
            Some(ProxyArg(Err(error))) => Err(Failure::usage(format!("--proxy: {error}"))),
        }
    }
}

/// In which order, and which part.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Order")]
pub(super) struct Order {
    /// What settles the order: the same targets and seed give the same one [default: random; -v tells it]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,

    /// Scan one of so many parts, which together are the whole; give all the same targets and seed
    #[arg(long, value_name = "N", requires = "shard", requires = "seed", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) shards: Option<u32>,

    /// Which part, from 1 on
    #[arg(long, value_name = "I", requires = "shards", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) shard: Option<u32>,

    /// Note down in a file what is done; if it exists, go on where that scan stopped
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(super) resume: Option<PathBuf>,
}

/// How fast, how much, how long.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Pace")]
pub(super) struct Pace {
    /// The most new connections a second. A second one that old TLS takes is not held back; those after it make up for it
    #[arg(long, value_name = "N")]
    rate: Option<NonZeroU32>,

    /// The most ports at a time; fewer if the system allows fewer connections
    #[arg(long, value_name = "N", default_value = "1000")]
    concurrency: NonZeroUsize,

    /// The most ports of one host at a time
    #[arg(long, value_name = "N", default_value = "300")]
    host_concurrency: NonZeroUsize,

    /// The most connections to one port at a time: probes are sent ahead of their turn to a port that is slow to answer
    #[arg(long, value_name = "N", default_value = "32")]
    port_concurrency: NonZeroUsize,
    /// The most ports at a time of a network, a /24 of IPv4 or a /64 of IPv6; this machine has no limit [default: four
    /// times --host-concurrency]
    #[arg(long, value_name = "N")]
    net_concurrency: Option<NonZeroUsize>,

    /// How long connecting may take
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    connect_timeout: Duration,

    /// The most that a probe waits for its answer, whatever the database says
    #[arg(long, value_name = "TIME", value_parser = duration)]
    probe_timeout: Option<Duration>,

    /// The most that a host may take, while any of its ports is in progress; ports that are not finished then are reported
    /// with what is known
    #[arg(long, value_name = "TIME", value_parser = duration)]
    host_timeout: Option<Duration>,

    /// Give a host up that has so many open ports and has not said a byte on any; 0: never
    #[arg(long, value_name = "N", default_value_t = 200)]
    mute_ports: u32,

    /// How long a peer must be quiet for its answer to be complete [default: four times its connect time, between 20 and
    /// 500 ms]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    settle: Option<Duration>,

    /// The most bytes of an answer that are kept and judged
    #[arg(long, value_name = "BYTES", default_value = "65536", value_parser = size)]
    max_response: usize,

    /// How often to try a port again that does not answer
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,

    /// Wait as long as the database says, however quickly the peer connects
    #[arg(long)]
    patient: bool,
}

impl Args {
    pub(super) fn config(&self) -> ScanConfig {
        let pace = &self.pace;
        ScanConfig {
            session: SessionConfig {
                intensity: self.intensity,
                all_ports: self.all_ports,
                adaptive: !pace.patient,
                connections: pace.port_concurrency.get(),
                tls: false,
                dtls: false,
                connect_timeout: pace.connect_timeout,
                probe_timeout: pace.probe_timeout,
                settle: pace.settle,
                max_response: pace.max_response,
                retries: pace.retries,
                #[cfg(feature = "plugins")]
                handshakes: self.plugins.handshakes(),
                #[cfg(not(feature = "plugins"))]
                handshakes: 0,
                notes: self.trace || self.save_responses.is_some(),
            },
            concurrency: pace.concurrency.get(),
            host_concurrency: pace.host_concurrency.get(),
            net_concurrency: pace.net_concurrency.map(NonZeroUsize::get),
            rate: pace.rate,
            host_timeout: pace.host_timeout,
            mute_ports: pace.mute_ports,
            all_states: self.all_states,
            record: self.record.is_some(),
        }
    }
}

/// A format and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutputArg {
    pub(super) format: Format,
    /// `None`: standard output.
    pub(super) file: Option<PathBuf>,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A table for people.
    Text,
    /// JSON Lines for programs.
    Jsonl,
    /// XML as nmap writes it.
    Xml,
    /// CSV for spreadsheets.
    Csv,
    /// A page for browsers.
    Html,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Jsonl => "jsonl",
            Self::Xml => "xml",
            Self::Csv => "csv",
            Self::Html => "html",
        })
    }
}

impl Format {
    /// Whether it has a record for each port, which is written when the port is finished.
    pub(super) fn has_records(self) -> bool {
        matches!(self, Self::Jsonl | Self::Csv)
    }

    /// Whether more can be written after its end.
    pub(super) fn has_lines(self) -> bool {
        self.has_records() || self == Self::Text
    }
}

impl FromStr for OutputArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = match text.split_once('=') {
            None => (text, None),
            Some((_, "")) => return Err("there is no file after the equals sign".to_owned()),
            Some((format, "-")) => (format, None),
            Some((format, file)) => (format, Some(PathBuf::from(file))),
        };
        let format =
            Format::from_str(format, false).map_err(|_| "the formats are text, jsonl, xml, csv and html".to_owned())?;
        Ok(Self { format, file })
    }
}

/// `500ms`, `5s`, `1m 30s`, or seconds.
fn duration(text: &str) -> Result<Duration, String> {
    // Times are added up, and clocks end somewhere.
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    let is_seconds = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let read = if is_seconds {
        text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    } else {
        humantime::parse_duration(text).ok()
    };
    read.filter(|time| *time <= LONGEST)
        .ok_or_else(|| "write a duration like 500ms, 5s, 2m, or as seconds: 5, 0.5; a year at most".to_owned())
}

/// A name as DNS has it (RFC 1123, 2.1), with underscores, which exist.
fn dns_name(text: &str) -> Result<Arc<str>, String> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    if cfg!(not(feature = "tls")) {
        return Err("this program was built without TLS".to_owned());
    }
    if text.len() > 253 || !text.split('.').all(is_label) || text.rsplit('.').next().is_some_and(is_number) {
        return Err(
            "write a DNS name like www.example.org; addresses are never sent, and other scripts are written as \
                    xn--..."
                .to_owned(),
        );
    }
    Ok(text.into())
}

fn size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size @ 1..=MAX_RESPONSE) => Ok(size),
        _ => Err(format!("write a number of bytes from 1 to {MAX_RESPONSE}")),
    }
}

/// More than any line asks for, and little enough that every open connection may hold it.
const MAX_RESPONSE: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("500ms", Some(500)),
            ("5s", Some(5000)),
            ("1m 30s", Some(90_000)),
            ("5", Some(5000)),
            ("0.25", Some(250)),
            ("", None),
            ("-5", None),
            (".", None),
            ("5 parsecs", None),
            ("366d", Some(31_622_400_000)),
            ("367d", None),
            ("18446744073709551615s", None),
            ("99999999999999999999999999999", None),
        ] {
            assert_eq!(duration(text).ok().map(|time| time.as_millis()), expected, "{text}");
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn names() {
        let long = "a.".repeat(127) + "a";
        for (text, is_name) in [
            ("example.org", true),
            ("a", true),
            ("_x.xn--bcher-kva.example", true),
            ("1.2.3.com", true),
            ("", false),
            ("example.org.", false),
            ("a..b", false),
            ("-a.b", false),
            ("127.0.0.1", false),
            ("::1", false),
            ("b\u{fc}cher.example", false),
            ("a b", false),
            (&long, false),
        ] {
            assert_eq!(dns_name(text).is_ok(), is_name, "{text}");
        }
    }

    #[test]
    fn outputs() {
        let parse = |text: &str| text.parse::<OutputArg>();
        assert_eq!(parse("text"), Ok(OutputArg { format: Format::Text, file: None }));
        assert_eq!(parse("jsonl=-"), Ok(OutputArg { format: Format::Jsonl, file: None }));
        assert_eq!(parse("jsonl=a=b"), Ok(OutputArg { format: Format::Jsonl, file: Some("a=b".into()) }));
        assert_eq!(parse("xml=x"), Ok(OutputArg { format: Format::Xml, file: Some("x".into()) }));
        assert!(parse("jsonl=").is_err());
        assert!(parse("yaml").is_err());
    }
}
