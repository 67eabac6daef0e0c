//! Records and handshake messages of TLS, as far as they are not encrypted.

use std::net::IpAddr;

use portprint_plugin_sdk::{Reader, Short, text};

use crate::cipher;

/// Type, version and length of a record.
pub(crate) const RECORD_HEAD: usize = 5;

/// What a record holds.
mod content {
    pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
    pub(super) const ALERT: u8 = 21;
    pub(super) const HANDSHAKE: u8 = 22;
    pub(super) const APPLICATION_DATA: u8 = 23;
}

/// Types of handshake messages.
mod message {
    pub(super) const CLIENT_HELLO: u8 = 1;
    pub(super) const SERVER_HELLO: u8 = 2;
    pub(super) const CERTIFICATE: u8 = 11;
    pub(super) const SERVER_KEY_EXCHANGE: u8 = 12;
    pub(super) const CERTIFICATE_REQUEST: u8 = 13;
    pub(super) const SERVER_HELLO_DONE: u8 = 14;
    pub(super) const CERTIFICATE_STATUS: u8 = 22;
}

mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const SUPPORTED_GROUPS: u16 = 10;
    pub(super) const EC_POINT_FORMATS: u16 = 11;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const PADDING: u16 = 21;
    pub(super) const EXTENDED_MASTER_SECRET: u16 = 23;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
    pub(super) const PSK_KEY_EXCHANGE_MODES: u16 = 45;
    pub(super) const KEY_SHARE: u16 = 51;
    pub(super) const RENEGOTIATION_INFO: u16 = 0xff01;
}

pub(crate) mod alert {
    pub(crate) const CLOSE_NOTIFY: u8 = 0;
    pub(crate) const NO_APPLICATION_PROTOCOL: u8 = 120;
}

const X25519: u16 = 0x001d;

/// Groups for key exchanges, by IANA's names. The first are preferred.
const GROUPS: [(u16, &str); 11] = [
    (X25519, "x25519"),
    (0x0017, "secp256r1"),
    (0x0018, "secp384r1"),
    (0x0019, "secp521r1"),
    (0x001e, "x448"),
    (0x11ec, "X25519MLKEM768"),
    (0x0100, "ffdhe2048"),
    (0x0101, "ffdhe3072"),
    (0x0102, "ffdhe4096"),
    (0x001a, "brainpoolP256r1"),
    (0x0016, "secp256k1"),
];

pub(crate) fn group_name(code: u16) -> Option<&'static str> {
    cipher::name(&GROUPS, code)
}

/// ECDSA, RSA-PSS, EdDSA, RSA with PKCS #1, and what is old: SHA-1, DSA.
const SIGNATURES: [u16; 16] = [
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0807, 0x0808, 0x0809, 0x0401, 0x0501, 0x0601, 0x0402, 0x0203,
    0x0201, 0x0202,
];

/// A version of the protocol. The older, the less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    Ssl30,
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

impl Version {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ssl30 => "SSLv3",
            Self::Tls10 => "TLSv1.0",
            Self::Tls11 => "TLSv1.1",
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }

    /// The detail that holds the cipher suite which was chosen.
    pub(crate) fn cipher_key(self) -> &'static str {
        match self {
            Self::Ssl30 => "cipher_sslv3",
            Self::Tls10 => "cipher_tlsv1_0",
            Self::Tls11 => "cipher_tlsv1_1",
            Self::Tls12 => "cipher_tlsv1_2",
            Self::Tls13 => "cipher_tlsv1_3",
        }
    }

    fn code(self) -> u16 {
        match self {
            Self::Ssl30 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }

    /// What stands where versions stood before TLS 1.3.
    fn legacy_code(self) -> u16 {
        self.min(Self::Tls12).code()
    }

    fn suites(self) -> &'static [(u16, &'static str)] {
        if self == Self::Tls13 { cipher::NEW } else { cipher::OLD }
    }
}

/// The host as a name to ask for. There is none for an address.
pub(crate) fn server_name(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.');
    let is_name = matches!(host.len(), 1..=253) && host.is_ascii() && host.parse::<IpAddr>().is_err();
    is_name.then(|| host.to_owned())
}

