//! Many responses at a time.
//!
//! What a response costs is in good part waiting for memory: the tables are larger than the fast caches, and each response reads other
//! parts of them. Responses are independent, so a batch does the first step for a number of them, which tells what the second step will
//! read, then the second step for all, and so on; while one is worked at, what the others need is on its way.

use portprint_tables::{ProbeId, Protocol};

use super::prefilter::{self, CACHE_LINE};
use super::{Matcher, Scratch, scan};
use crate::verdict::Verdict;

/// A response to be classified.
#[derive(Clone, Copy, Debug)]
pub struct Query<'r> {
    /// Over which it came.
    pub protocol: Protocol,
    /// The probe that drew it; without one, all probes of the protocol are tried as [`Matcher::classify_any`] does.
    pub probe: Option<ProbeId>,
    /// The whole text that the peer has sent.
    pub response: &'r [u8],
}

/// So many responses are under way at a time: enough to cover a wait, few enough that what was fetched is still there.
const LANES: usize = 16;

impl Matcher<'_> {
    /// The answers to many responses, each as [`Matcher::classify`] or [`Matcher::classify_any`] gives it, in the same order: `answer`
    /// is called with the index of the query and its verdict.
    pub fn classify_batch(
        &self,
        queries: &[Query<'_>],
        scratch: &mut Scratch,
        mut answer: impl FnMut(usize, Verdict<'_>),
    ) {
        let engine = &self.database.engine;
        for (batch, queries) in queries.chunks(LANES).enumerate() {
            for query in queries {
                (0..4).for_each(|line| scan::fetch_ahead(query.response, line * CACHE_LINE));
            }
            scratch.candidates.clear();
            let mut spans = [(0, 0); LANES];
            for (query, span) in queries.iter().zip(&mut spans) {
                let start = scratch.candidates.len();
                self.offer(query.protocol, query.probe, query.response, scratch);
                *span = (start, scratch.candidates.len());
            }
            for (query, (start, end)) in queries.iter().zip(&mut spans) {
                *end = *start + prefilter::check(engine, query.response, &mut scratch.candidates[*start..*end]);
            }
            for (lane, (query, (start, end))) in queries.iter().zip(spans).enumerate() {
                answer(batch * LANES + lane, self.first_hit(query.response, start..end, scratch));
            }
        }
    }
}
