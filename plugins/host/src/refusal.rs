//! Why something is not a plugin that can be used.

use std::fmt;

use portprint_plugin_abi as abi;

/// What is wrong with a plugin before its first session: the field that differs, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no `struct portprint_plugin` where its entry points to.
    NoTable {
        /// Where that is.
        address: usize,
    },
    /// It does not begin with the magic number.
    Magic {
        /// What it begins with.
        found: u32,
    },
    /// It was built for another major version of the ABI.
    Major {
        /// That version.
        major: u16,
        /// Its minor one.
        minor: u16,
    },
    /// It is shorter than any version of the struct.
    Size {
        /// What it says of itself.
        found: u32,
        /// What it has at least.
        least: u32,
    },
    /// A field that must be zero is not.
    Reserved {
        /// What it is.
        found: u32,
    },
    /// A function is missing.
    Function {
        /// Its field.
        name: &'static str,
    },
    /// The description breaks a rule.
    Description {
        /// Which.
        what: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = (abi::ABI_MAJOR, abi::ABI_MINOR);
        match self {
            Self::NoTable { address } => {
                write!(f, "{} gave {address:#x}, where no struct portprint_plugin can be", abi::ENTRY)
            }
            Self::Magic { found } => {
                write!(f, "magic is {found:#010x}, and {:#010x} is expected: it is no plugin of portprint", abi::MAGIC)
            }
            Self::Major { major, minor } => write!(
                f,
                "abi_major is {major} (version {major}.{minor}), and this portprint has {}.{}: build the plugin with the \
                 header of this version",
                ours.0, ours.1
            ),
            Self::Size { found, least } => write!(
                f,
                "struct_size is {found}, and at least {least} is expected: set it to sizeof(struct portprint_plugin)"
            ),
            Self::Reserved { found } => write!(f, "reserved is {found}, and 0 is expected"),
            Self::Function { name } => write!(f, "{name} is a null pointer, and a function is expected"),
            Self::Description { what } => write!(f, "description: {what}"),
        }
    }
}

impl std::error::Error for Refusal {}
