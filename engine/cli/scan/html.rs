//! Results as one page for browsers: a table to search, sort and print, with what every answer rests on. The page loads nothing and runs
//! nothing but its own script, which its policy names by hash; without scripts the table is all there.
//!
//! Rows wait in a temporary file for the counts above them. Memory holds only where they are.

mod rows;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portprint_tables::Protocol;
use sha2::{Digest, Sha256};

use super::markup::Markup;
use super::outputs::{ScanBegin, ScanEnd, Writer};
use super::record::Record;
use super::summary::time;

const STYLE: &str = include_str!("html/report.css");
const SCRIPT: &str = include_str!("html/report.js");

/// A page that is written when the scan ends.
#[derive(Debug)]
pub(super) struct Page {
    begin: ScanBegin,
    rows: BufWriter<File>,
    end: u64,
    places: Vec<Place>,
    /// The hosts by their names, and the how manieth each is.
    hosts: HashMap<String, usize>,
}

/// Where a row is in the temporary file.
#[derive(Debug)]
struct Place {
    /// Address, host, and port.
    order: (IpAddr, usize, Protocol, u16),
    begin: u64,
    length: u64,
}

impl Page {
    /// A page without rows. Fails if there is no room for a temporary file.
    pub(super) fn new(begin: ScanBegin) -> io::Result<Self> {
        Ok(Self {
            begin,
            rows: BufWriter::new(tempfile::tempfile().map_err(temporary)?),
            end: 0,
            places: Vec::new(),
            hosts: HashMap::new(),
        })
    }

    fn head(&self, end: &ScanEnd<'_>) -> Markup {
        let mut page = Markup::new();
        page.push("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.push("<meta http-equiv=\"Content-Security-Policy\" content=\"");
        page.text(&policy());
        page.push("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.push(
            "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n",
        );
        page.push("<title>portprint report</title>\n<style>");
        page.push(STYLE);
        page.push("</style>\n</head>\n<body>\n<header>\n<h1>portprint report</h1>\n<p class=\"command\"><code>");
        page.text(&self.begin.command);
        page.push("</code></p>\n<p class=\"when\">");
        let started = humantime::format_rfc3339_seconds(self.begin.time).to_string();
        page.push("<time datetime=\"");
        page.text(&started);
        page.push("\">");
        page.text(&started.replace('T', " ").replace('Z', " UTC"));
        page.push("</time>, took ");
        page.text(&time(end.elapsed));
        page.push("</p>\n");
        if end.summary.cancelled {
            page.push("<p class=\"notice\">The scan was broken off: this is what was known by then.</p>\n");
        }
        page.push("</header>\n");
        rows::overview(&mut page, end);
        rows::begin_table(&mut page, self.places.len());
        page
    }
}

impl Writer for Page {
    fn port(&mut self, _: &mut dyn Write, record: &Record<'_>) -> io::Result<()> {
        let mut row = Markup::new();
        rows::row(&mut row, record);
        let bytes = row.as_bytes();
        self.rows.write_all(bytes).map_err(temporary)?;
        let length = bytes.len() as u64;
        let host = match self.hosts.get(record.host) {
            Some(&host) => host,
            None => {
                self.hosts.insert(record.host.to_owned(), self.hosts.len());
                self.hosts.len() - 1
            }
        };
        let order = (record.ip, host, record.protocol, record.port);
        self.places.push(Place { order, begin: self.end, length });
        self.end += length;
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, end: &ScanEnd<'_>) -> io::Result<()> {
        out.write_all(self.head(end).as_bytes())?;
        self.rows.flush().map_err(temporary)?;
        let mut written = BufReader::new(self.rows.get_ref());
        self.places.sort_by_key(|place| place.order);
        for place in &self.places {
            written.seek(SeekFrom::Start(place.begin)).map_err(temporary)?;
            io::copy(&mut (&mut written).take(place.length), out)?;
        }
        let mut page = Markup::new();
        rows::end_table(&mut page);
        page.push("<footer>portprint ");
        page.text(env!("CARGO_PKG_VERSION"));
        page.push("</footer>\n<script>");
        page.push(SCRIPT);
        page.push("</script>\n</body>\n</html>\n");
        out.write_all(page.as_bytes())
    }
}

/// A fault of the temporary file, which is not where the output is.
fn temporary(error: io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    io::Error::new(error.kind(), format!("the temporary file of its rows in {}: {error}", folder.display()))
}

/// What the page may do: apply this style, run this script, and nothing else.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
