//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Greeting, Line};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    const MOST: usize = 512;
    if !talk.request().is_empty() {
        // What was sent there stands in the way.
        talk.reconnect().await?;
    }
    let line = talk.read_line(wire::MOST).await?;
    let greeting = Greeting::read(&line).ok_or(End::Mismatch)?;
    talk.found.service = "rsync".into();
    talk.found.info = format!("protocol version {}", greeting.version.split('.').next().unwrap_or_default());
    talk.found.detail("protocol_version", greeting.version);
    for digest in greeting.digests {
        talk.found.detail("mechanism", digest);
    }
    talk.send(wire::LIST);
    for _ in 0..MOST {
        let line = talk.read_until(b"\n", wire::MOST).await?;
        match Line::read(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n'])) {
            Line::Module(name, comment) => {
                talk.found.detail("module", name);
                if !comment.is_empty() {
                    talk.found.detail("module_comment", comment);
                }
            }
            Line::Error(error) => {
                talk.found.detail("error", error);
                return Ok(());
            }
            Line::End => return Ok(()),
            Line::Text => {}
        }
    }
    Err(End::Limit)
}
