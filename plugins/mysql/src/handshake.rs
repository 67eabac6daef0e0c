//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::vendor::Vendor;
use crate::wire::{self, First, Greeting};
use crate::x;

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let mut head = [0; 4];
    head.copy_from_slice(talk.peek(4).await?);
    if x::HELLO.starts_with(&head) && talk.peek(5).await?.ends_with(&[x::NOTICE]) {
        return x::identify(talk).await;
    }
    let length = wire::length(head).ok_or(End::Mismatch)?;
    let packet = talk.read(4 + length).await?;
    match First::read(packet.get(4..).unwrap_or_default())? {
        First::Greeting(greeting) => tell(talk, &greeting),
        First::Refusal { code, message } => {
            talk.found.service = "mysql".into();
            // Others have these messages from MySQL. MariaDB has its own only since 2020.
            if message.contains("MariaDB") || message.contains("mariadb-admin") {
                talk.found.product = "MariaDB".into();
                talk.found.cpe = vec!["cpe:/a:mariadb:mariadb".into()];
            }
            talk.found.info = match code {
                1040 | 1203 => "too many connections".into(),
                1129 => "blocked after too many connection errors".into(),
                1130 => "not allowed to connect".into(),
                _ => String::new(),
            };
            talk.found.detail("error_code", code);
            talk.found.detail("error", message);
        }
    }
    Ok(())
}

fn tell(talk: &mut Talk, greeting: &Greeting) {
    let vendor = Vendor::read(&greeting.version);
    talk.found.service = "mysql".into();
    talk.found.product = vendor.product.into();
    talk.found.os = vendor.os.into();
    if !vendor.cpe.is_empty() {
        let separator = if vendor.version.is_empty() { "" } else { ":" };
        talk.found.cpe = vec![format!("{}{separator}{}", vendor.cpe, vendor.version)];
    }
    talk.found.version = vendor.version;
    if let Some(compatible) = vendor.compatible.filter(|it| !it.is_empty()) {
        talk.found.info = format!("as MySQL {compatible}");
    }
    talk.found.detail("protocol_version", greeting.protocol.to_string());
    talk.found.detail("server_version", greeting.version.as_str());
    talk.found.detail("tls_offered", greeting.capabilities & wire::SSL != 0);
    if let Some(plugin) = &greeting.plugin {
        talk.found.detail("auth_method", plugin.as_str());
    }
    if let Some(collation) = greeting.collation {
        talk.found.detail("collation", collation);
    }
    for (flag, name) in wire::CAPABILITIES {
        if greeting.capabilities & flag != 0 {
            talk.found.detail("capability", name);
        }
    }
}
