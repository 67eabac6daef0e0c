//! What tells a scan from others: whatever settles which ports are visited, in which order, and how they are asked.

use sha2::{Digest, Sha256};

/// Its name in the journal, and what it is to people.
const PARTS: [(&str, &str); 10] = [
    ("targets", "the targets named on the command line differ"),
    ("inputs", "the number of files of -i differs"),
    ("ports", "the ports of targets without any differ (-p, -u, or the database)"),
    ("excluded", "what is excluded differs (--exclude, --exclude-file)"),
    ("reserved", "--reserved differs"),
    ("shard", "--shards or --shard differs"),
    ("intensity", "--intensity differs"),
    ("all-ports", "--all-ports differs"),
    ("all-states", "--all-states differs"),
    ("seed", "--seed differs; it may be left out"),
];

/// A value for each part, without spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scan) struct Identity([String; PARTS.len()]);

/// The parts of an [`Identity`].
#[derive(Debug)]
pub(in crate::scan) struct Parts<'a> {
    pub(in crate::scan) targets: &'a [String],
    pub(in crate::scan) inputs: usize,
    /// The ports of targets without any, in a form that is the same in every run.
    pub(in crate::scan) ports: String,
    pub(in crate::scan) excluded: String,
    pub(in crate::scan) reserved: bool,
    pub(in crate::scan) shard: Option<(u32, u32)>,
    pub(in crate::scan) intensity: u8,
    pub(in crate::scan) all_ports: bool,
    pub(in crate::scan) all_states: bool,
    pub(in crate::scan) seed: u64,
}

impl Identity {
    pub(in crate::scan) fn new(parts: &Parts<'_>) -> Self {
        let (number, count) = parts.shard.unwrap_or((1, 1));
        let flag = |is_set: bool| String::from(if is_set { "yes" } else { "no" });
        Self([
            digest(parts.targets.iter().map(String::as_str)),
            parts.inputs.to_string(),
            digest([parts.ports.as_str()]),
            digest([parts.excluded.as_str()]),
            flag(parts.reserved),
            format!("{number}/{count}"),
            parts.intensity.to_string(),
            flag(parts.all_ports),
            flag(parts.all_states),
            parts.seed.to_string(),
        ])
    }

    /// Reads `name=value` for every part, in order.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut values = text.split(' ');
        let mut identity = Self(Default::default());
        for (value, (name, _)) in identity.0.iter_mut().zip(PARTS) {
            *value = values.next()?.strip_prefix(name)?.strip_prefix('=')?.to_owned();
        }
        (values.next().is_none() && identity.seed().is_some()).then_some(identity)
    }

    /// What [`Identity::read`] reads.
    pub(super) fn text(&self) -> String {
        let parts: Vec<_> = PARTS.iter().zip(&self.0).map(|((name, _), value)| format!("{name}={value}")).collect();
        parts.join(" ")
    }

    pub(super) fn seed(&self) -> Option<u64> {
        self.0.last()?.parse().ok()
    }

    /// What tells it from another one.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        let pairs = PARTS.iter().zip(self.0.iter().zip(&other.0));
        let told: Vec<_> = pairs.filter(|(_, (this, other))| this != other).map(|((_, told), _)| *told).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }
}

fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(super) fn some(seed: u64) -> Identity {
    Identity::new(&Parts {
        targets: &[],
        inputs: 0,
        ports: String::new(),
        excluded: String::new(),
        reserved: false,
        shard: None,
        intensity: 7,
        all_ports: false,
        all_states: false,
        seed,
    })
}
