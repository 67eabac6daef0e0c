//! Progress bars on standard error, and how everything else is written without tearing them.

use std::sync::LazyLock;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

static BARS: LazyLock<MultiProgress> =
    LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8)));

/// Shows a bar, if standard error is a terminal.
#[cfg_attr(not(feature = "scan"), expect(dead_code, reason = "only scans take long enough"))]
pub(crate) fn add(bar: ProgressBar) -> ProgressBar {
    BARS.add(bar)
}

/// Writes to a terminal while no bar is on it. Must not be called from within itself.
pub(crate) fn suspend<T>(write: impl FnOnce() -> T) -> T {
    BARS.suspend(write)
}
