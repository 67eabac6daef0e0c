//! PCRE2 with nmap's options and limits. Also runs what other peers cannot express.
#![allow(unsafe_code, reason = "a binding to a C library")]

use std::ffi::CStr;
use std::{ptr, slice};

use anyhow::{Result, ensure};
use pcre2_sys as sys;
use portprint_bench_peer::Line;

/// nmap's limits of one match attempt.
const MATCH_LIMIT: u32 = 50_000;
const DEPTH_LIMIT: u32 = 1_000;
const HEAP_LIMIT_KIB: u32 = 10_240;
/// More than any pattern needs that keeps the limits.
const JIT_STACK: [usize; 2] = [32 << 10, 8 << 20];

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    code: *mut sys::pcre2_code_8,
    is_jit: bool,
    groups: usize,
}

impl Pattern {
    /// Compiles a line's pattern as nmap does, and if wanted to machine code.
    ///
    /// # Errors
    /// When PCRE2 refuses the pattern.
    pub fn new(line: &Line, jit: bool) -> Result<Self> {
        let option = |set, option| if set { option } else { 0 };
        let options = option(line.caseless, sys::PCRE2_CASELESS) | option(line.dotall, sys::PCRE2_DOTALL);
        let (mut error, mut offset) = (0, 0);
        let text = &line.pattern;
        // SAFETY: pointer and length are those of `text`; the other pointers are to live variables or null where that is allowed.
        let code = unsafe {
            sys::pcre2_compile_8(text.as_ptr(), text.len(), options, &mut error, &mut offset, ptr::null_mut())
        };
        ensure!(!code.is_null(), "PCRE2 refuses a pattern: error {error} at {offset}");
        // SAFETY: `code` is a compiled pattern that nobody else knows yet.
        let is_jit = jit && unsafe { sys::pcre2_jit_compile_8(code, sys::PCRE2_JIT_COMPLETE) } == 0;
        let mut count = 0u32;
        // SAFETY: this item is a number of 32 bits (pcre2api).
        unsafe { sys::pcre2_pattern_info_8(code, sys::PCRE2_INFO_CAPTURECOUNT, (&raw mut count).cast()) };
        Ok(Self { code, is_jit, groups: count as usize + 1 })
    }

    /// Whether it runs as machine code.
    #[must_use]
    pub fn is_jit(&self) -> bool {
        self.is_jit
    }
}

impl Drop for Pattern {
    fn drop(&mut self) {
        // SAFETY: made by `pcre2_compile_8`, freed once.
        unsafe { sys::pcre2_code_free_8(self.code) };
    }
}

/// Memory for matching; one for each thread.
#[derive(Debug)]
pub struct Memory {
    context: *mut sys::pcre2_match_context_8,
    data: *mut sys::pcre2_match_data_8,
    stack: *mut sys::pcre2_jit_stack_8,
    /// How many groups the last match has.
    groups: usize,
}

impl Memory {
    /// Memory with nmap's limits.
    #[must_use]
    pub fn new() -> Self {
        // SAFETY: the objects are made here and freed in `drop`; no callback is set.
        unsafe {
            let context = sys::pcre2_match_context_create_8(ptr::null_mut());
            sys::pcre2_set_match_limit_8(context, MATCH_LIMIT);
            sys::pcre2_set_depth_limit_8(context, DEPTH_LIMIT);
            sys::pcre2_set_heap_limit_8(context, HEAP_LIMIT_KIB);
            let stack = sys::pcre2_jit_stack_create_8(JIT_STACK[0], JIT_STACK[1], ptr::null_mut());
            sys::pcre2_jit_stack_assign_8(context, None, stack.cast());
            let data = sys::pcre2_match_data_create_8(256, ptr::null_mut());
            Self { context, data, stack, groups: 0 }
        }
    }

    /// Whether a response matches; one that meets a limit does not.
    pub fn is_match(&mut self, pattern: &Pattern, response: &[u8]) -> bool {
        let run = if pattern.is_jit { sys::pcre2_jit_match_8 } else { sys::pcre2_match_8 };
        // SAFETY: all objects are alive, and used by this thread alone; the subject's length is its length.
        let result = unsafe { run(pattern.code, response.as_ptr(), response.len(), 0, 0, self.data, self.context) };
        self.groups = pattern.groups;
        result > 0
    }

    /// The groups of the last match.
    pub fn groups(&self) -> impl Iterator<Item = Option<(usize, usize)>> {
        // SAFETY: the match data have 256 pairs, and no pattern has more groups (`groups` is cut below).
        let ovector =
            unsafe { slice::from_raw_parts(sys::pcre2_get_ovector_pointer_8(self.data), 2 * self.groups.min(256)) };
        ovector.chunks_exact(2).map(|pair| (pair[0] != usize::MAX).then_some((pair[0], pair[1])))
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: each was made in `new`, and is freed once.
        unsafe {
            sys::pcre2_match_data_free_8(self.data);
            sys::pcre2_match_context_free_8(self.context);
            sys::pcre2_jit_stack_free_8(self.stack);
        }
    }
}

/// The library's version.
#[must_use]
pub fn version() -> String {
    let mut text = [0u8; 64];
    // SAFETY: the text is longer than any version (pcre2api: at least 24 bytes are needed).
    unsafe { sys::pcre2_config_8(sys::PCRE2_CONFIG_VERSION, text.as_mut_ptr().cast()) };
    let version = CStr::from_bytes_until_nul(&text).map(CStr::to_string_lossy).unwrap_or_default();
    version.split(' ').next().unwrap_or_default().to_owned()
}
