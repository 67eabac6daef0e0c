//! Which software calls itself how. Where a server is built on one of these, it is the library that is told.

use portprint_plugin_sdk::Found;

/// Whose UID ends with its version.
const BY_UID: &[(&str, &str, &str)] = &[
    ("1.2.276.0.7230010.3.0.", "OFFIS DCMTK", "cpe:/a:offis:dcmtk"),
    ("1.2.826.0.1.3680043.9.3811.", "pynetdicom", ""),
];

/// Whose version name ends with its version.
const BY_NAME: &[(&str, &str, &str)] =
    &[("dcm4che-", "dcm4che", ""), ("fo-dicom ", "fo-dicom", ""), ("GDCM ", "GDCM", "")];

/// Fills in the product if the implementation is one whose names are known.
pub(crate) fn name(found: &mut Found, uid: &str, name: &str) {
    let known = |table: &[(&str, &'static str, &'static str)], told: &str| {
        table.iter().find_map(|&(prefix, product, cpe)| {
            let version = told.strip_prefix(prefix)?;
            is_version(version).then(|| (product, cpe, version.to_owned()))
        })
    };
    let Some((product, cpe, version)) = known(BY_UID, uid).or_else(|| known(BY_NAME, name)) else { return };
    product.clone_into(&mut found.product);
    if !cpe.is_empty() {
        found.cpe = vec![format!("{cpe}:{version}")];
    }
    found.version = version;
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}
