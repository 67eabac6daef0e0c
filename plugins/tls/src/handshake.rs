//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Alert, Answer, Hello, ServerFlight, ServerHello, Version, alert};

/// Beginning with those that a server of today has. What is found is told in order of age.
const ORDER: [Version; 5] = [Version::Tls12, Version::Tls13, Version::Tls11, Version::Tls10, Version::Ssl30];

/// Application protocols that are offered. Which one is chosen says what is inside.
const APPLICATIONS: [&str; 14] = [
    "h2",
    "http/1.1",
    "imap",
    "pop3",
    "managesieve",
    "nntp",
    "ftp",
    "xmpp-client",
    "xmpp-server",
    "mqtt",
    "irc",
    "dot",
    "postgresql",
    "sip/2",
];

/// A handshake message is not longer than this, and a certificate is the longest.
const MOST_MESSAGES: usize = 64 * 1024;

/// A certificate may have thousands of names.
const MOST_NAMES: usize = 100;

/// What came of offering a version.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Chosen(ServerHello),
    /// An older version was chosen.
    Older,
    Refused(Alert),
    /// Broken off without a word.
    Closed(End),
}

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let mut accepted = Vec::new();
    let mut refusal = None;
    let mut end = None;
    for version in ORDER {
        match offer(talk, version).await? {
            Outcome::Chosen(hello) => {
                name(talk);
                accepted.push((version, hello));
            }
            Outcome::Older => name(talk),
            Outcome::Refused(alert) => {
                name(talk);
                refusal.get_or_insert(alert);
            }
            // Who is silent once will be so again.
            Outcome::Closed(why @ (End::TimedOut | End::Limit | End::Refused)) => {
                end = Some(why);
                break;
            }
            Outcome::Closed(why) => {
                refusal.is_none().then(|| end.get_or_insert(why));
            }
        }
    }
    if talk.found.service.is_empty() {
        return Err(end.unwrap_or(End::Mismatch));
    }
    accepted.sort_by_key(|&(version, _)| version);
    tell(talk, &accepted);
    if accepted.is_empty()
        && let Some(description) = refusal.and_then(Alert::name)
    {
        talk.found.detail("alert", description);
    }
    if let Some(limit @ (End::TimedOut | End::Limit)) = end {
        return Err(limit);
    }
    certificate(talk, &accepted).await
}

fn name(talk: &mut Talk) {
    talk.found.service = "ssl".into();
}

fn tell(talk: &mut Talk, accepted: &[(Version, ServerHello)]) {
    for (version, _) in accepted {
        talk.found.detail("tls_version", version.name());
    }
    for (version, hello) in accepted {
        talk.found.detail(version.cipher_key(), hello.cipher_name());
    }
    let old = accepted.iter().rfind(|(version, _)| *version < Version::Tls13).map(|(_, hello)| hello);
    if let Some(hello) = old {
        talk.found.detail("secure_renegotiation", hello.secure_renegotiation);
        talk.found.detail("extended_master_secret", hello.extended_master_secret);
        if hello.compression != 0 {
            talk.found.detail("compression", true);
        }
        if let Some(asks) = hello.asks_for_certificate {
            talk.found.detail("client_certificate_requested", asks);
        }
    }
    if let Some(group) = accepted.iter().rev().find_map(|(_, hello)| wire::group_name(hello.group?)) {
        talk.found.detail("key_exchange_group", group);
    }
}

/// Offers this version alone.
async fn offer(talk: &mut Talk, version: Version) -> Result<Outcome, End> {
    let host = wire::server_name(talk.host());
    let mut hello =
        Hello { version, random: talk.random(), session: talk.random(), share: talk.random(), host, applications: &[] };
    if version == Version::Tls12 {
        hello.applications = &APPLICATIONS;
        let outcome = ask(talk, &hello).await?;
        if !matches!(outcome, Outcome::Refused(Alert { description: alert::NO_APPLICATION_PROTOCOL, .. })) {
            return Ok(outcome);
        }
        hello.applications = &[];
    }
    ask(talk, &hello).await
}

async fn ask(talk: &mut Talk, hello: &Hello) -> Result<Outcome, End> {
    let mut flight = ServerFlight::new(hello);
    let is_first = talk.found.service.is_empty();
    let ended = connect_and_read(talk, hello, &mut flight).await;
    Ok(match (flight.hello, ended) {
        // Whatever came after it.
        (Some(chosen), _) if chosen.version == hello.version => Outcome::Chosen(chosen),
        (Some(_), _) => Outcome::Older,
        (None, Ok(Answer::Alert(alert))) => Outcome::Refused(alert),
        // An answer that makes no sense: another protocol. Later, a server that does not understand.
        (None, Err(End::Mismatch) | Ok(Answer::Done)) if is_first => return Err(End::Mismatch),
        (None, Err(end)) => Outcome::Closed(end),
        (None, Ok(Answer::Done)) => Outcome::Closed(End::Mismatch),
    })
}

async fn connect_and_read(talk: &mut Talk, hello: &Hello, flight: &mut ServerFlight<'_>) -> Result<Answer, End> {
    talk.reconnect().await?;
    talk.send(&hello.record());
    let mut read = 0;
    while read < MOST_MESSAGES {
        let (kind, length) = wire::record_head(talk.peek(wire::RECORD_HEAD).await?)?;
        let record = talk.read(wire::RECORD_HEAD + length).await?;
        let payload = record.get(wire::RECORD_HEAD..).unwrap_or_default();
        read += record.len();
        if let Some(answer) = flight.take(kind, payload)? {
            return Ok(answer);
        }
    }
    Ok(Answer::Done)
}

/// What a whole handshake shows.
async fn certificate(talk: &mut Talk, accepted: &[(Version, ServerHello)]) -> Result<(), End> {
    let mut application = accepted.iter().find_map(|(_, hello)| hello.application.clone());
    if !talk.can_start_tls() || accepted.is_empty() {
        tell_application(talk, application);
        return Ok(());
    }
    let mut tls = Err(End::TlsFailed);
    for applications in [&[b"h2".as_slice(), b"http/1.1"][..], &[]] {
        talk.reconnect().await?;
        tls = talk.start_tls(applications).await.cloned();
        if tls.is_ok() {
            break;
        }
    }
    if let Ok(tls) = &tls
        && application.is_none()
        && !tls.alpn.is_empty()
    {
        application = Some(tls.alpn.clone());
    }
    tell_application(talk, application);
    let tls = tls?;
    for (key, value) in [
        ("certificate_subject", &tls.subject),
        ("certificate_issuer", &tls.issuer),
        ("certificate_not_after", &tls.not_after),
        ("certificate_sha256", &tls.sha256),
    ] {
        if !value.is_empty() {
            talk.found.detail(key, value.as_str());
        }
    }
    for name in tls.names.iter().take(MOST_NAMES) {
        talk.found.detail("certificate_name", name.as_str());
    }
    Ok(())
}

fn tell_application(talk: &mut Talk, application: Option<String>) {
    if let Some(application) = application {
        talk.found.detail("alpn", application);
    }
}
