//! Which plugins a scan uses.

use std::path::PathBuf;
use std::sync::Arc;

use portprint_core::handshake::Handshakes;

use crate::exit::Failure;

/// How many handshakes are tried with a port that is silent to everything, by intensity.
const TRIES: [usize; 10] = [0, 2, 4, 6, 8, 10, 13, 16, 32, usize::MAX];

/// Plugins.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Plugins")]
pub(super) struct PluginArgs {
    /// Load protocol plugins from this folder, too (may be given several times)
    #[arg(long, value_name = "DIR")]
    plugin_dir: Vec<PathBuf>,

    /// Use no plugins
    #[arg(long, conflicts_with_all = ["plugin_dir", "isolate_plugins"])]
    no_plugins: bool,

    /// How many plugins to try with ports that are silent to all probes: 0 none, 7 sixteen, 9 all. Plugins for which
    /// something speaks are always used
    #[arg(long, value_name = "0-9", default_value_t = 7, value_parser = clap::value_parser!(u8).range(0..=9))]
    plugin_intensity: u8,

    /// Run plugins in processes of their own: one that crashes or hangs costs one port
    #[arg(long)]
    isolate_plugins: bool,
}

impl PluginArgs {
    pub(super) fn handshakes(&self) -> usize {
        TRIES[usize::from(self.plugin_intensity)]
    }

    /// The plugins of the scan; none if there are none.
    pub(super) fn load(&self) -> Result<Option<Arc<dyn Handshakes>>, Failure> {
        if self.no_plugins {
            return Ok(None);
        }
        let plugins = crate::plugin::folders::load(&self.plugin_dir, self.isolate_plugins)?;
        Ok((!plugins.is_empty()).then_some(plugins as Arc<dyn Handshakes>))
    }
}
