//! Messages of PostgreSQL's protocol, version 3.

use portprint_plugin_sdk::{Reader, Short, text};

/// Asks whether the server speaks TLS.
pub(crate) const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Begins a session of a protocol that there is not.
pub(crate) const IMPOSSIBLE: [u8; 8] = [0, 0, 0, 8, 0, 255, 0, 0];

/// Says goodbye.
pub(crate) const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// Begins a session of protocol 3.0.
pub(crate) fn startup(user: &str) -> Vec<u8> {
    let mut message = vec![0; 4];
    message.extend_from_slice(&0x0003_0000_u32.to_be_bytes());
    for part in ["user", user, "database", user, "application_name", user] {
        message.extend_from_slice(part.as_bytes());
        message.push(0);
    }
    message.push(0);
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    message[..4].copy_from_slice(&length.to_be_bytes());
    message
}

/// The type of a message and how many bytes of it are still to come. Nothing for what cannot be one of a server's at the beginning.
pub(crate) fn head(bytes: [u8; 5]) -> Option<(u8, usize)> {
    const MOST: usize = 16 * 1024;
    let [kind, length @ ..] = bytes;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?.checked_sub(4)?;
    (matches!(kind, b'R' | b'E' | b'S' | b'K' | b'Z' | b'N' | b'v') && length <= MOST).then_some((kind, length))
}

/// How a client has to prove who it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Authentication {
    pub(crate) method: &'static str,
    /// Of SASL.
    pub(crate) mechanisms: Vec<String>,
}

impl Authentication {
    /// The body of an `Authentication…` message.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        let mut mechanisms = Vec::new();
        let method = match reader.u32()? {
            0 => "trust",
            2 => "kerberos",
            3 => "password",
            5 => {
                let _salt = reader.u32()?;
                "md5"
            }
            6 => "scm",
            7 => "gss",
            9 => "sspi",
            10 => {
                loop {
                    let name = reader.until(0)?;
                    if name.is_empty() {
                        break;
                    }
                    if !name.iter().all(u8::is_ascii_graphic) {
                        return Err(Short);
                    }
                    mechanisms.push(text(name));
                }
                match mechanisms.as_slice() {
                    [] => return Err(Short),
                    [first, ..] if first.starts_with("SCRAM-SHA-256") => "scram-sha-256",
                    [only] if only == "OAUTHBEARER" => "oauth",
                    _ => "sasl",
                }
            }
            _ => return Err(Short),
        };
        if reader.is_empty() { Ok(Self { method, mechanisms }) } else { Err(Short) }
    }
}

/// An `ErrorResponse`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    /// SQLSTATE: five letters or digits.
    pub(crate) code: String,
    pub(crate) message: String,
    /// Where in the server's source it was raised. Empty where that is not told.
    pub(crate) file: String,
    pub(crate) line: String,
    pub(crate) routine: String,
}

impl Failure {
    /// The body of an `ErrorResponse`.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        let mut failure = Self::default();
        loop {
            let kind = reader.u8()?;
            if kind == 0 {
                break;
            }
            let value = text(reader.until(0)?);
            match kind {
                b'C' => failure.code = value,
                b'M' => failure.message = value,
                b'F' => failure.file = value,
                b'L' => failure.line = value,
                b'R' => failure.routine = value,
                kind if kind.is_ascii_alphabetic() => {}
                _ => return Err(Short),
            }
        }
        let is_code = failure.code.len() == 5
            && failure.code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if is_code && !failure.message.is_empty() { Ok(failure) } else { Err(Short) }
    }

    /// The protocols that a server supports, from what it says of one that it does not.
    pub(crate) fn supported(&self) -> Option<(&str, &str)> {
        const ASKED: &str = "255.0";
        let is_version = |text: &str| text.len() <= 8 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        // "unsupported frontend protocol 255.0: server supports 3.0 to 3.0", in the server's language.
        let (_, rest) = self.message.split_once(ASKED)?;
        let mut versions = rest
            .split([' ', ',', ';'])
            .map(|word| word.trim_end_matches('.'))
            .filter(|word| word.contains('.') && is_version(word));
        let (first, last) = (versions.next()?, versions.next()?);
        (self.code == "0A000").then_some((first, last))
    }
}

/// Name and value of a `ParameterStatus`.
pub(crate) fn parameter(body: &[u8]) -> Option<(String, String)> {
    let mut reader = Reader::new(body);
    Some((text(reader.until(0).ok()?), text(reader.until(0).ok()?)))
}
