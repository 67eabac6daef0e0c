//! Looks grams and windows up in their filters, as many at a time as the processor can: grams at every second place of a response,
//! windows at the offsets where there can be some.
//!
//! The only code of the matcher that is not safe Rust: the gather instruction reads by address. Which form runs is decided by what the
//! processor has, once.

use portprint_tables::code::hash;

/// Grams are looked up at every second place; each literal is entered at two neighbouring ones.
pub(super) const STRIDE: usize = 2;

/// How many hits are given at a time.
pub(super) const HITS: usize = 64;

/// Looks up places from `*from` on, which moves behind the last one that was looked up. Places whose gram passes the filter are written
/// to `hits`; returns how many. The scan is over when `*from` is no longer followed by four bytes.
pub(super) fn scan(filter: &[u8], response: &[u8], from: &mut usize, hits: &mut [u32; HITS]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if response.len() - *from >= avx2::LEAST && avx2::available() {
        // SAFETY: the processor has AVX2.
        #[allow(unsafe_code)]
        return unsafe { avx2::scan(filter, response, from, hits) };
    }
    portable(filter, response, from, hits)
}

fn portable(filter: &[u8], response: &[u8], from: &mut usize, hits: &mut [u32; HITS]) -> usize {
    let mut count = 0;
    while count < HITS
        && let Some(bytes) = response.get(*from..).and_then(<[u8]>::first_chunk)
    {
        if passes(filter, hash::gram(hash::fold(u32::from_le_bytes(*bytes)))) {
            hits[count] = *from as u32;
            count += 1;
        }
        *from += STRIDE;
    }
    count
}

/// Asks for bytes that are to be read soon, without waiting for them. Does nothing where it cannot.
#[inline(always)]
pub(super) fn fetch_ahead(section: &[u8], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if at < section.len() {
        // SAFETY: every processor of this architecture has the instruction, and the address lies in the section.
        #[allow(unsafe_code)]
        unsafe {
            core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(section.as_ptr().add(at).cast());
        }
    }
}

/// The offsets at which a window passes the filter, offset 0 the lowest bit. `offsets` are those at which there are windows.
pub(super) fn windows(filter: &[u8], offsets: &[u8], response: &[u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if avx2::available() {
        // SAFETY: the processor has AVX2.
        #[allow(unsafe_code)]
        return unsafe { avx2::windows(filter, response) };
    }
    portable_windows(filter, offsets, response)
}

fn portable_windows(filter: &[u8], offsets: &[u8], response: &[u8]) -> u32 {
    let mut found = 0;
    for &offset in offsets {
        let Some(bytes) = response.get(usize::from(offset)..).and_then(<[u8]>::first_chunk) else { break };
        if passes(filter, hash::window(u32::from_le_bytes(*bytes), offset)) {
            found |= 1 << offset;
        }
    }
    found
}

/// Whether a hash passes a filter.
#[inline(always)]
fn passes(filter: &[u8], hash: u32) -> bool {
    let word = hash as usize & (filter.len() / 4 - 1);
    let bits = hash::filter_bits(hash);
    filter[word * 4..].first_chunk().is_some_and(|word| u32::from_le_bytes(*word) & bits == bits)
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx2 {
    use core::arch::x86_64::{
        __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_broadcastsi128_si256,
        _mm256_castsi128_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi32, _mm256_i32gather_epi32,
        _mm256_inserti128_si256, _mm256_movemask_ps, _mm256_mullo_epi32, _mm256_or_si256, _mm256_set1_epi32,
        _mm256_setr_epi8, _mm256_setr_epi32, _mm256_shuffle_epi8, _mm256_sllv_epi32, _mm256_srli_epi32,
        _mm256_xor_si256,
    };

    use portprint_tables::code::hash;

    use super::{HITS, STRIDE};

    cpufeatures::new!(has_avx2, "avx2");

    pub(super) fn available() -> bool {
        has_avx2::get()
    }

    /// Places of one step.
    const LANES: usize = 8;
    /// Bytes that one step reads.
    const STEP_READS: usize = 24;
    /// Below this the portable form does as well.
    pub(super) const LEAST: usize = STEP_READS;

    /// As [`super::scan`]; leaves what is too short for a step.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn scan(filter: &[u8], response: &[u8], from: &mut usize, hits: &mut [u32; HITS]) -> usize {
        let words = filter.len() / 4;
        assert!(words.is_power_of_two() && words <= 1 << 30, "the filter has 2^n words");
        let mask = _mm256_set1_epi32((words - 1) as i32);
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
        while at + STEP_READS <= response.len() && count + LANES <= HITS {
            // SAFETY: as above.
            let mut lanes = unsafe { step(filter, mask, response, at) };
            while lanes != 0 {
                hits[count] = (at + STRIDE * lanes.trailing_zeros() as usize) as u32;
                count += 1;
                lanes &= lanes - 1;
            }
            at += LANES * STRIDE;
        }
        *from = at;
        count
    }

    /// As [`super::windows`].
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn windows(filter: &[u8], response: &[u8]) -> u32 {
        let words = filter.len() / 4;
        assert!(words.is_power_of_two() && words <= 1 << 30, "the filter has 2^n words");
        let mask = _mm256_set1_epi32((words - 1) as i32);
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
        for first in (0..len.saturating_sub(3).min(usize::from(hash::WINDOW_OFFSETS))).step_by(LANES) {
            // SAFETY: `first` is at most 24, and the array has 40 bytes.
            let bytes = unsafe { _mm_loadu_si128(start.as_ptr().add(first).cast::<__m128i>()) };
            let keys = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), spread);
            let offsets = _mm256_add_epi32(lanes, _mm256_set1_epi32(first as i32));
            let keys = _mm256_xor_si256(keys, _mm256_mullo_epi32(offsets, factor));
            // SAFETY: the filter has `words` words.
            found |= unsafe { look_up(filter, mask, keys) } << first;
        }
        // Only what lies within the response.
        found & ((1u64 << len.saturating_sub(3).min(32)) - 1) as u32
    }

    /// Which of the eight places from `at` on pass, the first one the lowest bit.
    ///
    /// # Safety
    /// `STEP_READS` bytes from `at` on are in the response, and `mask + 1` words in the filter.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn step(filter: &[u8], mask: __m256i, response: &[u8], at: usize) -> u32 {
        let spread = _mm256_setr_epi8(
            0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9,
        );
        // SAFETY: the caller vouches for 24 bytes, which two loads of 16 at a distance of 8 read.
        let (low, high) = unsafe {
            let start = response.as_ptr().add(at);
            (_mm_loadu_si128(start.cast::<__m128i>()), _mm_loadu_si128(start.add(8).cast::<__m128i>()))
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
        let one = _mm256_set1_epi32(1);
        let first = _mm256_srli_epi32::<{ hash::FILTER_SHIFTS[0] as i32 }>(hashes);
        let second =
            _mm256_and_si256(_mm256_srli_epi32::<{ hash::FILTER_SHIFTS[1] as i32 }>(hashes), _mm256_set1_epi32(31));
        let bits = _mm256_or_si256(_mm256_sllv_epi32(one, first), _mm256_sllv_epi32(one, second));
        // SAFETY: masked, every index is below the number of words.
        let words =
            unsafe { _mm256_i32gather_epi32::<4>(filter.as_ptr().cast::<i32>(), _mm256_and_si256(hashes, mask)) };
        let equal = _mm256_cmpeq_epi32(_mm256_and_si256(words, bits), bits);
        _mm256_movemask_ps(_mm256_castsi256_ps(equal)) as u32
    }
}
