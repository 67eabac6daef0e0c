//! The conversation.

use portprint_plugin_sdk::{End, Talk, text};

use crate::software;
use crate::wire::{self, Answer, HEADER, Header, Question, REFUSED};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if !(talk.seen().is_empty() && talk.request().is_empty()) {
        talk.reconnect().await?;
    }
    // Answers without the question: one could be chance.
    let mut bare = 0;
    let version = chaos(talk, [["version", "bind"], ["version", "server"]], &mut bare).await?;
    let mut hostname = None;
    // Who says nothing at all to such questions is not asked again.
    if bare > 0 || !talk.found.service.is_empty() {
        hostname = chaos(talk, [["hostname", "bind"], ["id", "server"]], &mut bare).await?;
    }
    if let Some(version) = version {
        software::tell(&mut talk.found, &version);
        talk.found.detail("version_bind", version);
    }
    if let Some(id) = &hostname {
        if is_hostname(id) {
            talk.found.hostname.clone_from(id);
        }
        talk.found.detail("server_id", id.as_str());
    }
    let question = Question::root(talk.random());
    let answer = ask(talk, &question).await?;
    settle(talk, &answer, &mut bare);
    if talk.found.service.is_empty() {
        return Err(End::Mismatch);
    }
    root(talk, &answer);
    Ok(())
}

/// The text that one of these names has. That there is none, and that there is no answer, are the same.
async fn chaos(talk: &mut Talk, names: [[&str; 2]; 2], bare: &mut u32) -> Result<Option<String>, End> {
    for name in names {
        let question = Question::chaos(talk.random(), name);
        match ask(talk, &question).await {
            Ok(answer) => {
                settle(talk, &answer, bare);
                if let Some(text) = answer.text.filter(|text| !text.is_empty()) {
                    return Ok(Some(text));
                }
            }
            // Some say nothing to questions of this class. The last question is for everybody.
            Err(End::TimedOut | End::Eof | End::Reset) => {
                if !talk.is_udp() {
                    talk.reconnect().await?;
                }
                break;
            }
            Err(end) => return Err(end),
        }
    }
    Ok(None)
}

/// Names the service, if this is enough.
fn settle(talk: &mut Talk, answer: &Answer, bare: &mut u32) {
    *bare += u32::from(!answer.has_question);
    if answer.has_question || *bare > 1 {
        talk.found.service = "domain".into();
    }
}

/// What the answer for the root tells.
fn root(talk: &mut Talk, answer: &Answer) {
    let header = answer.header;
    let found = &mut talk.found;
    // Some say that they recurse, but not for us.
    found.detail("recursion", header.is_recursive() && header.code() != REFUSED);
    found.detail("root_query", wire::code_name(header.code()));
    found.detail("edns", answer.edns.is_some());
    if let Some(edns) = &answer.edns {
        found.detail("edns_version", edns.version);
        found.detail("edns_udp_size", edns.size);
        found.detail("dnssec_ok", edns.dnssec_ok);
        // Of the server, or of one that it asked.
        if let Some(nsid) = &edns.nsid {
            if nsid.iter().all(|byte| matches!(byte, b' '..=b'~')) {
                found.detail("nsid", text(nsid));
            } else {
                found.detail("nsid", nsid.clone());
            }
        }
    }
    if answer.answers > 0 {
        found.detail("dnssec_signatures", answer.has_signature);
        found.detail("dnssec_validated", header.is_authentic());
    }
}

/// The answer to a question.
async fn ask(talk: &mut Talk, question: &Question) -> Result<Answer, End> {
    if talk.is_udp() {
        talk.send(&question.message);
        // An answer to an earlier question may still be on its way.
        const MOST: usize = 3;
        for _ in 0..MOST {
            match Answer::read(&talk.datagram().await?, question) {
                Ok(answer) => return Ok(answer),
                Err(short) if talk.found.service.is_empty() => return Err(short.into()),
                Err(_) => {}
            }
        }
        return Err(End::Mismatch);
    }
    match ask_stream(talk, question).await {
        // One question for each connection is all that some allow.
        Err(End::Eof | End::Reset) if !talk.found.service.is_empty() => {
            talk.reconnect().await?;
            ask_stream(talk, question).await
        }
        answer => answer,
    }
}

async fn ask_stream(talk: &mut Talk, question: &Question) -> Result<Answer, End> {
    talk.send(&u16::try_from(question.message.len()).unwrap_or_default().to_be_bytes());
    talk.send(&question.message);
    let head = talk.peek(2 + HEADER).await?;
    let (length, header) = head.split_at_checked(2).ok_or(End::Mismatch)?;
    let length = length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
    Header::read(header, question)?;
    if !(HEADER..=wire::MOST).contains(&length) {
        return Err(End::Mismatch);
    }
    let message = talk.read(2 + length).await?;
    Ok(Answer::read(message.get(2..).unwrap_or_default(), question)?)
}

/// Whether it may be the name of a host, rather than some other id.
fn is_hostname(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.len() < 254
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}