/// A `ClientHello` for one version alone.
#[derive(Debug)]
pub(crate) struct Hello {
    pub(crate) version: Version,
    pub(crate) random: [u8; 32],
    pub(crate) session: [u8; 32],
    pub(crate) share: [u8; 32],
    pub(crate) host: Option<String>,
    pub(crate) applications: &'static [&'static str],
}

impl Hello {
    /// The record that it is sent in.
    pub(crate) fn record(&self) -> Vec<u8> {
        let is_new = self.version == Version::Tls13;
        let mut body = self.version.legacy_code().to_be_bytes().to_vec();
        body.extend_from_slice(&self.random);
        list8(&mut body, |list| {
            if is_new {
                list.extend_from_slice(&self.session);
            }
        });
        list16(&mut body, |list| {
            let codes = self.version.suites().iter().map(|&(code, _)| code);
            let renegotiation = (!is_new).then_some(cipher::RENEGOTIATION);
            list.extend(codes.chain(renegotiation).flat_map(u16::to_be_bytes));
        });
        // Compression: DEFLATE, or none.
        body.extend_from_slice(if is_new { &[1, 0] } else { &[2, 1, 0] });
        if self.version != Version::Ssl30 {
            let extensions = self.extensions(body.len());
            list16(&mut body, |list| list.extend(extensions));
        }
        let mut message = vec![message::CLIENT_HELLO];
        message.extend_from_slice(&u32::try_from(body.len()).unwrap_or(0).to_be_bytes()[1..]);
        message.extend_from_slice(&body);
        let mut record = vec![content::HANDSHAKE];
        record.extend_from_slice(&self.version.min(Version::Tls10).code().to_be_bytes());
        list16(&mut record, |list| list.extend(message));
        record
    }

    fn extensions(&self, before: usize) -> Vec<u8> {
        let mut all = Vec::new();
        if let Some(host) = &self.host {
            extension(&mut all, extension::SERVER_NAME, |to| {
                list16(to, |list| {
                    list.push(0);
                    list16(list, |name| name.extend_from_slice(host.as_bytes()));
                });
            });
        }
        extension(&mut all, extension::SUPPORTED_GROUPS, |to| {
            list16(to, |list| list.extend(GROUPS.iter().flat_map(|(code, _)| code.to_be_bytes())));
        });
        if self.version < Version::Tls13 {
            extension(&mut all, extension::EC_POINT_FORMATS, |to| list8(to, |list| list.push(0)));
            extension(&mut all, extension::EXTENDED_MASTER_SECRET, |_| {});
        }
        if self.version >= Version::Tls12 {
            extension(&mut all, extension::SIGNATURE_ALGORITHMS, |to| {
                list16(to, |list| list.extend(SIGNATURES.into_iter().flat_map(u16::to_be_bytes)));
            });
        }
        if !self.applications.is_empty() {
            extension(&mut all, extension::ALPN, |to| {
                list16(to, |list| {
                    for name in self.applications {
                        list8(list, |to| to.extend_from_slice(name.as_bytes()));
                    }
                });
            });
        }
        if self.version == Version::Tls13 {
            extension(&mut all, extension::SUPPORTED_VERSIONS, |to| {
                list8(to, |list| list.extend(self.version.code().to_be_bytes()));
            });
            extension(&mut all, extension::PSK_KEY_EXCHANGE_MODES, |to| list8(to, |list| list.push(1)));
            extension(&mut all, extension::KEY_SHARE, |to| {
                list16(to, |list| {
                    list.extend(X25519.to_be_bytes());
                    list16(list, |share| share.extend_from_slice(&self.share));
                });
            });
        }
        // RFC 7685: there are servers that hang when the message has 256 to 511 bytes.
        const MESSAGE: usize = 512;
        let length = 4 + before + 2 + all.len();
        if (256..MESSAGE).contains(&length) {
            let padding = (MESSAGE - length).saturating_sub(4);
            extension(&mut all, extension::PADDING, |to| to.resize(padding, 0));
        }
        all
    }
}

