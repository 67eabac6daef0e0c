//! What a plugin passed: pointers that are looked at before they are followed.

use core::mem::align_of;

use portprint_plugin_abi as abi;

/// Something that a plugin filled in, and that may be read for `'a`.
///
/// Null pointers, pointers that are not aligned and lengths over a limit are found here, before anything is read through them. A pointer
/// to memory that is not there cannot be: that a plugin passes none is what its author promises.
#[derive(Debug)]
pub(crate) struct Given<'a, T>(&'a T);

impl<T> Clone for Given<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Given<'_, T> {}

impl<'a, T> Given<'a, T> {
    /// # Safety
    /// Whatever the value points to can be read for `'a`, as the ABI says.
    #[allow(unsafe_code, reason = "the promise that everything else here rests on")]
    pub(super) unsafe fn new(value: &'a T) -> Self {
        Self(value)
    }

    /// The value itself. Its pointers are followed with the functions below only.
    pub(crate) fn get(self) -> &'a T {
        self.0
    }

    /// A field of it.
    pub(crate) fn part<U>(self, part: impl FnOnce(&'a T) -> &'a U) -> Given<'a, U> {
        Given(part(self.0))
    }

    /// A list in it.
    pub(crate) fn list<U: 'a>(
        self,
        field: &str,
        part: impl FnOnce(&'a T) -> (*const U, u64),
        most: u64,
    ) -> Result<impl ExactSizeIterator<Item = Given<'a, U>> + Clone, String> {
        let (data, len) = part(self.0);
        if len > most {
            return Err(format!("{field} has {len} entries; at most {most} are allowed"));
        }
        Ok(self.follow(field, data, len)?.iter().map(Given))
    }

    /// Another structure that it points to. `None`: the pointer is null.
    pub(crate) fn structure<U: 'a>(
        self,
        field: &str,
        part: impl FnOnce(&'a T) -> *const U,
    ) -> Result<Option<Given<'a, U>>, String> {
        let data = part(self.0);
        if data.is_null() {
            return Ok(None);
        }
        Ok(self.follow(field, data, 1)?.first().map(Given))
    }

    /// A structure that may be longer than we know it, and must not be shorter: `size` is its first field.
    pub(crate) fn sized<U: 'a>(
        self,
        field: &str,
        part: impl FnOnce(&'a T) -> *const U,
    ) -> Result<Option<Given<'a, U>>, String> {
        let data = part(self.0);
        let Some(size) = self.structure(field, |_| data.cast::<u32>())? else { return Ok(None) };
        let least = size_of::<U>();
        if (*size.get() as usize) < least {
            return Err(format!("{field}.struct_size is {}; at least {least} is expected", size.get()));
        }
        self.structure(field, |_| data)
    }

    fn follow<U: 'a>(self, field: &str, data: *const U, len: u64) -> Result<&'a [U], String> {
        let len =
            usize::try_from(len).ok().filter(|len| len.checked_mul(size_of::<U>()).is_some_and(|all| all <= MOST));
        let Some(len) = len else { return Err(format!("{field} is longer than memory")) };
        if len == 0 {
            return Ok(&[]);
        }
        if data.is_null() {
            return Err(format!("{field} is a null pointer, and its length is {len}"));
        }
        if !data.addr().is_multiple_of(align_of::<U>()) {
            return Err(format!("{field} points to {:#x}, which is not aligned to {}", data.addr(), align_of::<U>()));
        }
        // SAFETY: the pointer is not null, is aligned, and the length fits; the rest is promised to `Given::new`.
        #[allow(unsafe_code, reason = "a pointer of the plugin's")]
        unsafe {
            Ok(core::slice::from_raw_parts(data, len))
        }
    }
}

impl<'a> Given<'a, abi::Bytes> {
    /// What they are.
    pub(crate) fn bytes(self, field: &str, most: u64) -> Result<&'a [u8], String> {
        if self.0.len > most {
            return Err(format!("{field} has {} bytes; at most {most} are allowed", self.0.len));
        }
        self.follow(field, self.0.data, self.0.len)
    }

    /// What they are as text.
    pub(crate) fn text(self, field: &str, most: u64) -> Result<&'a str, String> {
        as_text(field, self.bytes(field, most)?)
    }
}

/// Text that was passed as bytes.
pub(crate) fn as_text<'a>(field: &str, bytes: &'a [u8]) -> Result<&'a str, String> {
    core::str::from_utf8(bytes)
        .map_err(|error| format!("{field} is not UTF-8: the byte at {} is wrong", error.valid_up_to()))
}

/// What a slice may have.
const MOST: usize = isize::MAX as usize;
