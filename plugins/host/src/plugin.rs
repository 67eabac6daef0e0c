//! One plugin, and its sessions.

use std::fmt;
use std::sync::Arc;

use portprint_core::handshake::{Action, Event, EventKind, Fault, Handshake, Limits, Target};
use portprint_plugin_abi as abi;

use crate::action::{self, Room};
use crate::raw::{self, Opened, Table};
use crate::{Description, Refusal};

/// A plugin in this process whose header and description have been checked.
#[derive(Clone, Debug)]
pub struct Plugin {
    table: Table,
    description: Arc<Description>,
}

impl Plugin {
    /// A plugin that is part of this program.
    ///
    /// # Errors
    /// Its header or its description breaks a rule.
    pub fn from_entry(entry: &'static abi::Plugin) -> Result<Self, Refusal> {
        Table::of(entry).and_then(Self::of)
    }

    pub(crate) fn of(table: Table) -> Result<Self, Refusal> {
        let description = table.describe().and_then(Description::of).map_err(|what| Refusal::Description { what })?;
        Ok(Self { table, description: Arc::new(description) })
    }

    /// What it is for.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Begins a session. `seed` is for what must not be the same each time; in replays it is 0.
    ///
    /// # Errors
    /// The plugin gave no session, or never said that it speaks over what the target has.
    pub fn open(&self, target: &Target<'_>, seed: u64) -> Result<Session, Fault> {
        let fault = |what: String| Fault { plugin: self.description.id.clone(), what };
        if !self.description.transports.has(target) {
            let transports = self.description.transports;
            return Err(fault(format!("open: the target is of another transport than those described ({transports})")));
        }
        let config = raw::config(&target.limits, target.can_secure, seed);
        let opened = raw::with_target(target, |target| self.table.open(&target, &config));
        let opened = opened.ok_or_else(|| fault("open: it gave no session".to_owned()))?;
        Ok(Session {
            opened: Some(opened),
            description: Arc::clone(&self.description),
            limits: target.limits,
            sent: 0,
            steps: 0,
        })
    }
}

/// A conversation of a plugin in this process, kept within its limits.
///
/// It is closed as soon as it is over.
pub struct Session {
    opened: Option<Opened>,
    description: Arc<Description>,
    limits: Limits,
    sent: usize,
    steps: u32,
}

impl Session {
    fn judge(&mut self, event: &Event) -> Result<Action, String> {
        let Some(opened) = &mut self.opened else { return Err("step: the session is over".to_owned()) };
        self.steps = self.steps.saturating_add(1);
        if self.steps > self.limits.steps {
            return Err(self.too_many_steps());
        }
        // Who heeds it can still tell what there is.
        let is_last_step = self.steps == self.limits.steps;
        let room = Room {
            limits: &self.limits,
            sent: self.sent,
            services: &self.description.services,
            is_tls_ready: matches!(event.kind, EventKind::TlsReady(_)),
        };
        let action = raw::with_event(event, is_last_step, |event| {
            opened.step(&event, |status, given| action::read(status, given, &room))
        })?;
        match &action {
            Action::Done(_) | Action::GiveUp => {}
            _ if is_last_step && !event.is_last => return Err(self.too_many_steps()),
            Action::Send(bytes, _) => self.sent += bytes.len(),
            Action::Wait(_) | Action::StartTls { .. } | Action::Reconnect => {}
        }
        Ok(action)
    }

    fn too_many_steps(&self) -> String {
        format!(
            "steps: it did not end with the last of {}, which had PORTPRINT_EVENT_LAST; no more are allowed",
            self.limits.steps
        )
    }
}

impl Handshake for Session {
    fn step(&mut self, event: &Event) -> Result<Action, Fault> {
        let answer = self.judge(event);
        if !matches!(&answer, Ok(Action::Send(..) | Action::Wait(_) | Action::StartTls { .. } | Action::Reconnect)) {
            self.opened = None;
        }
        answer.map_err(|what| Fault { plugin: self.description.id.clone(), what })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("plugin", &self.description.id)
            .field("is_over", &self.opened.is_none())
            .field("sent", &self.sent)
            .field("steps", &self.steps)
            .finish()
    }
}
