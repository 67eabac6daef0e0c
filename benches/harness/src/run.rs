//! The commands.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use crate::corpus::{self, Response};
use crate::database::{self, Database};
use crate::definition::{self, Definition, Reference, Task, Variant};
use crate::engines::{self, Engine};
use crate::environment::Environment;
use crate::measure::{self, Measured, Outcome};
use crate::report::{self, Report, ResponseReport, TaskReport};
use crate::{Place, task};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only this definition; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// How many rounds, instead of the definition's number.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Only these engines, of those that the definitions name.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    engines: Vec<String>,
    /// The document that gets the tables; plots and the record go beside it [default: benches/RESULTS.md].
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// Measures; whether all answers were right.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let place = &options.place;
    let definitions = definition::read_all(&place.benches)?;
    for name in &options.only {
        ensure!(definitions.iter().any(|definition| definition.name == *name), "there is no definition `{name}`");
    }
    let all_engines = engines::read_all(&place.benches)?;
    for name in &options.engines {
        ensure!(all_engines.iter().any(|engine| engine.name == *name), "there is no engine `{name}`");
    }
    let environment = Environment::read(&place.benches);
    let mut builds = Builds::default();
    let mut reports = Vec::new();
    for definition in definitions {
        if !options.only.is_empty() && !options.only.contains(&definition.name) {
            continue;
        }
        let engines: Vec<&Engine> = taking_part(&all_engines, &definition)?
            .into_iter()
            .filter(|engine| options.engines.is_empty() || options.engines.contains(&engine.name))
            .collect();
        let mut tasks = Vec::new();
        for task in &definition.task {
            eprintln!("{}, {}", definition.name, task.label);
            let Some(prepared) = Prepared::new(place, &definition, task, None)? else { continue };
            let (able, unable) = builds.build(&engines, &place.benches);
            let mut measured = measure::measure(
                &measure::Task {
                    model: definition.model,
                    folder: &prepared.folder,
                    database: &prepared.database,
                    responses: &prepared.responses,
                    rounds: options.rounds.unwrap_or(definition.rounds),
                    expect: prepared.expect,
                },
                &able,
                &place.benches,
            )?;
            measured.extend(unable);
            for engine in &mut measured {
                add_hint(engine, &all_engines);
            }
            let bytes = prepared.responses.iter().map(|response| response.bytes.len()).sum();
            let lines = prepared.database.rules.lines.len();
            let label = task.label.clone();
            let responses =
                prepared.responses.into_iter().map(|it| ResponseReport { name: it.name, bytes: it.bytes.len() });
            tasks.push(TaskReport { label, lines, responses: responses.collect(), bytes, measured });
        }
        reports.push(Report { definition, tasks });
    }
    let results = options.results.clone().unwrap_or_else(|| place.benches.join("RESULTS.md"));
    report::write(&reports, &environment, &results)?;
    Ok(report_failures(&reports))
}

/// Lists definitions and engines.
pub(crate) fn list(place: &Place) -> Result<()> {
    use std::io::Write as _;
    let mut output = std::io::stdout().lock();
    for definition in definition::read_all(&place.benches)? {
        let summary = definition.analysis.trim().lines().next().unwrap_or_default().to_owned();
        writeln!(output, "{:<28} {:?}: {summary}", definition.name, definition.model)?;
    }
    for engine in engines::read_all(&place.benches)? {
        writeln!(output, "{:<28} {:?} answers", engine.name, engine.answers)?;
    }
    Ok(())
}

/// Writes the folders of a definition's tasks.
pub(crate) fn write_task(place: &Place, name: &str, folder: &Path) -> Result<()> {
    let definitions = definition::read_all(&place.benches)?;
    let definition = definitions.iter().find(|it| it.name == name).context("there is no such definition")?;
    for task in &definition.task {
        ensure!(Prepared::new(place, definition, task, Some(folder))?.is_some(), "a corpus is not there");
    }
    Ok(())
}

