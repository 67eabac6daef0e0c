//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if !talk.request().is_empty() || !talk.seen().is_empty() {
        // What was said there stands in the way.
        talk.reconnect().await?;
    }
    talk.send(wire::AUTH);
    let line = talk.read_until(b"\n", wire::MOST).await?;
    let mechanisms = wire::rejected(&line).ok_or(End::Mismatch)?;
    talk.found.service = "dbus".into();
    talk.found.detail("auth_method", "sasl");
    talk.found.detail("anonymous_offered", mechanisms.contains(&"ANONYMOUS"));
    for mechanism in mechanisms {
        talk.found.detail("mechanism", mechanism);
    }
    Ok(())
}
