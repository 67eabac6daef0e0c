//! A larger database of the same kind: copies of its lines in which the words that make a line special are others.
//!
//! Words that many lines share (names of protocols, headers, and so on) stay, so that the copies are as hard to tell from each other and
//! from the originals as the lines of a grown database would be. Letters are renamed to letters, the same way throughout a copy.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use portprint_codegen::parse::{File, Line};

use crate::corpus::Random;

/// A word that more lines than this share stays.
const COMMON: usize = 10;
/// Shorter runs of letters are no words.
const SHORTEST_WORD: usize = 3;

/// The text with copies added behind each probe's own lines until there are `count` lines.
pub(crate) fn renamed_copies(text: &[u8], file: &File, count: usize) -> Vec<u8> {
    let lines = || file.probes.iter().flat_map(|probe| &probe.lines);
    let mut frequency: HashMap<&[u8], usize> = HashMap::new();
    for line in lines() {
        let words: HashSet<&[u8]> = words(&line.pattern.text).map(|word| &line.pattern.text[word]).collect();
        words.into_iter().for_each(|word| *frequency.entry(word).or_default() += 1);
    }
    let rare = |line: &Line| -> Vec<Range<usize>> {
        words(&line.pattern.text).filter(|word| frequency[&line.pattern.text[word.clone()]] <= COMMON).collect()
    };
    let mut missing = count.saturating_sub(lines().count());
    let renamable = lines().filter(|line| !rare(line).is_empty()).count().max(1);
    let alphabets: Vec<[u8; 26]> = (0..missing.div_ceil(renamable)).map(|copy| alphabet(copy as u64)).collect();
    let mut grown = Vec::new();
    let mut at = 0;
    for probe in &file.probes {
        let Some(last) = probe.lines.last() else { continue };
        grown.extend(&text[at..last.span.end]);
        at = last.span.end;
        for alphabet in &alphabets {
            for line in &probe.lines {
                let rare = rare(line);
                if missing > 0 && !rare.is_empty() {
                    grown.push(b'\n');
                    grown.extend(renamed(text, line, &rare, alphabet));
                    missing -= 1;
                }
            }
        }
    }
    grown.extend(&text[at..]);
    grown
}

/// The letters in another order.
fn alphabet(seed: u64) -> [u8; 26] {
    let mut letters: [u8; 26] = std::array::from_fn(|index| index as u8);
    let mut random = Random::new(seed);
    for index in (1..letters.len()).rev() {
        letters.swap(index, random.below(index + 1));
    }
    letters
}

fn renamed(text: &[u8], line: &Line, words: &[Range<usize>], alphabet: &[u8; 26]) -> Vec<u8> {
    let mut whole = text[line.span.clone()].to_vec();
    let pattern = line.pattern.span.start - line.span.start;
    for place in words.iter().cloned().flatten() {
        let byte = &mut whole[pattern + place];
        let base = if byte.is_ascii_lowercase() { b'a' } else { b'A' };
        *byte = base + alphabet[usize::from(*byte - base)];
    }
    whole
}

/// The runs of letters in a pattern that stand for themselves.
fn words(pattern: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < pattern.len() {
            let rest = &pattern[at..];
            let letters = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            let start = at;
            at += if letters > 0 { letters } else { skipped(rest) };
            if letters >= SHORTEST_WORD {
                return Some(start..at);
            }
        }
        None
    })
}

/// How long a thing is that is no letter: an escape, a class, the opening of a group, or a byte.
fn skipped(rest: &[u8]) -> usize {
    let len = match rest {
        [b'\\', b'x', digits @ ..] => 2 + digits.iter().take(2).take_while(|byte| byte.is_ascii_hexdigit()).count(),
        [b'\\', _, ..] => 2,
        [b'[', class @ ..] => 1 + class_len(class),
        [b'(', b'?', kind @ ..] => 3 + kind.iter().position(|byte| b":=!>|)".contains(byte)).unwrap_or(0),
        _ => 1,
    };
    len.min(rest.len())
}

/// The length of a class behind its opening bracket.
fn class_len(class: &[u8]) -> usize {
    let mut at = usize::from(class.first() == Some(&b'^'));
    let first = at;
    while at < class.len() {
        match class[at] {
            b'\\' => at += 1,
            b']' if at > first => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::words;

    fn found(pattern: &str) -> Vec<&str> {
        words(pattern.as_bytes()).map(|word| &pattern[word]).collect()
    }

    #[test]
    fn words_stand_for_themselves() {
        assert_eq!(found(r"^220 Acme (\w+) ready\r\n"), ["Acme", "ready"]);
        assert_eq!(found(r"\x00abc\xffdef[^]xyz\]uvw]ghi"), ["abc", "def", "ghi"]);
        assert_eq!(found(r"(?:one|two)(?!three)(?i)four(?<=five)"), ["one", "two", "three", "four", "five"]);
    }
}
