//! All plugins of a scan, as the engine sees them.

mod record;
mod triggers;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portprint_core::handshake::{Action, Candidate, Event, Evidence, Fault, Handshake, Handshakes, PluginId, Target};

use crate::isolated::{self, Pool};
use crate::{Description, Plugin, Session};
pub(crate) use record::Record;
pub use record::Tell;
use triggers::Triggers;

/// A plugin before it is part of a set.
#[derive(Debug)]
pub(crate) struct Member {
    home: Home,
    description: Description,
    pub(crate) file: Option<PathBuf>,
}

/// Where a plugin runs.
#[derive(Debug)]
enum Home {
    Here(Plugin),
    Apart(Arc<Pool>),
}

impl Member {
    pub(crate) fn here(plugin: Plugin, file: Option<PathBuf>) -> Self {
        Self { description: plugin.description().clone(), home: Home::Here(plugin), file }
    }

    pub(crate) fn apart(pool: Pool, description: Description, file: PathBuf) -> Self {
        Self { home: Home::Apart(Arc::new(pool)), description, file: Some(file) }
    }

    pub(crate) fn id(&self) -> &str {
        &self.description.id
    }
}

/// A set of plugins, sorted by their ids. One that breaks rules three times is used no more.
pub struct Plugins {
    members: Vec<(Member, Arc<Record>)>,
    triggers: Triggers,
    /// For what must not be the same in each session.
    seeds: RandomState,
    sessions: AtomicU64,
}

/// What there is to tell of a plugin in a set.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// What it is for.
    pub description: &'a Description,
    /// Where it came from. `None`: it is part of the program.
    pub file: Option<&'a Path>,
    /// It broke rules, and is used no more.
    pub is_out: bool,
}

impl Plugins {
    pub(crate) fn of(mut members: Vec<Member>, tell: Tell) -> Self {
        members.sort_by(|one, other| one.id().cmp(other.id()));
        let triggers = Triggers::new(members.iter().map(|member| &member.description));
        let tell = Arc::new(tell);
        let records = members.into_iter().map(|member| {
            let record = Arc::new(Record::new(member.id(), Arc::clone(&tell)));
            (member, record)
        });
        Self { members: records.collect(), triggers, seeds: RandomState::new(), sessions: AtomicU64::new(0) }
    }

    /// All of them, by their numbers.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        self.members.iter().map(|(member, record)| Entry {
            description: &member.description,
            file: member.file.as_deref(),
            is_out: record.is_out(),
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn member(&self, plugin: PluginId) -> &(Member, Arc<Record>) {
        &self.members[plugin.0 as usize]
    }
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.iter().map(|(member, record)| (member.id(), record))).finish()
    }
}

impl Handshakes for Plugins {
    fn candidates(&self, evidence: &Evidence<'_>) -> Vec<Candidate> {
        self.triggers.candidates(evidence, |plugin| !self.members[plugin].1.is_out())
    }

    fn open(&self, plugin: PluginId, target: &Target<'_>) -> Result<Box<dyn Handshake>, Fault> {
        let (member, record) = self.member(plugin);
        if record.is_out() {
            return Err(record.fault("it broke rules before, and is used no more"));
        }
        let seed = self.seeds.hash_one(self.sessions.fetch_add(1, Ordering::Relaxed));
        let stage = match &member.home {
            Home::Here(plugin) => Stage::Here(plugin.open(target, seed).inspect_err(|fault| record.blame(fault))?),
            Home::Apart(pool) => Stage::Apart(isolated::Session::new(
                Arc::clone(pool),
                Arc::clone(record),
                &member.description,
                target,
                seed,
            )),
        };
        Ok(Box::new(Watched { stage, record: Arc::clone(record) }))
    }

    fn name(&self, plugin: PluginId) -> &str {
        self.member(plugin).0.id()
    }

    fn overdue(&self, plugin: PluginId) {
        let (member, record) = self.member(plugin);
        match member.home {
            Home::Here(_) => record.rule_out(
                "a step did not come back within its time, which breaks the rule that step returns soon: it is used no \
                 more. Nothing can end it in this process; --isolate-plugins runs plugins in processes of their own",
            ),
            // Its process is ended by who waits for it, and that is a fault like any other.
            Home::Apart(_) => {}
        }
    }
}

/// A conversation whose faults are recorded.
struct Watched {
    stage: Stage,
    record: Arc<Record>,
}

enum Stage {
    Here(Session),
    Apart(isolated::Session),
}

impl Handshake for Watched {
    fn step(&mut self, event: &Event) -> Result<Action, Fault> {
        match &mut self.stage {
            Stage::Here(session) => session.step(event).inspect_err(|fault| self.record.blame(fault)),
            Stage::Apart(session) => session.step(event).map_err(|trouble| {
                if trouble.is_of_plugin {
                    self.record.blame(&trouble.fault);
                } else {
                    self.record.note(&trouble.fault);
                }
                trouble.fault
            }),
        }
    }
}
