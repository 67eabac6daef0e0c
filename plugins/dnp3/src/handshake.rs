//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Function, Head};

/// Addresses that outstations are often given, and the one to which any may answer.
const OUTSTATIONS: [u16; 9] = [1, 10, 4, 3, 2, 0, 100, 1024, 0xfffc];
/// Addresses that masters are often given. Many outstations listen to their own alone.
const FIRST_MASTER: [u16; 1] = [1];
const OTHER_MASTERS: [u16; 5] = [2, 0, 3, 100, 1024];

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    talk.reconnect().await?;
    ask(talk, &FIRST_MASTER);
    let head = match head(talk).await {
        Err(End::TimedOut) => {
            ask(talk, &OTHER_MASTERS);
            head(talk).await?
        }
        head => head?,
    };
    talk.found.service = "dnp3".into();
    talk.found.detail("outstation_address", head.outstation);
    talk.found.detail("master_address", head.master);
    let reply = match head.function {
        Function::LinkStatus => "link status",
        Function::NotSupported => "not supported",
        Function::Acknowledged => "acknowledged",
        Function::NotAcknowledged => "not acknowledged",
        Function::Own => return Ok(()),
    };
    talk.found.detail("reply", reply);
    Ok(())
}

fn ask(talk: &mut Talk, masters: &[u16]) {
    for &master in masters {
        for outstation in OUTSTATIONS {
            talk.send(&wire::request_link_status(outstation, master));
        }
    }
}

async fn head(talk: &mut Talk) -> Result<Head, End> {
    let head = Head::read(&talk.read(wire::HEAD).await?).ok_or(End::Mismatch)?;
    // An answer goes to somebody who asked.
    let is_asked = FIRST_MASTER.contains(&head.master) || OTHER_MASTERS.contains(&head.master);
    if is_asked || head.function == Function::Own { Ok(head) } else { Err(End::Mismatch) }
}
