//! Ports from [targets](crate::targets) to the scanner.
//!
//! Streams of targets may block, so they are read on a thread of their own, a little ahead. It ends when its targets do, or when it has
//! something to give and nobody takes it any longer; while it waits for a stream that never gives anything, it goes on waiting.

use std::io;
use std::vec;

use tokio::sync::mpsc;

use crate::{Item, Items, Window};

/// How many ports are handed over at a time.
const BATCH: usize = 256;

/// How many batches wait to be taken.
const AHEAD: usize = 4;

/// Some ports, and the number of hosts that have been read with them.
pub(crate) struct Batch {
    items: Vec<Item>,
    hosts: u64,
    windows: Vec<Window>,
}

/// Where ports come from.
pub(crate) struct Feed {
    batches: mpsc::Receiver<io::Result<Batch>>,
    batch: vec::IntoIter<Item>,
    hosts: u64,
    ended: bool,
}

impl Feed {
    /// Starts the thread.
    pub(crate) fn start(mut items: Items) -> io::Result<Self> {
        let (sender, batches) = mpsc::channel(AHEAD);
        std::thread::Builder::new().name(String::from("targets")).spawn(move || {
            while let Some(batch) = items.next_batch(BATCH) {
                let batch = Batch { items: batch, hosts: items.hosts(), windows: items.take_begun() };
                if sender.blocking_send(Ok(batch)).is_err() {
                    return;
                }
            }
            if let Some(fault) = items.take_fault() {
                // When nobody takes it, nobody needs it.
                let _ = sender.blocking_send(Err(fault));
            }
        })?;
        Ok(Self { batches, batch: Vec::new().into_iter(), hosts: 0, ended: false })
    }

    /// The next port of those at hand.
    pub(crate) fn next(&mut self) -> Option<Item> {
        self.batch.next()
    }

    /// Waits for more. `None`: there is no more. It may be dropped while it waits.
    pub(crate) async fn more(&mut self) -> Option<io::Result<Batch>> {
        self.batches.recv().await
    }

    /// Takes in what [`Feed::more`] gave. Gives the windows that have begun.
    ///
    /// # Errors
    /// The targets are not those that they must be. There is no more, then.
    pub(crate) fn take(&mut self, batch: Option<io::Result<Batch>>) -> io::Result<Vec<Window>> {
        self.ended = !matches!(batch, Some(Ok(_)));
        let Some(batch) = batch.transpose()? else { return Ok(Vec::new()) };
        self.hosts = batch.hosts;
        self.batch = batch.items.into_iter();
        Ok(batch.windows)
    }

    /// Whether nothing is at hand.
    pub(crate) fn is_empty(&self) -> bool {
        self.batch.as_slice().is_empty()
    }

    /// Whether there is nothing at hand, and nothing more will come.
    pub(crate) fn is_over(&self) -> bool {
        self.ended && self.is_empty()
    }

    /// How many hosts were read.
    pub(crate) fn hosts(&self) -> u64 {
        self.hosts
    }

    /// Ends it. Gives the number of ports that were at hand.
    pub(crate) fn end(&mut self) -> usize {
        self.ended = true;
        self.batches.close();
        std::mem::take(&mut self.batch).len()
    }
}
