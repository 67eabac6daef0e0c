//! Typed numbers. No bare integer names a probe or a line outside this crate.

use core::fmt;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(u32);

        impl $name {
            /// The id of the row at `index`.
            ///
            /// # Panics
            /// When `index` does not fit into 32 bits; no table is that long.
            #[must_use]
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("tables have fewer than 2^32 rows"))
            }

            /// The position of the row in its table.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The number as it is stored.
            #[must_use]
            pub fn to_u32(self) -> u32 {
                self.0
            }

            /// The id with this stored number.
            #[must_use]
            pub fn from_u32(number: u32) -> Self {
                Self(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A `match` or `softmatch` line: its position among all lines, sources in priority order, lines in file order.
    LineId
}
id! {
    /// A probe: its position among all probes, sources in priority order, probes in file order.
    ProbeId
}
id! {
    /// A source, by priority.
    SourceId
}

/// The transport of a probe. A closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Protocol {
    /// Transmission Control Protocol.
    Tcp = 0,
    /// User Datagram Protocol.
    Udp = 1,
}

impl Protocol {
    /// `tcp` or `udp`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }

    pub(crate) fn from_u8(byte: u8) -> Self {
        if byte == Self::Udp as u8 { Self::Udp } else { Self::Tcp }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Ports `first..=last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    /// The lowest port.
    pub first: u16,
    /// The highest port; not below `first`.
    pub last: u16,
}

impl PortRange {
    /// Whether `port` is one of them.
    #[must_use]
    pub fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

/// A field that a template fills. The three CPE slots are told apart by the part letter after `cpe:/`; they are shown in this order.
/// A closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Field {
    /// `p/…/`
    Product = 0,
    /// `v/…/`
    Version = 1,
    /// `i/…/`
    Info = 2,
    /// `h/…/`
    Hostname = 3,
    /// `o/…/`
    Os = 4,
    /// `d/…/`
    Device = 5,
    /// `cpe:/a…/`, an application.
    CpeApplication = 6,
    /// `cpe:/h…/`, hardware.
    CpeHardware = 7,
    /// `cpe:/o…/`, an operating system.
    CpeOs = 8,
}

impl Field {
    /// All fields, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Product,
        Self::Version,
        Self::Info,
        Self::Hostname,
        Self::Os,
        Self::Device,
        Self::CpeApplication,
        Self::CpeHardware,
        Self::CpeOs,
    ];

    /// The size of nmap's buffer for the field in bytes, its terminator included. A value that does not fit is dropped whole.
    #[must_use]
    pub fn capacity(self) -> usize {
        match self {
            Self::Info => 256,
            Self::Os | Self::Device => 32,
            _ => 80,
        }
    }

    /// Whether this is one of the CPE slots, whose variables are escaped.
    #[must_use]
    pub fn is_cpe(self) -> bool {
        matches!(self, Self::CpeApplication | Self::CpeHardware | Self::CpeOs)
    }

    /// Its name in answers; the CPE slots share one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Version => "version",
            Self::Info => "info",
            Self::Hostname => "hostname",
            Self::Os => "os",
            Self::Device => "device",
            Self::CpeApplication | Self::CpeHardware | Self::CpeOs => "cpe",
        }
    }

    /// The field with this number.
    #[must_use]
    pub fn from_u8(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }
}
