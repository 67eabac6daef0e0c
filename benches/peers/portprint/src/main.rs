//! The peer portprint: the engine as an embedder uses it, one thread, memory reused from response to response.
//!
//! `portprint-bench-portprint TASK [classify | batch | threads N | lines]`

mod batch;
mod classify;
mod lines;
mod threads;

use std::env;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use portprint_bench_peer::{Ready, Task, serve};

use batch::Batch;
use classify::Classify;
use lines::Lines;
use threads::Threads;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (folder, mode) = arguments.split_first().context("which task?")?;
    let task = Task::read(Path::new(folder))?;
    match mode {
        [] | ["classify"] => serve(&task, |task| Ok((Classify::new(task)?, ready("renders all fields")))),
        ["batch"] => {
            serve(&task, |_| Ok((Batch::new(&task)?, ready("all responses given at once; renders all fields"))))
        }
        ["threads", count] => {
            let count = count.parse().context("how many threads?")?;
            serve(&task, |task| Ok((Threads::new(task, count)?, ready(&format!("threads: {count}")))))
        }
        ["lines"] => serve(&task, |task| Ok((Lines::new(task)?, ready("the slowest line of the whole database")))),
        _ => bail!("unknown mode {mode:?}"),
    }
}

fn ready(notes: &str) -> Ready {
    let engine = format!("portprint {}", env!("CARGO_PKG_VERSION"));
    Ready { engine, unsupported: 0, notes: notes.into() }
}
