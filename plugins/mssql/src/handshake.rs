//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::builds::Release;
use crate::wire::{self, Encryption, Prelogin};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    talk.send(&wire::prelogin());
    let length = wire::length(talk.peek(wire::HEAD).await?)?;
    let packet = talk.read(wire::HEAD + length).await?;
    let prelogin = Prelogin::read(packet.get(wire::HEAD..).unwrap_or_default())?;
    talk.found.service = "ms-sql-s".into();
    tell_version(talk, &prelogin);
    if let Some(encryption) = prelogin.encryption {
        let (word, is_offered, is_required) = match encryption {
            Encryption::Off => ("login", true, false),
            Encryption::On => ("on", true, false),
            Encryption::NotSupported => ("not supported", false, false),
            Encryption::Required => ("required", true, true),
        };
        talk.found.detail("tls_offered", is_offered);
        talk.found.detail("tls_required", is_required);
        talk.found.detail("encryption", word);
    }
    if let Some(mars) = prelogin.mars {
        talk.found.detail("mars", mars);
    }
    if prelogin.is_other_instance {
        talk.found.detail("named_instance", true);
    }
    if let Some(federated) = prelogin.federated {
        talk.found.detail("federated_auth_required", federated);
    }
    Ok(())
}

fn tell_version(talk: &mut Talk, prelogin: &Prelogin) {
    const CPE: &str = "cpe:/a:microsoft:sql_server";
    let &Prelogin { major, minor, build, sub_build, .. } = prelogin;
    let found = &mut talk.found;
    found.product = "Microsoft SQL Server".into();
    found.version = format!("{major}.{minor:02}.{build}");
    if sub_build != 0 {
        found.version += &format!(".{sub_build:02}");
    }
    found.cpe = vec![CPE.into()];
    let Some(release) = Release::of(major, minor) else { return };
    // No build has the number 0, and this one is what the clouds' servers say, however new they are.
    let is_cloud = (major, build) == (12, 2000);
    if is_cloud {
        found.info = "2014 RTM, Azure SQL or Babelfish".into();
        return;
    }
    if build == 0 {
        return;
    }
    found.product = format!("Microsoft SQL Server {}", release.name);
    let name = release.name.to_lowercase().replace(' ', "_");
    let (mut info, mut update) = (String::new(), String::new());
    if let Some((pack, has_more)) = release.pack(build) {
        info = if pack == 0 { "RTM".into() } else { format!("SP{pack}") };
        if pack > 0 {
            update = format!(":sp{pack}");
        }
        if has_more {
            info.push('+');
        }
    }
    found.cpe = vec![format!("{CPE}:{name}{update}")];
    found.info = info;
    if release.is_windows {
        found.os = "Windows".into();
        found.cpe.push("cpe:/o:microsoft:windows".into());
    }
}
