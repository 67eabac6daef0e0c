//! What is held against a plugin.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use portprint_core::handshake::Fault;

/// After so many faults a plugin is used no more.
const MOST: u32 = 3;
/// The most different faults of a plugin that are told.
const TOLD: usize = 32;

/// To whom faults are told.
pub type Tell = Box<dyn Fn(&Fault) + Send + Sync>;

/// Faults of one plugin: how many, and which were told.
pub(crate) struct Record {
    plugin: String,
    tell: Arc<Tell>,
    faults: AtomicU32,
    is_out: AtomicBool,
    told: Mutex<HashSet<String>>,
}

impl Record {
    pub(super) fn new(plugin: &str, tell: Arc<Tell>) -> Self {
        Self {
            plugin: plugin.to_owned(),
            tell,
            faults: AtomicU32::new(0),
            is_out: AtomicBool::new(false),
            told: Mutex::default(),
        }
    }

    /// It is used no more.
    pub(super) fn is_out(&self) -> bool {
        self.is_out.load(Ordering::Relaxed)
    }

    /// The plugin did something wrong.
    pub(crate) fn blame(&self, fault: &Fault) {
        self.note(fault);
        if self.faults.fetch_add(1, Ordering::Relaxed) + 1 >= MOST {
            self.rule_out(&format!("it is used no more after {MOST} faults"));
        }
    }

    /// Something went wrong that is not the plugin's doing.
    pub(super) fn note(&self, fault: &Fault) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < TOLD && told.insert(fault.what.clone()) {
            drop(told);
            (self.tell)(fault);
        }
    }

    /// It is used no more from now on.
    pub(super) fn rule_out(&self, what: &str) {
        if !self.is_out.swap(true, Ordering::Relaxed) {
            (self.tell)(&self.fault(what));
        }
    }

    pub(crate) fn fault(&self, what: &str) -> Fault {
        Fault { plugin: self.plugin.clone(), what: what.to_owned() }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("faults", &self.faults).field("is_out", &self.is_out).finish_non_exhaustive()
    }
}
