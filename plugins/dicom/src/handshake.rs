//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::implementations;
use crate::wire::{self, Accepted};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if !talk.request().is_empty() || !talk.seen().is_empty() {
        // What was said there stands in the way.
        talk.reconnect().await?;
    }
    talk.send(&wire::associate());
    let head = talk.read(6).await?;
    let (kind, length) = wire::head(&head)?;
    let body = talk.read(length).await?;
    match kind {
        2 => {
            let accepted = Accepted::read(&body)?;
            talk.found.service = "dicom".into();
            talk.found.detail("association", "accepted");
            talk.found.detail("ae_checked", false);
            talk.found.detail("verification", accepted.verification);
            implementations::name(&mut talk.found, &accepted.implementation, &accepted.version);
            if !accepted.implementation.is_empty() {
                talk.found.detail("implementation_uid", accepted.implementation);
            }
            if !accepted.version.is_empty() {
                talk.found.detail("implementation_version", accepted.version);
            }
            talk.found.detail("max_pdu_length", accepted.max_pdu);
            talk.send(&wire::RELEASE);
            talk.read_to_end(wire::RELEASE.len()).await;
        }
        3 => {
            let reason = wire::rejected(&body).ok_or(End::Mismatch)?;
            talk.found.service = "dicom".into();
            talk.found.detail("association", "rejected");
            if reason.contains("AE title") {
                talk.found.detail("ae_checked", true);
            }
            talk.found.detail("reject_reason", reason);
        }
        _ => {
            let reason = wire::aborted(&body).ok_or(End::Mismatch)?;
            talk.found.service = "dicom".into();
            talk.found.detail("association", "aborted");
            talk.found.detail("abort_reason", reason);
        }
    }
    Ok(())
}
