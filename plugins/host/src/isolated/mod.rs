//! Plugins in processes of their own: one that crashes or hangs costs one conversation, not the scan.
//!
//! The processes are this program again, started with a hidden command that calls [`serve_stdio`]. Each plugin has a pool of them, which
//! grows when it is needed. A process holds one session at a time; nothing of a plugin is loaded into the parent.

mod message;
#[cfg(unix)]
mod parent;
mod process;
mod serve;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portprint_core::handshake::{Action, Event, Fault, Findings, Target, Value};
use portprint_plugin_abi as abi;

use crate::Description;
use crate::set::Record;
use message::{Answer, OwnTarget, Request};
#[cfg(unix)]
pub use parent::end_with_parent;
use process::Process;
pub use serve::{serve, serve_stdio};

/// How long a process may take to load its plugin and to say hello.
const HELLO: Duration = Duration::from_secs(10);

/// How long a process may always take to close its last session.
const CLOSING: Duration = Duration::from_millis(50);

/// How processes are started.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// This program, mostly.
    pub program: PathBuf,
    /// Its arguments, after which the plugin's file is given.
    pub arguments: Vec<OsString>,
    /// The most processes of a plugin at a time. Conversations beyond wait.
    pub most: usize,
}

/// The processes of a plugin.
#[derive(Debug)]
pub(crate) struct Pool {
    launcher: Launcher,
    file: PathBuf,
    processes: Mutex<Processes>,
    is_free: Condvar,
}

#[derive(Debug, Default)]
struct Processes {
    idle: Vec<Process>,
    /// How many there are, idle or not.
    count: usize,
}

impl Pool {
    /// Starts a plugin's first process, which says what the plugin is for.
    pub(crate) fn start(file: &Path, launcher: &Launcher) -> Result<(Self, Description), String> {
        let (process, description) = start(launcher, file)?;
        let processes = Mutex::new(Processes { idle: vec![process], count: 1 });
        let (launcher, file) = (launcher.clone(), file.to_owned());
        Ok((Self { launcher, file, processes, is_free: Condvar::new() }, description))
    }

    fn lock(&self) -> MutexGuard<'_, Processes> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process for a session: an idle one, a new one, or the next that becomes free.
    fn take(&self, time: Duration, record: &Record) -> Result<Process, Trouble> {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let mut processes = self.lock();
            if let Some(mut process) = processes.idle.pop() {
                drop(processes);
                match process.finish_closing(left.max(CLOSING)) {
                    Ok(()) => return Ok(process),
                    // It cost the session before this one nothing more, and this one only time.
                    Err(what) => record.blame(&record.fault(&format!("close: its process {what}"))),
                }
                self.forget();
                continue;
            }
            if processes.count < self.launcher.most.max(1) {
                processes.count += 1;
                drop(processes);
                return start(&self.launcher, &self.file).map(|(process, _)| process).map_err(|what| {
                    self.forget();
                    Trouble { fault: record.fault(&format!("its process {what}")), is_of_plugin: false }
                });
            }
            if left.is_zero() {
                let what = format!("all {} processes were busy for {time:?}", processes.count);
                return Err(Trouble { fault: record.fault(&what), is_of_plugin: false });
            }
            drop(self.is_free.wait_timeout(processes, left));
        }
    }

    /// Takes a process back.
    fn give_back(&self, process: Process) {
        self.lock().idle.push(process);
        self.is_free.notify_one();
    }

    /// A process is no more.
    fn forget(&self) {
        self.lock().count -= 1;
        self.is_free.notify_one();
    }
}

fn start(launcher: &Launcher, file: &Path) -> Result<(Process, Description), String> {
    let mut process = Process::start(launcher, file)?;
    match process.answer(HELLO)? {
        Answer::Hello { abi: (abi::ABI_MAJOR, abi::ABI_MINOR), description } => Ok((process, *description)),
        Answer::Hello { abi: (major, minor), .. } => {
            Err(format!("has version {major}.{minor} of the ABI: {} is another portprint", launcher.program.display()))
        }
        Answer::Refused(what) => Err(format!("refused it: {what}")),
        _ => Err("did not begin with hello".to_owned()),
    }
}

impl Process {
    /// Waits until its last session is closed.
    fn finish_closing(&mut self, time: Duration) -> Result<(), String> {
        if std::mem::take(&mut self.is_closing) && !matches!(self.answer(time)?, Answer::Closed) {
            return Err("answered out of its turn".to_owned());
        }
        Ok(())
    }

    fn ask(&mut self, request: &Request, time: Duration) -> Result<Answer, String> {
        self.send(request)?;
        self.answer(time)
    }
}

