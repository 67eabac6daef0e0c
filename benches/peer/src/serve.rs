//! The commands of a peer.

use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use crate::{Engine, Ready, Task};

/// Says that the engine cannot work here, and why.
///
/// # Errors
/// When standard output is closed.
pub fn missing(why: &str) -> Result<()> {
    say(&json!({ "missing": why }))
}

/// Makes the engine ready with `load`, says so, and obeys commands until the input ends.
///
/// # Errors
/// When loading fails, a command is unknown, or a stream is closed.
pub fn serve<E: Engine>(task: &Task, load: impl FnOnce(&Task) -> Result<(E, Ready)>) -> Result<()> {
    let start = Instant::now();
    let (mut engine, ready) = load(task)?;
    let load_ms = start.elapsed().as_millis() as u64;
    let Ready { engine: name, unsupported, notes } = ready;
    say(&json!({ "ready": { "engine": name, "load_ms": load_ms, "unsupported": unsupported, "notes": notes } }))?;
    for command in io::stdin().lock().lines() {
        let command = command?;
        match command.split_once(' ').unwrap_or((&command, "")) {
            ("answers", path) => {
                fs::write(path, answers(&mut engine, task))?;
                say(&json!({ "answers": task.len() }))?;
            }
            ("round", _) => say(&json!({ "ns": round(&mut engine, task) }))?,
            ("each", _) => say(&json!({ "each": engine.each(task) }))?,
            ("quit", _) => break,
            _ => bail!("unknown command `{command}`"),
        }
    }
    Ok(())
}

fn answers(engine: &mut impl Engine, task: &Task) -> String {
    let mut text = String::new();
    engine.answers(task, &mut text);
    text
}

/// A shorter round would measure how a process wakes up, and what its caches lost meanwhile.
const LEAST_ROUND: Duration = Duration::from_millis(20);

/// The nanoseconds that it takes to classify every response once, on average over as many times as fill a round.
fn round(engine: &mut impl Engine, task: &Task) -> u64 {
    let clock = engine.clock();
    let start = clock.now();
    for passes in 1.. {
        engine.round(task);
        let spent = clock.since(start);
        if u128::from(spent) >= LEAST_ROUND.as_nanos() {
            return spent / passes;
        }
    }
    unreachable!("time passes")
}

fn say(message: &serde_json::Value) -> Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{message}")?;
    output.flush()?;
    Ok(())
}
