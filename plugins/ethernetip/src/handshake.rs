//! The conversation.

use std::net::Ipv4Addr;

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Identity};

/// The longest time, in milliseconds, that a device may let pass before it answers: what all have to accept.
const DELAY: [u8; 2] = 500_u16.to_le_bytes();

/// The serial number and name that the simulator of the Python package cpppo has unless it is told others.
const CPPPO: (u32, &str) = (0x006c_061a, "1756-L61/B LOGIX5561");

/// The product code and name of the sample of OpENer, which has the number of another vendor.
const OPENER: (u16, &str) = (65001, "OpENer PC");

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let ([d0, d1], [a, b, c, d, e, f]) = (DELAY, talk.random());
    let context = [d0, d1, a, b, c, d, e, f];
    let question = wire::list_identity(context);
    let body = if talk.is_udp() {
        talk.send(&question);
        let datagram = talk.datagram().await?;
        let length = wire::head(&datagram, context).ok_or(End::Mismatch)?;
        datagram.get(wire::HEAD..).filter(|body| body.len() == length).ok_or(End::Mismatch)?.to_vec()
    } else {
        talk.reconnect().await?;
        talk.send(&question);
        let length = wire::head(talk.peek(wire::HEAD).await?, context).ok_or(End::Mismatch)?;
        talk.read(wire::HEAD).await?;
        talk.read(length).await?
    };
    let identity = wire::identity(&body)?;
    talk.found.service = "enip".into();
    tell(talk, identity);
    Ok(())
}

fn tell(talk: &mut Talk, identity: Identity) {
    let Identity { address, port, vendor, device_type, product_code, revision, status, serial, name } = identity;
    let found = &mut talk.found;
    let maker = wire::vendor(vendor);
    found.product = match maker {
        Some(maker) => format!("{maker} {name}").trim_end().to_owned(),
        None => name.clone(),
    };
    found.version = format!("{}.{}", revision.0, revision.1);
    found.detail("vendor_id", vendor);
    if let Some(maker) = maker {
        found.detail("vendor", maker);
    }
    found.detail("device_type_id", device_type);
    if let Some(kind) = wire::device_type(device_type) {
        found.detail("device_type", kind);
        found.device = if kind.ends_with("switch") { "switch" } else { "specialized" }.into();
    }
    found.detail("product_code", product_code);
    found.detail("serial_number", format!("{serial:08x}"));
    found.detail("status", status);
    let address = Ipv4Addr::from(address);
    if !address.is_unspecified() {
        // What the device believes; behind a translator it is another.
        found.detail("address", format!("{address}:{port}"));
    }
    if (serial, name.as_str()) == CPPPO {
        found.info = "identity of the cpppo simulator".into();
        found.detail("emulator", true);
    } else if (product_code, name.as_str()) == OPENER {
        found.product = "OpENer".into();
        found.cpe = vec![format!("cpe:/a:opener_project:opener:{}", found.version)];
    }
}
