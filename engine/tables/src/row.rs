//! Fixed-size rows: one declaration gives the struct, its size, its writer and its reader, so that the two sides cannot drift.

/// A value with a fixed place in a row.
pub(crate) trait Cell: Copy {
    const SIZE: usize;
    fn put(self, out: &mut [u8]);
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! integer_cell {
    ($($type:ty),*) => {$(
        impl Cell for $type {
            const SIZE: usize = size_of::<$type>();

            fn put(self, out: &mut [u8]) {
                out.copy_from_slice(&self.to_le_bytes());
            }

            #[inline(always)]
            fn get(bytes: &[u8]) -> Self {
                let mut buffer = [0; size_of::<$type>()];
                buffer.copy_from_slice(bytes);
                Self::from_le_bytes(buffer)
            }
        }
    )*};
}

integer_cell!(u8, u16, u32, u128);

impl Cell for [u8; 32] {
    const SIZE: usize = 32;

    fn put(self, out: &mut [u8]) {
        out.copy_from_slice(&self);
    }

    fn get(bytes: &[u8]) -> Self {
        let mut buffer = [0; 32];
        buffer.copy_from_slice(bytes);
        buffer
    }
}

/// `len` consecutive items of some section, from item `start` on. Which section is said where it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The first item.
    pub start: u32,
    /// How many.
    pub len: u32,
}

impl Cell for Extent {
    const SIZE: usize = 8;

    fn put(self, out: &mut [u8]) {
        self.start.put(&mut out[..4]);
        self.len.put(&mut out[4..]);
    }

    #[inline(always)]
    fn get(bytes: &[u8]) -> Self {
        Self { start: u32::get(&bytes[..4]), len: u32::get(&bytes[4..8]) }
    }
}

macro_rules! rows {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }

        impl $name {
            /// Bytes of one row.
            pub const SIZE: usize = 0 $(+ <$type as $crate::row::Cell>::SIZE)*;

            /// The row as it is stored.
            #[must_use]
            pub fn encode(&self) -> [u8; Self::SIZE] {
                let mut out = [0; Self::SIZE];
                let mut rest = &mut out[..];
                $(
                    let (cell, tail) = rest.split_at_mut(<$type as $crate::row::Cell>::SIZE);
                    $crate::row::Cell::put(self.$field, cell);
                    rest = tail;
                )*
                debug_assert!(rest.is_empty());
                out
            }

            /// The row stored in `bytes`.
            #[must_use]
            #[inline(always)]
            pub fn decode(bytes: &[u8; Self::SIZE]) -> Self {
                let rest = &bytes[..];
                $(
                    let ($field, rest) = rest.split_at(<$type as $crate::row::Cell>::SIZE);
                    let $field = <$type as $crate::row::Cell>::get($field);
                )*
                debug_assert!(rest.is_empty());
                Self { $($field),* }
            }

            /// Row `index` of a section of such rows.
            ///
            /// # Panics
            /// When the section has no such row.
            #[must_use]
            #[inline(always)]
            pub fn at(section: &[u8], index: usize) -> Self {
                let bytes = section[index * Self::SIZE..].first_chunk().expect("the index is below the section's row count");
                Self::decode(bytes)
            }
        }
    )*};
}
pub(crate) use rows;
