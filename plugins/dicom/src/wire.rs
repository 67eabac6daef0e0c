//! Protocol data units of DICOM's upper layer.

use portprint_plugin_sdk::{Reader, Short, text};

/// Who asks.
pub(crate) const CALLING: &[u8; 16] = b"PORTPRINT       ";
/// Who is asked: servers that do not care take any name.
pub(crate) const CALLED: &[u8; 16] = b"ANY-SCP         ";

/// The DICOM application context.
const CONTEXT: &[u8] = b"1.2.840.10008.3.1.1.1";
/// The SOP class that every DICOM server knows.
const VERIFICATION: &[u8] = b"1.2.840.10008.1.1";
/// Implicit VR Little Endian, the transfer syntax that every DICOM implementation knows.
const IMPLICIT_LITTLE_ENDIAN: &[u8] = b"1.2.840.10008.1.2";
/// Ours, made from a UUID as PS3.5, annex B.2 says.
const IMPLEMENTATION: &[u8] = b"2.25.74333886953986767571956214799761855447";

/// Asks for an association for Verification.
pub(crate) fn associate() -> Vec<u8> {
    let context = [vec![1, 0, 0, 0], item(0x30, VERIFICATION), item(0x40, IMPLICIT_LITTLE_ENDIAN)].concat();
    let user = [item(0x51, &16384_u32.to_be_bytes()), item(0x52, IMPLEMENTATION), item(0x55, b"PORTPRINT")].concat();
    let mut body = vec![0, 1, 0, 0];
    body.extend_from_slice(CALLED);
    body.extend_from_slice(CALLING);
    body.extend_from_slice(&[0; 32]);
    body.extend(item(0x10, CONTEXT));
    body.extend(item(0x20, &context));
    body.extend(item(0x50, &user));
    let mut pdu = vec![1, 0];
    pdu.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    pdu.extend(body);
    pdu
}

/// Ends an association.
pub(crate) const RELEASE: [u8; 10] = [5, 0, 0, 0, 0, 4, 0, 0, 0, 0];

fn item(kind: u8, value: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[kind, 0, high, low], value].concat()
}

/// Type and length of a PDU that may answer [`associate`].
pub(crate) fn head(bytes: &[u8]) -> Result<(u8, usize), Short> {
    const MOST: usize = 64 * 1024;
    let mut reader = Reader::new(bytes);
    let (kind, _) = (reader.u8()?, reader.u8()?);
    let length = usize::try_from(reader.u32()?).map_err(|_| Short)?;
    match kind {
        2 if (68..=MOST).contains(&length) => Ok((kind, length)),
        3 | 7 if length == 4 => Ok((kind, length)),
        _ => Err(Short),
    }
}

/// An `A-ASSOCIATE-AC`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) implementation: String,
    pub(crate) version: String,
    pub(crate) max_pdu: u32,
    /// Verification, with the transfer syntax that was asked for.
    pub(crate) verification: bool,
}

impl Accepted {
    /// The body of one: it must name DICOM's application context and its own implementation.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        if reader.u16()? & 1 == 0 {
            return Err(Short);
        }
        // The rest are names that are not to be tested.
        reader.skip(66)?;
        let mut accepted = Self::default();
        let (mut context, mut user) = (false, false);
        while !reader.is_empty() {
            let (kind, value) = next(&mut reader)?;
            match kind {
                0x10 => context = trimmed(value) == CONTEXT,
                0x21 => accepted.verification |= value.get(2) == Some(&0),
                0x50 => {
                    user = true;
                    accepted.user(value)?;
                }
                _ => {}
            }
        }
        if accepted.implementation.as_bytes() == IMPLEMENTATION {
            // Some send back what they were told.
            (accepted.implementation, accepted.version) = Default::default();
        }
        if context && user { Ok(accepted) } else { Err(Short) }
    }

    fn user(&mut self, value: &[u8]) -> Result<(), Short> {
        let mut reader = Reader::new(value);
        while !reader.is_empty() {
            let (kind, value) = next(&mut reader)?;
            match kind {
                0x51 => self.max_pdu = Reader::new(value).u32()?,
                0x52 => self.implementation = text(value),
                0x55 => self.version = text(value),
                _ => {}
            }
        }
        Ok(())
    }
}

fn next<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Short> {
    let kind = reader.u8()?;
    reader.skip(1)?;
    let length = reader.u16()?;
    Ok((kind, reader.bytes(length.into())?))
}

/// Some pad a UID with a NUL, though nobody should here.
fn trimmed(uid: &[u8]) -> &[u8] {
    uid.strip_suffix(b"\0").unwrap_or(uid)
}

/// Why an association is rejected: the words of PS3.8, table 9-21. Nothing for what is no reason.
pub(crate) fn rejected(body: &[u8]) -> Option<&'static str> {
    let &[_, 1 | 2, source, reason] = body else { return None };
    Some(match (source, reason) {
        (1, 1) => "no reason given",
        (1, 2) => "application context name not supported",
        (1, 3) => "calling AE title not recognized",
        (1, 7) => "called AE title not recognized",
        (1, 4..=6 | 8..=10) | (3, 0 | 3..=7) => "reserved",
        (2, 1) => "no reason given by the ACSE",
        (2, 2) => "protocol version not supported",
        (3, 1) => "temporary congestion",
        (3, 2) => "local limit exceeded",
        _ => return None,
    })
}

/// Who aborts an association and why: the words of PS3.8, table 9-26. Nothing for what is no reason.
pub(crate) fn aborted(body: &[u8]) -> Option<&'static str> {
    let &[0, 0, source, reason] = body else { return None };
    Some(match (source, reason) {
        (0, _) => "service user",
        (2, 0) => "reason not specified",
        (2, 1) => "unrecognized PDU",
        (2, 2) => "unexpected PDU",
        (2, 3) => "reserved",
        (2, 4) => "unrecognized PDU parameter",
        (2, 5) => "unexpected PDU parameter",
        (2, 6) => "invalid PDU parameter value",
        _ => return None,
    })
}
