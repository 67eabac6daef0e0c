//! Which protocol it is, and what all of them have in common.

use portprint_plugin_sdk::{End, Talk};

use crate::{ldap, lines, numbered, wire, xmpp};

/// What is kept of capabilities and mechanisms, and how long one may be.
const MOST: usize = 100;
const LONGEST: usize = 200;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if ldap::is_answer(talk.seen()) {
        return ldap::identify(talk).await;
    }
    if xmpp::is_answer(talk.seen()) {
        return xmpp::identify(talk).await;
    }
    let start: [u8; 2] = talk.peek(2).await?.try_into().unwrap_or_default();
    match &start {
        b"22" => numbered::mail_or_files(talk).await,
        b"20" => numbered::news(talk).await,
        b"* " => lines::imap(talk).await,
        b"+O" => lines::pop3(talk).await,
        b"\"I" | b"\"S" => lines::sieve(talk).await,
        _ => Err(End::Mismatch),
    }
}

/// Whether the server goes over to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    No,
    Yes,
    /// It did not say, and is to be asked.
    Unknown,
}

impl Offer {
    pub(crate) fn is(offered: bool) -> Self {
        if offered { Self::Yes } else { Self::No }
    }

    /// Whether it is to be asked to. Tells what is known without that.
    pub(crate) fn is_worth_asking(self, talk: &mut Talk) -> bool {
        if self != Self::Unknown {
            talk.found.detail("tls_offered", self == Self::Yes);
        }
        self != Self::No && talk.can_start_tls()
    }
}

/// Goes over to TLS, after the server has agreed or not. Where it has not, the session is to be ended as the protocol has it.
pub(crate) async fn go_over(talk: &mut Talk, offer: Offer, agreed: bool) -> Result<bool, End> {
    if offer == Offer::Unknown {
        talk.found.detail("tls_offered", agreed);
    }
    if !agreed {
        return Ok(false);
    }
    let tls = talk.start_tls(&[]).await?.clone();
    for (key, value) in [
        ("tls_version", &tls.version),
        ("cipher", &tls.cipher),
        ("certificate_subject", &tls.subject),
        ("certificate_issuer", &tls.issuer),
        ("certificate_not_after", &tls.not_after),
        ("certificate_sha256", &tls.sha256),
    ] {
        if !value.is_empty() {
            talk.found.detail(key, value.as_str());
        }
    }
    list(talk, "certificate_name", tls.names);
    talk.found.goes_inside = true;
    Ok(true)
}

/// Says the last word, and does not wait for an answer.
pub(crate) async fn goodbye(talk: &mut Talk, word: &[u8]) {
    talk.send(word);
    talk.read(0).await.ok();
}

/// Details of the same key.
pub(crate) fn list(talk: &mut Talk, key: &str, values: impl IntoIterator<Item = impl AsRef<str>>) {
    for value in values.into_iter().take(MOST) {
        let value = wire::shortened(value.as_ref().trim(), LONGEST);
        if !value.is_empty() {
            talk.found.detail(key, value);
        }
    }
}
