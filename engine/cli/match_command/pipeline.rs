//! Reading, working and writing at the same time, with the order of the lines kept and memory bounded.
//!
//! For each chunk the reader makes a channel for its answers, hands one end to the workers and the other to the writer, in order; so
//! the writer waits for the chunk whose turn it is, and nothing needs sorting. The reader waits while [`IN_FLIGHT`] bytes of chunks
//! are unwritten. It is never waited for: when writing fails the program can end although the reader still sits in a read.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use portprint_tables::{ProbeId, Protocol};

use super::answer::Id;
use super::input::{Chunk, Chunks, Lines};
use super::timing::Timing;
use super::worker::{Answers, Job, Remark, Worker};

/// Bytes of input that may wait for their turn. A single chunk may be larger.
const IN_FLIGHT: usize = 64 * 1024 * 1024;

/// What was done.
#[derive(Debug)]
pub(crate) struct Run {
    /// Records that were none.
    pub(crate) bad: u64,
    /// How long classification took.
    pub(crate) timing: Timing,
}

/// Why the work could not be finished.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The input could not be read.
    Read(io::Error),
    /// Standard output could not be written.
    Write(io::Error),
    /// A worker panicked.
    Worker,
}

/// Answers all lines of `input` on standard output.
pub(crate) fn run(job: Job, input: Box<dyn Read + Send>, jobs: usize) -> Result<Run, Fault> {
    let job = Arc::new(job);
    let budget = Arc::new(Budget::default());
    let (work_in, work_out) = sync_channel::<Task>(jobs * 2);
    let (turns_in, turns_out) = sync_channel::<Turn>(jobs * 4);

    let work_out = Arc::new(Mutex::new(work_out));
    let workers: Vec<_> = (0..jobs)
        .map(|_| {
            let (job, work) = (Arc::clone(&job), Arc::clone(&work_out));
            thread::spawn(move || work_on(&job, &work))
        })
        .collect();
    // The workers alone hold the receiving end, so that the reader notices when all of them are gone.
    drop(work_out);
    thread::spawn({
        let budget = Arc::clone(&budget);
        move || read(input, &budget, &work_in, &turns_in)
    });

    let bad = write(&job, &turns_out, &budget)?;
    let mut timing = Timing::new();
    for worker in workers {
        timing.merge(&worker.join().map_err(|_| Fault::Worker)?);
    }
    Ok(Run { bad, timing })
}

/// Answers one response, which is all of `input`.
pub(crate) fn one(
    job: &Job,
    mut input: Box<dyn Read + Send>,
    protocol: Protocol,
    probe: Option<ProbeId>,
) -> Result<Run, Fault> {
    let mut response = Vec::new();
    input.read_to_end(&mut response).map_err(Fault::Read)?;
    let mut worker = Worker::new();
    let mut answers = Answers::default();
    worker.answer_response(job, (1, Id::Line(1)), (protocol, probe, &response), &mut answers);
    let bad = put(job, &answers)?;
    Ok(Run { bad, timing: worker.into_timing() })
}

/// A chunk, and where its answers go.
struct Task {
    chunk: Chunk,
    answers: SyncSender<Answers>,
}

/// What the writer waits for next.
enum Turn {
    /// The answers to a chunk of so many bytes.
    Answers(Receiver<Answers>, usize),
    /// Nothing more: the input broke off.
    Broken(io::Error),
}

fn read(input: Box<dyn Read + Send>, budget: &Budget, work: &SyncSender<Task>, turns: &SyncSender<Turn>) {
    let mut chunks = Chunks::new(input);
    loop {
        match chunks.next_chunk() {
            Ok(None) => return,
            Ok(Some(chunk)) => {
                let size = match &chunk.lines {
                    Lines::Whole(bytes) => bytes.len(),
                    Lines::TooLong => 0,
                };
                budget.take(size);
                let (answers, turn) = sync_channel(1);
                // The others end early only when the program is about to.
                if turns.send(Turn::Answers(turn, size)).is_err() || work.send(Task { chunk, answers }).is_err() {
                    return;
                }
            }
            Err(error) => {
                // Told after the answers to what was read before; nobody listens any more when the program is about to end.
                let _ = turns.send(Turn::Broken(error));
                return;
            }
        }
    }
}

fn work_on(job: &Job, work: &Mutex<Receiver<Task>>) -> Timing {
    let mut worker = Worker::new();
    loop {
        let task = lock(work).recv();
        let Ok(Task { chunk, answers }) = task else { return worker.into_timing() };
        // The writer may have ended; then this answer is not missed.
        let _ = answers.send(worker.answer(job, &chunk));
    }
}

fn write(job: &Job, turns: &Receiver<Turn>, budget: &Budget) -> Result<u64, Fault> {
    let mut bad = 0;
    for turn in turns {
        match turn {
            Turn::Broken(error) => return Err(Fault::Read(error)),
            Turn::Answers(answers, size) => {
                bad += put(job, &answers.recv().map_err(|_| Fault::Worker)?)?;
                budget.give_back(size);
            }
        }
    }
    Ok(bad)
}

/// Writes answers and tells what is to be told besides.
fn put(job: &Job, answers: &Answers) -> Result<u64, Fault> {
    let mut out = io::stdout().lock();
    out.write_all(&answers.text).and_then(|()| out.flush()).map_err(Fault::Write)?;
    drop(out);
    let mut bad = 0;
    for (line, remark) in &answers.remarks {
        match remark {
            Remark::Bad(message) => {
                bad += 1;
                log::warn!("input line {line}: {message}");
            }
            Remark::GaveUp(rule) => {
                log::info!(
                    "input line {line}: {} was given up at its step limit; it counts as not matching",
                    job.names.place(*rule)
                );
            }
        }
    }
    Ok(bad)
}

/// Bounds what is read but not yet written.
#[derive(Debug, Default)]
struct Budget {
    in_flight: Mutex<usize>,
    less: Condvar,
}

impl Budget {
    /// Waits for room for `size` bytes. With nothing in flight there is room for any size.
    fn take(&self, size: usize) {
        let mut in_flight = lock(&self.in_flight);
        while *in_flight > 0 && *in_flight + size > IN_FLIGHT {
            in_flight = self.less.wait(in_flight).unwrap_or_else(PoisonError::into_inner);
        }
        *in_flight += size;
    }

    fn give_back(&self, size: usize) {
        *lock(&self.in_flight) -= size;
        self.less.notify_one();
    }
}

/// A panic elsewhere is told elsewhere.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
