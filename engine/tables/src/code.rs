//! The byte codes: automata, capture programs and templates. Numbers are little-endian.

/// How a line's pattern is decided. A closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Strategy {
    /// By an automaton, in one pass over the response.
    Automaton = 0,
    /// By its program, in time linear in the response.
    Program = 1,
    /// By its program with a bound on the number of steps: it has back-references.
    BoundedProgram = 2,
}

impl Strategy {
    /// The strategy with this number.
    #[must_use]
    pub fn from_u8(byte: u8) -> Self {
        match byte {
            0 => Self::Automaton,
            1 => Self::Program,
            _ => Self::BoundedProgram,
        }
    }
}

/// Automata: states one after the other, the first one is the start state.
///
/// A target is two bytes: [`DEAD`](automaton::DEAD), [`MATCH`](automaton::MATCH), or the distance of a state from the automaton's
/// start plus [`FIRST`](automaton::FIRST).
///
/// ```text
/// LITERAL len bytes…                  these bytes or dead; goes on with the state that follows
/// SETS len sets…                      a byte of each of these sets or dead; the same
/// FIND len i j bytes… target          reads up to the first such text and over it, or dead; i and j say which two of its bytes are rarest
/// JUMP target                         no byte is read
/// CHAIN len target bytes…             these bytes, then goes on with the state that follows; the first other byte is not read, but left
///                                     to the target
/// LEAVE (| ACCEPT) n target b b×(byte target) (n-b)×(set target)
///                                     reads a byte as a row does, but one that the row does not hold is left to the target
/// SPAN exits                          reads up to the first byte in the set `exits`, then goes on with the row that follows
/// LOOP1 (| ACCEPT) byte target        reads up to the first such byte and over it;
/// LOOP2, LOOP3                        two or three bytes with a target each; without one of them the end of the response
/// n (| ACCEPT) default b b×(byte target) (n-b)×(set target)
///                                     reads a byte: it, or the set that holds it, says where to go on, else the default;
///                                     at the end of the response a match only with ACCEPT
/// ```
///
/// What a byte is left to is a state that leads back to itself on many bytes, and so no `CHAIN` or `LEAVE`: in a line of which one header
/// is looked for, nearly all bytes but the header's next one mean the same at every place.
///
/// Most of a response is read in states that lead back to themselves on nearly every byte, as `.*` does: `LOOP` and `SPAN` stay in such
/// a state without looking at each transition.
pub mod automaton {
    /// No match any more.
    pub const DEAD: u16 = 0;
    /// A match, whatever follows.
    pub const MATCH: u16 = 1;
    /// Added to distances.
    pub const FIRST: u16 = 2;
    /// A run of literal bytes follows.
    pub const LITERAL: u8 = 0x7F;
    /// A run of bytes follows, and before it the target that other bytes are left to.
    pub const CHAIN: u8 = 0x77;
    /// A row follows; its default is the target that other bytes are left to.
    pub const LEAVE: u8 = 0x76;
    /// Another state follows by its target.
    pub const JUMP: u8 = 0x7E;
    /// A set follows, and then a row.
    pub const SPAN: u8 = 0x7D;
    /// A text to look for and a target follow.
    pub const FIND: u8 = 0x78;
    /// A run of sets follows.
    pub const SETS: u8 = 0x79;
    /// One byte and its target follow.
    pub const LOOP1: u8 = 0x7A;
    /// Two bytes and their targets follow.
    pub const LOOP2: u8 = 0x7B;
    /// Three bytes and their targets follow.
    pub const LOOP3: u8 = 0x7C;
    /// Set in a row's count, or in a loop: a match when the response ends here.
    pub const ACCEPT: u8 = 0x80;
    /// The greatest number of targets in a row, but for the default.
    pub const MAX_ROW: usize = 0x75;
}

/// Capture programs: for a bounded backtracker, instructions in Perl's order of preference.
///
/// A program starts with its header: number of slots (u16), flags (u8), length of the code in bytes (u24). A target is three bytes,
/// the distance from the first instruction. Execution starts at the first instruction; a pattern that is not anchored begins with a
/// lazy span over all bytes.
pub mod program {
    /// Bytes of the header.
    pub const HEADER_SIZE: usize = 6;
    /// Header flag: only backtracking under a bound on its steps can run the program, because what an instruction does depends on
    /// more than the place that it is reached at (back-references, checks for empty iterations), or because it looks around in a way
    /// that only backtracking knows.
    pub const BOUNDED: u8 = 1;
    /// Bytes of a target.
    pub const TARGET_SIZE: usize = 3;

