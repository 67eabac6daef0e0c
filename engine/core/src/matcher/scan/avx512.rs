//! With AVX-512: sixteen places at a time, and hits written side by side without a branch.
#![allow(unsafe_code)]

use core::arch::x86_64::{
    __m512i, _bzhi_u64, _mm512_add_epi32, _mm512_and_si512, _mm512_cmpeq_epi8_mask, _mm512_i32gather_epi32,
    _mm512_loadu_si512, _mm512_maskz_compress_epi32, _mm512_maskz_loadu_epi8, _mm512_mullo_epi32, _mm512_or_si512,
    _mm512_permutexvar_epi16, _mm512_rorv_epi32, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_setr_epi32,
    _mm512_srli_epi32, _mm512_storeu_si512, _mm512_test_epi32_mask, _mm512_xor_si512, _pdep_u32,
};

use portprint_tables::NEED_MAX;
use portprint_tables::code::hash::{self, STRIDE};

use super::{HITS, words};

cpufeatures::new!(has_avx512, "avx512f", "avx512bw", "bmi2", "popcnt");

pub(super) fn available() -> bool {
    has_avx512::get()
}

/// Places of one step.
const LANES: usize = 16;

/// As [`super::scan`].
///
/// # Safety
/// The form is [`available`].
#[target_feature(enable = "avx512f,avx512bw,bmi2,popcnt")]
pub(super) unsafe fn scan(filter: &[u8], response: &[u8], from: &mut usize, hits: &mut [u32; HITS]) -> usize {
    let mask = _mm512_set1_epi32((words(filter) - 1) as i32);
    let places = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    let mut count = 0;
    let mut at = *from;
    while at + 4 <= response.len() && count + LANES <= HITS {
        let rest = &response[at..];
        // SAFETY: the filter has `words` words, and there is room for `LANES` hits.
        unsafe {
            let bytes = load(rest);
            let lanes = (rest.len() - 4) / STRIDE + 1;
            let valid = u16::MAX >> (LANES - lanes.min(LANES));
            let passed = look_up(filter, mask, pairs(fold(bytes))) & valid;
            let found = _mm512_add_epi32(places, _mm512_set1_epi32(at as i32));
            let side_by_side = _mm512_maskz_compress_epi32(passed, found);
            _mm512_storeu_si512(hits.as_mut_ptr().add(count).cast::<__m512i>(), side_by_side);
            count += passed.count_ones() as usize;
        }
        at += LANES * STRIDE;
    }
    *from = at;
    count
}

/// As [`super::windows`].
///
/// # Safety
/// The form is [`available`].
#[target_feature(enable = "avx512f,avx512bw,bmi2,popcnt")]
pub(super) unsafe fn windows(filter: &[u8], response: &[u8]) -> u32 {
    let mask = _mm512_set1_epi32((words(filter) - 1) as i32);
    let offsets = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    let factor = _mm512_set1_epi32(hash::OFFSET_FACTOR as i32);
    let offsets_end = response.len().saturating_sub(3).min(hash::WINDOW_OFFSETS.into());
    // First the even offsets, then the odd ones.
    let [even, odd] = [0, 1].map(|first| {
        let offsets = _mm512_add_epi32(offsets, _mm512_set1_epi32(first as i32));
        // SAFETY: the filter has `words` words.
        unsafe {
            let bytes = load(response.get(first..).unwrap_or_default());
            let keys = _mm512_xor_si512(pairs(bytes), _mm512_mullo_epi32(offsets, factor));
            u32::from(look_up(filter, mask, keys))
        }
    });
    (_pdep_u32(even, 0x5555_5555) | _pdep_u32(odd, 0xAAAA_AAAA)) & ((1 << offsets_end) - 1)
}

/// As [`super::holds`].
///
/// # Safety
/// The form is [`available`].
#[target_feature(enable = "avx512f,avx512bw,bmi2,popcnt")]
pub(super) unsafe fn holds(response: &[u8], need: u32) -> bool {
    let (need, places) = super::folded(need);
    let wanted = places.map(|place| _mm512_set1_epi8((need >> (8 * place)) as i8));
    let mut rest = response;
    let mut found = 0;
    // Without a branch for what is found: one that goes either way costs more.
    loop {
        // SAFETY: masked bytes are not read.
        let bytes = unsafe {
            _mm512_maskz_loadu_epi8(_bzhi_u64(u64::MAX, rest.len().min(64) as u32), rest.as_ptr().cast::<i8>())
        };
        let bytes = fold(bytes);
        let equal = |index: usize| _mm512_cmpeq_epi8_mask(bytes, wanted[index]) >> places[index];
        found |= equal(0) & equal(1) & equal(2) & equal(3);
        if rest.len() <= 64 {
            return found != 0;
        }
        // What begins in the last places ends in the next block.
        rest = &rest[64 - (NEED_MAX - 1)..];
    }
}

/// The first 64 bytes, zero where there are none.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn load(bytes: &[u8]) -> __m512i {
    // SAFETY: masked bytes are not read.
    unsafe {
        match bytes.first_chunk::<64>() {
            Some(bytes) => _mm512_loadu_si512(bytes.as_ptr().cast::<__m512i>()),
            None => _mm512_maskz_loadu_epi8((1 << bytes.len()) - 1, bytes.as_ptr().cast::<i8>()),
        }
    }
}

/// As [`hash::fold`], for all lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn fold(bytes: __m512i) -> __m512i {
    let letters = _mm512_and_si512(bytes, _mm512_set1_epi32(hash::LETTER as i32));
    _mm512_or_si512(bytes, _mm512_srli_epi32::<1>(letters))
}

/// Each lane the four bytes from the double of its number on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn pairs(bytes: __m512i) -> __m512i {
    // Lane n is the 16-bit words n and n + 1.
    let lane = |number: i32| (number + 1) << 16 | number;
    let spread = _mm512_setr_epi32(
        lane(0),
        lane(1),
        lane(2),
        lane(3),
        lane(4),
        lane(5),
        lane(6),
        lane(7),
        lane(8),
        lane(9),
        lane(10),
        lane(11),
        lane(12),
        lane(13),
        lane(14),
        lane(15),
    );
    _mm512_permutexvar_epi16(spread, bytes)
}

/// Which of sixteen keys pass, the first one the lowest bit.
///
/// # Safety
/// `mask + 1` words are in the filter.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn look_up(filter: &[u8], mask: __m512i, keys: __m512i) -> u16 {
    let product = _mm512_mullo_epi32(keys, _mm512_set1_epi32(hash::FACTOR as i32));
    let hashes = _mm512_xor_si512(product, _mm512_srli_epi32::<{ hash::SHIFT }>(product));
    // SAFETY: masked, every index is below the number of words.
    let words = unsafe { _mm512_i32gather_epi32::<4>(_mm512_and_si512(hashes, mask), filter.as_ptr().cast::<i32>()) };
    // Each bit is turned to the lowest place; turning counts modulo 32, so that the numbers need no mask.
    let first = _mm512_rorv_epi32(words, _mm512_srli_epi32::<{ hash::FILTER_SHIFTS[0] }>(hashes));
    let second = _mm512_rorv_epi32(words, _mm512_srli_epi32::<{ hash::FILTER_SHIFTS[1] }>(hashes));
    let third = _mm512_rorv_epi32(words, _mm512_srli_epi32::<{ hash::FILTER_SHIFTS[2] }>(hashes));
    let all = _mm512_and_si512(_mm512_and_si512(first, second), third);
    _mm512_test_epi32_mask(all, _mm512_set1_epi32(1))
}
