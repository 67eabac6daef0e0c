//! The sum of a scan on standard error, unless less is to be said.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use crate::escape;
use crate::output::style;

use super::outputs::ScanEnd;

/// How many services are named.
const MOST: usize = 12;

/// Tells what was found, in a few lines.
pub(super) fn tell(end: &ScanEnd<'_>) {
    if log::log_enabled!(log::Level::Warn) {
        // Nobody can be told that standard error is closed.
        let _ = anstream::stderr().write_all(text(end).as_bytes());
    }
}

fn text(end: &ScanEnd<'_>) -> String {
    let (summary, counts) = (end.summary, end.counts);
    let (strong, faint) = (style::STRONG, style::FAINT);
    let mut out = format!(
        "{strong}{}, {}{strong:#} in {}; {} sent",
        number(summary.hosts, "host"),
        number(counts.open, "open port"),
        time(end.elapsed),
        number(counts.probes_sent, "probe"),
    );
    if summary.cancelled {
        out.push_str("; broken off");
    }
    out.push('\n');
    if counts.open == 0 {
        return out;
    }
    let parts = [
        (counts.answered - counts.soft, "identified"),
        (counts.soft, "by a soft line"),
        (counts.open - counts.answered, "unidentified"),
        (counts.tls, "speak TLS"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let _ = writeln!(out, "  {}", parts.join(", "));
    let services = counts.services();
    if !services.is_empty() {
        let named: Vec<_> =
            services.iter().take(MOST).map(|(name, count)| format!("{} {count}", escape::line(name))).collect();
        let more = services.len().saturating_sub(MOST);
        let more = if more > 0 { format!(", {more} more") } else { String::new() };
        let _ = writeln!(out, "  {faint}services:{faint:#} {}{more}", named.join(", "));
    }
    out
}

/// So many of something.
pub(super) fn number(count: impl TryInto<u64>, what: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A time as it is read by people.
pub(super) fn time(elapsed: Duration) -> String {
    if elapsed < Duration::from_secs(60) {
        return format!("{:.2} s", elapsed.as_secs_f64());
    }
    humantime::format_duration(Duration::from_secs(elapsed.as_secs())).to_string()
}
