//! Where results go: standard output and files, in one format or several.

#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use anstream::{AutoStream, ColorChoice};
use portprint_scan::{PortReport, Summary};
use portprint_tables::Database;

use crate::args::Color;
use crate::context::Context;
use crate::exit::Failure;
use crate::{bars, escape, output};

use super::Args;
use super::args::{Format, OutputArg};
use super::counts::Counts;
use super::journal::Synced;
use super::record::Record;
use super::{command, csv, file, html, jsonl, summary, text, xml};

/// A format. It is told of everything in order, and writes what it can when it can.
pub(super) trait Writer {
    /// The scan begins.
    fn begin(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// A port is finished.
    fn port(&mut self, out: &mut dyn Write, record: &Record<'_>) -> io::Result<()>;

    /// A host is finished. It need not come: some hosts end with the scan.
    fn host_done(&mut self, _: &mut dyn Write, _: &HostDone<'_>) -> io::Result<()> {
        Ok(())
    }

    /// The scan is finished or was broken off.
    fn end(&mut self, _: &mut dyn Write, _: &ScanEnd<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// A finished host.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostDone<'h> {
    /// As it was given.
    pub(super) host: &'h str,
    pub(super) ip: IpAddr,
    pub(super) not_open: usize,
    pub(super) left_out: usize,
}

/// A scan that begins.
#[derive(Clone, Debug)]
pub(super) struct ScanBegin {
    pub(super) time: SystemTime,
    /// What was typed.
    pub(super) command: String,
}

/// A finished scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanEnd<'s> {
    pub(super) time: SystemTime,
    pub(super) elapsed: Duration,
    pub(super) summary: &'s Summary,
    pub(super) counts: &'s Counts,
}

/// All outputs of a scan.
pub(super) struct Outputs {
    database: Database<'static>,
    begin: SystemTime,
    counts: Counts,
    list: Vec<Output>,
}

struct Output {
    /// What it is called in messages; `None` is standard output.
    file: Option<String>,
    out: Box<dyn Write>,
    writer: Box<dyn Writer>,
    /// The file, if it is one that can be brought to the disk.
    synced: Option<Synced>,
    /// Whether progress bars may stand where it writes.
    is_terminal: bool,
    /// After a fault nothing more is written.
    has_failed: bool,
}

impl Outputs {
    /// Opens all outputs. When a scan goes on, files that can be added to are, and the others are kept under another name.
    pub(super) fn open(
        context: &Context,
        database: &Database<'static>,
        args: &Args,
        goes_on: bool,
    ) -> Result<Self, Failure> {
        let begin = ScanBegin { time: SystemTime::now(), command: command::typed() };
        let open = |output| Output::open(context, output, &begin, goes_on);
        let list = args.output.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { database: *database, begin: begin.time, counts: Counts::default(), list })
    }

    /// The files that must be on the disk before anything is said to be done.
    pub(super) fn synced(&mut self) -> Result<Vec<Synced>, Failure> {
        Ok(self.list.iter_mut().filter_map(|output| output.synced.take()).collect())
    }

    /// A port is finished.
    pub(super) fn port(&mut self, port: &PortReport) -> Result<(), Failure> {
        let record = Record::new(&self.database, port);
        self.counts.add(&record);
        self.each(|writer, out| writer.port(out, &record))
    }

    /// A host is finished.
    pub(super) fn host_done(
        &mut self,
        host: &str,
        address: SocketAddr,
        not_open: usize,
        left_out: usize,
    ) -> Result<(), Failure> {
        let done = HostDone { host, ip: address.ip(), not_open, left_out };
        self.each(|writer, out| writer.host_done(out, &done))
    }

    /// Everything has been said. Every output is finished, even if others fail; the sum of it is told on standard error.
    pub(super) fn end(&mut self, summary: &Summary) -> Result<(), Failure> {
        let time = SystemTime::now();
        let elapsed = time.duration_since(self.begin).unwrap_or_default();
        let counts = std::mem::take(&mut self.counts);
        let end = ScanEnd { time, elapsed, summary, counts: &counts };
        self.each(|writer, out| writer.end(out, &end).and_then(|()| out.flush()))?;
        if self.list.iter().all(|output| !output.has_failed) {
            summary::tell(&end);
        }
        Ok(())
    }

    /// Does something to every output that has not failed, and gives the first failure.
    fn each(
        &mut self,
        mut write: impl FnMut(&mut dyn Writer, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut result = Ok(());
        for output in self.list.iter_mut().filter(|output| !output.has_failed) {
            let Output { out, writer, .. } = output;
            let written = if output.is_terminal {
                bars::suspend(|| write(&mut **writer, &mut **out))
            } else {
                write(&mut **writer, &mut **out)
            };
            if let Err(error) = written {
                output.has_failed = true;
                result = result.and(Err(failure(output.file.as_deref(), error)));
            }
        }
        result
    }
}

impl Output {
    fn open(context: &Context, arg: &OutputArg, begin: &ScanBegin, goes_on: bool) -> Result<Self, Failure> {
        let file = arg.file.as_ref().map(|path| escape::path(path));
        let (mut has_lines, mut synced) = (false, None);
        let out: Box<dyn Write> = match &arg.file {
            Some(path) => {
                let fault = |error| Failure::file(path.display(), error);
                let created = if arg.format.has_lines() {
                    let opened = file::lines(path, goes_on).map_err(fault)?;
                    has_lines = opened.1;
                    opened.0
                } else {
                    file::create(path, goes_on).map_err(fault)?
                };
                let handle = file::to_sync(&created).map_err(fault)?;
                synced = handle.map(|file| Synced { name: path.display().to_string(), file });
                match (arg.format, context.color()) {
                    (Format::Text, Color::Auto | Color::Never) => {
                        Box::new(BufWriter::new(AutoStream::new(created, ColorChoice::Never)))
                    }
                    _ => Box::new(BufWriter::new(created)),
                }
            }
            None if arg.format == Format::Text => Box::new(output::styled(context.color())),
            None => Box::new(output::plain()),
        };
        let is_terminal = arg.file.is_none() && io::stdout().is_terminal();
        let writer: Box<dyn Writer> = match arg.format {
            Format::Jsonl => Box::new(jsonl::Lines::default()),
            Format::Csv => Box::new(csv::Rows),
            Format::Xml => Box::new(xml::Document::new(begin.clone())),
            Format::Html => {
                let page = html::Page::new(begin.clone()).map_err(|error| failure(file.as_deref(), error))?;
                Box::new(page)
            }
            Format::Text => {
                let size = if is_terminal { terminal_size::terminal_size() } else { None };
                let width = size.map(|(width, _)| usize::from(width.0));
                Box::new(text::Tables::new(context.is_verbose(), width))
            }
        };
        let mut output = Self { file, out, writer, synced, is_terminal, has_failed: false };
        if !has_lines {
            output.writer.begin(&mut *output.out).map_err(|error| failure(output.file.as_deref(), error))?;
        }
        Ok(output)
    }
}

/// Why an output cannot be written.
fn failure(file: Option<&str>, error: io::Error) -> Failure {
    match file {
        Some(path) => Failure::file(path, error),
        None => Failure::output(error),
    }
}
