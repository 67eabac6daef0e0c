//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Option, Reply};

/// An export's flags: there is nothing to be written.
const READ_ONLY: u32 = 2;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if !talk.request().is_empty() {
        // What was sent there stands in the way.
        talk.reconnect().await?;
    }
    if talk.read(8).await? != wire::MAGIC {
        return Err(End::Mismatch);
    }
    let style = talk.read(8).await?;
    if style == wire::OPTION_MAGIC {
        newstyle(talk).await
    } else if style == wire::OLDSTYLE_MAGIC {
        oldstyle(talk).await
    } else {
        Err(End::Mismatch)
    }
}

async fn oldstyle(talk: &mut Talk) -> Result<(), End> {
    let rest = talk.read(wire::OLDSTYLE_REST).await?;
    let (size, flags) = wire::oldstyle(&rest)?;
    found(talk, "oldstyle");
    if let Ok(size) = i64::try_from(size) {
        talk.found.detail("export_size", size);
    }
    talk.found.detail("read_only", flags & READ_ONLY != 0);
    talk.found.detail("tls_offered", false);
    talk.send(&wire::disconnect());
    talk.read_to_end(1).await;
    Ok(())
}

async fn newstyle(talk: &mut Talk) -> Result<(), End> {
    let flags = talk.read(2).await?;
    let flags = u16::from_be_bytes([flags[0], flags[1]]);
    let is_fixed = flags & wire::FIXED_NEWSTYLE != 0;
    found(talk, if is_fixed { "fixed newstyle" } else { "newstyle" });
    if !is_fixed {
        // Such a server has no other answer to an option than to close.
        talk.found.detail("tls_offered", false);
        return Ok(());
    }
    talk.send(&u32::from(flags & (wire::FIXED_NEWSTYLE | wire::NO_ZEROES)).to_be_bytes());
    let listed = list(talk).await?;
    talk.found.detail("tls_required", listed == Reply::TlsRequired);
    talk.send(&Option::StartTls.request());
    let tls = reply(talk, Option::StartTls).await?.0 == Reply::Acknowledged;
    talk.found.detail("tls_offered", tls || listed == Reply::TlsRequired);
    if tls {
        if !talk.can_start_tls() {
            return Ok(());
        }
        talk.start_tls(&[]).await?;
        if listed == Reply::TlsRequired {
            list(talk).await?;
        }
    }
    talk.send(&Option::Abort.request());
    talk.read_to_end(wire::REPLY_HEAD).await;
    Ok(())
}

/// Asks for the exports, and says how the answer ended.
async fn list(talk: &mut Talk) -> Result<Reply, End> {
    const MOST: usize = 256;
    talk.send(&Option::List.request());
    for _ in 0..MOST {
        let (kind, body) = reply(talk, Option::List).await?;
        match kind {
            Reply::Export => {
                let (name, description) = wire::export(&body)?;
                talk.found.detail("export", name);
                if !description.is_empty() {
                    talk.found.detail("export_description", description);
                }
            }
            Reply::Acknowledged => {
                talk.found.detail("list_allowed", true);
                return Ok(kind);
            }
            Reply::Refused => {
                talk.found.detail("list_allowed", false);
                return Ok(kind);
            }
            Reply::TlsRequired => return Ok(kind),
            Reply::Other => {}
        }
    }
    // More exports than anybody wants to read, and the end of them not in sight.
    Err(End::Limit)
}

async fn reply(talk: &mut Talk, to: Option) -> Result<(Reply, Vec<u8>), End> {
    let head = talk.read(wire::REPLY_HEAD).await?;
    let (kind, length) = wire::reply(&head, to)?;
    Ok((kind, talk.read(length).await?))
}

fn found(talk: &mut Talk, style: &str) {
    talk.found.service = "nbd".into();
    talk.found.detail("protocol_version", style);
}
