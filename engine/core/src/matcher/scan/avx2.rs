//! With AVX2: eight places at a time.
#![allow(unsafe_code)]

use core::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_broadcastsi128_si256,
    _mm256_castsi128_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi8, _mm256_cmpeq_epi32, _mm256_i32gather_epi32,
    _mm256_inserti128_si256, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_movemask_ps, _mm256_mullo_epi32,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_set1_epi32, _mm256_setr_epi8, _mm256_setr_epi32, _mm256_shuffle_epi8,
    _mm256_sllv_epi32, _mm256_srli_epi32, _mm256_xor_si256,
};

use portprint_tables::NEED_MAX;
use portprint_tables::code::hash::{self, STRIDE};

use super::{HITS, words};

cpufeatures::new!(has_avx2, "avx2");

pub(super) fn available() -> bool {
    has_avx2::get()
}

/// Bytes that are compared at a time.
pub(super) const BLOCK: usize = 32;

/// As [`super::find`].
///
/// # Safety
/// There is AVX2, the response has at least a block more than the text, and the pair is in the text.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn find(response: &[u8], text: &[u8], [first, second]: [usize; 2]) -> Option<usize> {
    let wanted = [first, second].map(|place| _mm256_set1_epi8(text[place] as i8));
    // The last block begins where it still fits, so that some starts may be looked at twice.
    let last = response.len() - text.len() + 1 - BLOCK;
    let mut start = 0;
    loop {
        // SAFETY: `start` is at most `last`, so that a block from any place of the text ends within the response.
        let mut hits = unsafe {
            let block = |place: usize| _mm256_loadu_si256(response.as_ptr().add(start + place).cast::<__m256i>());
            let found = _mm256_and_si256(
                _mm256_cmpeq_epi8(block(first), wanted[0]),
                _mm256_cmpeq_epi8(block(second), wanted[1]),
            );
            _mm256_movemask_epi8(found) as u32
        };
        while hits != 0 {
            let at = start + hits.trailing_zeros() as usize;
            if response[at..].starts_with(text) {
                return Some(at);
            }
            hits &= hits - 1;
        }
        if start == last {
            return None;
        }
        start = (start + BLOCK).min(last);
    }
}

/// As [`super::holds`].
#[target_feature(enable = "avx2")]
pub(super) unsafe fn holds(response: &[u8], need: u32) -> bool {
    let (need, places) = super::folded(need);
    let wanted = places.map(|place| _mm256_set1_epi8((need >> (8 * place)) as i8));
    let stands = |bytes: &[u8; BLOCK]| {
        // SAFETY: there are as many bytes as are read.
        let block = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast::<__m256i>()) };
        let letters = _mm256_and_si256(block, _mm256_set1_epi32(hash::LETTER as i32));
        let folded = _mm256_or_si256(block, _mm256_srli_epi32::<1>(letters));
        let equal =
            |index: usize| _mm256_movemask_epi8(_mm256_cmpeq_epi8(folded, wanted[index])) as u32 >> places[index];
        equal(0) & equal(1) & equal(2) & equal(3) != 0
    };
    let mut rest = response;
    let mut found = false;
    // Without a branch for what is found: one that goes either way costs more.
    while let Some(bytes) = rest.first_chunk() {
        found |= stands(bytes);
        // What begins in the last places ends in the next block.
        rest = &rest[BLOCK - (NEED_MAX - 1)..];
    }
    let mut bytes = [0; BLOCK];
    bytes[..rest.len()].copy_from_slice(rest);
    found | stands(&bytes)
}

/// Places of one step.
const LANES: usize = 8;
/// Bytes that one step reads.
const STEP_READS: usize = LANES * STRIDE + 2;

/// As [`super::scan`].
#[target_feature(enable = "avx2")]
pub(super) unsafe fn scan(filter: &[u8], response: &[u8], from: &mut usize, hits: &mut [u32; HITS]) -> usize {
    let mask = _mm256_set1_epi32((words(filter) - 1) as i32);
    let mut count = 0;
    let mut at = *from;
    // Two steps at a time while there is room, to have twice as many loads under way.
    while at + LANES * STRIDE + STEP_READS <= response.len() && count + 2 * LANES <= HITS {
        // SAFETY: both reads end within the response, and the filter has `words` words.
        let (first, second) =
            unsafe { (step(filter, mask, response, at), step(filter, mask, response, at + LANES * STRIDE)) };
        let mut both = first | second << LANES;
        while both != 0 {
            hits[count] = (at + STRIDE * both.trailing_zeros() as usize) as u32;
            count += 1;
            both &= both - 1;
        }
        at += 2 * LANES * STRIDE;
    }
    // What is left, up to two steps. The last one begins earlier than it must, or, if the response is too short for that, reads
    // a copy of it with zeros behind.
    let mut short = [0; STEP_READS];
    while at + 4 <= response.len() && count + LANES <= HITS {
        let (bytes, start) = if at + STEP_READS <= response.len() {
            (response, at)
        } else if let Some(last) = response.len().checked_sub(STEP_READS) {
            (response, last - last % STRIDE)
        } else {
            short[..response.len()].copy_from_slice(response);
            (&short[..], 0)
        };
        // SAFETY: as above.
        let mut lanes = unsafe { step(filter, mask, bytes, start) };
        lanes &= u32::MAX << ((at - start) / STRIDE);
        at = start + LANES * STRIDE;
        while lanes != 0 {
            let hit = start + STRIDE * lanes.trailing_zeros() as usize;
            if hit + 4 > response.len() {
                break;
            }
            hits[count] = hit as u32;
            count += 1;
            lanes &= lanes - 1;
        }
    }
    *from = at;
    count
}