/// What a server answers to a `ClientHello`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerHello {
    pub(crate) version: Version,
    cipher: u16,
    pub(crate) compression: u8,
    pub(crate) application: Option<String>,
    pub(crate) secure_renegotiation: bool,
    pub(crate) extended_master_secret: bool,
    pub(crate) group: Option<u16>,
    pub(crate) asks_for_certificate: Option<bool>,
}

impl ServerHello {
    pub(crate) fn cipher_name(&self) -> &'static str {
        cipher::name(self.version.suites(), self.cipher).unwrap_or_default()
    }

    /// From the body of its message. What was not asked for is no answer.
    fn read(body: &[u8], asked: &Hello) -> Result<Self, Short> {
        let mut reader = Reader::new(body);
        let legacy = reader.u16()?;
        let mut version = match legacy {
            0x0300 => Version::Ssl30,
            0x0301 => Version::Tls10,
            0x0302 => Version::Tls11,
            0x0303 => Version::Tls12,
            _ => return Err(Short),
        };
        reader.skip(32)?;
        let length = reader.u8()?;
        let session = reader.bytes(usize::from(length))?;
        if length > 32 {
            return Err(Short);
        }
        let mut hello = Self {
            version,
            cipher: reader.u16()?,
            compression: reader.u8()?,
            application: None,
            secure_renegotiation: false,
            extended_master_secret: false,
            group: None,
            asks_for_certificate: None,
        };
        if !reader.is_empty() {
            let length = reader.u16()?;
            let mut extensions = reader.part(usize::from(length))?;
            while !extensions.is_empty() {
                let kind = extensions.u16()?;
                let length = extensions.u16()?;
                let mut extension = extensions.part(usize::from(length))?;
                match kind {
                    extension::SUPPORTED_VERSIONS if extension.u16()? == Version::Tls13.code() => {
                        version = Version::Tls13;
                    }
                    extension::KEY_SHARE => hello.group = Some(extension.u16()?),
                    extension::ALPN => {
                        extension.u16()?;
                        let length = extension.u8()?;
                        hello.application = Some(text(extension.bytes(usize::from(length))?));
                    }
                    extension::EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
                    extension::RENEGOTIATION_INFO => hello.secure_renegotiation = true,
                    _ => {}
                }
            }
        }
        hello.version = version;
        let is_answer = version <= asked.version
            && reader.is_empty()
            && hello.compression <= 1
            && (version < Version::Tls13 || session == asked.session)
            && cipher::name(version.suites(), hello.cipher).is_some();
        if is_answer { Ok(hello) } else { Err(Short) }
    }
}

/// Why a server does not want to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alert {
    pub(crate) is_fatal: bool,
    pub(crate) description: u8,
}

impl Alert {
    fn read(payload: &[u8]) -> Result<Self, Short> {
        let &[level @ 1..=2, description] = payload else { return Err(Short) };
        let alert = Self { is_fatal: level == 2, description };
        if alert.name().is_some() { Ok(alert) } else { Err(Short) }
    }

    /// By IANA's name.
    pub(crate) fn name(self) -> Option<&'static str> {
        Some(match self.description {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            21 => "decryption_failed",
            22 => "record_overflow",
            30 => "decompression_failure",
            40 => "handshake_failure",
            41 => "no_certificate",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            44 => "certificate_revoked",
            45 => "certificate_expired",
            46 => "certificate_unknown",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            60 => "export_restriction",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            100 => "no_renegotiation",
            109 => "missing_extension",
            110 => "unsupported_extension",
            111 => "certificate_unobtainable",
            112 => "unrecognized_name",
            113 => "bad_certificate_status_response",
            114 => "bad_certificate_hash_value",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            _ => return None,
        })
    }
}

/// Type and length of a record.
pub(crate) fn record_head(head: &[u8]) -> Result<(u8, usize), Short> {
    const MOST: u16 = 16 * 1024 + 2048;
    let mut reader = Reader::new(head);
    let kind = reader.u8()?;
    let [major, minor] = reader.array()?;
    let length = reader.u16()?;
    let is_record = matches!(kind, content::CHANGE_CIPHER_SPEC..=content::APPLICATION_DATA)
        && major == 3
        && minor <= 4
        && matches!(length, 1..=MOST);
    if is_record { Ok((kind, length.into())) } else { Err(Short) }
}

