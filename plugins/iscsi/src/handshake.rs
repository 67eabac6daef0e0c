//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Head, Kind, Stage};

/// Nobody's: the domain cannot exist.
const INITIATOR: &str = "InitiatorName=iqn.2026-01.example.portprint:scan";

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if !talk.request().is_empty() || !talk.seen().is_empty() {
        // What was said there stands in the way.
        talk.reconnect().await?;
    }
    // A tag that nobody says by chance.
    let tag = u32::from_be_bytes(talk.random()) & 0x7fff_fff0;
    let keys = [INITIATOR, "SessionType=Discovery", "AuthMethod=None,CHAP"];
    let mut state = State { tag, status_number: 0, stage: Stage::Security };
    let told = login(talk, &mut state, Stage::Operational, &keys).await?;
    if let Some((_, method)) = told.iter().find(|(key, _)| key == "AuthMethod") {
        talk.found.detail("auth_method", method.to_lowercase());
        talk.found.detail("auth_required", method != "None");
    }
    if state.stage == Stage::Operational {
        let keys = ["HeaderDigest=None", "DataDigest=None", "MaxRecvDataSegmentLength=65536"];
        login(talk, &mut state, Stage::FullFeature, &keys).await?;
    }
    if state.stage == Stage::FullFeature {
        talk.found.detail("discovery_allowed", true);
        send_targets(talk, &state).await?;
    }
    Ok(())
}

/// How far a login has come.
struct State {
    /// The same for all requests of a login.
    tag: u32,
    /// What is expected of the target next.
    status_number: u32,
    stage: Stage,
}

/// Asks to go on to another stage, and again without words where the target has more to say first. Without authentication only: a target
/// that wants to have one leaves the stage as it was.
async fn login(talk: &mut Talk, state: &mut State, to: Stage, keys: &[&str]) -> Result<Vec<(String, String)>, End> {
    const ROUNDS: usize = 4;
    let mut told = Vec::new();
    for round in 0..ROUNDS {
        let keys = if round == 0 { keys } else { &[] };
        talk.send(&wire::login(state.tag, state.status_number, state.stage, to, keys));
        let (head, keys) = answer(talk, state.tag).await?;
        talk.found.service = "iscsi".into();
        let (reached, status) = match head.kind {
            Kind::Login { to, status } => (to, status),
            Kind::Reject { reason } => {
                talk.found.detail("reject_reason", reason);
                return Err(End::Mismatch);
            }
            Kind::Text => return Err(End::Mismatch),
        };
        tell(talk, &keys);
        told.extend(keys);
        state.status_number = head.status_number.wrapping_add(1);
        if !passes(talk, status) || told.iter().any(|(key, method)| key == "AuthMethod" && method != "None") {
            break;
        }
        if let Some(reached) = reached {
            state.stage = reached;
            break;
        }
    }
    Ok(told)
}

/// Asks for the targets, and closes the session.
async fn send_targets(talk: &mut Talk, state: &State) -> Result<(), End> {
    let tag = state.tag + 1;
    talk.send(&wire::ask(tag, state.status_number, &["SendTargets=All"]));
    let (head, keys) = answer(talk, tag).await?;
    if head.kind == Kind::Text {
        tell(talk, &keys);
    }
    talk.send(&wire::logout(tag + 1, head.status_number.wrapping_add(1)));
    talk.read_to_end(wire::HEAD).await;
    Ok(())
}

/// Whether a login may go on; if not, that is told.
fn passes(talk: &mut Talk, status: u16) -> bool {
    if status == 0 {
        return true;
    }
    if status == 0x0201 {
        talk.found.detail("auth_required", true);
    }
    talk.found.detail("login_status", wire::status(status));
    false
}

fn tell(talk: &mut Talk, keys: &[(String, String)]) {
    const MOST: usize = 256;
    for (key, value) in keys.iter().take(MOST) {
        let name = match key.as_str() {
            "TargetName" => "target",
            "TargetAddress" => "target_address",
            "TargetAlias" => "target_alias",
            "TargetPortalGroupTag" => "portal_group",
            _ => continue,
        };
        talk.found.detail(name, value.as_str());
    }
}

/// A PDU, and its keys.
async fn answer(talk: &mut Talk, tag: u32) -> Result<(Head, Vec<(String, String)>), End> {
    let head = Head::read(&talk.read(wire::HEAD).await?, tag)?;
    let data = talk.read(head.additional + head.data).await?;
    let data = data.get(head.additional..).unwrap_or_default();
    Ok((head, if matches!(head.kind, Kind::Reject { .. }) { Vec::new() } else { wire::keys(data) }))
}
