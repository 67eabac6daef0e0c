//! Messages of CoAP, and the link format.

use portprint_plugin_sdk::{Reader, Short, text};

/// What an answer is matched by.
pub(crate) type Token = [u8; 8];

const CONFIRMABLE: u8 = 0;
const ACKNOWLEDGEMENT: u8 = 2;
const RESET: u8 = 3;

const URI_PATH: u32 = 11;
const CONTENT_FORMAT: u32 = 12;
const ECHO: u32 = 252;

/// Of content: links.
pub(crate) const LINKS: u32 = 40;

/// A GET of `/.well-known/core`, with what the server wants to see again.
pub(crate) fn get(number: [u8; 2], token: Token, echo: &[u8]) -> Vec<u8> {
    // Version 1, confirmable, a token of 8 bytes; GET.
    let mut message = vec![0x48, 1];
    message.extend_from_slice(&number);
    message.extend_from_slice(&token);
    message.extend_from_slice(b"\xbb.well-known\x04core");
    if !echo.is_empty() {
        // 241 further than Uri-Path, which is 228 more than 13. The value is of 40 bytes at most.
        let length = u8::try_from(echo.len()).unwrap_or_default();
        let (short, long) = if length < 13 { (length, None) } else { (13, Some(length - 13)) };
        message.extend_from_slice(&[0xd0 | short, 228]);
        message.extend(long);
        message.extend_from_slice(echo);
    }
    message
}

/// That a message has come.
pub(crate) fn acknowledgement(number: [u8; 2]) -> Vec<u8> {
    vec![0x60, 0, number[0], number[1]]
}

/// An answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// It wants to be acknowledged.
    pub(crate) is_confirmable: bool,
    pub(crate) number: [u8; 2],
    /// Class and detail: 2.05. 0.00 is no answer yet, or a refusal to say more.
    pub(crate) code: (u8, u8),
    pub(crate) is_reset: bool,
    pub(crate) format: Option<u32>,
    pub(crate) echo: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Answer {
    /// An answer to the request with this number and token.
    pub(crate) fn read(datagram: &[u8], number: [u8; 2], token: Token) -> Result<Self, Short> {
        let mut reader = Reader::new(datagram);
        let [first, code] = reader.array()?;
        let its: [u8; 2] = reader.array()?;
        let kind = first >> 4 & 3;
        let code = (code >> 5, code & 0x1f);
        let mut answer = Self { is_confirmable: kind == CONFIRMABLE, number: its, code, ..Self::default() };
        answer.is_reset = kind == RESET;
        if first >> 6 != 1 || (kind >= ACKNOWLEDGEMENT && its != number) {
            return Err(Short);
        }
        if code == (0, 0) {
            // Empty: nothing may follow.
            let is_empty = first & 0xf == 0 && reader.is_empty() && kind >= ACKNOWLEDGEMENT;
            return if is_empty { Ok(answer) } else { Err(Short) };
        }
        if usize::from(first & 0xf) != token.len() || reader.array()? != token {
            return Err(Short);
        }
        if !matches!(code.0, 2 | 4 | 5) || kind == RESET {
            return Err(Short);
        }
        answer.options(reader)?;
        Ok(answer)
    }

    fn options(&mut self, mut reader: Reader) -> Result<(), Short> {
        let mut option = 0_u32;
        while !reader.is_empty() {
            let head = reader.u8()?;
            if head == 0xff {
                // A payload of nothing is not allowed.
                if reader.is_empty() {
                    return Err(Short);
                }
                self.payload = reader.rest().to_vec();
                return Ok(());
            }
            option = option.saturating_add(extended(&mut reader, head >> 4)?);
            let length = extended(&mut reader, head & 0xf)?;
            let value = reader.bytes(usize::try_from(length).map_err(|_| Short)?)?;
            match option {
                CONTENT_FORMAT if value.len() <= 2 => {
                    self.format = Some(value.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)));
                }
                ECHO if value.len() <= 40 => self.echo = value.to_vec(),
                // Of requests.
                URI_PATH => return Err(Short),
                _ => {}
            }
        }
        Ok(())
    }
}

fn extended(reader: &mut Reader, nibble: u8) -> Result<u32, Short> {
    Ok(match nibble {
        13 => u32::from(reader.u8()?) + 13,
        14 => u32::from(reader.u16()?) + 269,
        15 => return Err(Short),
        _ => nibble.into(),
    })
}

/// A resource: where it is, and its attributes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) target: String,
    pub(crate) kind: String,
}

/// Links, as far as they are whole: `</sensors>;rt="a b";ct=40,</time>`.
pub(crate) fn links(payload: &[u8]) -> Vec<Link> {
    let said = text(payload);
    let mut links = Vec::new();
    let mut rest = said.as_str();
    while let Some((target, after)) =
        rest.trim_start_matches([',', ' ']).strip_prefix('<').and_then(|it| it.split_once('>'))
    {
        let mut is_quoted = false;
        let end = after
            .find(|c| {
                is_quoted ^= c == '"';
                c == ',' && !is_quoted
            })
            .unwrap_or(after.len());
        let (attributes, next) = after.split_at(end);
        let kind = attributes.split(';').find_map(|attribute| attribute.trim().strip_prefix("rt="));
        links.push(Link { target: target.into(), kind: kind.unwrap_or_default().trim_matches('"').into() });
        rest = next;
    }
    links
}
