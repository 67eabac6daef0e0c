//! Where results go: standard output and files, in one format or several.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::SocketAddr;

use anstream::{AutoStream, ColorChoice};
use portprint_scan::PortReport;
use portprint_tables::Database;

use crate::args::Color;
use crate::context::Context;
use crate::exit::Failure;
use crate::{escape, output};

use super::Args;
use super::args::Format;
use super::{jsonl, text};

/// All outputs of a scan.
pub(super) struct Outputs {
    database: Database<'static>,
    list: Vec<Output>,
}

struct Output {
    /// What it is called in messages; `None` is standard output.
    file: Option<String>,
    writer: Box<dyn Write>,
    format: Writer,
}

enum Writer {
    Jsonl(Vec<u8>),
    Text(text::Tables),
}

impl Outputs {
    /// Opens all outputs.
    pub(super) fn open(context: &Context, database: &Database<'static>, args: &Args) -> Result<Self, Failure> {
        if args.output.iter().filter(|output| output.file.is_none()).count() > 1 {
            return Err(Failure::usage(
                "only one format can go to standard output; give the others a file: -o jsonl=FILE",
            ));
        }
        let mut list = Vec::new();
        for output in &args.output {
            let file = output.file.as_ref().map(|path| escape::message(&path.display().to_string()).into_owned());
            let writer: Box<dyn Write> = match &output.file {
                Some(path) => {
                    let created = File::create(path).map_err(|error| Failure::file(path.display(), error))?;
                    match (output.format, context.color()) {
                        (Format::Text, Color::Auto | Color::Never) => {
                            Box::new(BufWriter::new(AutoStream::new(created, ColorChoice::Never)))
                        }
                        _ => Box::new(BufWriter::new(created)),
                    }
                }
                None if output.format == Format::Text => Box::new(output::styled(context.color())),
                None => Box::new(output::plain()),
            };
            let format = match output.format {
                Format::Jsonl => Writer::Jsonl(Vec::new()),
                Format::Text => {
                    let width = if output.file.is_none() && io::stdout().is_terminal() {
                        terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
                    } else {
                        None
                    };
                    Writer::Text(text::Tables::new(context.is_verbose(), width))
                }
            };
            list.push(Output { file, writer, format });
        }
        Ok(Self { database: *database, list })
    }

    /// A port is finished.
    pub(super) fn port(&mut self, port: &PortReport) -> Result<(), Failure> {
        for output in &mut self.list {
            match &mut output.format {
                Writer::Jsonl(line) => {
                    line.clear();
                    jsonl::write(line, &self.database, port);
                    // Whoever reads along wants each record when it is known.
                    let written = output.writer.write_all(line).and_then(|()| output.writer.flush());
                    written.map_err(|error| output.failure(error))?;
                }
                Writer::Text(tables) => tables.port(port),
            }
        }
        Ok(())
    }

    /// A host is finished.
    pub(super) fn host_done(
        &mut self,
        host: &str,
        address: SocketAddr,
        not_open: usize,
        left_out: usize,
    ) -> Result<(), Failure> {
        for output in &mut self.list {
            if let Writer::Text(tables) = &mut output.format {
                let table = tables.host_done(host, address, not_open, left_out);
                let written = output.writer.write_all(table.as_bytes()).and_then(|()| output.writer.flush());
                written.map_err(|error| output.failure(error))?;
            }
        }
        Ok(())
    }

    /// Everything has been said.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        for output in &mut self.list {
            output.writer.flush().map_err(|error| output.failure(error))?;
        }
        Ok(())
    }
}

impl Output {
    fn failure(&self, error: io::Error) -> Failure {
        match &self.file {
            Some(path) => Failure::file(path, error),
            None => Failure::output(error),
        }
    }
}
