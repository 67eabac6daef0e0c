//! The parts of the page: the counts, the controls, and a row for each port.

use std::net::IpAddr;

use portprint_tables::Field;

use crate::escape;

use crate::scan::markup::Markup;
use crate::scan::outputs::ScanEnd;
use crate::scan::record::{Record, TLS_NAMES, tls_values};

/// How many services or products are listed at once; the others are a click away.
const LISTED: usize = 10;

/// What readers know the values of a TLS handshake by, in the order of [`TLS_NAMES`].
const TLS_LABELS: [&str; TLS_NAMES.len()] =
    ["TLS version", "TLS cipher", "ALPN", "Subject", "Issuer", "Names", "Not after", "SHA-256"];

/// The columns, by what sorts them: a text or `data-key`.
const COLUMNS: [&str; 6] = ["Host", "Port", "State", "Service", "Version", "Outcome"];

/// How many there are of what.
pub(super) fn overview(page: &mut Markup, end: &ScanEnd<'_>) {
    let counts = end.counts;
    page.push("<section class=\"overview\" aria-label=\"Overview\">\n<dl class=\"figures\">");
    for (name, count) in [
        ("Hosts", end.summary.hosts),
        ("Open ports", counts.open),
        ("Identified", counts.answered),
        ("Unidentified", counts.open - counts.answered),
        ("With TLS", counts.tls),
    ] {
        page.push("<div>");
        page.element("dt", name);
        page.element("dd", &count.to_string());
        page.push("</div>");
    }
    page.push("</dl>\n");
    list(page, "Services", "service", &counts.services());
    list(page, "Products", "product", &counts.products());
    page.push("</section>\n");
}

fn list(page: &mut Markup, title: &str, kind: &str, counts: &[(&str, u64)]) {
    if counts.is_empty() {
        return;
    }
    let most = counts.first().map_or(1, |&(_, count)| count.max(1));
    page.push("<section class=\"counts\">");
    page.element("h2", title);
    page.push("<ol>");
    let listed = if counts.len() <= LISTED + 2 { counts.len() } else { LISTED };
    let (first, rest) = counts.split_at(listed);
    items(page, kind, first, most);
    page.push("</ol>");
    if !rest.is_empty() {
        page.push("<details>");
        page.element("summary", &format!("{} more", rest.len()));
        page.push("<ol>");
        items(page, kind, rest, most);
        page.push("</ol></details>");
    }
    page.push("</section>\n");
}

fn items(page: &mut Markup, kind: &str, counts: &[(&str, u64)], most: u64) {
    for (name, count) in counts {
        page.push("<li><button type=\"button\" disabled");
        page.attribute("data-kind", kind);
        page.attribute("data-value", name);
        page.push(">");
        page.element("span class=\"name\"", name);
        page.element("span class=\"count\"", &count.to_string());
        // A style attribute would be against the page's policy; this one is not.
        page.push("<svg aria-hidden=\"true\"><rect height=\"100%\"");
        page.attribute("width", &format!("{:.1}%", *count as f64 * 100.0 / most as f64));
        page.push("/></svg></button></li>");
    }
}

/// Everything before the first row.
pub(super) fn begin_table(page: &mut Markup, rows: usize) {
    page.push("<main>\n<div class=\"controls\" hidden>\n<input type=\"search\" id=\"search\" placeholder=\"Search\" ");
    page.push("aria-label=\"Search hosts, ports, services, versions and evidence\" autocomplete=\"off\" spellcheck=\"false\">\n");
    page.push("<select id=\"service\" aria-label=\"Service\"><option value=\"\">All services</option></select>\n");
    page.push("<select id=\"state\" aria-label=\"State\"><option value=\"\">All states</option></select>\n");
    page.push("<select id=\"outcome\" aria-label=\"Outcome\"><option value=\"\">All outcomes</option></select>\n");
    page.push("<label><input type=\"checkbox\" id=\"tls\"> TLS only</label>\n");
    page.push("<button type=\"button\" id=\"reset\">Reset</button>\n");
    page.push("<button type=\"button\" id=\"expand\" aria-pressed=\"false\">Show all evidence</button>\n</div>\n");
    page.push("<p id=\"shown\" role=\"status\">");
    page.text(&crate::scan::summary::number(rows, "port"));
    page.push("</p>\n<table id=\"ports\">\n<thead><tr>");
    for column in COLUMNS {
        page.push("<th scope=\"col\"");
        page.attribute("class", &column.to_lowercase());
        page.push(">");
        page.text(column);
        page.push("</th>");
    }
    page.push("</tr></thead>\n<tbody>\n");
}

/// Everything behind the last row.
pub(super) fn end_table(page: &mut Markup) {
    page.push("</tbody>\n</table>\n<p id=\"nothing\" hidden>No port fits these filters.</p>\n</main>\n");
}

