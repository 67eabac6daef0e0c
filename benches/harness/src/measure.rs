//! Peers on one task: answers first, then rounds in turn, so that what disturbs the machine disturbs all alike.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::answer::{self, Answer, Checked};
use crate::corpus::Response;
use crate::database::Database;
use crate::definition::Model;
use crate::engines::{Answers, Engine};
use crate::process::{Process, Ready, Started};

/// An engine whose rounds have taken this long has no more of them. Each has at least one.
const BUDGET: Duration = Duration::from_secs(20);

/// An engine's part in a task.
pub(crate) struct Measured {
    pub(crate) engine: String,
    pub(crate) kind: Answers,
    pub(crate) outcome: Outcome,
}

/// What came of it.
pub(crate) enum Outcome {
    Figures(Box<Figures>),
    /// It cannot work here: why, and how that can be changed.
    Missing(String),
    /// It broke, or its answers are wrong.
    Failed(String),
}

/// What was measured.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) ready: Ready,
    pub(crate) checked: Checked,
    /// Nanoseconds for all responses, round by round.
    pub(crate) rounds: Vec<u64>,
    /// The median of the rounds for every response, when the model asks for it.
    pub(crate) each: Vec<u64>,
}

impl Figures {
    /// The median of the rounds.
    pub(crate) fn median(&self) -> f64 {
        median(self.rounds.clone()) as f64
    }
}

/// What a task is besides its engines.
pub(crate) struct Task<'a> {
    pub(crate) model: Model,
    pub(crate) folder: &'a Path,
    pub(crate) database: &'a Database,
    pub(crate) responses: &'a [Response],
    pub(crate) rounds: usize,
    /// How many matches and soft matches there must be, if that is known.
    pub(crate) expect: Option<(usize, usize)>,
}

struct Runner {
    process: Box<Process>,
    figures: Figures,
    each: Vec<Vec<u64>>,
    spent: Duration,
}

/// Lets engines work on a task. The result is in the order of `engines`.
pub(crate) fn measure(task: &Task<'_>, engines: &[&Engine], benches: &Path) -> Result<Vec<Measured>> {
    let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
    let mut runners: BTreeMap<usize, Runner> = BTreeMap::new();
    let mut references: Vec<(usize, Vec<Answer>)> = Vec::new();
    for (index, engine) in engines.iter().enumerate() {
        match start(task, engine, benches, &references) {
            Ok(Begun::Missing(why)) => drop(outcomes.insert(index, Outcome::Missing(why))),
            Ok(Begun::Wrong(why)) => drop(outcomes.insert(index, Outcome::Failed(why))),
            Ok(Begun::Ready(runner, answers)) => {
                runners.insert(index, *runner);
                if engine.answers == Answers::Exact {
                    references.push((index, answers));
                }
            }
            Err(error) => drop(outcomes.insert(index, Outcome::Failed(format!("{error:#}")))),
        }
    }
    for _ in 0..task.rounds {
        for (index, runner) in &mut runners {
            if outcomes.contains_key(index) || runner.spent > BUDGET {
                continue;
            }
            if let Err(error) = runner.round(task.model) {
                outcomes.insert(*index, Outcome::Failed(format!("{error:#}")));
            }
        }
    }
    for (index, runner) in runners {
        let figures = runner.finish();
        outcomes.entry(index).or_insert_with(|| Outcome::Figures(Box::new(figures)));
    }
    let measured = engines.iter().zip(outcomes.into_values());
    Ok(measured
        .map(|(engine, outcome)| Measured { engine: engine.name.clone(), kind: engine.answers, outcome })
        .collect())
}

enum Begun {
    Ready(Box<Runner>, Vec<Answer>),
    Missing(String),
    Wrong(String),
}

fn start(task: &Task<'_>, engine: &Engine, benches: &Path, references: &[(usize, Vec<Answer>)]) -> Result<Begun> {
    eprintln!("  {}: loading", engine.name);
    let mut process = match Process::start(engine.command(benches, task.folder)?)? {
        Started::Ready(process) => process,
        Started::Missing(why) => return Ok(Begun::Missing(why)),
    };
    let path = task.folder.join(format!("{}.answers", engine.name.replace('/', "-")));
    let answers = answer::parse(&process.answers(&path)?, task.responses)?;
    let reference = match engine.answers {
        // Peers that answer with fields need a reference that does so.
        Answers::Fields => references.iter().find(|(_, answers)| answers.iter().any(Answer::has_fields)),
        _ => references.first(),
    };
    let reference = reference.map(|(_, answers)| &answers[..]);
    let checked = answer::check(engine.answers, &answers, task.responses, reference, task.database);
    if engine.answers == Answers::Exact {
        let wrong = task.responses.len() - checked.right;
        if wrong > 0 {
            let first = checked.wrong.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
            return Ok(Begun::Wrong(format!("{wrong} wrong answers, the first ones to responses {first}")));
        }
        if let Some((matches, soft)) = task.expect
            && (checked.matches, checked.soft) != (matches, soft)
        {
            let found = format!("found {} matches ({} soft)", checked.matches, checked.soft);
            return Ok(Begun::Wrong(format!("{found}, expected {matches} ({soft} soft)")));
        }
    }
    let figures = Figures { ready: process.ready.clone(), checked, ..Figures::default() };
    let runner = Runner { process, figures, each: Vec::new(), spent: Duration::ZERO };
    Ok(Begun::Ready(Box::new(runner), answers))
}

impl Runner {
    fn round(&mut self, model: Model) -> Result<()> {
        let start = Instant::now();
        if matches!(model, Model::Latency | Model::Worst) {
            let each = self.process.each()?;
            self.figures.rounds.push(each.iter().sum());
            self.each.push(each);
        } else {
            self.figures.rounds.push(self.process.round()?);
        }
        self.spent += start.elapsed();
        Ok(())
    }

    fn finish(self) -> Figures {
        let count = self.each.first().map_or(0, Vec::len);
        let each = (0..count).map(|index| median(self.each.iter().map(|round| round[index]).collect())).collect();
        Figures { each, ..self.figures }
    }
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
