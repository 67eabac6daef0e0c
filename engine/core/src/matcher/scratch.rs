//! Memory that is reused from response to response.

use alloc::vec::Vec;

use super::prefilter::Reach;
use super::program::Machine;

/// Memory that is reused from response to response: once it is warm, nothing is allocated. One for each thread.
///
/// Two of them share no line of the cache when they lie side by side: each response writes to several of their fields.
#[derive(Clone, Debug, Default)]
#[repr(align(128))]
pub struct Scratch {
    /// The lines of the chain, probe by probe.
    pub(super) reach: Vec<Reach>,
    /// See [`super::prefilter`]. In a batch those of all its responses, one after the other.
    pub(super) candidates: Vec<u64>,
    /// A bit for each line, all zero between responses.
    pub(super) seen: Vec<u64>,
    pub(super) machine: Machine,
    /// The rendered fields.
    pub(super) buffer: Vec<u8>,
}

impl Scratch {
    /// Empty memory; it grows with its use.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}
