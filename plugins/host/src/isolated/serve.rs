//! A process with a plugin in it, from inside.

use std::io::{self, Read, Write};
use std::path::Path;

use portprint_core::handshake::Handshake;
use portprint_plugin_abi as abi;

use super::message::{self, Answer, Request};
use crate::{Plugin, Session};

/// Loads a plugin and holds its sessions, one after the other, as it is asked to. Comes back when the other side closes.
///
/// # Errors
/// The other side cannot be understood, or does not listen any more.
pub fn serve(file: &Path, mut input: impl Read, mut output: impl Write) -> io::Result<()> {
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
        let (input, output) = (io::stdin().as_fd().try_clone_to_owned()?, io::stdout().as_fd().try_clone_to_owned()?);
        rustix::stdio::dup2_stdout(io::stderr())?;
        let watched = input.try_clone()?;
        std::thread::Builder::new().name("parent watch".to_owned()).spawn(move || leave_with_parent(&watched))?;
        serve(file, std::fs::File::from(input), std::fs::File::from(output))
    }
    #[cfg(not(unix))]
    serve(file, io::stdin().lock(), io::stdout().lock())
}

/// Waits until nobody can write to the input any more, and ends the process if it does not end by itself.
#[cfg(unix)]
fn leave_with_parent(input: &std::os::fd::OwnedFd) {
    use rustix::event::{PollFd, PollFlags, poll};
    // No events are asked for: the end of the other side is told always.
    while matches!(poll(&mut [PollFd::new(input, PollFlags::empty())], None), Ok(0) | Err(rustix::io::Errno::INTR)) {}
    std::thread::sleep(std::time::Duration::from_secs(2));
    std::process::exit(1);
}