    /// The pattern, or the body of a look-around, matches.
    pub const MATCH: u8 = 0;
    /// Operand: a byte.
    pub const BYTE: u8 = 1;
    /// Operand: a set (u16).
    pub const SET: u8 = 2;
    /// Operands: a length (u8) and so many bytes.
    pub const LITERAL: u8 = 3;
    /// Operand: a target, tried after the next instruction.
    pub const SPLIT: u8 = 4;
    /// Operand: a target, tried before the next instruction.
    pub const SPLIT_LAZY: u8 = 5;
    /// Operand: a target.
    pub const JUMP: u8 = 6;
    /// Operand: a slot (u16); group `n` starts at slot `2n` and ends at `2n + 1`, later slots are starts of iterations.
    pub const SAVE: u8 = 7;
    /// Operand: one of the `ASSERT_` numbers.
    pub const ASSERT: u8 = 8;
    /// Operands: negated (u8), and the target after the body, which follows.
    pub const LOOK_AHEAD: u8 = 9;
    /// Operands: negated (u8), the body's width (u16), and the target after the body, which follows.
    pub const LOOK_BEHIND: u8 = 10;
    /// The body of an atomic group follows; each way through it ends with [`COMMIT`].
    pub const ATOMIC: u8 = 11;
    /// The end of the innermost atomic group; operand: the target after it.
    pub const COMMIT: u8 = 12;
    /// Operands: a group (u16), caseless (u8).
    pub const BACK_REFERENCE: u8 = 13;
    /// Operand: a set (u16). Reads as many bytes of it as it can, then ever fewer.
    pub const SPAN: u8 = 14;
    /// Operand: a set (u16). Reads none, then ever more bytes of it.
    pub const SPAN_LAZY: u8 = 15;
    /// Operands: a slot (u16), and the target when nothing was read since the slot was noted.
    pub const EMPTY_CHECK: u8 = 16;
    /// Operands: two slots (u16 each); the first one's value is put into the second. A group that refers to itself starts in a spare
    /// slot, because inside it the reference still means what it held before.
    pub const COPY: u8 = 17;

    /// `^`, `\A`: the start of the response.
    pub const ASSERT_START: u8 = 0;
    /// `\z`: the end.
    pub const ASSERT_END: u8 = 1;
    /// `$`, `\Z`: the end, or before a line feed that is the last byte.
    pub const ASSERT_DOLLAR: u8 = 2;
    /// `\b`
    pub const ASSERT_WORD: u8 = 3;
    /// `\B`
    pub const ASSERT_NOT_WORD: u8 = 4;
    /// `^` under `(?m)`.
    pub const ASSERT_LINE_START: u8 = 5;
    /// `$` under `(?m)`.
    pub const ASSERT_LINE_END: u8 = 6;
}

/// Fields of a line: their number (u8), and for each its [`Field`](crate::Field) (u8), the number of its parts (u8) and the parts.
pub mod template {
    /// Operands: a length (u16) and so many bytes.
    pub const LITERAL: u8 = 0;
    /// `$n`; operand: a group (u8).
    pub const GROUP: u8 = 1;
    /// `$P(n)`; operand: a group (u8).
    pub const PRINTABLE: u8 = 2;
    /// `$SUBST(n,…)`; operands: a group (u8), and twice a length (u8) with so many bytes.
    pub const SUBSTITUTE: u8 = 3;
    /// `$I(n,">")`; operand: a group (u8).
    pub const BIG_ENDIAN: u8 = 4;
    /// `$I(n,"<")`; operand: a group (u8).
    pub const LITTLE_ENDIAN: u8 = 5;
    /// The field stays empty.
    pub const FAIL: u8 = 6;
    /// The whole field without variables, as it is in the end. Operands: a length (u16) and so many bytes.
    pub const FINAL: u8 = 7;

    /// How much of a field is left when white space and commas are stripped from its end, in bytes.
    #[must_use]
    pub fn stripped_len(field: &[u8]) -> usize {
        let is_stripped = |byte: &u8| matches!(byte, b'\t'..=b'\r' | b' ' | b',');
        field.iter().rposition(|byte| !is_stripped(byte)).map_or(0, |last| last + 1)
    }

    /// What a byte of a field is in the end: itself if it is printable ASCII, else a dot.
    #[must_use]
    #[inline]
    pub fn shown(byte: u8) -> u8 {
        if matches!(byte, b' '..=b'~') { byte } else { b'.' }
    }
}

