//! What was found, in numbers.

use std::cmp::Reverse;
use std::collections::HashMap;

use portprint_core::session::PortState;
use portprint_tables::Field;

use super::record::Record;

/// Counts of open ports.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) open: u64,
    /// With an answer, soft ones too.
    pub(super) answered: u64,
    pub(super) soft: u64,
    pub(super) tls: u64,
    /// Payloads sent to all ports.
    pub(super) probes_sent: u64,
    services: HashMap<String, u64>,
    products: HashMap<String, u64>,
}

impl Counts {
    pub(super) fn add(&mut self, record: &Record<'_>) {
        self.probes_sent += u64::from(record.probes_sent);
        if record.state != PortState::Open {
            return;
        }
        self.open += 1;
        self.tls += u64::from(record.tls);
        self.answered += u64::from(record.rule.is_some() || record.service.is_some());
        self.soft += u64::from(record.is_soft());
        count(&mut self.services, record.service);
        count(&mut self.products, record.get(Field::Product));
    }

    /// Services, the most frequent first.
    pub(super) fn services(&self) -> Vec<(&str, u64)> {
        sorted(&self.services)
    }

    /// Products likewise.
    pub(super) fn products(&self) -> Vec<(&str, u64)> {
        sorted(&self.products)
    }
}

fn count(counts: &mut HashMap<String, u64>, name: Option<&str>) {
    let Some(name) = name else { return };
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}

fn sorted(counts: &HashMap<String, u64>) -> Vec<(&str, u64)> {
    let mut list: Vec<_> = counts.iter().map(|(name, &count)| (name.as_str(), count)).collect();
    list.sort_by_key(|&(name, count)| (Reverse(count), name));
    list
}
