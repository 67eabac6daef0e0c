//! Standard error: one line a message, `portprint: warning: …`, filtered by `-q`, `-v` and `--log-level`.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::args::{Color, Global, LogLevel};
use crate::{bars, escape};

/// Starts logging. Messages before this are lost.
pub(crate) fn start(global: &Global) {
    let logger = env_logger::Builder::new()
        .filter_level(level(global))
        .write_style(match global.color {
            Color::Auto => env_logger::WriteStyle::Auto,
            Color::Always => env_logger::WriteStyle::Always,
            Color::Never => env_logger::WriteStyle::Never,
        })
        .format(|out, record| {
            let (word, colour) = match record.level() {
                Level::Error => ("error", AnsiColor::Red),
                Level::Warn => ("warning", AnsiColor::Yellow),
                Level::Info => ("info", AnsiColor::Green),
                Level::Debug => ("debug", AnsiColor::Blue),
                Level::Trace => ("trace", AnsiColor::Cyan),
            };
            let style = Style::new().bold().fg_color(Some(colour.into()));
            writeln!(out, "portprint: {style}{word}{style:#}: {}", escape::message(&record.args().to_string()))
        })
        .build();
    log::set_max_level(logger.filter());
    // It fails only where a logger was started before.
    let _ = log::set_boxed_logger(Box::new(AboveBars(logger)));
}

/// Messages stand above the progress bars.
struct AboveBars(env_logger::Logger);

impl Log for AboveBars {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        bars::suspend(|| self.0.log(record));
    }

    fn flush(&self) {
        self.0.flush();
    }
}

fn level(global: &Global) -> LevelFilter {
    match global.log_level {
        Some(LogLevel::Off) => LevelFilter::Off,
        Some(LogLevel::Error) => LevelFilter::Error,
        Some(LogLevel::Warn) => LevelFilter::Warn,
        Some(LogLevel::Info) => LevelFilter::Info,
        Some(LogLevel::Debug) => LevelFilter::Debug,
        Some(LogLevel::Trace) => LevelFilter::Trace,
        None if global.quiet => LevelFilter::Error,
        None => match global.verbose {
            0 => LevelFilter::Warn,
            1 => LevelFilter::Info,
            2 => LevelFilter::Debug,
            _ => LevelFilter::Trace,
        },
    }
}
