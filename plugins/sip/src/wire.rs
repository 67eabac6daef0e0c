//! Messages of SIP.

use portprint_plugin_sdk::{Short, text};

/// What a request is answered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) number: u16,
}

/// An OPTIONS request for a host.
pub(crate) fn options(call: &Call, transport: &str, host: &str) -> Vec<u8> {
    let Call { id, number } = call;
    // Names below "invalid" are nobody's. The branch begins as the standard wants it.
    format!(
        "OPTIONS sip:{host} SIP/2.0\r\n\
         Via: SIP/2.0/{transport} portprint.invalid;branch=z9hG4bK{id};rport\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:portprint@portprint.invalid>;tag={id}\r\n\
         To: <sip:{host}>\r\n\
         Call-ID: {id}\r\n\
         CSeq: {number} OPTIONS\r\n\
         Contact: <sip:portprint@portprint.invalid>\r\n\
         Accept: application/sdp\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// Names in lower case, and values.
    headers: Vec<(String, String)>,
}

impl Answer {
    /// The answer to this call.
    pub(crate) fn read(bytes: &[u8], call: &Call) -> Result<Self, Short> {
        let said = String::from_utf8_lossy(bytes);
        let mut lines = said.split("\r\n");
        let first = lines.next().and_then(|first| first.strip_prefix("SIP/2.0 ")).ok_or(Short)?;
        let (status, reason) = first.split_once(' ').unwrap_or((first, ""));
        let is_number = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
        let status = status.parse().ok().filter(|status| is_number && (100..700).contains(status)).ok_or(Short)?;
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                let (_, value) = headers.last_mut().ok_or(Short)?;
                value.push(' ');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(Short)?;
            headers.push((name.trim().to_ascii_lowercase(), text(value.as_bytes())));
        }
        let answer = Self { status, reason: reason.trim().into(), headers };
        let is_call = answer.header("call-id").or_else(|| answer.header("i")) == Some(call.id.as_str());
        let mut sequence = answer.header("cseq").unwrap_or_default().split_whitespace();
        let is_request = sequence.next().and_then(|number| number.parse().ok()) == Some(call.number)
            && sequence.next() == Some("OPTIONS");
        if is_call && is_request { Ok(answer) } else { Err(Short) }
    }

    /// The first value of a header.
    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    /// All values of a header whose values may stand in a row.
    pub(crate) fn list(&self, wanted: &str) -> impl Iterator<Item = &str> {
        let values = self.headers.iter().filter(move |(name, _)| name == wanted);
        values.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|value| !value.is_empty())
    }
}

/// Scheme and realm of a challenge: `Digest realm="example.org", nonce="…"`.
pub(crate) fn challenge(value: &str) -> Option<(String, String)> {
    let (scheme, parameters) = value.trim().split_once(' ')?;
    let at = parameters.to_ascii_lowercase().find("realm=\"")?;
    let realm = parameters.get(at + "realm=\"".len()..)?.split('"').next()?;
    Some((scheme.to_ascii_lowercase(), realm.into()))
}

/// Software, its version and the rest: `kamailio (5.6.3 (x86_64/linux))`, `Asterisk PBX 18.10.0~dfsg`, `snom320/8.7.5.35`.
pub(crate) fn software(text: &str) -> (&str, &str, &str) {
    for (at, separator) in text.char_indices().filter(|&(at, c)| at > 0 && matches!(c, ' ' | '-' | '/' | '(')) {
        let after = &text[at + separator.len_utf8()..];
        let after = after.strip_prefix(['v', 'V']).unwrap_or(after);
        let digits = after.chars().take_while(char::is_ascii_digit).count();
        let is_version = digits > 0 && after[digits..].starts_with('.');
        if is_version {
            let end = after.find([' ', '(', ')', ';']).unwrap_or(after.len());
            let (version, rest) = after.split_at(end);
            let name = text[..at].trim_end_matches([' ', '(', '-', '/']);
            return (name, version, rest.trim_matches([' ', '(', ')', ';']));
        }
    }
    (text, "", "")
}
