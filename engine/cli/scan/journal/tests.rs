//! Journals that are whole, torn, damaged, foreign, or somebody else's; and what they say, whatever the order of events.

use proptest::collection::vec;
use proptest::prelude::*;

use super::identity::some;
use super::lines::{ReadError, done, header, read, window};
use super::*;
use portprint_scan::{Place, Window};

fn place(window: u64, first: u64, last: u64) -> Place {
    Place::new(window, first..=last).expect("it is not empty")
}

fn written() -> Vec<u8> {
    let window_1 = Window { number: 1, targets: 65_536, digest: u64::MAX };
    [
        header(&some(7)),
        done(&mut vec![place(0, 5, 5), place(0, 0, 3), place(0, 6, 6)]),
        window(window_1),
        done(&mut vec![place(1, 9, 9), place(0, 4, 4), place(1, u64::MAX, u64::MAX)]),
    ]
    .concat()
    .into_bytes()
}

fn expected() -> Done {
    let mut done = Done::default();
    assert!(done.add_window(Window { number: 1, targets: 65_536, digest: u64::MAX }));
    [place(0, 0, 6), place(1, 9, 9), place(1, u64::MAX, u64::MAX)].into_iter().for_each(|place| done.add(place));
    done
}

#[test]
fn what_is_written_is_read() {
    let bytes = written();
    let read = read(&bytes[..]).expect("it is whole");
    assert_eq!((read.identity, read.done, read.len), (Some(some(7)), expected(), bytes.len() as u64));
    let text = String::from_utf8(bytes).expect("it is text");
    assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("done 0 0 4 1 2 #")), "{text}");
}

#[test]
fn a_torn_line_is_no_line() {
    let bytes = written();
    let ends: Vec<_> = memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1).collect();
    for len in "portprint-journal ".len()..=bytes.len() {
        let read = read(&bytes[..len]).expect("a torn end is no fault");
        let whole = ends.iter().rev().find(|end| **end <= len).copied().unwrap_or(0);
        assert_eq!((read.len, read.identity.is_some()), (whole as u64, whole > 0), "{len}");
    }
    assert_eq!(read(&b""[..]).expect("an empty file is a new journal").identity, None);
}

#[test]
fn a_damaged_line_is_named() {
    let bytes = written();
    let starts: Vec<_> = std::iter::once(0).chain(memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1)).collect();
    let last = starts.len() - 1;
    // Without the end of a line two are one, which is another fault.
    for at in ("portprint-journal ".len()..bytes.len()).filter(|&at| bytes[at] != b'\n') {
        for damage in [1, 0x80, bytes[at]] {
            let mut damaged = bytes.clone();
            damaged[at] ^= damage;
            let line = starts.iter().filter(|start| **start <= at).count();
            match read(&damaged[..]) {
                Err(ReadError::Damaged(number, byte)) => {
                    assert!(line < last && number == line as u64 && byte == starts[line - 1] as u64, "{at}: {number}");
                }
                // The last line is as good as torn.
                Ok(read) => assert_eq!((line, read.len), (last, starts[last - 1] as u64), "{at}"),
                Err(other) => panic!("{at}: {other:?}"),
            }
        }
    }
}

#[test]
fn foreign_files_and_other_versions_are_refused() {
    for text in ["\n", "{\"host\":\"a\"}\n", "portprint", "\0\0\0\0"] {
        assert!(matches!(read(text.as_bytes()), Err(ReadError::Foreign)), "{text}");
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("journal");
    std::fs::write(&path, "my notes\n").expect("the folder can be written");
    assert!(Journal::open(&path).is_err());
    assert_eq!(std::fs::read(&path).expect("it is there"), b"my notes\n", "it is left as it is");
}

#[test]
fn a_journal_has_one_writer_and_one_scan() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("journal");
    let mut journal = Journal::open(&path).expect("it can be made");
    assert!(!journal.goes_on());
    journal.begin(some(1)).expect("it can be written");
    let told = format!("{:?}", Journal::open(&path).expect_err("it is in use"));
    assert!(told.contains("another scan is writing"), "{told}");
    drop(journal);
    let mut journal = Journal::open(&path).expect("it is free");
    assert_eq!((journal.goes_on(), journal.seed()), (true, Some(1)));
    let told = format!("{:?}", journal.begin(some(2)).expect_err("the seed differs"));
    assert!(told.contains("--seed differs") && !told.contains("--intensity"), "{told}");
}

proptest! {
    /// Ports end in any order, are noted down in pieces of any size, and the program dies anywhere: what the journal says then is what
    /// was noted down, no more and no less.
    #[test]
    fn what_is_done_is_exact(
        order in Just((0..300u64).collect::<Vec<_>>()).prop_shuffle(),
        pieces in vec(1..50usize, 1..40),
        cut in 0..4000usize,
    ) {
        let mut bytes = header(&some(3)).into_bytes();
        let mut ends = vec![(bytes.len(), 0)];
        let mut noted = 0;
        for piece in pieces {
            let end = order.len().min(noted + piece);
            let mut places: Vec<_> = order[noted..end].iter().map(|&at| place(0, at, at)).collect();
            bytes.extend_from_slice(done(&mut places).as_bytes());
            noted = end;
            ends.push((bytes.len(), noted));
        }
        let len = bytes.len().min(ends[0].0 + cut);
        let (whole, claimed) = *ends.iter().rev().find(|(end, _)| *end <= len).expect("the header is whole");
        let read = read(&bytes[..len]).expect("it is sound");
        let mut expected = Done::default();
        order[..claimed].iter().for_each(|&at| expected.add(place(0, at, at)));
        prop_assert_eq!((read.done, read.len), (expected, whole as u64));
    }
}
