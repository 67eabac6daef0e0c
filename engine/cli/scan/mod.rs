//! `portprint scan`: targets in, what runs behind their ports out.
//!
//! ```text
//! args, files ─► Targets ─► Scanner ─► events ─► outputs (text, jsonl, xml, csv, html), trace, saved responses, recording ─► journal
//! ```

mod args;
mod command;
mod counts;
mod csv;
mod dry_run;
mod file;
mod files;
mod html;
mod input;
mod interrupts;
mod journal;
mod jsonl;
mod markup;
mod outputs;
mod per_host;
#[cfg(feature = "plugins")]
mod plugin_args;
mod progress;
mod record;
mod recording;
mod summary;
mod text;
mod trace;
mod xml;

use std::sync::Arc;

use portprint_core::Matcher;
use portprint_core::handshake::Handshakes;
use portprint_scan::{Cancel, Direct, Event, Progress, Proxied, Scanner, Summary, Transport};

pub(crate) use args::Args;

use crate::context::Context;
use crate::exit::{Ending, Failure};

use file::LineFile;
use input::Input;
use journal::{Journal, Notes};
use outputs::Outputs;
use recording::Recording;
use summary::number;
use trace::Trace;

/// `portprint scan`
pub(crate) fn run(context: &Context, args: Args) -> Result<Ending, Failure> {
    files::check(context, &args)?;
    let database = context.database()?.database;
    let proxy = args.way.proxy()?;
    let mut journal = args.order.resume.as_deref().map(Journal::open).transpose()?;
    let seed = journal.as_ref().and_then(Journal::seed);
    let Input { mut targets, faults, identity } = input::open(&args, &database, seed)?;
    if args.dry_run {
        dry_run::show(context, &database, targets, &args)?;
        return faults.failure().map_or_else(|| Ok(ending(faults.is_any())), Err);
    }
    let goes_on = journal.as_ref().is_some_and(Journal::goes_on);
    if let Some(journal) = &mut journal {
        let done = journal.begin(identity)?;
        files::tell_gone(&args, journal.name(), done.count());
        targets.go_on(done);
        if args.output.iter().all(|output| !output.format.has_records()) {
            log::warn!(
                "if the program is killed, hosts in progress are missing in this output; -o jsonl=FILE loses nothing"
            );
        }
    }
    let mut outputs = Outputs::open(context, &database, &args, goes_on)?;
    let mut trace = Trace::open(&database, &args, goes_on)?;
    let mut recording = args.record.as_deref().map(|path| Recording::open(&database, path, goes_on)).transpose()?;
    let cancel = Cancel::new();
    let notes = match journal {
        Some(journal) => {
            let mut files = outputs.synced()?;
            for file in lines(&mut trace, &mut recording) {
                files.extend(file.synced());
            }
            Some(journal.start(files, cancel.clone())?)
        }
        None => None,
    };
    let progress = Arc::new(Progress::new());
    let mut told = Told {
        outputs: &mut outputs,
        trace: &mut trace,
        recording: &mut recording,
        notes: notes.as_ref(),
        cancel: &cancel,
        failure: None,
    };
    let (matcher, config, sni) = (Matcher::new(&database), args.config(), args.way.sni.clone());
    #[cfg(feature = "plugins")]
    let plugins = args.plugins.load()?;
    #[cfg(not(feature = "plugins"))]
    let plugins = None;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::fault(format!("the runtime cannot start: {error}")))?;
    let summary = runtime.block_on(async {
        interrupts::watch(cancel.clone())?;
        let proxied = match proxy {
            None => None,
            Some(proxy) => Some(Proxied::open(proxy, sni.clone()).await?),
        };
        let _bar = progress::show(context, &progress);
        let tell = |event| told.take(&event);
        match proxied {
            None => {
                let scanner = with_plugins(Scanner::with_transport(matcher, config, Direct::new(sni)), plugins);
                scanner.run(targets, &cancel, &progress, tell).await
            }
            Some(proxied) => {
                let scanner = with_plugins(Scanner::with_transport(matcher, config, proxied), plugins);
                scanner.run(targets, &cancel, &progress, tell).await
            }
        }
    });
    let failure = told.failure;
    // Whatever went wrong, what was written is to be whole.
    let broken_off = Summary { cancelled: true, ..Summary::default() };
    let ended = outputs.end(summary.as_ref().unwrap_or(&broken_off)).and(flush(&mut trace, &mut recording));
    let noted = notes.map(Notes::end).transpose();
    // Until here a signal could still end a write that hangs. A step of a plugin that never comes back is left to itself.
    runtime.shutdown_background();
    if let Some(failure) = failure {
        return Err(failure);
    }
    let summary = summary.map_err(|error| Failure::fault(error.to_string()))?;
    ended?;
    let journal = noted?;
    tell(&summary);
    if let Some(name) = journal.filter(|_| summary.cancelled) {
        log::warn!("the same command goes on from here; {name} says what is done");
    }
    if let Some(failure) = faults.failure() {
        return Err(failure);
    }
    Ok(match summary {
        Summary { cancelled: true, .. } => Ending::Interrupted,
        _ => ending(faults.is_any() || summary.hosts_skipped > 0),
    })
}

