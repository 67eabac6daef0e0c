//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Part, Time};

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let sent = talk.random();
    talk.send(&wire::request(sent));
    match talk.datagram().await {
        Ok(datagram) => tell(talk, &Time::read(&datagram, sent)?),
        // There may be control without time.
        Err(End::TimedOut) => {}
        Err(end) => return Err(end),
    }
    let variables = match variables(talk).await {
        // Most do not say anything to strangers.
        Err(End::TimedOut | End::Refused | End::Mismatch) if !talk.found.service.is_empty() => return Ok(()),
        variables => variables?,
    };
    for (name, value) in variables {
        if value.is_empty() {
            continue;
        }
        match name.as_str() {
            "version" => {
                software(talk, &value);
                talk.found.detail("version", value);
            }
            "system" => {
                talk.found.os = value.split('/').next().unwrap_or_default().into();
                talk.found.detail("system", value);
            }
            "processor" => talk.found.detail("processor", value),
            "refid" if talk.found.details.iter().all(|(key, _)| key != "refid") => talk.found.detail("refid", value),
            _ => {}
        }
    }
    Ok(())
}

fn tell(talk: &mut Talk, time: &Time) {
    let found = &mut talk.found;
    found.service = "ntp".into();
    found.info = match time.stratum {
        0 => "unsynchronized".into(),
        stratum => format!("stratum {stratum}"),
    };
    found.detail("protocol_version", time.version.to_string());
    found.detail("stratum", time.stratum);
    found.detail("synchronized", !time.is_unsynchronized);
    let reference = time.reference();
    if !reference.is_empty() {
        found.detail("refid", reference);
    }
}

/// The variables of the system, in as many parts as they come.
async fn variables(talk: &mut Talk) -> Result<Vec<(String, String)>, End> {
    const PARTS: usize = 8;
    let sequence = talk.random();
    talk.send(&wire::read_variables(sequence));
    let mut all: Vec<u8> = Vec::new();
    for _ in 0..PARTS {
        let datagram = talk.datagram().await?;
        let part = Part::read(&datagram, sequence)?;
        talk.found.service = "ntp".into();
        if all.is_empty() {
            talk.found.detail("control", !part.is_error);
        }
        // Parts that come in another order are left out.
        if part.is_error || part.offset != all.len() {
            break;
        }
        all.extend_from_slice(part.data);
        if part.is_last || part.data.is_empty() {
            break;
        }
    }
    Ok(wire::variables(&all))
}

/// `ntpd 4.2.8p15@1.3728-o Wed Sep 23 11:46:38 UTC 2020 (1)`, `ntpd ntpsec-1.2.2`.
fn software(talk: &mut Talk, said: &str) {
    let mut words = said.split_whitespace();
    let (Some(name), Some(version)) = (words.next(), words.next()) else { return };
    let found = &mut talk.found;
    if let Some(version) = version.strip_prefix("ntpsec-") {
        (found.product, found.version) = ("NTPsec".into(), version.into());
        found.cpe = vec![format!("cpe:/a:ntpsec:ntpsec:{}", number(version)).trim_end_matches(':').into()];
    } else if name == "ntpd" {
        let version = version.split('@').next().unwrap_or_default();
        (found.product, found.version) = (name.into(), version.into());
        let (number, patch) = version.split_once('p').unwrap_or((version, ""));
        let patch = if patch.is_empty() { String::new() } else { format!(":p{}", self::number(patch)) };
        found.cpe = vec![format!("cpe:/a:ntp:ntp:{}{patch}", self::number(number)).trim_end_matches(':').into()];
    } else {
        (found.product, found.version) = (name.into(), version.into());
    }
}

/// Digits and dots at the beginning.
fn number(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches('.')
}
