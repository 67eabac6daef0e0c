//! How far a scan is, on a terminal's last line.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use portprint_scan::Progress;

use crate::bars;
use crate::context::Context;

/// How often it is looked at.
const TICK: Duration = Duration::from_millis(200);

/// Shows the progress of a scan until the bar that it gives is dropped. Must be called within a tokio runtime.
pub(super) fn show(context: &Context, progress: &Arc<Progress>) -> Shown {
    let bar = if context.is_quiet() { ProgressBar::hidden() } else { bars::add(ProgressBar::no_length()) };
    bar.set_style(spinner());
    let task = tokio::spawn(update(bar.clone(), progress.clone()));
    Shown { bar, task }
}

/// A bar that is shown.
pub(super) struct Shown {
    bar: ProgressBar,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.task.abort();
        self.bar.finish_and_clear();
    }
}

async fn update(bar: ProgressBar, progress: Arc<Progress>) {
    let mut tick = tokio::time::interval(TICK);
    loop {
        tick.tick().await;
        if let Some(total) = progress.total()
            && bar.length() != Some(total)
        {
            bar.set_length(total);
            bar.set_style(style());
        }
        bar.set_position(progress.finished());
        bar.set_message(format!("{:.0}/s  {} open", bar.per_sec(), progress.open()));
        bar.tick();
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {pos}/{len} ports  {msg}  {elapsed}, {eta} left")
        .expect("the template is right")
        .progress_chars("━╸─")
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {pos} ports  {msg}  {elapsed}").expect("the template is right")
}
