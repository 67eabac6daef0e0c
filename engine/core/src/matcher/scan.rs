//! What the processor does for many bytes at a time: looking grams and windows up in their filters, looking for a text, and fetching
//! ahead what will be read.
//!
//! The only code of the matcher that is not safe Rust, because these instructions take addresses. Each search has a portable form too;
//! which one runs is decided by what the processor has, once.

use portprint_tables::code::hash;

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
        *from += hash::STRIDE;
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

/// Where `text`, of at least two bytes, stands first. `pair` are two different places in it, the smaller one first, whose bytes are rare.
pub(super) fn find(response: &[u8], text: &[u8], pair: [usize; 2]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if response.len() >= avx2::BLOCK + text.len() && avx2::available() {
        assert!(pair[0] < text.len() && pair[1] < text.len(), "the places are in the text");
        // SAFETY: the processor has AVX2, and the places are in the text.
        #[allow(unsafe_code)]
        return unsafe { avx2::find(response, text, pair) };
    }
    portable_find(response, text, pair)
}

fn portable_find(response: &[u8], text: &[u8], [rare, _]: [usize; 2]) -> Option<usize> {
    let last = response.len().checked_sub(text.len())?;
    let mut start = 0;
    while start <= last {
        start += memchr::memchr(text[rare], &response[start + rare..=last + rare])?;
        if response[start..].starts_with(text) {
            return Some(start);
        }
        start += 1;
    }
    None
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
        _mm256_castsi128_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi8, _mm256_cmpeq_epi32, _mm256_i32gather_epi32,
        _mm256_inserti128_si256, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_movemask_ps, _mm256_mullo_epi32,
        _mm256_or_si256, _mm256_set1_epi8, _mm256_set1_epi32, _mm256_setr_epi8, _mm256_setr_epi32, _mm256_shuffle_epi8,
        _mm256_sllv_epi32, _mm256_srli_epi32, _mm256_xor_si256,
    };

    use portprint_tables::code::hash::{self, STRIDE};

    use super::HITS;

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
        let (one, low) = (_mm256_set1_epi32(1), _mm256_set1_epi32(31));
        let [first, second, third] = [
            _mm256_srli_epi32::<{ hash::FILTER_SHIFTS[0] as i32 }>(hashes),
            _mm256_and_si256(_mm256_srli_epi32::<{ hash::FILTER_SHIFTS[1] as i32 }>(hashes), low),
            _mm256_and_si256(_mm256_srli_epi32::<{ hash::FILTER_SHIFTS[2] as i32 }>(hashes), low),
        ];
        let two = _mm256_or_si256(_mm256_sllv_epi32(one, first), _mm256_sllv_epi32(one, second));
        let bits = _mm256_or_si256(two, _mm256_sllv_epi32(one, third));
        // SAFETY: masked, every index is below the number of words.
        let words =
            unsafe { _mm256_i32gather_epi32::<4>(filter.as_ptr().cast::<i32>(), _mm256_and_si256(hashes, mask)) };
        let equal = _mm256_cmpeq_epi32(_mm256_and_si256(words, bits), bits);
        _mm256_movemask_ps(_mm256_castsi256_ps(equal)) as u32
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use alloc::vec::Vec;

    use portprint_codegen::analyse::sample::Random;

    use super::*;

    /// A filter in which one bit in four is set, so that all ways are taken.
    fn filter(random: &mut Random) -> Vec<u8> {
        (0..1024).map(|_| (random.next() & random.next()) as u8).collect()
    }

    fn responses(random: &mut Random) -> impl Iterator<Item = Vec<u8>> {
        (0..2_000).map(move |round| {
            let len = if round % 50 == 0 { 3_000 } else { random.below(120) };
            (0..len).map(|_| b"abAB\0 \xff\r"[random.below(8)]).collect()
        })
    }

    #[test]
    fn both_forms_find_the_same() {
        if !avx2::available() {
            return;
        }
        let mut random = Random::new(5);
        let filter = filter(&mut random);
        let offsets: Vec<u8> = (0..hash::WINDOW_OFFSETS).collect();
        for response in responses(&mut Random::new(6)) {
            let all = |form: fn(&[u8], &[u8], &mut usize, &mut [u32; HITS]) -> usize| {
                let (mut found, mut from, mut hits) = (Vec::new(), 0, [0; HITS]);
                while from + 4 <= response.len() {
                    let count = form(&filter, &response, &mut from, &mut hits);
                    found.extend_from_slice(&hits[..count]);
                }
                found
            };
            assert_eq!(all(scan), all(portable), "{}", response.escape_ascii());
            let found = windows(&filter, &offsets, &response);
            assert_eq!(found, portable_windows(&filter, &offsets, &response), "{}", response.escape_ascii());
        }
    }

    #[test]
    fn both_forms_find_the_first_text() {
        let mut random = Random::new(7);
        for response in responses(&mut Random::new(8)) {
            let len = 2 + random.below(9);
            let text: Vec<u8> = if response.len() > len && random.once_in(2) {
                response[random.below(response.len() - len)..][..len].to_vec()
            } else {
                (0..len).map(|_| b"abAB"[random.below(4)]).collect()
            };
            let first = random.below(len - 1);
            let pair = [first, first + 1 + random.below(len - first - 1)];
            let expected = response.windows(len).position(|window| window == text);
            assert_eq!(find(&response, &text, pair), expected, "{}", response.escape_ascii());
            assert_eq!(portable_find(&response, &text, pair), expected, "{}", response.escape_ascii());
        }
    }
}