/// The hashes that find grams and windows, and the filters in front of their tables.
///
/// A filter is a blocked Bloom filter: 2^n words of 32 bits, small enough for the first-level cache. The lowest bits of a hash number the
/// word; three bits in it, chosen by higher bits, are set for every hash that has an entry.
pub mod hash {
    /// Grams are looked up at every second place of a response; each literal is entered at two neighbouring ones.
    pub const STRIDE: usize = 2;
    /// The bit that tells letters from all bytes below `@`.
    pub const LETTER: u32 = 0x4040_4040;
    /// What keys are multiplied by.
    pub const FACTOR: u32 = 0x9E37_79B1;
    /// How far the product is shifted and added to itself without carry, so that its low bits depend on all of the key.
    pub const SHIFT: u32 = 15;
    /// Bits below the number of each filter bit, five bits each.
    pub const FILTER_SHIFTS: [u32; 3] = [27, 22, 17];
    /// Windows at different offsets are different keys: offsets are multiplied by this.
    pub const OFFSET_FACTOR: u32 = 0x85EB_CA6B;

    /// Four bytes of which the case of letters does not matter: bit 0x20 is set in every byte that has bit 0x40.
    #[must_use]
    #[inline(always)]
    pub fn fold(bytes: u32) -> u32 {
        bytes | (bytes & LETTER) >> 1
    }

    /// One byte, folded in the same way.
    #[must_use]
    #[inline(always)]
    pub fn fold_byte(byte: u8) -> u8 {
        byte | (byte & LETTER as u8) >> 1
    }

    /// Eight bytes, folded in the same way.
    #[must_use]
    #[inline(always)]
    pub fn fold_word(bytes: u64) -> u64 {
        const LETTERS: u64 = LETTER as u64 * 0x1_0000_0001;
        bytes | (bytes & LETTERS) >> 1
    }

    /// The hash of a folded gram; its highest bits number the bucket.
    #[must_use]
    #[inline(always)]
    pub fn gram(folded: u32) -> u32 {
        let product = folded.wrapping_mul(FACTOR);
        product ^ product >> SHIFT
    }

    /// The hash of a window at an offset; its highest bits number the bucket.
    #[must_use]
    #[inline(always)]
    pub fn window(bytes: u32, offset: u8) -> u32 {
        gram(bytes ^ (offset as u32).wrapping_mul(OFFSET_FACTOR))
    }

    /// What stands beside a gram, as a number below 16: two bits for each of two folded bytes.
    ///
    /// An entry of the index of grams has a bit for every such number, for the two bytes after a gram and, [`BEFORE`] bits further up,
    /// for the two before it. Each literal in the bucket sets its bit on both sides; where it has no byte there, all bits that may be.
    #[must_use]
    #[inline(always)]
    pub fn beside(first: u8, second: u8) -> u32 {
        beside_part(first) | beside_part(second) << 2
    }

    /// The two bits of one byte, about as often one as the other in text.
    #[must_use]
    #[inline(always)]
    pub fn beside_part(byte: u8) -> u32 {
        (byte.wrapping_mul(51) >> 6) as u32
    }

    /// See [`beside`].
    pub const BEFORE: u32 = 16;

    /// A window's offset is below this.
    pub const WINDOW_OFFSETS: u8 = 29;

    /// The bits of a hash in its word of a filter.
    #[must_use]
    #[inline(always)]
    pub fn filter_bits(hash: u32) -> u32 {
        let [first, second, third] = FILTER_SHIFTS;
        1 << (hash >> first & 31) | 1 << (hash >> second & 31) | 1 << (hash >> third & 31)
    }
}

/// Lines without literal or window are found by tables over the first places of a response, its length and its last byte.
///
/// Every table has a row for each value (a byte, or a length up to [`LENGTHS`](positions::LENGTHS)` - 1`, which also stands for all greater
/// ones), and a row one bit for each such line, in words of 64 bits: whether a match may have the value. Places come first, then the
/// length, then the last byte.
pub mod positions {
    /// Places from the response's start.
    pub const PLACES: usize = 6;
    /// Lengths that are told apart.
    pub const LENGTHS: usize = 256;
    /// Rows of all tables.
    pub const ROWS: usize = PLACES * 256 + LENGTHS + 256;

    /// Words of a row, for so many lines.
    #[must_use]
    pub const fn words(lines: usize) -> usize {
        lines.div_ceil(64)
    }

    /// The row of a byte at a place.
    #[must_use]
    #[inline(always)]
    pub fn place(place: usize, byte: u8) -> usize {
        place * 256 + byte as usize
    }

    /// The row of a length in bytes.
    #[must_use]
    #[inline(always)]
    pub fn length(len: usize) -> usize {
        PLACES * 256 + if len < LENGTHS { len } else { LENGTHS - 1 }
    }

    /// The row of a last byte.
    #[must_use]
    #[inline(always)]
    pub fn last(byte: u8) -> usize {
        PLACES * 256 + LENGTHS + byte as usize
    }
}
