//! The conversation.

use portprint_plugin_sdk::{End, Talk, text};

use crate::wire::{self, Answer, Command, Response};

/// The longest line that is waited for.
const LONGEST: usize = 256;

/// "Authentication required", which is what SASL's servers say to all else.
const AUTHENTICATION_REQUIRED: u16 = 0x20;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if talk.is_udp() {
        return datagram(talk).await;
    }
    talk.send(wire::VERSION);
    match talk.read_until(b"\r\n", LONGEST).await {
        Ok(line) => {
            tell(talk, &Answer::read(&line)?);
            talk.found.detail("protocol", "text");
            talk.send(wire::QUIT);
            talk.read_to_end(1).await;
            Ok(())
        }
        // Servers that want SASL know the binary protocol alone, and hang up.
        Err(End::Eof | End::Reset | End::TimedOut) => {
            talk.reconnect().await?;
            binary(talk).await
        }
        Err(end) => Err(end),
    }
}

async fn datagram(talk: &mut Talk) -> Result<(), End> {
    let id = talk.random();
    talk.send(&wire::datagram(id));
    let datagram = talk.datagram().await?;
    tell(talk, &Answer::read(wire::payload(&datagram, id)?)?);
    talk.found.detail("protocol", "text");
    Ok(())
}

async fn binary(talk: &mut Talk) -> Result<(), End> {
    let (status, version) = ask(talk, Command::Version).await?;
    match status {
        0 => tell_version(talk, &text(&version)),
        AUTHENTICATION_REQUIRED => {}
        _ => return Err(End::Mismatch),
    }
    talk.found.service = "memcached".into();
    talk.found.detail("protocol", "binary");
    let (status, mechanisms) = ask(talk, Command::Mechanisms).await?;
    // Without SASL this is an unknown command.
    talk.found.detail("auth_required", status == 0);
    if status == 0 {
        for mechanism in text(&mechanisms).split_ascii_whitespace() {
            talk.found.detail("mechanism", mechanism);
        }
    }
    let id = talk.random();
    talk.send(&wire::request(Command::Quit, id));
    talk.read_to_end(wire::HEAD).await;
    Ok(())
}

/// The status and the value of the response to a command.
async fn ask(talk: &mut Talk, command: Command) -> Result<(u16, Vec<u8>), End> {
    let id = talk.random();
    talk.send(&wire::request(command, id));
    let head = talk.read(wire::HEAD).await?;
    let response = Response::read(&head, command, id)?;
    let mut body = talk.read(response.length).await?;
    Ok((response.status, body.split_off(response.before.min(body.len()))))
}

fn tell(talk: &mut Talk, answer: &Answer) {
    talk.found.service = "memcached".into();
    match answer {
        Answer::Version(version) => {
            tell_version(talk, version);
            talk.found.detail("auth_required", false);
        }
        Answer::Unauthenticated => {
            talk.found.product = "Memcached".into();
            talk.found.cpe = vec!["cpe:/a:memcached:memcached".into()];
            talk.found.detail("auth_required", true);
        }
    }
}

/// "1.6.18", "1.5.6 Ubuntu", "mcrouter 41.0", "1.6.0 DF"
fn tell_version(talk: &mut Talk, version: &str) {
    let found = &mut talk.found;
    let (number, rest) = version.split_once(' ').unwrap_or((version, ""));
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && number.split('.').count() == 3
        && number.starts_with(|c: char| matches!(c, '1'..='9'));
    if version.starts_with("mcrouter") {
        found.product = "mcrouter".into();
        found.version = rest.into();
    } else if is_number && rest == "DF" {
        found.product = "Dragonfly".into();
        found.info = format!("as Memcached {number}");
    } else if is_number && matches!(rest, "" | "Ubuntu" | "(Ubuntu)") {
        found.product = "Memcached".into();
        found.version = number.into();
        found.cpe = vec![format!("cpe:/a:memcached:memcached:{number}")];
        if !rest.is_empty() {
            found.info = "Ubuntu".into();
            found.os = "Linux".into();
        }
    } else {
        found.version = version.into();
    }
}
