//! PCRE2, the engine that nmap uses, as an oracle.
#![allow(unsafe_code, reason = "a binding to a C library, for tests only")]

use std::ptr;

use pcre2_sys as sys;

/// nmap's limits of one match attempt (SEMANTICS: `match`, `depth`, and `heap` in KiB).
const NMAP_LIMITS: [u32; 3] = [50_000, 1_000, 10_240];
/// As good as none.
const NO_LIMITS: [u32; 3] = [200_000_000, 200_000_000, 4 << 20];

/// A compiled pattern; may be shared between threads.
pub(crate) struct Pattern(*mut sys::pcre2_code_8);

// SAFETY: PCRE2's compiled patterns are read-only after compilation (pcre2api, "Multithreading").
unsafe impl Send for Pattern {}
// SAFETY: as above.
unsafe impl Sync for Pattern {}

/// What a match attempt gave: offsets of all groups, `usize::MAX` where one took no part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Match(Vec<(usize, usize)>),
    NoMatch,
    LimitMet,
}

impl Pattern {
    /// Compiles a pattern with nmap's options.
    pub(crate) fn new(text: &[u8], caseless: bool, dotall: bool) -> Result<Self, usize> {
        Self::compile(text, caseless, dotall, 0)
    }

    /// The same without PCRE2's habit of making repetitions possessive where it sees no use in giving bytes back. It errs at times:
    /// in `\S*\R`, whose halves both take 0x85, and in `B{1,3}(?:_a){0,2}+A{0,2}[ab]` without regard to case.
    pub(crate) fn without_auto_possess(text: &[u8], caseless: bool, dotall: bool) -> Result<Self, usize> {
        Self::compile(text, caseless, dotall, sys::PCRE2_NO_AUTO_POSSESS)
    }

    fn compile(text: &[u8], caseless: bool, dotall: bool, extra: u32) -> Result<Self, usize> {
        let option = |set, option| if set { option } else { 0 };
        let options = option(caseless, sys::PCRE2_CASELESS) | option(dotall, sys::PCRE2_DOTALL) | extra;
        let (mut error, mut offset) = (0, 0);
        // SAFETY: pointer and length are those of `text`; the other pointers are to live variables or null where that is allowed.
        let code = unsafe {
            sys::pcre2_compile_8(text.as_ptr(), text.len(), options, &mut error, &mut offset, ptr::null_mut())
        };
        if code.is_null() { Err(offset) } else { Ok(Self(code)) }
    }

    /// Whether PCRE2 says that the pattern may match an empty string.
    pub(crate) fn may_match_empty(&self) -> bool {
        let mut value = 0u32;
        // SAFETY: this item is a number of 32 bits (pcre2api).
        unsafe { sys::pcre2_pattern_info_8(self.0, sys::PCRE2_INFO_MATCHEMPTY, (&raw mut value).cast()) };
        value != 0
    }

    /// Matches under nmap's limits.
    pub(crate) fn run(&self, response: &[u8]) -> Outcome {
        self.run_with(response, NMAP_LIMITS)
    }

    /// Matches without limits that matter.
    pub(crate) fn run_unlimited(&self, response: &[u8]) -> Outcome {
        self.run_with(response, NO_LIMITS)
    }

    fn run_with(&self, response: &[u8], [matches, depth, heap]: [u32; 3]) -> Outcome {
        // SAFETY: the objects are made here, used by this thread alone and freed below; the ovector has `count` pairs.
        unsafe {
            let context = sys::pcre2_match_context_create_8(ptr::null_mut());
            sys::pcre2_set_match_limit_8(context, matches);
            sys::pcre2_set_depth_limit_8(context, depth);
            sys::pcre2_set_heap_limit_8(context, heap);
            let data = sys::pcre2_match_data_create_from_pattern_8(self.0, ptr::null_mut());
            let result = sys::pcre2_match_8(self.0, response.as_ptr(), response.len(), 0, 0, data, context);
            let outcome = if result > 0 {
                let count = sys::pcre2_get_ovector_count_8(data) as usize;
                let ovector = std::slice::from_raw_parts(sys::pcre2_get_ovector_pointer_8(data), 2 * count);
                Outcome::Match(ovector.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
            } else if result == sys::PCRE2_ERROR_NOMATCH {
                Outcome::NoMatch
            } else {
                Outcome::LimitMet
            };
            sys::pcre2_match_data_free_8(data);
            sys::pcre2_match_context_free_8(context);
            outcome
        }
    }
}

impl Drop for Pattern {
    fn drop(&mut self) {
        // SAFETY: made by `pcre2_compile_8`, freed once.
        unsafe { sys::pcre2_code_free_8(self.0) };
    }
}
