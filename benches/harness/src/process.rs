//! A peer as a process: see `PROTOCOL.md`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// Compiling the largest database may take minutes; what takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// A running peer.
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: Receiver<String>,
    /// What it said when it was ready.
    pub(crate) ready: Ready,
}

/// What a peer says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Ready {
    pub(crate) engine: String,
    pub(crate) load_ms: u64,
    pub(crate) unsupported: usize,
    pub(crate) notes: String,
}

/// What came of starting a peer.
pub(crate) enum Started {
    Ready(Box<Process>),
    /// It cannot work here, for this reason.
    Missing(String),
}

#[derive(Debug, Default, Deserialize)]
struct Message {
    ready: Option<Ready>,
    missing: Option<String>,
    answers: Option<usize>,
    ns: Option<u64>,
    each: Option<Vec<u64>>,
}

impl Process {
    /// Starts a peer and waits until it is ready.
    pub(crate) fn start(mut command: Command) -> Result<Started> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot be started")?;
        let input = child.stdin.take().expect("it is piped");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (sender, output) = mpsc::channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut process = Self { child, input, output, ready: Ready::default() };
        let message = process.receive()?;
        if let Some(why) = message.missing {
            return Ok(Started::Missing(why));
        }
        process.ready = message.ready.context("it did not say that it is ready")?;
        Ok(Started::Ready(Box::new(process)))
    }

    /// Has it write its answers into a file; gives the file's text.
    pub(crate) fn answers(&mut self, path: &std::path::Path) -> Result<String> {
        self.send(&format!("answers {}", path.display()))?;
        self.receive()?.answers.context("no answers")?;
        std::fs::read_to_string(path).with_context(|| path.display().to_string())
    }

    /// A round: nanoseconds.
    pub(crate) fn round(&mut self) -> Result<u64> {
        self.send("round")?;
        self.receive()?.ns.context("no time")
    }

    /// A round: nanoseconds for every response.
    pub(crate) fn each(&mut self) -> Result<Vec<u64>> {
        self.send("each")?;
        self.receive()?.each.context("no times")
    }

    fn send(&mut self, command: &str) -> Result<()> {
        writeln!(self.input, "{command}")?;
        Ok(self.input.flush()?)
    }

    fn receive(&mut self) -> Result<Message> {
        match self.output.recv_timeout(PATIENCE) {
            Ok(line) => serde_json::from_str(&line).with_context(|| format!("it said {line:?}")),
            Err(mpsc::RecvTimeoutError::Timeout) => bail!("it hangs"),
            Err(mpsc::RecvTimeoutError::Disconnected) => match self.child.wait() {
                Ok(status) => bail!("it ended: {status}"),
                Err(error) => bail!("it ended: {error}"),
            },
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
