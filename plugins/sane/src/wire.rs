//! Messages of SANE's network protocol.

use portprint_plugin_sdk::{Reader, Short};

/// How long the answer to [`init`] is, exactly.
pub(crate) const ANSWER: usize = 8;

/// Asks for a session. Version 1.0, and the third of the protocol.
pub(crate) fn init(user: &str) -> Vec<u8> {
    let mut message = vec![0, 0, 0, 0, 1, 0, 0, 3];
    message.extend_from_slice(&u32::try_from(user.len() + 1).unwrap_or(0).to_be_bytes());
    message.extend_from_slice(user.as_bytes());
    message.push(0);
    message
}

/// Says goodbye.
pub(crate) const EXIT: [u8; 4] = [0, 0, 0, 10];

/// What a server answers to [`init`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) allowed: bool,
    /// Major, minor, and of the protocol.
    pub(crate) version: (u8, u8, u16),
}

impl Answer {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(bytes);
        let (status, version) = (reader.u32()?, (reader.u8()?, reader.u8()?, reader.u16()?));
        // Good, or access denied: there is no other reason to say anything else. Only version 1 has ever been.
        let is_one = matches!(status, 0 | 11) && version.0 == 1 && version.1 <= 9 && (1..=9).contains(&version.2);
        if is_one { Ok(Self { allowed: status == 0, version }) } else { Err(Short) }
    }
}
