//! Noting down what is done while the scan runs, on a thread of its own: disks are slow, and the scan need not wait for them.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portprint_scan::{Cancel, Place, Window};

use crate::exit::Failure;

use super::{cannot_write, lines};

/// How long something may be done before that is noted down.
const SOON: Duration = Duration::from_millis(200);

/// How much may be done before that is noted down.
const MANY: usize = 1000;

/// How much may wait for the disk before the scan does.
const AHEAD: usize = 4096;

/// How often the journal itself is brought to the disk. What outputs hold is there before the journal says so.
const SYNC: Duration = Duration::from_secs(1);

/// A file that must be on the disk before the journal says that what is in it is done.
#[derive(Debug)]
pub(in crate::scan) struct Synced {
    /// What it is called in messages.
    pub(in crate::scan) name: String,
    pub(in crate::scan) file: File,
}

/// Whom to tell what is done.
#[derive(Debug)]
pub(in crate::scan) struct Notes {
    name: String,
    entries: SyncSender<Entry>,
    thread: JoinHandle<Result<(), Failure>>,
}

enum Entry {
    Window(Window),
    Done(Place),
}

impl Notes {
    pub(super) fn start(name: String, file: File, outputs: Vec<Synced>, cancel: Cancel) -> Result<Self, Failure> {
        let (entries, taken) = sync_channel(AHEAD);
        let mut pen = Pen { name: name.clone(), file, outputs, done: Vec::new(), synced: Instant::now() };
        let thread = std::thread::Builder::new()
            .name(String::from("journal"))
            .spawn(move || {
                let ended = pen.run(&taken);
                if ended.is_err() {
                    cancel.cancel();
                }
                ended
            })
            .map_err(|error| Failure::fault(format!("there is no thread to write the journal on: {error}")))?;
        Ok(Self { name, entries, thread })
    }

    /// Targets have been read; it is told before what is done of them.
    pub(in crate::scan) fn window(&self, window: Window) {
        self.send(Entry::Window(window));
    }

    /// A port is done, and what was found there has been written.
    pub(in crate::scan) fn done(&self, place: Place) {
        self.send(Entry::Done(place));
    }

    fn send(&self, entry: Entry) {
        // After a fault nobody takes it; the fault is told at the end.
        let _ = self.entries.send(entry);
    }

    /// Notes down the last of it. Gives the name of the file.
    pub(in crate::scan) fn end(self) -> Result<String, Failure> {
        let Self { name, entries, thread } = self;
        drop(entries);
        match thread.join() {
            Ok(ended) => ended.map(|()| name),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// Who writes.
struct Pen {
    name: String,
    file: File,
    outputs: Vec<Synced>,
    done: Vec<Place>,
    synced: Instant,
}

impl Pen {
    fn run(&mut self, entries: &Receiver<Entry>) -> Result<(), Failure> {
        let mut due = None;
        loop {
            let entry = match due {
                None => entries.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => entries.recv_timeout(due - Instant::now().min(due)),
            };
            match entry {
                Ok(Entry::Window(window)) => {
                    self.write(&lines::window(window)).map_err(|error| cannot_write(&self.name, error))?;
                }
                Ok(Entry::Done(place)) => {
                    self.done.push(place);
                    due.get_or_insert_with(|| Instant::now() + SOON);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.note()?;
                    return self.file.sync_data().map_err(|error| cannot_write(&self.name, error));
                }
            }
            if self.done.len() >= MANY || due.is_some_and(|due| due <= Instant::now()) {
                self.note()?;
                due = None;
            }
        }
    }

    /// Notes down what is done, once the outputs are on the disk.
    fn note(&mut self) -> Result<(), Failure> {
        if self.done.is_empty() {
            return Ok(());
        }
        for Synced { name, file } in &self.outputs {
            file.sync_data().map_err(|error| Failure::file(name, error))?;
        }
        let lines = lines::done(&mut self.done);
        self.write(&lines)
            .and_then(|()| {
                if self.synced.elapsed() >= SYNC {
                    self.synced = Instant::now();
                    self.file.sync_data()?;
                }
                Ok(())
            })
            .map_err(|error| cannot_write(&self.name, error))
    }

    /// Whole lines at once, so that a program that dies tears none.
    fn write(&mut self, lines: &str) -> io::Result<()> {
        self.file.write_all(lines.as_bytes())
    }
}
