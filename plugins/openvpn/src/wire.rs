//! Packets of OpenVPN's control channel.

use portprint_plugin_sdk::{Reader, Short};

/// The id of one side of a session.
pub(crate) type Session = [u8; 8];

const ACK_V1: u8 = 5;
const HARD_RESET_CLIENT_V2: u8 = 7;
const HARD_RESET_SERVER_V2: u8 = 8;

/// The shortest packet: an acknowledgement of one other.
pub(crate) const LEAST: usize = 1 + 8 + 1;
/// More than any packet without a payload.
pub(crate) const MOST: usize = 128;

/// Asks for a new session. Packet 0, and acknowledges nothing.
pub(crate) fn hard_reset(session: Session) -> Vec<u8> {
    let mut packet = vec![HARD_RESET_CLIENT_V2 << 3];
    packet.extend_from_slice(&session);
    packet.extend_from_slice(&[0; 5]);
    packet
}

/// What a server may say to a hard reset.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// It begins a session, rather than to acknowledge only.
    pub(crate) is_reset: bool,
    pub(crate) session: Session,
    /// Whose packets it acknowledges, and which.
    pub(crate) acknowledged: Option<(Session, Vec<u32>)>,
}

impl Packet {
    /// A packet without the length that TCP puts before it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Short> {
        // The standard's limit is 8, and old servers keep to it.
        const MOST_ACKNOWLEDGED: u8 = 8;
        let mut reader = Reader::new(bytes);
        let kind = reader.u8()?;
        let is_reset = kind >> 3 == HARD_RESET_SERVER_V2;
        // The key of a new session is the first: 0.
        if !(is_reset || kind >> 3 == ACK_V1) || kind & 7 != 0 {
            return Err(Short);
        }
        let session = reader.array()?;
        let count = reader.u8()?;
        if session == [0; 8] || count > MOST_ACKNOWLEDGED || (!is_reset && count == 0) {
            return Err(Short);
        }
        let mut numbers = Vec::new();
        for _ in 0..count {
            numbers.push(reader.u32()?);
        }
        let acknowledged = if count > 0 { Some((reader.array()?, numbers)) } else { None };
        if is_reset {
            // The first packet of the server.
            if reader.u32()? & 0x00ff_ffff != 0 {
                return Err(Short);
            }
        }
        if reader.is_empty() { Ok(Self { is_reset, session, acknowledged }) } else { Err(Short) }
    }

    /// Whether it answers the hard reset of this session.
    pub(crate) fn answers(&self, session: Session) -> bool {
        self.session != session
            && self.acknowledged.as_ref().is_some_and(|(whose, which)| *whose == session && which.contains(&0))
    }
}
