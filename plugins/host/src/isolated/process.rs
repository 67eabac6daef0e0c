//! A process with a plugin in it, from outside.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::Launcher;
use super::message::{self, Answer, Request};

/// How long a process that has closed its output may take to end.
const LEAVING: Duration = Duration::from_millis(500);

/// A process and two threads that talk with it, so that nothing here blocks for longer than it may.
///
/// It is killed, and waited for, when it is dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    requests: Sender<Vec<u8>>,
    /// An error says that what came is no message.
    answers: Receiver<Result<Answer, String>>,
    /// Its last session was closed, and it has not said yet that this is done.
    pub(super) is_closing: bool,
}

impl Process {
    /// Starts one.
    pub(super) fn start(launcher: &Launcher, file: &Path) -> Result<Self, String> {
        let mut command = Command::new(&launcher.program);
        command.args(&launcher.arguments).arg(file).stdin(Stdio::piped()).stdout(Stdio::piped());
        // An interrupt from the terminal is for portprint, which lets conversations end.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .spawn()
            .map_err(|error| format!("cannot be started from {}: {error}", launcher.program.display()))?;
        let (mut input, mut output) = match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => (input, output),
            _ => unreachable!("both were asked for"),
        };
        let (requests, outbox) = mpsc::channel::<Vec<u8>>();
        let (inbox, answers) = mpsc::channel();
        let name = || "plugin process".to_owned();
        let writer = thread::Builder::new().name(name()).spawn(move || {
            outbox.into_iter().try_for_each(|frame| input.write_all(&frame)).ok();
        });
        let reader = thread::Builder::new().name(name()).spawn(move || {
            loop {
                let answer = match message::read(&mut output) {
                    Ok(Some(answer)) => Ok(answer),
                    Ok(None) => return,
                    Err(error) => Err(error.to_string()),
                };
                if inbox.send(answer).is_err() {
                    return;
                }
            }
        });
        let process = Self { child, requests, answers, is_closing: false };
        match writer.and(reader) {
            Ok(_) => Ok(process),
            Err(error) => Err(format!("has no thread to talk with it: {error}")),
        }
    }

    /// Sends something. That it is not read shows when the answer is waited for.
    pub(super) fn send(&self, request: &Request) -> Result<(), String> {
        let frame = message::frame(request).map_err(|error| error.to_string())?;
        self.requests.send(frame).ok();
        Ok(())
    }

    /// Waits for an answer. An error says how the process ended, or that it was killed; it is of no use any more.
    pub(super) fn answer(&mut self, time: Duration) -> Result<Answer, String> {
        match self.answers.recv_timeout(time) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(what)) => {
                self.end();
                Err(format!("sent what is no message: {what}; killed"))
            }
            Err(RecvTimeoutError::Timeout) => {
                self.end();
                Err(format!("did not come back within {time:?}; killed"))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.leave()),
        }
    }

    /// It has closed its output: how did it end?
    fn leave(&mut self) -> String {
        let begin = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return ended(status),
                Ok(None) if begin.elapsed() < LEAVING => thread::sleep(Duration::from_millis(2)),
                _ => {
                    self.end();
                    return "closed its output; killed".to_owned();
                }
            }
        }
    }

    fn end(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn ended(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("ended by signal {signal}{}", name_of(signal));
    }
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => "ended".to_owned(),
    }
}

/// What people call a signal. Their numbers differ between systems.
#[cfg(unix)]
fn name_of(signal: i32) -> &'static str {
    use rustix::process::Signal;
    let names = [
        (Signal::ILL, " (SIGILL)"),
        (Signal::TRAP, " (SIGTRAP)"),
        (Signal::ABORT, " (SIGABRT)"),
        (Signal::BUS, " (SIGBUS)"),
        (Signal::FPE, " (SIGFPE)"),
        (Signal::KILL, " (SIGKILL)"),
        (Signal::SEGV, " (SIGSEGV)"),
        (Signal::SYS, " (SIGSYS)"),
        (Signal::TERM, " (SIGTERM)"),
    ];
    names.into_iter().find(|(known, _)| known.as_raw() == signal).map_or("", |(_, name)| name)
}
