//! The conversation.

use portprint_plugin_ntlm::{self as ntlm, Challenge};
use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Confirm, Outcome, Response};

/// What Windows calls itself in X.224. Others say 0.
const WINDOWS: u16 = 0x1234;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    if !talk.request().is_empty() || !talk.seen().is_empty() {
        // What was said there stands in the way.
        talk.reconnect().await?;
    }
    let confirm = ask(talk, wire::TLS | wire::CREDSSP | wire::RDSTLS).await?;
    match confirm.outcome {
        Outcome::Nothing => old(talk).await,
        Outcome::Failed { code } => {
            found(talk);
            talk.found.detail("error", wire::failure(code));
            if code == wire::TLS_NOT_ALLOWED {
                standard(talk);
            }
            Ok(())
        }
        Outcome::Selected { protocol: wire::RDP, flags } => {
            found(talk);
            capabilities(talk, flags);
            standard(talk);
            Ok(())
        }
        Outcome::Selected { protocol, flags } => {
            found(talk);
            capabilities(talk, flags);
            talk.found.detail("mechanism", wire::protocol_name(protocol));
            talk.found.detail("tls_offered", true);
            talk.found.detail("nla_offered", protocol == wire::CREDSSP);
            // Whatever goes wrong inside TLS, there is more to be asked outside.
            let inside = inside(talk, protocol, confirm.source).await;
            demands(talk, protocol).await?;
            inside
        }
    }
}

/// A server's choice among these protocols, on a connection of its own.
async fn ask(talk: &mut Talk, protocols: u32) -> Result<Confirm, End> {
    talk.send(&wire::request(protocols));
    let message = message(talk).await?;
    Ok(Confirm::read(&message)?)
}

async fn message(talk: &mut Talk) -> Result<Vec<u8>, End> {
    let length = wire::length(talk.peek(4).await?)?;
    talk.read(length).await
}

/// What the protocol that was chosen tells inside TLS.
async fn inside(talk: &mut Talk, protocol: u32, source: u16) -> Result<(), End> {
    if !talk.can_start_tls() {
        return Ok(());
    }
    talk.start_tls(&[]).await?;
    if protocol != wire::CREDSSP {
        return Ok(());
    }
    talk.send(&wire::credssp(&ntlm::negotiate()));
    let length = wire::sequence(talk.peek(4).await?)?;
    let answer = talk.read(length).await?;
    if let Some(version) = wire::credssp_version(&answer) {
        talk.found.detail("credssp_version", version);
    }
    let challenge = Challenge::find(&answer)?;
    if source == WINDOWS && challenge.windows().is_some() {
        talk.found.product = "Microsoft Terminal Services".into();
        talk.found.os = "Windows".into();
        talk.found.cpe = vec!["cpe:/o:microsoft:windows".into()];
    }
    challenge.tell(&mut talk.found);
    Ok(())
}

/// Asks for less, to see what the server insists on.
async fn demands(talk: &mut Talk, protocol: u32) -> Result<(), End> {
    if protocol == wire::CREDSSP {
        talk.reconnect().await?;
        let is_required = !takes(talk, wire::TLS).await?;
        talk.found.detail("nla_required", is_required);
        if !is_required {
            talk.found.detail("mechanism", wire::protocol_name(wire::TLS));
        }
    } else {
        talk.found.detail("nla_required", false);
    }
    talk.reconnect().await?;
    let is_required = !takes(talk, wire::RDP).await?;
    talk.found.detail("tls_required", is_required);
    if !is_required {
        talk.found.detail("mechanism", wire::protocol_name(wire::RDP));
    }
    Ok(())
}

/// Whether the server is content with this protocol alone.
async fn takes(talk: &mut Talk, protocol: u32) -> Result<bool, End> {
    Ok(match ask(talk, protocol).await?.outcome {
        Outcome::Selected { protocol: selected, .. } => selected == protocol,
        Outcome::Failed { .. } => false,
        Outcome::Nothing => protocol == wire::RDP,
    })
}

/// A server that knows nothing of protocols: goes on until it is certain that it is one of RDP.
async fn old(talk: &mut Talk) -> Result<(), End> {
    talk.send(&wire::connect_initial());
    let response = Response::read(&message(talk).await?)?;
    found(talk);
    standard(talk);
    if let Some(version) = response.version {
        talk.found.detail("protocol_version", wire::version_name(version));
    }
    if let Some(level) = response.encryption_level {
        talk.found.detail("encryption_level", level);
    }
    Ok(())
}

fn found(talk: &mut Talk) {
    talk.found.service = "ms-wbt-server".into();
}

/// There is nothing but standard RDP security.
fn standard(talk: &mut Talk) {
    talk.found.detail("mechanism", wire::protocol_name(wire::RDP));
    for key in ["tls_offered", "tls_required", "nla_offered", "nla_required"] {
        talk.found.detail(key, false);
    }
}

fn capabilities(talk: &mut Talk, flags: u8) {
    for (bit, name) in wire::CAPABILITIES.iter().enumerate() {
        if flags >> bit & 1 != 0 && !name.is_empty() {
            talk.found.detail("capability", *name);
        }
    }
}