fn with_plugins<T: Transport>(scanner: Scanner<T>, plugins: Option<Arc<dyn Handshakes>>) -> Scanner<T> {
    match plugins {
        Some(plugins) => scanner.with_handshakes(plugins),
        None => scanner,
    }
}

/// Whoever is told what a scan finds.
struct Told<'a> {
    outputs: &'a mut Outputs,
    trace: &'a mut Trace,
    recording: &'a mut Option<Recording>,
    notes: Option<&'a Notes>,
    cancel: &'a Cancel,
    /// The first failure, which is the one to tell.
    failure: Option<Failure>,
}

impl Told<'_> {
    fn take(&mut self, event: &Event) {
        if let Err(error) = self.write(event) {
            // What is in progress still goes to the other outputs.
            self.failure.get_or_insert(error);
            self.cancel.cancel();
        }
    }

    fn write(&mut self, event: &Event) -> Result<(), Failure> {
        match event {
            Event::Port(port) => self.outputs.port(port),
            Event::Note(note) => self.trace.note(note),
            Event::Moment(moment) => self.recording.as_mut().map_or(Ok(()), |recording| recording.moment(moment)),
            Event::Done(place) => match self.notes {
                // What could not be written is not done.
                Some(notes) if self.failure.is_none() => flush(self.trace, self.recording).map(|()| notes.done(*place)),
                _ => Ok(()),
            },
            Event::Window(window) => {
                self.notes.into_iter().for_each(|notes| notes.window(*window));
                Ok(())
            }
            Event::HostDone { host, address, not_open, left_out } => {
                self.outputs.host_done(host, *address, *not_open, *left_out)
            }
            Event::HostMute { host, open, .. } => {
                let open = number(*open, "port");
                log::warn!("{host}: {open} open and none that says a byte; its other ports are left out");
                Ok(())
            }
            Event::HostSkipped(skipped) => {
                log::warn!("{}: {}; skipped", skipped.host, skipped.reason);
                Ok(())
            }
            Event::Fault(error) => Err(Failure::fault(error.to_string())),
        }
    }
}

/// The files of lines besides the outputs.
fn lines<'a>(trace: &'a mut Trace, recording: &'a mut Option<Recording>) -> impl Iterator<Item = &'a mut LineFile> {
    trace.file().into_iter().chain(recording.as_mut().map(Recording::file))
}

fn flush(trace: &mut Trace, recording: &mut Option<Recording>) -> Result<(), Failure> {
    lines(trace, recording).try_for_each(LineFile::flush)
}

fn ending(input_is_bad: bool) -> Ending {
    if input_is_bad { Ending::SomeInputBad } else { Ending::Done }
}

fn tell(summary: &Summary) {
    let Summary { closed, filtered, left_out, .. } = summary;
    log::info!("not open: {closed} closed, {filtered} filtered");
    if *left_out > 0 {
        log::warn!("left out: {}; time was over, or their host was mute", number(*left_out, "port"));
    }
}
