//! Every form against the portable one.

use alloc::vec::Vec;

use portprint_codegen::analyse::sample::Random;
use portprint_tables::NEED_MAX;

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

type Scan = fn(&[u8], &[u8], &mut usize, &mut [u32; HITS]) -> usize;
type Windows = fn(&[u8], &[u8]) -> u32;

/// The forms that this processor has, by name.
#[allow(unsafe_code)]
fn forms() -> Vec<(&'static str, Scan, Windows)> {
    let mut forms: Vec<(&'static str, Scan, Windows)> = Vec::new();
    if avx2::available() {
        // SAFETY: the processor has what the form needs.
        forms.push(("avx2", |a, b, c, d| unsafe { avx2::scan(a, b, c, d) }, |a, b| unsafe { avx2::windows(a, b) }));
    }
    if avx512::available() {
        // SAFETY: as above.
        forms.push((
            "avx512",
            |a, b, c, d| unsafe { avx512::scan(a, b, c, d) },
            |a, b| unsafe { avx512::windows(a, b) },
        ));
    }
    forms
}

#[test]
fn all_forms_find_the_same() {
    let mut random = Random::new(5);
    let filter = filter(&mut random);
    let offsets: Vec<u8> = (0..hash::WINDOW_OFFSETS).collect();
    for response in responses(&mut Random::new(6)) {
        let all = |form: Scan| {
            let (mut found, mut from, mut hits) = (Vec::new(), 0, [0; HITS]);
            while from + 4 <= response.len() {
                let count = form(&filter, &response, &mut from, &mut hits);
                found.extend_from_slice(&hits[..count]);
            }
            found
        };
        let expected = (all(portable), portable_windows(&filter, &offsets, &response));
        for (name, scan, windows) in forms() {
            assert_eq!((all(scan), windows(&filter, &response)), expected, "{name}: {}", response.escape_ascii());
        }
    }
}

#[test]
fn all_forms_find_what_is_needed() {
    let mut random = Random::new(9);
    let folded = |bytes: &[u8]| bytes.iter().map(|&byte| hash::fold_byte(byte)).collect::<Vec<u8>>();
    let mut found = [0; 2];
    for response in responses(&mut Random::new(10)) {
        // Bytes that folding changes and that are no letters.
        let response: Vec<u8> =
            response.iter().map(|byte| if *byte == b' ' { b"@[_\xC4"[random.below(4)] } else { *byte }).collect();
        let all = response.to_ascii_lowercase();
        let len = 1 + random.below(NEED_MAX);
        let mut need = if all.len() > len && random.once_in(2) {
            // The last ones too.
            all[random.below(all.len() - len + 1)..][..len].to_vec()
        } else {
            (0..len).map(|_| b"ab_@\xff\r"[random.below(6)]).collect()
        };
        need.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
        let expected = folded(&response).windows(len).any(|window| window == folded(&need));
        let row = need.iter().rev().fold(0, |row, &byte| row << 8 | u32::from(byte));
        let shown = (response.escape_ascii(), need.escape_ascii());
        assert_eq!(holds(&response, row), expected, "{shown:?}");
        assert_eq!(portable_holds(&response, row), expected, "{shown:?}");
        #[allow(unsafe_code)]
        if avx2::available() {
            // SAFETY: the processor has what the form needs.
            assert_eq!(unsafe { avx2::holds(&response, row) }, expected, "avx2: {shown:?}");
        }
        found[usize::from(expected)] += 1;
    }
    assert!(found.iter().all(|&count| count > 300), "{found:?}");
}

#[test]
fn all_forms_find_the_first_text() {
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
