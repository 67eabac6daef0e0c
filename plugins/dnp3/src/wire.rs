//! The header of DNP3's frames, which has a check of its own.

use portprint_plugin_sdk::Reader;

/// Bytes of a header with its check.
pub(crate) const HEAD: usize = 10;

const START: [u8; 2] = [0x05, 0x64];
/// What a frame without data has: control, and two addresses.
const SHORTEST: u8 = 5;
/// From a master; from who begins.
const FROM_MASTER: u8 = 0x80;
const PRIMARY: u8 = 0x40;
const REQUEST_LINK_STATUS: u8 = 9;

/// Asks for the status of the link.
pub(crate) fn request_link_status(outstation: u16, master: u16) -> [u8; HEAD] {
    let ([d0, d1], [s0, s1]) = (outstation.to_le_bytes(), master.to_le_bytes());
    let [a, b] = START;
    let head = [a, b, SHORTEST, FROM_MASTER | PRIMARY | REQUEST_LINK_STATUS, d0, d1, s0, s1];
    let mut frame = [0; HEAD];
    frame[..8].copy_from_slice(&head);
    frame[8..].copy_from_slice(&check(&head).to_le_bytes());
    frame
}

/// The header of what an outstation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) outstation: u16,
    pub(crate) master: u16,
    pub(crate) function: Function,
}

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// It answers.
    Acknowledged,
    NotAcknowledged,
    LinkStatus,
    NotSupported,
    /// It begins by itself.
    Own,
}

impl Head {
    /// Nothing for what no outstation sends.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let head: [u8; 8] = reader.array().ok()?;
        let is_right = reader.u16_le().ok()? == check(&head);
        let [a, b, length, control, d0, d1, s0, s1] = head;
        if !is_right || [a, b] != START || length < SHORTEST || control & FROM_MASTER != 0 {
            return None;
        }
        let function = match (control & PRIMARY != 0, control & 0x0f) {
            (false, 0) => Function::Acknowledged,
            (false, 1) => Function::NotAcknowledged,
            (false, 11) => Function::LinkStatus,
            (false, 14 | 15) => Function::NotSupported,
            (true, 0 | 2 | 3 | 4 | 9) => Function::Own,
            _ => return None,
        };
        Some(Self { outstation: u16::from_le_bytes([s0, s1]), master: u16::from_le_bytes([d0, d1]), function })
    }
}

/// CRC-16 by the polynomial 0x3d65, from the least significant bit on, complemented.
pub(crate) fn check(bytes: &[u8]) -> u16 {
    const REVERSED: u16 = 0xa6bc;
    let mut check = 0_u16;
    for &byte in bytes {
        check ^= u16::from(byte);
        for _ in 0..8 {
            check = if check & 1 == 1 { check >> 1 ^ REVERSED } else { check >> 1 };
        }
    }
    !check
}
