//! What the processor does for many bytes at a time: looking grams and windows up in their filters, looking for a text or for what a line
//! needs besides, and fetching ahead what will be read.
//!
//! The only code of the matcher that is not safe Rust, because these instructions take addresses. Each search has a portable form too;
//! which one runs is decided by what the processor has, once.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(all(test, target_arch = "x86_64"))]
mod tests;

use portprint_tables::NEED_MAX;
use portprint_tables::code::hash;

/// How many hits are given at a time.
pub(super) const HITS: usize = 64;

/// Looks up places from `*from` on, which moves behind the last one that was looked up. Places whose gram passes the filter are written
/// to `hits`; returns how many. The scan is over when `*from` is no longer followed by four bytes.
pub(super) fn scan(filter: &[u8], response: &[u8], from: &mut usize, hits: &mut [u32; HITS]) -> usize {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    {
        if avx512::available() {
            // SAFETY: the processor has what the form needs.
            return unsafe { avx512::scan(filter, response, from, hits) };
        }
        if avx2::available() {
            // SAFETY: the processor has AVX2.
            return unsafe { avx2::scan(filter, response, from, hits) };
        }
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
    #[allow(unsafe_code)]
    {
        if avx512::available() {
            // SAFETY: the processor has what the form needs.
            return unsafe { avx512::windows(filter, response) };
        }
        if avx2::available() {
            // SAFETY: the processor has AVX2.
            return unsafe { avx2::windows(filter, response) };
        }
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

/// Whether the bytes of a [`LineRow::need`](portprint_tables::LineRow::need) stand somewhere, but for the case of letters.
pub(super) fn holds(response: &[u8], need: u32) -> bool {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    {
        if avx512::available() {
            // SAFETY: the processor has what the form needs.
            return unsafe { avx512::holds(response, need) };
        }
        if avx2::available() {
            // SAFETY: the processor has AVX2.
            return unsafe { avx2::holds(response, need) };
        }
    }
    portable_holds(response, need)
}

fn portable_holds(response: &[u8], need: u32) -> bool {
    let (need, [.., end]) = folded(need);
    let need = &need.to_le_bytes()[..=end];
    response
        .windows(need.len())
        .any(|bytes| bytes.iter().zip(need).all(|(&byte, &wanted)| hash::fold_byte(byte) == wanted))
}

/// A need, folded, and the places of its bytes; where it has fewer, the last one again.
#[inline(always)]
fn folded(need: u32) -> (u32, [usize; NEED_MAX]) {
    let end = (need.max(1).ilog2() / 8) as usize;
    (hash::fold(need), [0, 1, 2, 3].map(|place: usize| place.min(end)))
}

/// Whether a hash passes a filter.
#[inline(always)]
fn passes(filter: &[u8], hash: u32) -> bool {
    let word = hash as usize & (filter.len() / 4 - 1);
    let bits = hash::filter_bits(hash);
    filter[word * 4..].first_chunk().is_some_and(|word| u32::from_le_bytes(*word) & bits == bits)
}

/// How many words a filter has, for those who read it unchecked.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn words(filter: &[u8]) -> usize {
    let words = filter.len() / 4;
    assert!(words.is_power_of_two() && words <= 1 << 30, "the filter has 2^n words");
    words
}
