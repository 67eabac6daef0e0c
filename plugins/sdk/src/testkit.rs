//! Replays of recorded conversations and random events, for a plugin's tests.
//!
//! ```ignore
//! #[test]
//! fn it_keeps_the_rules_and_knows_its_fixtures() {
//!     testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
//! }
//! ```
//!
//! A fixture is a text file `NAME.txt`; its format is documented in [`fixture`]. `portprint plugin run FILE TARGET --record FIXTURE`
//! records one.

use std::path::Path;

use portprint_plugin_abi as abi;
pub use portprint_plugin_host::check::{CheckOptions, Corpus, check, fuzz, hammer};
pub use portprint_plugin_host::{Delivery, Fixture, Plugin, fixture, replay};

/// What [`export!`](crate::export!) makes.
pub type Entry = extern "C" fn() -> *const abi::Plugin;

/// The variable that says how many conversations with one change [`conforms`] holds.
pub const EXECUTIONS: &str = "PORTPRINT_EXECUTIONS";

/// Fails unless the plugin does all that `portprint plugin check` looks at: its fixtures whole and byte by byte, random events, limits.
/// Then it is hammered: its fixtures again, 20,000 times, each with something changed.
///
/// # Panics
/// If it does not.
pub fn conforms(entry: Entry, fixtures: impl AsRef<Path>) {
    let plugin = plugin(entry);
    let fixtures = self::fixtures(fixtures.as_ref());
    let report = check(&plugin, &fixtures, &CheckOptions::default());
    assert!(report.is_ok(), "{report}");
    let executions = std::env::var(EXECUTIONS).ok().map_or(20_000, |number| number.parse().expect("it is a number"));
    match hammer(&plugin, &fixtures, 0..executions) {
        Ok(hammered) => eprintln!("{}: {hammered}", plugin.description().id),
        Err(error) => panic!("{error}"),
    }
}

/// The plugin behind an entry, as the host sees it.
///
/// # Panics
/// If it breaks a rule.
#[must_use]
#[allow(unsafe_code, reason = "an entry is a pointer in C")]
pub fn plugin(entry: Entry) -> Plugin {
    // SAFETY: what `export!` makes gives a pointer to a static.
    let entry = unsafe { entry().as_ref() }.expect("the entry is not null");
    Plugin::from_entry(entry).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// All fixtures of a folder, by name.
///
/// # Panics
/// If one cannot be read.
#[must_use]
pub fn fixtures(folder: &Path) -> Vec<Fixture> {
    Fixture::folder(folder).unwrap_or_else(|error| panic!("{error}"))
}
