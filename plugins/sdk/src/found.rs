//! What a plugin has found.

/// What was found so far. A conversation that ends without a service is no answer; with one it is, however it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The protocol, by nmap's name for it if it has one. One of [`About::services`](crate::About::services).
    pub service: String,
    /// The software.
    pub product: String,
    /// Its version.
    pub version: String,
    /// Anything else worth a few words.
    pub info: String,
    /// The host's name for itself.
    pub hostname: String,
    /// Its operating system.
    pub os: String,
    /// The kind of device.
    pub device: String,
    /// CPE 2.2 URIs.
    pub cpe: Vec<String>,
    /// Everything that has no field.
    pub details: Vec<(String, Value)>,
    /// TLS has just been put over the connection, and the host may ask its own questions inside.
    pub goes_inside: bool,
}

impl Found {
    /// Adds a detail. The key has lower case letters, digits and underscores; the same one may come several times, as a list.
    pub fn detail(&mut self, key: &str, value: impl Into<Value>) {
        self.details.push((key.to_owned(), value.into()));
    }
}

/// The value of a detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Integer(i64),
    /// Yes or no.
    Bool(bool),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => { $(
        impl From<$integer> for Value {
            fn from(number: $integer) -> Self {
                Self::Integer(number.into())
            }
        }
    )* };
}

from_integers!(u8 i8 u16 i16 u32 i32 i64);
