//! Messages of DNS.

use portprint_plugin_sdk::{Reader, Short, text};

/// How long a header is.
pub(crate) const HEADER: usize = 12;
/// More than the answers to these questions.
pub(crate) const MOST: usize = 16 * 1024;

const TXT: u16 = 16;
const NS: u16 = 2;
const OPT: u16 = 41;
const RRSIG: u16 = 46;
const NSID: u16 = 3;

const IN: u16 = 1;
const CHAOS: u16 = 3;

const RECURSION_DESIRED: u16 = 0x0100;
/// Of the flags in OPT.
const DNSSEC_OK: u32 = 0x8000;

const NO_ERROR: u16 = 0;
pub(crate) const REFUSED: u16 = 5;

/// A question and the message that asks it.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    id: u16,
    /// Name, type and class as they are sent.
    section: Vec<u8>,
    pub(crate) message: Vec<u8>,
}

impl Question {
    /// A text of class CHAOS. The labels are short.
    pub(crate) fn chaos(id: [u8; 2], labels: [&str; 2]) -> Self {
        let mut section = Vec::new();
        for label in labels {
            section.push(u8::try_from(label.len()).unwrap_or_default());
            section.extend_from_slice(label.as_bytes());
        }
        section.push(0);
        Self::new(id, section, TXT, CHAOS, 0)
    }

    /// The name servers of the root, with recursion, EDNS, DNSSEC OK and NSID.
    pub(crate) fn root(id: [u8; 2]) -> Self {
        let mut question = Self::new(id, vec![0], NS, IN, RECURSION_DESIRED);
        // What is additional is one record: root, OPT, 1232 bytes may come over UDP, version 0, DO, 4 bytes of options.
        if let Some(count) = question.message.get_mut(11) {
            *count = 1;
        }
        question.message.extend_from_slice(&[0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 4, 0, 3, 0, 0]);
        question
    }

    fn new(id: [u8; 2], mut section: Vec<u8>, kind: u16, class: u16, flags: u16) -> Self {
        section.extend_from_slice(&kind.to_be_bytes());
        section.extend_from_slice(&class.to_be_bytes());
        let mut message = id.to_vec();
        message.extend_from_slice(&flags.to_be_bytes());
        message.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
        message.extend_from_slice(&section);
        Self { id: u16::from_be_bytes(id), section, message }
    }
}

/// What the header of an answer says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) flags: u16,
    counts: [u16; 4],
}

impl Header {
    /// The header of an answer to this question.
    pub(crate) fn read(bytes: &[u8], question: &Question) -> Result<Self, Short> {
        const RESPONSE: u16 = 0x8000;
        const OPERATION: u16 = 0x7800;
        const ZERO: u16 = 0x0040;
        let mut reader = Reader::new(bytes);
        let id = reader.u16()?;
        let flags = reader.u16()?;
        let counts = [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?];
        let is_answer = id == question.id && flags & (RESPONSE | OPERATION | ZERO) == RESPONSE && counts[0] <= 1;
        if is_answer { Ok(Self { flags, counts }) } else { Err(Short) }
    }

    pub(crate) fn code(self) -> u16 {
        self.flags & 0xf
    }

    pub(crate) fn is_recursive(self) -> bool {
        self.flags & 0x0080 != 0
    }

    pub(crate) fn is_authentic(self) -> bool {
        self.flags & 0x0020 != 0
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) header: Header,
    /// It says the question again; without that it is hardly more than a number.
    pub(crate) has_question: bool,
    /// The first text in it.
    pub(crate) text: Option<String>,
    /// How many records answer.
    pub(crate) answers: u16,
    /// There are signatures among them.
    pub(crate) has_signature: bool,
    pub(crate) edns: Option<Edns>,
}

/// What OPT says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Edns {
    pub(crate) version: u8,
    /// How many bytes may be sent over UDP.
    pub(crate) size: u16,
    pub(crate) dnssec_ok: bool,
    pub(crate) nsid: Option<Vec<u8>>,
}

impl Answer {
    /// A whole message. What comes after the question may be cut off.
    pub(crate) fn read(bytes: &[u8], question: &Question) -> Result<Self, Short> {
        let header = Header::read(bytes, question)?;
        let mut reader = Reader::new(bytes);
        reader.skip(HEADER)?;
        let has_question = header.counts[0] == 1;
        if has_question {
            if !reader.bytes(question.section.len())?.eq_ignore_ascii_case(&question.section) {
                return Err(Short);
            }
        } else if header.code() == NO_ERROR || header.counts[1] != 0 {
            return Err(Short);
        }
        let answers = header.counts[1];
        let mut answer = Self { header, has_question, text: None, answers, has_signature: false, edns: None };
        let all = header.counts[1..].iter().fold(0, |all: u32, &count| all + u32::from(count));
        for number in 0..all {
            match Record::read(&mut reader) {
                Ok(record) => answer.take(&record),
                // Every answer has a record that can be read, or none.
                Err(Short) if number == 0 => return Err(Short),
                Err(Short) => break,
            }
        }
        Ok(answer)
    }

    fn take(&mut self, record: &Record) {
        match record.kind {
            TXT if self.text.is_none() => self.text = texts(record.value).ok(),
            RRSIG => self.has_signature = true,
            OPT => self.edns = Edns::read(record).ok(),
            _ => {}
        }
    }
}

/// A record. Whose it is does not matter here.
struct Record<'a> {
    kind: u16,
    class: u16,
    ttl: u32,
    value: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Short> {
        loop {
            match reader.u8()? {
                0 => break,
                length @ 1..=63 => reader.skip(length.into())?,
                // The rest of the name stands elsewhere.
                192.. => {
                    reader.skip(1)?;
                    break;
                }
                _ => return Err(Short),
            }
        }
        let (kind, class, ttl, length) = (reader.u16()?, reader.u16()?, reader.u32()?, reader.u16()?);
        Ok(Self { kind, class, ttl, value: reader.bytes(length.into())? })
    }
}

impl Edns {
    fn read(record: &Record) -> Result<Self, Short> {
        let [_, version, ..] = record.ttl.to_be_bytes();
        let mut edns = Self { version, size: record.class, dnssec_ok: record.ttl & DNSSEC_OK != 0, nsid: None };
        let mut reader = Reader::new(record.value);
        while !reader.is_empty() {
            let (option, length) = (reader.u16()?, reader.u16()?);
            let value = reader.bytes(length.into())?;
            if option == NSID && !value.is_empty() {
                edns.nsid = Some(value.to_vec());
            }
        }
        Ok(edns)
    }
}

/// The strings of a TXT record, as one.
fn texts(value: &[u8]) -> Result<String, Short> {
    let mut reader = Reader::new(value);
    let mut all = Vec::new();
    while !reader.is_empty() {
        let length = reader.u8()?;
        all.extend_from_slice(reader.bytes(length.into())?);
    }
    Ok(text(&all))
}

/// The name of an error.
pub(crate) fn code_name(code: u16) -> String {
    match code {
        NO_ERROR => "NOERROR".into(),
        1 => "FORMERR".into(),
        2 => "SERVFAIL".into(),
        3 => "NXDOMAIN".into(),
        4 => "NOTIMP".into(),
        REFUSED => "REFUSED".into(),
        9 => "NOTAUTH".into(),
        _ => code.to_string(),
    }
}
