//! A process in which a plugin runs does not outlive who started it, whatever the plugin does.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpid, kill_process};

/// Ends this process when nobody can write to its standard input any more, and `grace` is over after that. The parent holds the other
/// end of a pipe, which the system closes however the parent ends.
///
/// Gives that input. What is read from standard input from now on is empty, so that no plugin takes away what is not for it.
///
/// # Errors
/// The system does not let this happen.
pub fn end_with_parent(grace: Duration) -> io::Result<OwnedFd> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let watched = input.try_clone()?;
    // A thread that begins needs what a library that is being loaded may hold, so it has begun before any is.
    let begun = Arc::new(Barrier::new(2));
    let watch = Arc::clone(&begun);
    thread::Builder::new().name("parent watch".to_owned()).spawn(move || {
        watch.wait();
        wait_for_end(&watched);
        thread::sleep(grace);
        // Not by an exit, which runs what libraries have registered for it: it waits for a library that hangs while it is loaded.
        kill_process(getpid(), Signal::KILL).ok();
    })?;
    begun.wait();
    Ok(input)
}

fn wait_for_end(input: &OwnedFd) {
    // No events are asked for: the end of the other side is told always.
    while matches!(poll(&mut [PollFd::new(input, PollFlags::empty())], None), Ok(0) | Err(rustix::io::Errno::INTR)) {}
}
