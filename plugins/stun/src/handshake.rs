//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, ALLOCATE, Answer, BINDING, HEADER, Header, REFRESH};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if !(talk.seen().is_empty() && talk.request().is_empty()) {
        talk.reconnect().await?;
    }
    let (is_error, binding) = ask(talk, BINDING, &[]).await?;
    match &binding.error {
        None if is_error || binding.mapped.is_none() => return Err(End::Mismatch),
        Some(_) if !is_error => return Err(End::Mismatch),
        _ => {}
    }
    talk.found.service = "stun".into();
    software(talk, &binding.software);
    if let Some((code, reason)) = &binding.error {
        talk.found.detail("binding_error", format!("{code} {reason}").trim_end());
    }
    if let Some(origin) = binding.origin {
        talk.found.detail("response_origin", origin.to_string());
    }
    if let Some(other) = binding.other {
        talk.found.detail("other_address", other.to_string());
    }

    let mut relay = match ask(talk, ALLOCATE, &wire::NO_TRANSPORT).await {
        // Servers that only tell addresses need not say anything to it.
        Err(End::TimedOut | End::Eof | End::Reset) => return Ok(()),
        answer => Relay::new(&binding, answer?),
    };
    if !relay.is_certain() {
        // Some open relays only say that the request is bad.
        match ask(talk, REFRESH, &wire::NO_LIFETIME).await {
            Err(End::TimedOut | End::Eof | End::Reset) => {}
            answer => relay = Relay::new(&binding, answer?),
        }
    }
    if talk.found.product.is_empty() {
        software(talk, &relay.answer.software);
    }
    talk.found.detail("turn", relay.is_certain());
    if relay.is_certain() {
        talk.found.info = match talk.found.info.as_str() {
            "" => "TURN".into(),
            info => format!("TURN; {info}"),
        };
        let wants_password = relay.wants_password();
        if wants_password || matches!(relay.code(), 0 | 437 | 442) {
            talk.found.detail("auth_required", wants_password);
        }
    }
    if relay.wants_password() {
        let has_tokens = !relay.answer.third_party.is_empty();
        talk.found.detail("auth_method", if has_tokens { "oauth" } else { "long-term" });
        talk.found.detail("realm", relay.answer.realm);
        for algorithm in relay.answer.algorithms {
            talk.found.detail("mechanism", algorithm);
        }
    }
    Ok(())
}

/// What was said to a request that only relays understand.
struct Relay {
    answer: Answer,
    is_error: bool,
    /// A password is wanted for everything, by no means only for relaying.
    is_closed: bool,
}

impl Relay {
    fn new(binding: &Answer, (is_error, answer): (bool, Answer)) -> Self {
        Self { answer, is_error, is_closed: binding.error.is_some() }
    }

    /// The number of the error, 0 if there is none.
    fn code(&self) -> u16 {
        self.answer.error.as_ref().map_or(0, |(code, _)| *code)
    }

    fn wants_password(&self) -> bool {
        matches!(self.code(), 401 | 438) && !self.answer.realm.is_empty() && self.answer.has_nonce
    }

    /// Whether it is a relay beyond doubt.
    fn is_certain(&self) -> bool {
        match self.code() {
            0 => !self.is_error,
            401 | 438 => self.wants_password() && !self.is_closed,
            437 | 440..=443 | 446 | 447 | 486 | 508 => true,
            _ => false,
        }
    }
}

/// The answer to a request, and whether it is an error.
async fn ask(talk: &mut Talk, method: u16, attributes: &[u8]) -> Result<(bool, Answer), End> {
    let transaction = talk.random();
    talk.send(&wire::request(method, transaction, attributes));
    if talk.is_udp() {
        // One answer to an earlier request may still be on its way.
        const MOST: usize = 3;
        let mut end = End::Mismatch;
        for _ in 0..MOST {
            let datagram = talk.datagram().await?;
            match whole(&datagram, method, transaction) {
                Ok(answer) => return Ok(answer),
                Err(mismatch) if talk.found.service.is_empty() => return Err(mismatch),
                Err(mismatch) => end = mismatch,
            }
        }
        return Err(end);
    }
    let head = talk.read(HEADER).await?;
    let header = Header::read(&head, method, transaction)?;
    let body = talk.read(header.length).await?;
    Ok((header.is_error, Answer::read(&body, transaction)?))
}

fn whole(datagram: &[u8], method: u16, transaction: [u8; 12]) -> Result<(bool, Answer), End> {
    let (head, body) = datagram.split_at_checked(HEADER).ok_or(End::Mismatch)?;
    let header = Header::read(head, method, transaction)?;
    // Nothing may follow in a datagram.
    if body.len() != header.length {
        return Err(End::Mismatch);
    }
    Ok((header.is_error, Answer::read(body, transaction)?))
}

fn software(talk: &mut Talk, text: &str) {
    // Coturn says "None" if it was told not to say anything.
    if text.is_empty() || text == "None" {
        return;
    }
    let (product, version, rest) = wire::software(text);
    talk.found.product = product.into();
    talk.found.version = version.into();
    talk.found.info = rest.into();
    talk.found.detail("software", text);
    if product.eq_ignore_ascii_case("coturn") {
        let is_number = version.chars().all(|c| c.is_ascii_digit() || c == '.');
        let version = if is_number { version } else { "" };
        talk.found.cpe = vec![format!("cpe:/a:coturn_project:coturn:{version}").trim_end_matches(':').into()];
    }
}
