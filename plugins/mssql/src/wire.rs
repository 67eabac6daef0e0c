//! TDS packets, and the `PRELOGIN` message.

use portprint_plugin_sdk::{Reader, Short};

const PRELOGIN: u8 = 0x12;
const RESPONSE: u8 = 0x04;
const END_OF_MESSAGE: u8 = 0x01;

/// How long the head of a packet is.
pub(crate) const HEAD: usize = 8;

/// The longest response that is read. Servers' have some tens of bytes.
const LONGEST: usize = 1024;

/// Options.
const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const INSTANCE: u8 = 2;
const THREAD: u8 = 3;
const MARS: u8 = 4;
const FEDERATED: u8 = 6;
const TERMINATOR: u8 = 0xff;

/// What a client asks.
pub(crate) fn prelogin() -> Vec<u8> {
    let options: [(u8, &[u8]); 5] = [
        (VERSION, &[9, 0, 0, 0, 0, 0]),
        // Off: the login alone is encrypted. So the server tells whether it can, and whether it wants more.
        (ENCRYPTION, &[0]),
        (INSTANCE, b"MSSQLServer\0"),
        (THREAD, &[0; 4]),
        (MARS, &[0]),
    ];
    let mut at = options.len() * 5 + 1;
    let (mut table, mut values) = (Vec::new(), Vec::new());
    for (option, value) in options {
        table.push(option);
        for number in [at, value.len()] {
            table.extend_from_slice(&u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes());
        }
        at += value.len();
        values.extend_from_slice(value);
    }
    table.push(TERMINATOR);
    let length = u16::try_from(HEAD + at).unwrap_or(u16::MAX).to_be_bytes();
    let mut packet = vec![PRELOGIN, END_OF_MESSAGE, length[0], length[1], 0, 0, 0, 0];
    packet.extend_from_slice(&table);
    packet.extend_from_slice(&values);
    packet
}

/// The head of a response's only packet: how many bytes come after it.
pub(crate) fn length(head: &[u8]) -> Result<usize, Short> {
    let mut reader = Reader::new(head);
    let (kind, status) = (reader.u8()?, reader.u8()?);
    let length = usize::from(reader.u16()?);
    // The process that answers, which is mostly not told; the packet's number; and a window that is not used.
    let _process = reader.u16()?;
    let (_number, window) = (reader.u8()?, reader.u8()?);
    let length = length.checked_sub(HEAD).filter(|length| (12..=LONGEST).contains(length)).ok_or(Short)?;
    if kind == RESPONSE && status & END_OF_MESSAGE != 0 && status & 0xe0 == 0 && window == 0 {
        Ok(length)
    } else {
        Err(Short)
    }
}

/// What a server says before the login.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Prelogin {
    pub(crate) major: u8,
    pub(crate) minor: u8,
    pub(crate) build: u16,
    pub(crate) sub_build: u16,
    pub(crate) encryption: Option<Encryption>,
    /// Whether the instance has another name than was asked for.
    pub(crate) is_other_instance: bool,
    pub(crate) mars: Option<bool>,
    pub(crate) federated: Option<bool>,
}

/// What a server says to a client that wants its login encrypted, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// The login will be encrypted.
    Off,
    /// Everything will be encrypted.
    On,
    NotSupported,
    Required,
}

impl Prelogin {
    /// The body of a response.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Short> {
        let mut table = Reader::new(body);
        let mut prelogin = Self::default();
        let mut has_version = false;
        let mut last = None;
        loop {
            let option = table.u8()?;
            if option == TERMINATOR {
                break;
            }
            // Options come in their order, each once. There are eight in the specification.
            if last.is_some_and(|last| last >= option) || option > 0x20 {
                return Err(Short);
            }
            last = Some(option);
            let (at, length) = (usize::from(table.u16()?), usize::from(table.u16()?));
            let value = if length == 0 { Some(&[][..]) } else { body.get(at..).and_then(|rest| rest.get(..length)) };
            let mut value = Reader::new(value.ok_or(Short)?);
            match option {
                VERSION => {
                    (prelogin.major, prelogin.minor) = (value.u8()?, value.u8()?);
                    (prelogin.build, prelogin.sub_build) = (value.u16()?, value.u16()?);
                    has_version = value.is_empty();
                }
                ENCRYPTION => {
                    prelogin.encryption = Some(match value.u8()? {
                        0 => Encryption::Off,
                        1 => Encryption::On,
                        2 => Encryption::NotSupported,
                        3 => Encryption::Required,
                        _ => return Err(Short),
                    });
                }
                INSTANCE => prelogin.is_other_instance = value.u8() == Ok(1),
                MARS => prelogin.mars = value.u8().ok().map(|it| it == 1),
                FEDERATED => prelogin.federated = value.u8().ok().map(|it| it == 1),
                _ => {}
            }
        }
        // Versions are those of a server: from 7.0 on.
        let is_server = has_version && (7..=40).contains(&prelogin.major) && prelogin.encryption.is_some();
        if is_server { Ok(prelogin) } else { Err(Short) }
    }
}
