//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Engine, Report};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    // Positive, and of four bytes whatever comes.
    let id = u32::from_be_bytes(talk.random()) & 0x3fff_ffff | 0x4000_0000;
    talk.send(&wire::discovery(id));
    let report = Report::read(&talk.datagram().await?, id)?;
    let found = &mut talk.found;
    found.service = "snmp".into();
    found.info = "SNMPv3".into();
    found.detail("protocol_version", "3");
    // Users have to say who they are, and most have to prove it.
    found.detail("auth_required", true);
    found.detail("engine_id", report.engine.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    found.detail("engine_boots", report.boots);
    found.detail("engine_time", report.time);
    let Ok(engine) = Engine::read(&report.engine) else { return Ok(()) };
    found.detail("enterprise", engine.enterprise);
    if let Some(vendor) = wire::vendor(engine.enterprise) {
        found.detail("vendor", vendor);
        if vendor == "net-snmp" {
            found.product = vendor.into();
            found.cpe = vec!["cpe:/a:net-snmp:net-snmp".into()];
        }
    }
    if let Some(address) = engine.address {
        found.detail("engine_address", address);
    }
    if let Some(text) = engine.text.filter(|text| !text.is_empty()) {
        found.detail("engine_text", text);
    }
    Ok(())
}
