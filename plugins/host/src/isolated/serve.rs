//! A process with a plugin in it, from inside.

use std::io::{self, Read, Write};
use std::path::Path;

use portprint_core::handshake::Handshake;
use portprint_plugin_abi as abi;

use super::message::{self, Answer, Request};
use crate::{Plugin, Session};

/// Loads a plugin and holds its sessions, one after the other, as it is asked to. Comes back when the other side closes, or listens no
/// more.
///
/// # Errors
/// The other side cannot be understood, or the system does not let this happen.
pub fn serve(file: &Path, input: impl Read, output: impl Write) -> io::Result<()> {
    match hold(file, input, output) {
        // Whoever asked has ended in the meantime, which is no fault.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn hold(file: &Path, mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let plugin = match Plugin::load(file) {
        Ok(plugin) => plugin,
        Err(error) => return message::write(&mut output, &Answer::Refused(error.to_string())),
    };
    let description = Box::new(plugin.description().clone());
    message::write(&mut output, &Answer::Hello { abi: (abi::ABI_MAJOR, abi::ABI_MINOR), description })?;
    let mut session: Option<Session> = None;
    while let Some(request) = message::read(&mut input)? {
        let answer = match (request, &mut session) {
            (Request::Open { target, seed }, None) => match plugin.open(&target.lend(), seed) {
                Ok(opened) => {
                    session = Some(opened);
                    Answer::Opened(Ok(()))
                }
                Err(fault) => Answer::Opened(Err(fault)),
            },
            (Request::Step(event), Some(session)) => Answer::Stepped(session.step(&event)),
            (Request::Close, _) => {
                session = None;
                Answer::Closed
            }
            (Request::Open { .. }, Some(_)) | (Request::Step(_), None) => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a request out of its turn"));
            }
        };
        message::write(&mut output, &answer)?;
    }
    Ok(())
}

/// The same on standard input and output. What the plugin prints goes to standard error, and a plugin that hangs ends with its parent.
///
/// # Errors
/// As above, or the system does not let this happen.
pub fn serve_stdio(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        /// What sessions that are closed may take until the process ends without them.
        const CLOSING: std::time::Duration = std::time::Duration::from_secs(2);
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        let input = super::parent::end_with_parent(CLOSING)?;
        serve(file, std::fs::File::from(input), std::fs::File::from(output))
    }
    #[cfg(not(unix))]
    serve(file, io::stdin().lock(), io::stdout().lock())
}
