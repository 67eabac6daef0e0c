//! The conversation.

use std::net::IpAddr;

use portprint_plugin_sdk::{End, Reader, Talk};

use crate::releases;
use crate::wire::{self, ApiVersions, Metadata, SaslHandshake};

/// The mechanism that is asked for. Asking for one that the broker does not have would count there as a failed login.
const MECHANISM: &str = "PLAIN";

/// The listener knows no SASL.
const ILLEGAL_SASL_STATE: u16 = 34;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let versions = match api_versions(talk, 3).await {
        Ok(versions) if !versions.is_refused => versions,
        Ok(refusal) => {
            if !refusal.apis.is_empty() {
                talk.found.service = "kafka".into();
            }
            match api_versions(talk, 0).await {
                Err(End::Eof | End::Reset) => older(talk).await?,
                versions => versions?,
            }
        }
        // Some brokers close instead of saying that they do not know a version.
        Err(End::Eof | End::Reset) => older(talk).await?,
        Err(end) => return Err(end),
    };
    talk.found.service = "kafka".into();
    release(talk, &versions);
    let sasl = if versions.has_sasl_handshake() { sasl_handshake(talk).await.ok() } else { None };
    if let Some(sasl) = &sasl {
        for mechanism in &sasl.mechanisms {
            talk.found.detail("mechanism", mechanism.as_str());
        }
        if sasl.is_needed(MECHANISM) {
            talk.found.detail("auth_required", true);
            return Ok(());
        }
        if sasl.error != ILLEGAL_SASL_STATE {
            // Whatever it is, the next request on this connection might be taken for a password.
            talk.reconnect().await?;
        }
    } else if versions.has_sasl_handshake() {
        talk.reconnect().await?;
    }
    if let Some(version) = versions.metadata_version() {
        let answer = match metadata(talk, version).await {
            Err(end @ (End::Eof | End::Reset)) if sasl.as_ref().is_some_and(|sasl| !sasl.mechanisms.is_empty()) => {
                talk.found.detail("auth_required", true);
                return Err(end);
            }
            answer => answer?,
        };
        talk.found.detail("auth_required", false);
        cluster(talk, answer);
    }
    Ok(())
}

/// What the versions of its requests say of a broker.
fn release(talk: &mut Talk, versions: &ApiVersions) {
    let by_features = releases::by_features(versions);
    let release = by_features.flatten().or_else(|| releases::exact(versions));
    if release.is_some() || by_features.is_some() {
        talk.found.product = "Apache Kafka".into();
        talk.found.cpe = vec!["cpe:/a:apache:kafka".into()];
        talk.found.version = release.unwrap_or_default().into();
    } else if let Some(like) = releases::like(versions) {
        // Others speak the protocol, too; what they speak is all that is known.
        talk.found.detail("protocol_version", like);
    }
    for feature in &versions.features {
        talk.found.detail("capability", format!("{}={}", feature.name, feature.max));
    }
}

fn cluster(talk: &mut Talk, answer: Metadata) {
    if let Some(cluster) = answer.cluster.filter(|cluster| !cluster.is_empty()) {
        // Redpanda puts its own name before the id.
        if cluster.starts_with("redpanda.") {
            talk.found.product = "Redpanda".into();
            talk.found.cpe = vec!["cpe:/a:redpanda:redpanda".into()];
            talk.found.version.clear();
        }
        talk.found.detail("cluster_id", cluster);
    }
    if let [broker] = answer.brokers.as_slice() {
        talk.found.detail("node_id", broker.id);
        if broker.host.parse::<IpAddr>().is_err() {
            talk.found.hostname.clone_from(&broker.host);
        }
    }
    for broker in answer.brokers {
        talk.found.detail("broker", format!("{}={}:{}", broker.id, broker.host, broker.port));
    }
    if answer.controller >= 0 {
        talk.found.detail("controller_id", answer.controller);
    }
}

/// The first version, which every broker knows that knows the request.
async fn older(talk: &mut Talk) -> Result<ApiVersions, End> {
    talk.reconnect().await?;
    api_versions(talk, 0).await
}

async fn api_versions(talk: &mut Talk, version: u16) -> Result<ApiVersions, End> {
    let id = correlation(talk);
    let body = ask(talk, &wire::api_versions(version, id), id).await?;
    Ok(ApiVersions::read(&body, version)?)
}

async fn sasl_handshake(talk: &mut Talk) -> Result<SaslHandshake, End> {
    let id = correlation(talk);
    let body = ask(talk, &wire::sasl_handshake(MECHANISM, id), id).await?;
    Ok(SaslHandshake::read(&body)?)
}

async fn metadata(talk: &mut Talk, version: u16) -> Result<Metadata, End> {
    let id = correlation(talk);
    let body = ask(talk, &wire::metadata(version, id), id).await?;
    Ok(Metadata::read(&body, version)?)
}

/// A number that comes back with the answer. It cannot be what stands in its place in a request, if a peer sends that back.
fn correlation(talk: &mut Talk) -> u32 {
    u32::from_be_bytes(talk.random()) & 0x3fff_ffff | 0x4000_0000
}

/// The body of the answer to a request.
async fn ask(talk: &mut Talk, request: &[u8], correlation: u32) -> Result<Vec<u8>, End> {
    talk.send(request);
    let mut head = Reader::new(talk.peek(8).await?);
    let length = wire::length(head.array()?).ok_or(End::Mismatch)?;
    if head.u32()? != correlation {
        return Err(End::Mismatch);
    }
    let answer = talk.read(4 + length).await?;
    let mut reader = Reader::new(&answer);
    reader.skip(8)?;
    Ok(reader.rest().to_vec())
}