/// A step that failed.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) fault: Fault,
    /// It is the plugin's doing, not the system's.
    pub(crate) is_of_plugin: bool,
}

/// A conversation that is held in another process. It takes a process with its first step, so that opening it does not block.
pub(crate) struct Session {
    pool: Arc<Pool>,
    record: Arc<Record>,
    services: Vec<String>,
    target: OwnTarget,
    seed: u64,
    stage: Stage,
    sent: usize,
}

enum Stage {
    Fresh,
    Open(Process),
    Over,
}

impl Session {
    pub(crate) fn new(
        pool: Arc<Pool>,
        record: Arc<Record>,
        description: &Description,
        target: &Target<'_>,
        seed: u64,
    ) -> Self {
        let (target, services) = (OwnTarget::of(target), description.services.clone());
        Self { pool, record, services, target, seed, stage: Stage::Fresh, sent: 0 }
    }

    /// Takes in what happened, and waits for what the plugin makes of it: at most as long as a step may take, at the beginning of a
    /// conversation twice that.
    pub(crate) fn step(&mut self, event: &Event) -> Result<Action, Trouble> {
        if matches!(self.stage, Stage::Fresh) {
            self.open()?;
        }
        let Stage::Open(process) = &mut self.stage else { return Err(self.trouble("step: the session is over")) };
        let action = match process.ask(&Request::Step(event.clone()), self.target.limits.step_time) {
            Ok(Answer::Stepped(answer)) => answer.map_err(|fault| fault.what).and_then(|action| self.check(action)),
            Ok(_) => return Err(self.lose("answered out of its turn")),
            Err(what) => return Err(self.lose(&what)),
        };
        if !matches!(&action, Ok(Action::Send(..) | Action::Wait(_) | Action::StartTls { .. } | Action::Reconnect)) {
            self.close();
        }
        action.map_err(|what| self.trouble(&what))
    }

    fn open(&mut self) -> Result<(), Trouble> {
        let time = self.target.limits.step_time;
        self.stage = Stage::Over;
        let mut process = self.pool.take(time, &self.record)?;
        let request = Request::Open { target: Box::new(self.target.clone()), seed: self.seed };
        let answer = process.ask(&request, time);
        self.stage = Stage::Open(process);
        match answer {
            Ok(Answer::Opened(Ok(()))) => Ok(()),
            Ok(Answer::Opened(Err(fault))) => {
                self.close();
                Err(self.trouble(&fault.what))
            }
            Ok(_) => Err(self.lose("answered out of its turn")),
            Err(what) => Err(self.lose(&what)),
        }
    }

    /// The process has checked it. But that a plugin writes into its host's memory is what all this is for.
    fn check(&mut self, action: Action) -> Result<Action, String> {
        let limits = &self.target.limits;
        let is_allowed = match &action {
            Action::Send(bytes, _) => {
                self.sent = self.sent.saturating_add(bytes.len());
                self.sent <= limits.sent
            }
            Action::Done(findings) => {
                self.services.contains(&findings.service) && bytes_of(findings) <= limits.findings
            }
            _ => true,
        };
        if !is_allowed {
            return Err("action: its process let pass what it must not".to_owned());
        }
        Ok(action)
    }

    /// The process is no more, or is of no use.
    fn lose(&mut self, what: &str) -> Trouble {
        self.stage = Stage::Over;
        self.pool.forget();
        self.trouble(&format!("its process {what}"))
    }

    /// Lets the process close the session, and gives it back without waiting for that.
    fn close(&mut self) {
        if let Stage::Open(mut process) = std::mem::replace(&mut self.stage, Stage::Over) {
            process.is_closing = process.send(&Request::Close).is_ok();
            self.pool.give_back(process);
        }
    }

    fn trouble(&self, what: &str) -> Trouble {
        Trouble { fault: self.record.fault(what), is_of_plugin: true }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}

fn bytes_of(findings: &Findings) -> usize {
    let Findings { service, product, version, info, hostname, os, device, cpe, details, .. } = findings;
    let texts = [product, version, info, hostname, os, device];
    let details = details.iter().map(|(key, value)| {
        key.len()
            + match value {
                Value::Text(text) => text.len(),
                Value::Bytes(bytes) => bytes.len(),
                Value::Integer(_) | Value::Bool(_) => 0,
            }
    });
    service.len()
        + texts.into_iter().flatten().map(String::len).sum::<usize>()
        + cpe.iter().map(String::len).sum::<usize>()
        + details.sum::<usize>()
}
