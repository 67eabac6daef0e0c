//! Signals that ask a scan to end: Ctrl-C, and on Unix SIGTERM, which service managers and `timeout` send, and SIGHUP, when the terminal is
//! closed.

use std::io;

use portprint_scan::Cancel;

use crate::exit;

/// From now on the first signal ends the scan with what is known, and the second one the program at once.
pub(super) fn watch(cancel: Cancel) -> io::Result<()> {
    let mut signals = Signals::open()?;
    tokio::spawn(async move {
        signals.next().await;
        log::warn!("interrupted; writing what is known");
        cancel.cancel();
        signals.next().await;
        std::process::exit(exit::INTERRUPTED.into());
    });
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn open() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: if outlives_terminal() { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    async fn next(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up => {}
        }
    }
}

/// Whether the program was started to go on when its terminal is closed, as `nohup` does it: SIGHUP is ignored. Who listens for the signal
/// takes that back.
#[cfg(unix)]
fn outlives_terminal() -> bool {
    use std::io::IsTerminal;

    match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => ignores_hang_up(&status),
        // Where the system does not say, nohup shows by leaving no stream on the terminal.
        Err(_) => !io::stdin().is_terminal() && !io::stdout().is_terminal() && !io::stderr().is_terminal(),
    }
}

/// Whether the set of ignored signals in `/proc/self/status` has SIGHUP in it.
#[cfg(unix)]
fn ignores_hang_up(status: &str) -> bool {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The first bit is signal 1.
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).is_some_and(|set| set & 1 != 0)
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn open() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_set_of_ignored_signals_is_read() {
        assert!(ignores_hang_up("Name:\tportprint\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000000\n"));
        assert!(!ignores_hang_up("SigBlk:\t0000000000000001\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"));
        assert!(!ignores_hang_up(""));
    }
}
