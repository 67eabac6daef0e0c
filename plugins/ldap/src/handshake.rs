//! The conversation.

use portprint_plugin_sdk::{End, Reader, Talk};

use crate::software::Root;
use crate::wire::{self, Answer, Attribute, Outcome};

/// The most messages that are read: the entry, the end, and whatever else.
const MOST: usize = 8;
/// The most values of a kind that are told.
const MOST_TOLD: usize = 32;

const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let id = u32::from_be_bytes(talk.random()) & 0x3fff_ffff | 0x4000_0000;
    talk.send(&wire::search(id));
    if talk.is_udp() {
        let datagram = talk.datagram().await?;
        let mut reader = Reader::new(&datagram);
        while !reader.is_empty() {
            if take(talk, Answer::read(&mut reader, id)?) {
                break;
            }
        }
        return Ok(());
    }
    for _ in 0..MOST {
        let message = message(talk).await?;
        if take(talk, Answer::read(&mut Reader::new(&message), id)?) {
            talk.send(&wire::unbind(id + 1));
            talk.read_to_end(1).await;
            return Ok(());
        }
    }
    Err(End::Mismatch)
}

/// Says what an answer tells, and whether it is the last.
fn take(talk: &mut Talk, answer: Answer) -> bool {
    talk.found.service = "ldap".into();
    match answer {
        Answer::Entry(entry) => {
            about(talk, &entry);
            false
        }
        Answer::Other => false,
        Answer::Done(outcome) | Answer::Disconnection(outcome) => {
            refused(talk, &outcome);
            true
        }
    }
}

/// A message, and all of it.
async fn message(talk: &mut Talk) -> Result<Vec<u8>, End> {
    let mut known = 2;
    loop {
        if let Some((head, content)) = wire::lengths(talk.peek(known).await?)? {
            return talk.read(head + content).await;
        }
        known += 1;
    }
}

/// What a root entry tells.
fn about(talk: &mut Talk, entry: &[Attribute]) {
    let root = Root(entry);
    let software = root.software();
    talk.found.product = software.product;
    talk.found.version = software.version;
    talk.found.cpe = software.cpe;
    software.os.clone_into(&mut talk.found.os);
    if let Some(host) = root.first("dnsHostName") {
        host.clone_into(&mut talk.found.hostname);
    }
    if root.is_active_directory() {
        talk.found.info = root.place();
    }
    for (key, name) in
        [("vendor_name", "vendorName"), ("vendor_version", "vendorVersion"), ("server_name", "serverName")]
    {
        if let Some(value) = root.first(name) {
            talk.found.detail(key, value);
        }
    }
    for (key, name) in [
        ("protocol_version", "supportedLDAPVersion"),
        ("mechanism", "supportedSASLMechanisms"),
        ("naming_context", "namingContexts"),
    ] {
        for value in root.all(name).iter().take(MOST_TOLD) {
            talk.found.detail(key, value.as_str());
        }
    }
    for (key, name) in [
        ("domain_functionality", "domainFunctionality"),
        ("forest_functionality", "forestFunctionality"),
        ("domain_controller_functionality", "domainControllerFunctionality"),
    ] {
        if let Some(level) = root.first(name).and_then(|level| level.parse::<u16>().ok()) {
            talk.found.detail(key, level);
        }
    }
    if let Some(ready) = root.first("isGlobalCatalogReady") {
        talk.found.detail("global_catalog", ready.eq_ignore_ascii_case("TRUE"));
    }
    let extensions = root.all("supportedExtension");
    if !extensions.is_empty() && !talk.is_inside_tls() && !talk.is_udp() {
        talk.found.detail("tls_offered", extensions.iter().any(|extension| extension == START_TLS));
    }
}

/// What a server says that does not answer, or no more.
fn refused(talk: &mut Talk, outcome: &Outcome) {
    const CONFIDENTIALITY_REQUIRED: u32 = 13;
    match outcome.code {
        0 => return,
        CONFIDENTIALITY_REQUIRED => talk.found.detail("tls_required", true),
        // Stronger or other authentication, wrong credentials, insufficient rights.
        8 | 48 | 49 | 50 => talk.found.detail("auth_required", true),
        _ => {}
    }
    talk.found.detail("return_code", outcome.code);
    if !outcome.message.is_empty() {
        talk.found.detail("error", outcome.message.as_str());
    }
}
