//! Messages of the NBD protocol's handshake.

use portprint_plugin_sdk::{Reader, Short, text};

/// What every server says first.
pub(crate) const MAGIC: &[u8; 8] = b"NBDMAGIC";
/// What follows in the newstyle negotiation.
pub(crate) const OPTION_MAGIC: &[u8; 8] = b"IHAVEOPT";
/// What follows in the oldstyle negotiation.
pub(crate) const OLDSTYLE_MAGIC: [u8; 8] = 0x0000_4202_8186_1253_u64.to_be_bytes();
/// The oldstyle negotiation after its magic numbers: size, flags, and room for more.
pub(crate) const OLDSTYLE_REST: usize = 8 + 4 + 124;

/// The server knows how to refuse an option (`NBD_FLAG_FIXED_NEWSTYLE`).
pub(crate) const FIXED_NEWSTYLE: u16 = 1;
/// The server can leave out the zeros after an export's data (`NBD_FLAG_NO_ZEROES`).
pub(crate) const NO_ZEROES: u16 = 2;

/// An option that a client asks for. None of these has data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Option {
    Abort = 2,
    List = 3,
    StartTls = 5,
}

impl Option {
    pub(crate) fn request(self) -> Vec<u8> {
        let mut message = OPTION_MAGIC.to_vec();
        message.extend_from_slice(&(self as u32).to_be_bytes());
        message.extend_from_slice(&0_u32.to_be_bytes());
        message
    }
}

/// Says goodbye in the transmission phase, in which the oldstyle negotiation ends (`NBD_CMD_DISC`).
pub(crate) fn disconnect() -> Vec<u8> {
    let mut message = 0x2560_9513_u32.to_be_bytes().to_vec();
    message.extend_from_slice(&[0, 0, 0, 2]);
    message.resize(28, 0);
    message
}

/// What a server says to an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// `NBD_REP_ACK`
    Acknowledged,
    /// `NBD_REP_SERVER`: an export.
    Export,
    /// `NBD_REP_ERR_TLS_REQD`
    TlsRequired,
    /// Another of the errors.
    Refused,
    /// A type that a client may not have to know.
    Other,
}

/// How long the header of a reply is.
pub(crate) const REPLY_HEAD: usize = 20;

/// The header of a reply to this option, and how many bytes follow. Nothing for what is none.
pub(crate) fn reply(head: &[u8], to: Option) -> Result<(Reply, usize), Short> {
    const MOST: u32 = 16 * 1024;
    let mut reader = Reader::new(head);
    if reader.u64()? != 0x0003_e889_0455_65a9 || reader.u32()? != to as u32 {
        return Err(Short);
    }
    let kind = match reader.u32()? {
        1 => Reply::Acknowledged,
        2 => Reply::Export,
        0x8000_0005 => Reply::TlsRequired,
        kind if kind >> 31 == 1 => Reply::Refused,
        _ => Reply::Other,
    };
    let length = reader.u32()?;
    if length > MOST {
        return Err(Short);
    }
    Ok((kind, usize::try_from(length).map_err(|_| Short)?))
}

/// Name and description of an export.
pub(crate) fn export(body: &[u8]) -> Result<(String, String), Short> {
    let mut reader = Reader::new(body);
    let length = usize::try_from(reader.u32()?).map_err(|_| Short)?;
    let name = reader.bytes(length)?;
    Ok((text(name), text(reader.rest())))
}

/// Size and flags of the one export of an oldstyle server.
pub(crate) fn oldstyle(rest: &[u8]) -> Result<(u64, u32), Short> {
    let mut reader = Reader::new(rest);
    Ok((reader.u64()?, reader.u32()?))
}
