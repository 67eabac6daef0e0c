//! A process with a plugin in it, as `portprint --isolate-plugins` starts them: `serve FILE`.

use std::io;
use std::path::PathBuf;

fn main() -> io::Result<()> {
    let file = std::env::args_os().nth(1).map(PathBuf::from);
    let file = file.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the file of a plugin is expected"))?;
    portprint_plugin_host::isolated::serve_stdio(&file)
}
