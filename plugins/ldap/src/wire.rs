//! LDAP's messages, in BER.

use portprint_plugin_sdk::{Reader, Short, text};

/// The longest message that is read.
pub(crate) const MOST_BYTES: usize = 256 * 1024;
/// The most attributes, and the most values of each, that are looked at.
const MOST: usize = 128;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x78;
const INTERMEDIATE: u8 = 0x79;

/// What is asked for: everything, and everything operational; and by name what servers show that know neither. The message stays shorter
/// than 128 bytes with it: there are servers that break at a length of two bytes.
const ATTRIBUTES: [&str; 6] = ["*", "+", "namingContexts", "supportedSASLMechanisms", "vendorName", "vendorVersion"];

/// An element with this tag. All that are sent are short.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag, u8::try_from(content.len()).unwrap_or(u8::MAX)];
    element.extend_from_slice(content);
    element
}

fn message(id: u32, operation: &[u8]) -> Vec<u8> {
    let mut content = element(INTEGER, &id.to_be_bytes());
    content.extend_from_slice(operation);
    element(SEQUENCE, &content)
}

/// A search for the root entry.
pub(crate) fn search(id: u32) -> Vec<u8> {
    const PRESENT: u8 = 0x87;
    let attributes: Vec<u8> = ATTRIBUTES.iter().flat_map(|name| element(STRING, name.as_bytes())).collect();
    let content = [
        element(STRING, b""),
        // The entry itself, without following aliases, as long and as much as it takes, with values.
        element(ENUMERATED, &[0]),
        element(ENUMERATED, &[0]),
        element(INTEGER, &[0]),
        element(INTEGER, &[0]),
        element(BOOLEAN, &[0]),
        element(PRESENT, b"objectClass"),
        element(SEQUENCE, &attributes),
    ];
    message(id, &element(SEARCH, &content.concat()))
}

/// Goodbye.
pub(crate) fn unbind(id: u32) -> Vec<u8> {
    message(id, &element(UNBIND, b""))
}

/// The lengths of a message's head and of its content, by its first bytes: more of them are needed if there is nothing yet.
pub(crate) fn lengths(head: &[u8]) -> Result<Option<(usize, usize)>, Short> {
    let mut reader = Reader::new(head);
    match reader.u8() {
        Ok(SEQUENCE) => {}
        Ok(_) => return Err(Short),
        Err(Short) => return Ok(None),
    }
    let before = reader.len();
    match length(&mut reader) {
        Ok(content) if (7..=MOST_BYTES).contains(&content) => Ok(Some((1 + before - reader.len(), content))),
        Ok(_) => Err(Short),
        Err(Short) if before < 5 && head.get(1).is_none_or(|&first| matches!(first, 0x81..=0x84)) => Ok(None),
        Err(Short) => Err(Short),
    }
}

/// A length in its short form, or in the long one with up to four bytes.
fn length(reader: &mut Reader) -> Result<usize, Short> {
    let first = reader.u8()?;
    if first < 0x80 {
        return Ok(first.into());
    }
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) {
        return Err(Short);
    }
    let bytes = reader.bytes(count)?;
    let length = bytes.iter().fold(0_u32, |length, &byte| length << 8 | u32::from(byte));
    usize::try_from(length).map_err(|_| Short)
}

/// The next element: its tag and its content.
fn next<'a>(reader: &mut Reader<'a>) -> Result<(u8, Reader<'a>), Short> {
    let tag = reader.u8()?;
    let length = length(reader)?;
    Ok((tag, reader.part(length)?))
}

/// The content of the next element, which has this tag.
fn expect<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Reader<'a>, Short> {
    let (is, content) = next(reader)?;
    if is == tag { Ok(content) } else { Err(Short) }
}

fn integer(content: Reader) -> Result<u32, Short> {
    let bytes = content.rest();
    if !(1..=5).contains(&bytes.len()) || bytes.first().is_some_and(|&first| first >= 0x80) {
        return Err(Short);
    }
    let value = bytes.iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    u32::try_from(value).map_err(|_| Short)
}

/// An attribute and its values.
pub(crate) type Attribute = (String, Vec<String>);

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Entry(Vec<Attribute>),
    /// The search is over.
    Done(Outcome),
    /// The server hangs up.
    Disconnection(Outcome),
    /// Something else that may come in a search.
    Other,
}

/// How an operation went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: u32,
    /// For people.
    pub(crate) message: String,
}

impl Answer {
    /// A message, and all of it, that answers the one with this number.
    pub(crate) fn read(reader: &mut Reader, asked: u32) -> Result<Self, Short> {
        const DISCONNECTION: &[u8] = b"1.3.6.1.4.1.1466.20036";
        const RESPONSE_NAME: u8 = 0x8a;
        let mut message = expect(reader, SEQUENCE)?;
        let id = integer(expect(&mut message, INTEGER)?)?;
        let (operation, mut content) = next(&mut message)?;
        if operation == EXTENDED && id == 0 {
            let outcome = Outcome::read(&mut content)?;
            while let Ok((tag, name)) = next(&mut content) {
                if tag == RESPONSE_NAME && name.rest() == DISCONNECTION {
                    return Ok(Self::Disconnection(outcome));
                }
            }
            return Err(Short);
        }
        if id != asked {
            return Err(Short);
        }
        match operation {
            ENTRY => {
                // Whose name the root entry has.
                expect(&mut content, STRING)?;
                let mut attributes = expect(&mut content, SEQUENCE)?;
                if !content.is_empty() {
                    return Err(Short);
                }
                let mut entry = Vec::new();
                while !attributes.is_empty() && entry.len() < MOST {
                    entry.push(attribute(&mut expect(&mut attributes, SEQUENCE)?)?);
                }
                Ok(Self::Entry(entry))
            }
            DONE => Outcome::read(&mut content).map(Self::Done),
            REFERENCE | INTERMEDIATE => Ok(Self::Other),
            _ => Err(Short),
        }
    }
}

impl Outcome {
    fn read(content: &mut Reader) -> Result<Self, Short> {
        let code = integer(expect(content, ENUMERATED)?)?;
        expect(content, STRING)?;
        let message = text(expect(content, STRING)?.rest());
        Ok(Self { code, message })
    }
}

fn attribute(content: &mut Reader) -> Result<Attribute, Short> {
    let name = text(expect(content, STRING)?.rest());
    let mut all = expect(content, SET)?;
    let mut values = Vec::new();
    while !all.is_empty() && values.len() < MOST {
        values.push(text(expect(&mut all, STRING)?.rest()));
    }
    Ok((name, values))
}
