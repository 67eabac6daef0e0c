//! Messages of MongoDB's wire protocol.

use portprint_plugin_sdk::{Reader, Short};

use crate::bson::Writer;

const OP_REPLY: u32 = 1;
const OP_QUERY: u32 = 2004;
const OP_MSG: u32 = 2013;

/// How long the head of a message is.
pub(crate) const HEAD: usize = 16;

/// The longest reply that is read. A large replica set's are a few thousand bytes.
const LONGEST: usize = 128 * 1024;

/// Which messages a command goes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `OP_QUERY`, answered by `OP_REPLY`: before MongoDB 3.6, and for the first command ever since.
    Query,
    /// `OP_MSG`, answered by the same.
    Msg,
}

/// A command to the database `admin`.
pub(crate) fn command(form: Form, id: u32, command: Writer) -> Vec<u8> {
    let mut message = vec![0; 4];
    message.extend_from_slice(&id.to_le_bytes());
    message.extend_from_slice(&[0; 4]);
    match form {
        Form::Query => {
            message.extend_from_slice(&OP_QUERY.to_le_bytes());
            // No flags; nothing to skip, one document to return.
            message.extend_from_slice(&[0; 4]);
            message.extend_from_slice(b"admin.$cmd\0");
            message.extend_from_slice(&[0; 4]);
            message.extend_from_slice(&(-1_i32).to_le_bytes());
            message.extend_from_slice(&command.finish());
        }
        Form::Msg => {
            message.extend_from_slice(&OP_MSG.to_le_bytes());
            // No flags; a section that is the command.
            message.extend_from_slice(&[0; 5]);
            message.extend_from_slice(&command.text("$db", "admin").finish());
        }
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    message[..4].copy_from_slice(&length.to_le_bytes());
    message
}

/// The head of a reply to the message `id`: how many bytes come after it, and which form it has. Some servers answer in the newer form
/// whatever they were asked in.
pub(crate) fn head(head: &[u8], id: u32) -> Result<(usize, Form), Short> {
    let mut reader = Reader::new(head);
    let length = reader.u32_le()? as usize;
    let _id = reader.u32_le()?;
    let answers = reader.u32_le()?;
    let form = match reader.u32_le()? {
        OP_REPLY => Form::Query,
        OP_MSG => Form::Msg,
        _ => return Err(Short),
    };
    let length = length.checked_sub(HEAD).filter(|length| (5..=LONGEST).contains(length)).ok_or(Short)?;
    if answers == id { Ok((length, form)) } else { Err(Short) }
}

/// The document in the rest of a reply.
pub(crate) fn document(body: &[u8], form: Form) -> Result<&[u8], Short> {
    const HAS_CHECKSUM: u32 = 1;
    let mut reader = Reader::new(body);
    let flags = reader.u32_le()?;
    match form {
        Form::Query => {
            // The cursor, where it begins, and how many documents there are.
            reader.skip(8 + 4)?;
            if reader.u32_le()? != 1 {
                return Err(Short);
            }
            Ok(reader.rest())
        }
        Form::Msg => {
            if reader.u8()? != 0 {
                return Err(Short);
            }
            let rest = reader.rest();
            if flags & HAS_CHECKSUM != 0 {
                rest.split_last_chunk::<4>().map(|(rest, _)| rest).ok_or(Short)
            } else {
                Ok(rest)
            }
        }
    }
}
