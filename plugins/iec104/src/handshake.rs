//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{Function, LENGTH};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    talk.reconnect().await?;
    talk.send(&Function::TestAct.frame());
    let is_confirmed = match function(talk).await {
        Ok(function) => function == Function::TestCon,
        Err(End::TimedOut) => {
            talk.send(&Function::StopAct.frame());
            // The other confirmation may be late.
            matches!(function(talk).await?, Function::StopCon | Function::TestCon)
        }
        Err(end) => return Err(end),
    };
    if !is_confirmed {
        return Err(End::Mismatch);
    }
    talk.found.service = "iec-104".into();
    Ok(())
}

async fn function(talk: &mut Talk) -> Result<Function, End> {
    Function::read(&talk.read(LENGTH).await?).ok_or(End::Mismatch)
}
