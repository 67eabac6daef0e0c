//! MySQL's X protocol: frames of Protocol Buffers' messages.

use portprint_plugin_sdk::{End, Reader, Short, Talk, text};

/// The notice with which servers greet since MySQL 8.0.16.
pub(crate) const HELLO: &[u8] = b"\x05\0\0\0\x0b\x08\x05\x1a\0";

/// Messages of a server.
pub(crate) const NOTICE: u8 = 11;
const CAPABILITIES: u8 = 2;
const ERROR: u8 = 1;

const CAPABILITIES_GET: [u8; 5] = [1, 0, 0, 0, 1];
const CONNECTION_CLOSE: [u8; 5] = [1, 0, 0, 0, 3];

/// The most that is read of a message.
const LONGEST: u32 = 16 * 1024;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if talk.read(HELLO.len()).await? != HELLO {
        return Err(End::Mismatch);
    }
    talk.send(&CAPABILITIES_GET);
    let capabilities = loop {
        match message(talk).await? {
            (NOTICE, _) => {}
            (CAPABILITIES, body) => break self::capabilities(&body)?,
            (ERROR, _) => {
                found(talk);
                return Ok(());
            }
            _ => return Err(End::Mismatch),
        }
    };
    found(talk);
    for (name, value) in capabilities {
        match (name.as_str(), value) {
            ("tls", Value::Bool(yes)) => talk.found.detail("tls_offered", yes),
            ("authentication.mechanisms", Value::Texts(mechanisms)) => {
                for mechanism in mechanisms {
                    talk.found.detail("mechanism", mechanism);
                }
            }
            _ => {}
        }
        talk.found.detail("capability", name);
    }
    talk.send(&CONNECTION_CLOSE);
    // It says goodbye, too.
    let _ = talk.read_some().await;
    Ok(())
}

fn found(talk: &mut Talk) {
    talk.found.service = "mysqlx".into();
    talk.found.product = "MySQL X protocol listener".into();
    talk.found.cpe = vec!["cpe:/a:oracle:mysql".into()];
}

async fn message(talk: &mut Talk) -> Result<(u8, Vec<u8>), End> {
    let mut head = [0; 4];
    head.copy_from_slice(&talk.read(4).await?);
    let length = u32::from_le_bytes(head);
    if !(1..=LONGEST).contains(&length) {
        return Err(End::Mismatch);
    }
    let mut message = talk.read(length as usize).await?;
    let body = message.split_off(1);
    Ok((message.first().copied().unwrap_or_default(), body))
}

/// A field of a message of Protocol Buffers.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The number of a field, and the field.
fn field<'a>(reader: &mut Reader<'a>) -> Result<(u64, Field<'a>), Short> {
    let tag = varint(reader)?;
    let field = match tag & 7 {
        0 => Field::Number(varint(reader)?),
        1 => Field::Number(reader.u64_le()?),
        2 => {
            let length = usize::try_from(varint(reader)?).map_err(|_| Short)?;
            Field::Bytes(reader.bytes(length)?)
        }
        5 => Field::Number(reader.u32_le()?.into()),
        _ => return Err(Short),
    };
    Ok((tag >> 3, field))
}

fn varint(reader: &mut Reader<'_>) -> Result<u64, Short> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = reader.u8()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Short)
}

/// What a capability is, as far as that is of interest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Bool(bool),
    Texts(Vec<String>),
    Other,
}

/// `Capabilities`, which has at least one.
pub(crate) fn capabilities(body: &[u8]) -> Result<Vec<(String, Value)>, Short> {
    let mut reader = Reader::new(body);
    let mut capabilities = Vec::new();
    while !reader.is_empty() {
        let (1, Field::Bytes(capability)) = field(&mut reader)? else { return Err(Short) };
        let mut reader = Reader::new(capability);
        let (1, Field::Bytes(name)) = field(&mut reader)? else { return Err(Short) };
        let (2, Field::Bytes(value)) = field(&mut reader)? else { return Err(Short) };
        if name.is_empty() || !name.iter().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_')) {
            return Err(Short);
        }
        capabilities.push((text(name), any(value)?));
    }
    if capabilities.is_empty() { Err(Short) } else { Ok(capabilities) }
}

/// `Any`: a type, and a scalar, an object or an array.
fn any(body: &[u8]) -> Result<Value, Short> {
    let mut reader = Reader::new(body);
    let mut value = Value::Other;
    while !reader.is_empty() {
        match field(&mut reader)? {
            (2, Field::Bytes(scalar)) => value = self::scalar(scalar)?,
            (4, Field::Bytes(array)) => {
                let mut texts = Vec::new();
                let mut reader = Reader::new(array);
                while !reader.is_empty() {
                    // One level is enough: no array of a capability has arrays in it.
                    if let (1, Field::Bytes(item)) = field(&mut reader)?
                        && let Some(text) = item_text(item)?
                    {
                        texts.push(text);
                    }
                }
                value = Value::Texts(texts);
            }
            _ => {}
        }
    }
    Ok(value)
}

/// The text in an `Any`, if it is one.
fn item_text(body: &[u8]) -> Result<Option<String>, Short> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        if let (2, Field::Bytes(scalar)) = field(&mut reader)?
            && let Value::Texts(mut texts) = self::scalar(scalar)?
        {
            return Ok(texts.pop());
        }
    }
    Ok(None)
}

/// `Scalar`: a type, and a field for each type.
fn scalar(body: &[u8]) -> Result<Value, Short> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        match field(&mut reader)? {
            (8, Field::Number(yes)) => return Ok(Value::Bool(yes != 0)),
            // Octets, and a string: what it holds, and of which kind.
            (5 | 9, Field::Bytes(body)) => {
                let (1, Field::Bytes(value)) = field(&mut Reader::new(body))? else { return Err(Short) };
                return Ok(Value::Texts(vec![text(value)]));
            }
            _ => {}
        }
    }
    Ok(Value::Other)
}
