//! Standard output.

use std::io::{self, BufWriter, StdoutLock, Write};

use anstream::{AutoStream, ColorChoice};

use crate::args::Color;
use crate::exit::Failure;

const BUFFER: usize = 64 * 1024;

/// Standard output for data: bytes go out as they are.
pub(crate) fn plain() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(BUFFER, io::stdout().lock())
}

/// Standard output for people: style escapes are taken out again unless colour is wanted and possible.
pub(crate) fn styled(color: Color) -> BufWriter<AutoStream<StdoutLock<'static>>> {
    let choice = match color {
        Color::Auto => AutoStream::choice(&io::stdout()),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    BufWriter::with_capacity(BUFFER, AutoStream::new(io::stdout().lock(), choice))
}

/// Writes a finished text for people.
pub(crate) fn write(color: Color, text: &str) -> Result<(), Failure> {
    let mut out = styled(color);
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::output)
}

/// Styles of text for people.
pub(crate) mod style {
    use anstyle::{AnsiColor, Style};

    /// Headings and names.
    pub(crate) const STRONG: Style = Style::new().bold();
    /// What matters less.
    pub(crate) const FAINT: Style = Style::new().dimmed();
    /// What was found.
    pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
    /// What was not.
    pub(crate) const BAD: Style = AnsiColor::Red.on_default();
}
