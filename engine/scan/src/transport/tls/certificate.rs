//! What a certificate (X.509, RFC 5280) says of the peer. It may be broken: then only its hash is known.

use std::fmt::Write;
use std::net::IpAddr;

use portprint_core::session::TlsInfo;
use sha2::{Digest, Sha256};
use time::format_description::well_known::Rfc3339;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// The most names that are kept.
const NAMES: usize = 100;

/// Adds what the certificate says.
pub(super) fn describe(der: &[u8], info: &mut TlsInfo) {
    let mut sha256 = String::with_capacity(64);
    for byte in Sha256::digest(der) {
        let _ = write!(sha256, "{byte:02x}");
    }
    info.sha256 = Some(sha256);
    let Ok((_, certificate)) = parse_x509_certificate(der) else { return };
    info.subject = Some(certificate.subject().to_string()).filter(|subject| !subject.is_empty());
    info.issuer = Some(certificate.issuer().to_string()).filter(|issuer| !issuer.is_empty());
    info.not_after = certificate.validity().not_after.to_datetime().format(&Rfc3339).ok();
    if let Ok(Some(names)) = certificate.subject_alternative_name() {
        info.names = names.value.general_names.iter().filter_map(shown).take(NAMES).collect();
    }
}

fn shown(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let address = match bytes.len() {
                4 => IpAddr::from(<[u8; 4]>::try_from(*bytes).ok()?),
                16 => IpAddr::from(<[u8; 16]>::try_from(*bytes).ok()?),
                _ => return None,
            };
            Some(address.to_string())
        }
        _ => None,
    }
}
