//! Protocols of lines without numbers: IMAP, POP3, ManageSieve.

use portprint_plugin_sdk::{End, Talk};

use crate::handshake::{Offer, go_over, goodbye, list};
use crate::numbered::{strip_word, until_dot};
use crate::wire;

/// How many lines a server may say, and how long one may be.
const MOST_LINES: usize = 64;
const MOST_LINE: usize = 8 * 1024;

/// IMAP, which greets with "* OK".
pub(crate) async fn imap(talk: &mut Talk) -> Result<(), End> {
    let greeting = talk.read_line(MOST_LINE).await?;
    let is_ready = ["* OK", "* PREAUTH"].iter().any(|start| greeting.starts_with(start));
    if !is_ready {
        return Err(End::Mismatch);
    }
    talk.send(b"p1 CAPABILITY\r\n");
    let mut capabilities = Vec::new();
    let is_told = tagged(talk, "p1", |line| {
        if let Some(names) = strip_word(line, "CAPABILITY") {
            capabilities = names.split_whitespace().map(str::to_owned).collect();
        }
    })
    .await?;
    talk.found.service = "imap".into();
    let has = |name: &str| capabilities.iter().any(|capability| capability.eq_ignore_ascii_case(name));
    let offer = if is_told { Offer::is(has("STARTTLS")) } else { Offer::Unknown };
    if is_told {
        talk.found.detail("tls_required", has("LOGINDISABLED"));
    }
    list(talk, "capability", &capabilities);
    list(talk, "mechanism", capabilities.iter().filter_map(|name| wire::strip_start(name, "AUTH=")));
    if offer.is_worth_asking(talk) {
        talk.send(b"p2 STARTTLS\r\n");
        let agreed = tagged(talk, "p2", |_| {}).await?;
        if go_over(talk, offer, agreed).await? {
            return Ok(());
        }
    }
    goodbye(talk, b"p3 LOGOUT\r\n").await;
    Ok(())
}

/// Reads up to the answer to a command, and hands on what else is said. Whether it was done.
async fn tagged(talk: &mut Talk, tag: &str, mut told: impl FnMut(&str)) -> Result<bool, End> {
    for _ in 0..MOST_LINES {
        let line = talk.read_line(MOST_LINE).await?;
        if let Some(line) = line.strip_prefix("* ") {
            told(line);
        } else {
            let answer = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')).ok_or(End::Mismatch)?;
            let word = answer.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            return match word.as_str() {
                "OK" => Ok(true),
                "NO" | "BAD" => Ok(false),
                _ => Err(End::Mismatch),
            };
        }
    }
    Err(End::Mismatch)
}

/// POP3, which greets with "+OK".
pub(crate) async fn pop3(talk: &mut Talk) -> Result<(), End> {
    if !is_fine(&talk.read_line(MOST_LINE).await?)? {
        return Err(End::Mismatch);
    }
    talk.send(b"CAPA\r\n");
    let is_told = is_fine(&talk.read_line(MOST_LINE).await?)?;
    let capabilities = if is_told { until_dot(talk).await? } else { Vec::new() };
    talk.found.service = "pop3".into();
    list(talk, "capability", &capabilities);
    for line in &capabilities {
        if let Some(mechanisms) = strip_word(line, "SASL") {
            list(talk, "mechanism", mechanisms.split_whitespace());
        }
        if let Some(software) = strip_word(line, "IMPLEMENTATION") {
            talk.found.detail("software", software);
        }
    }
    let has_stls = capabilities.iter().any(|line| strip_word(line, "STLS").is_some());
    let offer = if is_told { Offer::is(has_stls) } else { Offer::Unknown };
    if offer.is_worth_asking(talk) {
        talk.send(b"STLS\r\n");
        let agreed = is_fine(&talk.read_line(MOST_LINE).await?)?;
        if go_over(talk, offer, agreed).await? {
            return Ok(());
        }
    }
    goodbye(talk, b"QUIT\r\n").await;
    Ok(())
}

/// Whether a reply of POP3 says yes.
fn is_fine(line: &str) -> Result<bool, End> {
    let word = line.split_whitespace().next().unwrap_or_default();
    match word {
        "+OK" => Ok(true),
        "-ERR" => Ok(false),
        _ => Err(End::Mismatch),
    }
}

/// ManageSieve, which greets with its capabilities.
pub(crate) async fn sieve(talk: &mut Talk) -> Result<(), End> {
    let mut capabilities = Vec::new();
    let is_ready = sieve_reply(talk, &mut capabilities).await?;
    let value = |wanted: &str| {
        capabilities
            .iter()
            .find(|(name, _): &&(String, String)| name.eq_ignore_ascii_case(wanted))
            .map(|it| it.1.as_str())
    };
    // Only that one has to be there (RFC 5804, 1.7).
    let Some(software) = value("IMPLEMENTATION").filter(|_| is_ready) else { return Err(End::Mismatch) };
    talk.found.service = "sieve".into();
    talk.found.detail("software", software);
    let offer = Offer::is(value("STARTTLS").is_some());
    let mechanisms = value("SASL").unwrap_or_default().to_owned();
    list(talk, "capability", capabilities.iter().map(|(name, _)| name));
    list(talk, "mechanism", mechanisms.split_whitespace());
    if offer.is_worth_asking(talk) {
        talk.send(b"STARTTLS\r\n");
        let agreed = sieve_reply(talk, &mut Vec::new()).await?;
        if go_over(talk, offer, agreed).await? {
            return Ok(());
        }
    }
    goodbye(talk, b"LOGOUT\r\n").await;
    Ok(())
}

/// Lines of names and values, up to the one that says yes or no.
async fn sieve_reply(talk: &mut Talk, told: &mut Vec<(String, String)>) -> Result<bool, End> {
    for _ in 0..MOST_LINES {
        let line = talk.read_line(MOST_LINE).await?;
        let word = line.split([' ', '(']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "OK" => return Ok(true),
            "NO" | "BYE" => return Ok(false),
            _ => told.push(wire::quoted_pair(&line).ok_or(End::Mismatch)?),
        }
    }
    Err(End::Mismatch)
}
