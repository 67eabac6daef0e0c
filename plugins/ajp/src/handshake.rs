//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Headers};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if !talk.request().is_empty() || !talk.seen().is_empty() {
        // What was said there stands in the way.
        talk.reconnect().await?;
    }
    talk.send(&wire::PING);
    // A container that is too old for this closes.
    let is_pong = match talk.read(wire::PONG.len()).await {
        Ok(answer) if answer == wire::PONG => true,
        Err(End::Eof | End::Reset) => false,
        Ok(_) => return Err(End::Mismatch),
        Err(end) => return Err(end),
    };
    if is_pong {
        found(talk);
    } else {
        talk.reconnect().await?;
    }
    let request = wire::head_request(talk.host(), talk.port());
    talk.send(&request);
    let length = wire::length(talk.peek(4).await?)?;
    let packet = talk.read(4 + length).await?;
    let headers = Headers::read(packet.get(4..).unwrap_or_default())?;
    found(talk);
    talk.found.detail("http_status", headers.status);
    for (key, value) in [("http_server", headers.server), ("powered_by", headers.powered_by)] {
        if !value.is_empty() {
            talk.found.detail(key, value);
        }
    }
    Ok(())
}

fn found(talk: &mut Talk) {
    talk.found.service = "ajp13".into();
    talk.found.info = "Protocol v1.3".into();
}