/// A task with everything made.
struct Prepared {
    folder: PathBuf,
    database: Database,
    responses: Vec<Response>,
    expect: Option<(usize, usize)>,
}

impl Prepared {
    /// None when a corpus is not there.
    fn new(place: &Place, definition: &Definition, task: &Task, folder: Option<&Path>) -> Result<Option<Self>> {
        let numbers = database::line_numbers(&place.database())?;
        let order = |line| numbers.binary_search(&line).ok();
        let read = |variant| Database::read(&place.database(), variant, &place.tasks().join("databases"));
        let database = read(&task.database)?;
        let responses = corpus::read(&task.corpus, &place.shared, &database, order, || read(&Variant::Whole))?;
        let Some(mut responses) = responses else { return Ok(None) };
        let reference = Reference::read(&place.benches)?;
        let is_reference = task.database == Variant::Whole && database.sha256 == reference.sha256;
        let is_known = is_reference || task.database != Variant::Whole && is_given(place, &reference)?;
        if !is_reference {
            responses.iter_mut().for_each(|response| response.right = None);
        }
        let name: String = task.label.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
        let parent = folder.map_or_else(|| place.tasks().join(&definition.name), Path::to_owned);
        let folder = parent.join(name);
        task::write(&folder, &database, &responses)?;
        let folder = fs::canonicalize(folder)?;
        let expect = task.expect.filter(|_| is_known).map(|expect| (expect.matches, expect.soft));
        Ok(Some(Self { folder, database, responses, expect }))
    }
}

/// Whether the given database is the one that the definitions' counts are for.
fn is_given(place: &Place, reference: &Reference) -> Result<bool> {
    Ok(database::sha256(&fs::read(place.database())?) == reference.sha256)
}

fn taking_part<'e>(engines: &'e [Engine], definition: &Definition) -> Result<Vec<&'e Engine>> {
    let mut chosen = Vec::new();
    for name in &definition.engines {
        if name == "*" {
            chosen.extend(engines.iter().filter(|engine| !engine.variant));
        } else if let Some(engine) = engines.iter().find(|engine| engine.name == *name) {
            chosen.push(engine);
        } else {
            bail!("{}: there is no engine `{name}`", definition.name);
        }
    }
    Ok(chosen)
}

/// Builds every engine once.
#[derive(Default)]
struct Builds(HashMap<String, Option<String>>);

impl Builds {
    /// Those that are built, and those that cannot be.
    fn build<'e>(&mut self, engines: &[&'e Engine], benches: &Path) -> (Vec<&'e Engine>, Vec<Measured>) {
        let (mut able, mut unable) = (Vec::new(), Vec::new());
        for engine in engines {
            let failure = self
                .0
                .entry(engine.name.clone())
                .or_insert_with(|| engine.build(benches).err().map(|error| format!("{error:#}")));
            match failure {
                None => able.push(*engine),
                Some(why) => unable.push(Measured {
                    engine: engine.name.clone(),
                    kind: engine.answers,
                    outcome: Outcome::Missing(why.clone()),
                }),
            }
        }
        (able, unable)
    }
}

/// Says how to get what an engine misses.
fn add_hint(measured: &mut Measured, engines: &[Engine]) {
    let engine = engines.iter().find(|engine| engine.name == measured.engine);
    if let (Outcome::Missing(why), Some(hint)) =
        (&mut measured.outcome, engine.and_then(|engine| engine.install.as_ref()))
        && !why.contains(hint)
    {
        *why = format!("{why}; {hint}");
    }
}

fn report_failures(reports: &[Report]) -> bool {
    let mut all_right = true;
    for report in reports {
        for task in &report.tasks {
            for measured in &task.measured {
                if let Outcome::Failed(why) = &measured.outcome {
                    eprintln!("FAILED: {}, {}, {}: {why}", report.definition.name, task.label, measured.engine);
                    all_right = false;
                }
            }
        }
    }
    all_right
}