/// As [`super::windows`].
#[target_feature(enable = "avx2")]
pub(super) unsafe fn windows(filter: &[u8], response: &[u8]) -> u32 {
    let mask = _mm256_set1_epi32((words(filter) - 1) as i32);
    // The last step reads 16 bytes from offset 24 on.
    let mut start = [0; 40];
    let len = response.len().min(start.len());
    start[..len].copy_from_slice(&response[..len]);
    let spread = _mm256_setr_epi8(
        0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6, 4, 5, 6, 7, 5, 6, 7, 8, 6, 7, 8, 9, 7, 8, 9, 10,
    );
    let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    let factor = _mm256_set1_epi32(hash::OFFSET_FACTOR as i32);
    let mut found = 0;
    let offsets_end = len.saturating_sub(3).min(hash::WINDOW_OFFSETS.into());
    for first in (0..offsets_end).step_by(LANES) {
        // SAFETY: `first` is at most 24, and the array has 40 bytes.
        let bytes = unsafe { _mm_loadu_si128(start.as_ptr().add(first).cast::<__m128i>()) };
        let keys = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), spread);
        let offsets = _mm256_add_epi32(lanes, _mm256_set1_epi32(first as i32));
        let keys = _mm256_xor_si256(keys, _mm256_mullo_epi32(offsets, factor));
        // SAFETY: the filter has `words` words.
        found |= unsafe { look_up(filter, mask, keys) } << first;
    }
    found & ((1 << offsets_end) - 1)
}

/// Which of the eight places from `at` on pass, the first one the lowest bit.
///
/// # Safety
/// `STEP_READS` bytes from `at` on are in the response, and `mask + 1` words in the filter.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn step(filter: &[u8], mask: __m256i, response: &[u8], at: usize) -> u32 {
    // The upper half holds the bytes from the third one on.
    let spread = _mm256_setr_epi8(
        0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, 6, 7, 8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 15,
    );
    // SAFETY: the caller vouches for 18 bytes, which two loads of 16 at a distance of 2 read.
    let (low, high) = unsafe {
        let start = response.as_ptr().add(at);
        (_mm_loadu_si128(start.cast::<__m128i>()), _mm_loadu_si128(start.add(2).cast::<__m128i>()))
    };
    let bytes = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high);
    let letters = _mm256_and_si256(bytes, _mm256_set1_epi32(hash::LETTER as i32));
    let folded = _mm256_or_si256(bytes, _mm256_srli_epi32::<1>(letters));
    let grams = _mm256_shuffle_epi8(folded, spread);
    // SAFETY: the caller vouches for it.
    unsafe { look_up(filter, mask, grams) }
}

/// Which of eight keys pass, the first one the lowest bit.
///
/// # Safety
/// `mask + 1` words are in the filter.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn look_up(filter: &[u8], mask: __m256i, keys: __m256i) -> u32 {
    let product = _mm256_mullo_epi32(keys, _mm256_set1_epi32(hash::FACTOR as i32));
    let hashes = _mm256_xor_si256(product, _mm256_srli_epi32::<{ hash::SHIFT as i32 }>(product));
    let (one, low) = (_mm256_set1_epi32(1), _mm256_set1_epi32(31));
    let [first, second, third] = [
        _mm256_srli_epi32::<{ hash::FILTER_SHIFTS[0] as i32 }>(hashes),
        _mm256_and_si256(_mm256_srli_epi32::<{ hash::FILTER_SHIFTS[1] as i32 }>(hashes), low),
        _mm256_and_si256(_mm256_srli_epi32::<{ hash::FILTER_SHIFTS[2] as i32 }>(hashes), low),
    ];
    let two = _mm256_or_si256(_mm256_sllv_epi32(one, first), _mm256_sllv_epi32(one, second));
    let bits = _mm256_or_si256(two, _mm256_sllv_epi32(one, third));
    // SAFETY: masked, every index is below the number of words.
    let words = unsafe { _mm256_i32gather_epi32::<4>(filter.as_ptr().cast::<i32>(), _mm256_and_si256(hashes, mask)) };
    let equal = _mm256_cmpeq_epi32(_mm256_and_si256(words, bits), bits);
    _mm256_movemask_ps(_mm256_castsi256_ps(equal)) as u32
}