/// Where a server's first flight has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Alert(Alert),
    Done,
}

/// A server's messages until it waits for the client.
#[derive(Debug)]
pub(crate) struct ServerFlight<'a> {
    asked: &'a Hello,
    messages: Vec<u8>,
    pub(crate) hello: Option<ServerHello>,
}

impl<'a> ServerFlight<'a> {
    pub(crate) fn new(asked: &'a Hello) -> Self {
        Self { asked, messages: Vec::new(), hello: None }
    }

    /// Takes in a record. Nothing while there is more to come.
    pub(crate) fn take(&mut self, kind: u8, payload: &[u8]) -> Result<Option<Answer>, Short> {
        match kind {
            content::ALERT => {
                let alert = Alert::read(payload)?;
                let is_last = alert.is_fatal || alert.description == alert::CLOSE_NOTIFY;
                Ok(is_last.then_some(Answer::Alert(alert)))
            }
            content::HANDSHAKE => {
                self.messages.extend_from_slice(payload);
                self.messages_come()
            }
            // After a hello of TLS 1.3 nothing more is readable.
            _ => Err(Short),
        }
    }

    fn messages_come(&mut self) -> Result<Option<Answer>, Short> {
        let messages = std::mem::take(&mut self.messages);
        let mut reader = Reader::new(&messages);
        loop {
            let start = reader.rest();
            let Ok((kind, body)) = one_message(&mut reader) else {
                // What is no hello must not be waited for.
                let is_possible = self.hello.is_some() || matches!(start.first(), None | Some(&message::SERVER_HELLO));
                self.messages = start.to_vec();
                return if is_possible { Ok(None) } else { Err(Short) };
            };
            match (kind, &mut self.hello) {
                (message::SERVER_HELLO, hello @ None) => {
                    let is_new = hello.insert(ServerHello::read(body, self.asked)?).version == Version::Tls13;
                    if is_new {
                        return Ok(Some(Answer::Done));
                    }
                }
                (message::CERTIFICATE | message::CERTIFICATE_STATUS, Some(_)) => {}
                (message::SERVER_KEY_EXCHANGE, Some(hello)) => hello.group = named_curve(hello.cipher_name(), body),
                (message::CERTIFICATE_REQUEST, Some(hello)) => hello.asks_for_certificate = Some(true),
                (message::SERVER_HELLO_DONE, Some(hello)) => {
                    hello.asks_for_certificate.get_or_insert(false);
                    return Ok(Some(Answer::Done));
                }
                _ => return Err(Short),
            }
        }
    }
}

fn one_message<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Short> {
    let mut ahead = *reader;
    let kind = ahead.u8()?;
    let length = ahead.u24()?;
    let body = ahead.bytes(usize::try_from(length).map_err(|_| Short)?)?;
    *reader = ahead;
    Ok((kind, body))
}

/// The curve in a `ServerKeyExchange`.
fn named_curve(cipher: &str, body: &[u8]) -> Option<u16> {
    const NAMED_CURVE: u8 = 3;
    let mut reader = Reader::new(body);
    let is_curve = cipher.starts_with("TLS_ECDHE_") && !cipher.contains("_PSK_") && reader.u8() == Ok(NAMED_CURVE);
    reader.u16().ok().filter(|_| is_curve)
}

fn list8(to: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut list = Vec::new();
    fill(&mut list);
    to.push(u8::try_from(list.len()).unwrap_or(0));
    to.extend(list);
}

fn list16(to: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut list = Vec::new();
    fill(&mut list);
    to.extend_from_slice(&u16::try_from(list.len()).unwrap_or(0).to_be_bytes());
    to.extend(list);
}

fn extension(to: &mut Vec<u8>, kind: u16, fill: impl FnOnce(&mut Vec<u8>)) {
    to.extend_from_slice(&kind.to_be_bytes());
    list16(to, fill);
}
