//! Where the ABI is crossed: the functions of a plugin, and what passes through them.
//!
//! Outside of this module nothing is called through a plugin's pointers and nothing is read through them.

mod given;
mod lent;

use core::ffi::c_void;
use core::mem::{MaybeUninit, align_of, offset_of};
use core::ptr::NonNull;

use portprint_plugin_abi as abi;

pub(crate) use given::{Given, as_text};
pub(crate) use lent::{Lent, config, transport, with_event, with_target};

use crate::Refusal;

/// The functions of a plugin whose header has passed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    describe: unsafe extern "C" fn() -> *const abi::Description,
    open: unsafe extern "C" fn(*const abi::Target, *const abi::Config) -> *mut c_void,
    step: unsafe extern "C" fn(*mut c_void, *const abi::Event, *mut abi::Action) -> i32,
    close: unsafe extern "C" fn(*mut c_void),
}

impl Table {
    /// Reads the header, and the rest only if that passes.
    pub(crate) fn of(entry: &'static abi::Plugin) -> Result<Self, Refusal> {
        // SAFETY: it is one, whatever its fields say.
        #[allow(unsafe_code, reason = "the same reading for plugins of this program and for loaded ones")]
        unsafe {
            Self::read(entry)
        }
    }

    /// # Safety
    /// Null, or the header can be read for ever; and so can as many bytes as it says, if it is a plugin of our version.
    #[allow(unsafe_code, reason = "what a library passed at its entry")]
    pub(crate) unsafe fn read(entry: *const abi::Plugin) -> Result<Self, Refusal> {
        /// The fields that have their places for ever.
        #[repr(C)]
        #[derive(Clone, Copy)]
        struct Header {
            magic: u32,
            abi_major: u16,
            abi_minor: u16,
            struct_size: u32,
        }
        const { assert!(offset_of!(abi::Plugin, reserved) == size_of::<Header>()) };
        if entry.is_null() || !entry.addr().is_multiple_of(align_of::<abi::Plugin>()) {
            return Err(Refusal::NoTable { address: entry.addr() });
        }
        // SAFETY: not null, aligned, and readable as the caller says.
        let header = unsafe { entry.cast::<Header>().read() };
        if header.magic != abi::MAGIC {
            return Err(Refusal::Magic { found: header.magic });
        }
        if header.abi_major != abi::ABI_MAJOR {
            return Err(Refusal::Major { major: header.abi_major, minor: header.abi_minor });
        }
        let least = size_of::<abi::Plugin>() as u32;
        if header.struct_size < least {
            return Err(Refusal::Size { found: header.struct_size, least });
        }
        // SAFETY: the size that it has of itself is at least ours, and any value of these fields is valid.
        let entry = unsafe { entry.read() };
        if entry.reserved != 0 {
            return Err(Refusal::Reserved { found: entry.reserved });
        }
        Ok(Self {
            describe: entry.describe.ok_or(Refusal::Function { name: "describe" })?,
            open: entry.open.ok_or(Refusal::Function { name: "open" })?,
            step: entry.step.ok_or(Refusal::Function { name: "step" })?,
            close: entry.close.ok_or(Refusal::Function { name: "close" })?,
        })
    }

    /// Asks the plugin what it is for.
    pub(crate) fn describe(self) -> Result<Given<'static, abi::Description>, String> {
        // SAFETY: the function takes nothing, and may be called at any time by any thread.
        #[allow(unsafe_code, reason = "a function of the plugin's")]
        let pointer = unsafe { (self.describe)() };
        // SAFETY: what a description points to lives as long as the library, which is never unloaded.
        #[allow(unsafe_code, reason = "a promise of the plugin's")]
        let promised: Given<'static, ()> = unsafe { Given::new(&()) };
        promised.sized("portprint_description", |()| pointer)?.ok_or_else(|| "describe gave a null pointer".to_owned())
    }

    /// Begins a session. `None`: the plugin gave none.
    pub(crate) fn open(self, target: &Lent<'_, abi::Target>, config: &Lent<'_, abi::Config>) -> Option<Opened> {
        // SAFETY: both can be read for the call, and the function may be called at any time by any thread.
        #[allow(unsafe_code, reason = "a function of the plugin's")]
        let session = unsafe { (self.open)(target.get(), config.get()) };
        NonNull::new(session).map(|session| Opened { table: self, session })
    }
}

/// A session that is closed when it is dropped, and so exactly once.
#[derive(Debug)]
pub(crate) struct Opened {
    table: Table,
    session: NonNull<c_void>,
}

// SAFETY: the ABI says that a session may be used by one thread after the other.
#[allow(unsafe_code, reason = "a rule of the ABI")]
unsafe impl Send for Opened {}

impl Opened {
    /// Passes an event on. What the plugin answered can be read until the next step, so it is read here.
    pub(crate) fn step<R>(
        &mut self,
        event: &Lent<'_, abi::Event>,
        read: impl FnOnce(i32, Given<'_, abi::Action>) -> R,
    ) -> R {
        let mut action = MaybeUninit::<abi::Action>::zeroed();
        // SAFETY: the session is open and used by nobody else, the event can be read and the action be written for the call.
        #[allow(unsafe_code, reason = "a function of the plugin's")]
        let status = unsafe { (self.table.step)(self.session.as_ptr(), event.get(), action.as_mut_ptr()) };
        // SAFETY: all zeros is a valid action, and so is anything that was written over that.
        #[allow(unsafe_code, reason = "memory that was zeroed")]
        let action = unsafe { action.assume_init_ref() };
        // SAFETY: what an action points to lives until the next call for this session, and `read` has come back by then.
        #[allow(unsafe_code, reason = "a promise of the plugin's")]
        let given = unsafe { Given::new(action) };
        read(status, given)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // SAFETY: the session is open, and nobody has it any more.
        #[allow(unsafe_code, reason = "a function of the plugin's")]
        unsafe {
            (self.table.close)(self.session.as_ptr());
        }
    }
}
