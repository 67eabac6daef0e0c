//! Protocols whose replies begin with three digits: SMTP, LMTP, FTP, NNTP.

use portprint_plugin_sdk::{End, Talk};

use crate::handshake::{Offer, go_over, goodbye, list};
use crate::wire::Reply;

const QUIT: &[u8] = b"QUIT\r\n";

/// Lines of a reply, and how long one may be.
const MOST_LINES: usize = 256;
const MOST_LINE: usize = 2048;

/// SMTP, LMTP or FTP, all of which greet with "220".
pub(crate) async fn mail_or_files(talk: &mut Talk) -> Result<(), End> {
    let greeting = reply(talk).await?;
    if greeting.code != 220 {
        return Err(End::Mismatch);
    }
    // A word of them, as in "ESMTP" and "vsFTPd".
    let text = greeting.lines.join("\n").to_ascii_uppercase();
    let names = |word: &str| text.contains(word);
    match (names("SMTP"), names("LMTP"), names("FTP")) {
        (true, false, false) => mail(talk, Mail::SMTP, true).await,
        (false, true, false) => mail(talk, Mail::LMTP, true).await,
        // There are servers that close for a command of mail.
        (false, false, true) => files(talk, true).await,
        _ => {
            for kind in [Mail::SMTP, Mail::LMTP] {
                match mail(talk, kind, false).await {
                    Err(End::Mismatch) => {}
                    Err(End::Eof | End::Reset) if talk.found.service.is_empty() => {
                        talk.reconnect().await?;
                        reply(talk).await?;
                        break;
                    }
                    ended => return ended,
                }
            }
            files(talk, false).await
        }
    }
}

struct Mail {
    service: &'static str,
    hello: &'static [u8],
}

impl Mail {
    const SMTP: Self = Self { service: "smtp", hello: b"EHLO portprint.invalid\r\n" };
    const LMTP: Self = Self { service: "lmtp", hello: b"LHLO portprint.invalid\r\n" };
}

/// Asks for the extensions. Where the greeting does not say what it is, they must be there.
async fn mail(talk: &mut Talk, kind: Mail, is_named: bool) -> Result<(), End> {
    talk.send(kind.hello);
    let extensions = reply(talk).await?;
    let is_understood = extensions.code == 250;
    let is_refused = is_named && extensions.is_refusal();
    if !is_understood && !is_refused {
        return Err(End::Mismatch);
    }
    talk.found.service = kind.service.into();
    if !is_understood {
        goodbye(talk, QUIT).await;
        return Ok(());
    }
    let mut lines = extensions.lines.iter().map(String::as_str);
    let domain = lines.next().and_then(|line| line.split_whitespace().next()).unwrap_or_default();
    if domain.contains('.') && domain.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        domain.clone_into(&mut talk.found.hostname);
    }
    let lines: Vec<&str> = lines.collect();
    list(talk, "capability", &lines);
    for line in &lines {
        // Old clients are told "AUTH=LOGIN".
        if let Some(mechanisms) = strip_word(line, "AUTH") {
            list(talk, "mechanism", mechanisms.split_whitespace());
        }
    }
    let offer = Offer::is(lines.iter().any(|line| strip_word(line, "STARTTLS").is_some()));
    if offer.is_worth_asking(talk) {
        talk.send(b"STARTTLS\r\n");
        let agreed = reply(talk).await?.code == 220;
        if go_over(talk, offer, agreed).await? {
            return Ok(());
        }
    }
    goodbye(talk, QUIT).await;
    Ok(())
}

/// Asks for the features. Where the greeting does not say what it is, they must be there.
async fn files(talk: &mut Talk, is_named: bool) -> Result<(), End> {
    talk.send(b"FEAT\r\n");
    let features = reply(talk).await?;
    let are_told = features.code == 211;
    let is_refused = is_named && features.is_refusal();
    if !are_told && !is_refused {
        return Err(End::Mismatch);
    }
    talk.found.service = "ftp".into();
    let mut offer = Offer::Unknown;
    if are_told {
        // Without the first and the last line.
        let lines = features.lines.get(1..features.lines.len().saturating_sub(1)).unwrap_or_default();
        list(talk, "capability", lines);
        offer = Offer::is(lines.iter().any(|line| {
            strip_word(line, "AUTH").is_some_and(|kinds| kinds.split([';', ' ']).any(|kind| kind.starts_with("TLS")))
        }));
    }
    if offer.is_worth_asking(talk) {
        talk.send(b"AUTH TLS\r\n");
        let agreed = reply(talk).await?.code == 234;
        if go_over(talk, offer, agreed).await? {
            return Ok(());
        }
    }
    goodbye(talk, QUIT).await;
    Ok(())
}

/// NNTP, which greets with "200" or "201".
pub(crate) async fn news(talk: &mut Talk) -> Result<(), End> {
    let greeting = reply(talk).await?;
    if !matches!(greeting.code, 200 | 201) {
        return Err(End::Mismatch);
    }
    talk.send(b"CAPABILITIES\r\n");
    // A line, after which come others up to a dot, without numbers.
    let first = Reply::read(&line(talk).await?).ok_or(End::Mismatch)?;
    if first.code != 101 {
        return Err(End::Mismatch);
    }
    let lines = until_dot(talk).await?;
    if lines.first().is_none_or(|line| strip_word(line, "VERSION").is_none()) {
        return Err(End::Mismatch);
    }
    talk.found.service = "nntp".into();
    list(talk, "capability", &lines);
    for line in &lines {
        if let Some(mechanisms) = strip_word(line, "SASL") {
            list(talk, "mechanism", mechanisms.split_whitespace());
        }
        if let Some(software) = strip_word(line, "IMPLEMENTATION") {
            talk.found.detail("software", software);
        }
    }
    let offer = Offer::is(lines.iter().any(|line| strip_word(line, "STARTTLS").is_some()));
    if offer.is_worth_asking(talk) {
        talk.send(b"STARTTLS\r\n");
        let agreed = reply(talk).await?.code == 382;
        if go_over(talk, offer, agreed).await? {
            return Ok(());
        }
    }
    goodbye(talk, QUIT).await;
    Ok(())
}

/// A reply of one line, or of several of which the last has a blank after its number.
async fn reply(talk: &mut Talk) -> Result<Reply, End> {
    let mut reply = Reply::read(&line(talk).await?).ok_or(End::Mismatch)?;
    for _ in 0..MOST_LINES {
        if reply.is_whole {
            return Ok(reply);
        }
        let line = line(talk).await?;
        reply.go_on(&line);
    }
    Err(End::Mismatch)
}

async fn line(talk: &mut Talk) -> Result<String, End> {
    talk.read_line(MOST_LINE).await
}

/// Lines up to one that has nothing but a dot.
pub(crate) async fn until_dot(talk: &mut Talk) -> Result<Vec<String>, End> {
    let mut lines = Vec::new();
    for _ in 0..MOST_LINES {
        let line = line(talk).await?;
        if line == "." {
            return Ok(lines);
        }
        lines.push(line);
    }
    Err(End::Mismatch)
}

/// What stands after a word, in any case, with which a line begins.
pub(crate) fn strip_word<'l>(line: &'l str, word: &str) -> Option<&'l str> {
    let line = line.trim();
    let (start, rest) = line.split_at_checked(word.len())?;
    let is_it = start.eq_ignore_ascii_case(word) && !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    is_it.then(|| rest.trim_start_matches([' ', '\t', '=']))
}
