//! What was found, in numbers.

use std::cmp::Reverse;
use std::collections::HashMap;

use portprint_core::session::PortState;
use portprint_tables::Field;

use super::record::Record;

/// Counts of open ports.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) open: usize,
    /// With an answer, soft ones too.
    pub(super) answered: usize,
    pub(super) soft: usize,
    pub(super) tls: usize,
    /// Payloads sent to all ports.
    pub(super) probes_sent: u64,
    services: HashMap<String, usize>,
    products: HashMap<String, usize>,
}

impl Counts {
    pub(super) fn add(&mut self, record: &Record<'_>) {
        self.probes_sent += u64::from(record.probes_sent);
        if record.state != PortState::Open {
            return;
        }
        self.open += 1;
        self.tls += usize::from(record.tls);
        self.answered += usize::from(record.rule.is_some());
        self.soft += usize::from(record.is_soft());
        count(&mut self.services, record.service);
        count(&mut self.products, record.get(Field::Product));
    }

    /// Services, the most frequent first.
    pub(super) fn services(&self) -> Vec<(&str, usize)> {
        sorted(&self.services)
    }

    /// Products likewise.
    pub(super) fn products(&self) -> Vec<(&str, usize)> {
        sorted(&self.products)
    }
}

fn count(counts: &mut HashMap<String, usize>, name: Option<&str>) {
    let Some(name) = name else { return };
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}

fn sorted(counts: &HashMap<String, usize>) -> Vec<(&str, usize)> {
    let mut list: Vec<_> = counts.iter().map(|(name, &count)| (name.as_str(), count)).collect();
    list.sort_by_key(|&(name, count)| (Reverse(count), name));
    list
}
