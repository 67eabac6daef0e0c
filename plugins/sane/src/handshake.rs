//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Answer};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if !talk.request().is_empty() || !talk.seen().is_empty() {
        // What was said there stands in the way.
        talk.reconnect().await?;
    }
    talk.send(&wire::init("portprint"));
    let answer = Answer::read(&talk.read(wire::ANSWER).await?)?;
    talk.send(&wire::EXIT);
    // Eight bytes are little evidence, and who says everything again begins like this, too. A server of SANE says nothing more, and closes.
    if !matches!(talk.read(1).await, Err(End::Eof | End::Reset)) {
        return Err(End::Mismatch);
    }
    let (major, minor, protocol) = answer.version;
    talk.found.service = "sane".into();
    talk.found.detail("protocol_version", format!("{major}.{minor}.{protocol}"));
    talk.found.detail("access_allowed", answer.allowed);
    Ok(())
}