/// The row of a port.
pub(super) fn row(page: &mut Markup, record: &Record<'_>) {
    page.push("<tr");
    page.attribute("data-service", record.service.unwrap_or(""));
    page.attribute("data-product", record.get(Field::Product).unwrap_or(""));
    page.attribute("data-state", record.state.as_str());
    page.attribute("data-outcome", record.outcome.as_str());
    if record.tls {
        page.push(" data-tls");
    }
    page.push("><td class=\"host\"");
    page.attribute("data-key", &key(record.ip));
    page.push("><bdi>");
    page.text(record.host);
    page.push("</bdi>");
    let ip = record.ip.to_string();
    if ip != record.host {
        page.element("small", &ip);
    }
    page.push("</td><td class=\"port\"");
    page.attribute("data-key", &format!("{:05}{}", record.port, record.protocol));
    page.push(">");
    page.text(&record.port.to_string());
    page.element("small", &format!("/{}", record.protocol));
    page.push("</td>");
    page.element("td class=\"state\"", record.state.as_str());
    page.push("<td class=\"service\">");
    match record.service {
        Some(service) => page.element("bdi", service),
        None => page.push("<span class=\"none\">unknown</span>"),
    }
    if record.tls {
        page.push(" <span class=\"tag tls\">TLS</span>");
    }
    if record.is_soft() {
        page.push(
            " <span class=\"tag soft\" title=\"The service is certain, but no rule knew it to the end\">soft</span>",
        );
    }
    page.push("</td><td class=\"version\"><details><summary>");
    version(page, record);
    page.push("</summary>");
    evidence(page, record);
    page.push("</details></td><td class=\"outcome\"><span");
    page.attribute("class", &format!("tag {}", record.outcome));
    page.push(">");
    page.text(record.outcome.as_str());
    page.push("</span></td></tr>\n");
}

/// Product, version and the rest on one line.
fn version(page: &mut Markup, record: &Record<'_>) {
    let mut is_empty = true;
    for (field, tag) in [(Field::Product, "strong"), (Field::Version, "span"), (Field::Info, "span class=\"info\"")] {
        if let Some(value) = record.get(field) {
            if !is_empty {
                page.push(" ");
            }
            page.element(tag, value);
            is_empty = false;
        }
    }
    if is_empty {
        let shown = record.banner.get(..64).unwrap_or(record.banner);
        match shown {
            [] => page
                .element("span class=\"none\"", if record.service.is_some() { "no details" } else { "said nothing" }),
            shown => page.element("code class=\"none\"", &escape::payload(shown)),
        }
    }
}

/// What the answer rests on.
fn evidence(page: &mut Markup, record: &Record<'_>) {
    page.push("<dl class=\"evidence\">");
    for (name, value) in [
        ("Hostname", record.get(Field::Hostname)),
        ("OS", record.get(Field::Os)),
        ("Device", record.get(Field::Device)),
    ] {
        if let Some(value) = value {
            entry(page, name, value);
        }
    }
    if !record.cpe.is_empty() {
        entry(page, "CPE", &record.cpe.join(" "));
    }
    if let Some(rule) = &record.rule {
        entry(page, "Probe", &rule.probe);
        entry(page, "Rule", &format!("{}, line {}{}", rule.source, rule.line, if rule.soft { " (soft)" } else { "" }));
    }
    if let Some(plugin) = record.plugin {
        entry(page, "Plugin", plugin);
    }
    for (key, value) in record.details() {
        entry(page, key, &value);
    }
    if let Some(info) = record.tls_info {
        for (label, value) in TLS_LABELS.into_iter().zip(tls_values(info)) {
            if let Some(value) = value {
                entry(page, label, &value.joined());
            }
        }
    }
    entry(page, "Time", &format!("{}, {} ms, {} probes sent", record.time(), record.millis(), record.probes_sent));
    if !record.banner.is_empty() {
        lines(page, "Banner", record.banner.split_inclusive(|&byte| byte == b'\n').map(escape::payload));
    }
    if let Some(fingerprint) = record.fingerprint {
        lines(page, "Fingerprint", fingerprint.lines().map(str::to_owned));
    }
    page.push("</dl>");
}

fn entry(page: &mut Markup, name: &str, value: &str) {
    page.element("dt", name);
    page.push("<dd><bdi>");
    page.text(value);
    page.push("</bdi></dd>");
}

fn lines(page: &mut Markup, name: &str, lines: impl Iterator<Item = String>) {
    page.element("dt", name);
    page.push("<dd><pre>");
    for (index, line) in lines.enumerate() {
        if index > 0 {
            page.push("\n");
        }
        page.text(&line);
    }
    page.push("</pre></dd>");
}

/// An address as a text that sorts like it.
fn key(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("4{:08x}", u32::from(ip)),
        IpAddr::V6(ip) => format!("6{:032x}", u128::from(ip)),
    }
}
