//! What a root entry says of the software behind it.

use crate::wire::Attribute;

/// A root entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root<'a>(pub(crate) &'a [Attribute]);

/// The software of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Software {
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) os: &'static str,
    pub(crate) cpe: Vec<String>,
}

/// Active Directory, and its little sister for applications.
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";
const LIGHTWEIGHT_DIRECTORY: &str = "1.2.840.113556.1.4.1851";

impl<'a> Root<'a> {
    /// The values of an attribute.
    pub(crate) fn all(self, name: &str) -> &'a [String] {
        let found = self.0.iter().find(|(is, _)| is.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values.as_slice())
    }

    /// The first value of an attribute.
    pub(crate) fn first(self, name: &str) -> Option<&'a str> {
        self.all(name).first().map(String::as_str).filter(|value| !value.is_empty())
    }

    fn has(self, name: &str, value: &str) -> bool {
        self.all(name).iter().any(|it| it.eq_ignore_ascii_case(value))
    }

    pub(crate) fn is_active_directory(self) -> bool {
        self.has("supportedCapabilities", ACTIVE_DIRECTORY)
    }

    /// The software, as far as it can be told.
    pub(crate) fn software(self) -> Software {
        let vendor = self.first("vendorName").unwrap_or_default();
        let (product, version) = split(self.first("vendorVersion").unwrap_or_default());
        let product = if product.is_empty() { vendor } else { product };
        let made = |product: &str, version: &str, cpe: &str| Software {
            product: product.into(),
            version: version.into(),
            os: "",
            cpe: match (cpe, version) {
                ("", _) => Vec::new(),
                (cpe, "") => vec![format!("cpe:/a:{cpe}")],
                (cpe, version) => vec![format!("cpe:/a:{cpe}:{version}")],
            },
        };
        if self.has("objectClass", "OpenLDAProotDSE") {
            return made("OpenLDAP", version, "openldap:openldap");
        }
        if vendor.starts_with("Samba") {
            // "4.17.12-Debian"
            let version = version.split('-').next().unwrap_or_default();
            return made("Samba", version, "samba:samba");
        }
        if let Some(version) = self.first("vmwPlatformServicesControllerVersion") {
            return made("VMware vCenter or PSC LDAP", version, "");
        }
        if vendor.is_empty() && (self.is_active_directory() || self.has("supportedCapabilities", LIGHTWEIGHT_DIRECTORY))
        {
            let product = match self.is_active_directory() {
                true => "Microsoft Windows Active Directory LDAP",
                false => "Microsoft Active Directory Lightweight Directory Services",
            };
            let cpe = vec!["cpe:/o:microsoft:windows".into()];
            return Software { os: "Windows", cpe, ..made(product, "", "") };
        }
        match product.strip_prefix("LDAP Agent for ").unwrap_or(product) {
            "389-Directory" => made("389 Directory Server", version, "port389:389-ds-base"),
            "Apache Software Foundation" => made("ApacheDS", version, ""),
            "International Business Machines (IBM)" => made("IBM Directory Server", version, ""),
            product => made(product, version, ""),
        }
    }

    /// The domain and the site of a domain controller.
    pub(crate) fn place(self) -> String {
        let parts = |name, kind: &str| -> Vec<&str> {
            let name: &str = self.first(name).unwrap_or_default();
            name.split(',').filter_map(|part| part.trim().strip_prefix(kind)).collect()
        };
        let domain = parts("defaultNamingContext", "DC=").join(".");
        // CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,…
        let names = parts("dsServiceName", "CN=");
        let site = names.iter().position(|&name| name == "Sites").and_then(|at| names.get(at.checked_sub(1)?));
        match (domain.is_empty(), site) {
            (false, Some(site)) => format!("Domain: {domain}, Site: {site}"),
            (false, None) => format!("Domain: {domain}"),
            _ => String::new(),
        }
    }
}

/// A name and a version: "389-Directory/2.3.1 B2023.026", "OpenDJ 4.4.11", "2.0.0.AM26".
pub(crate) fn split(vendor: &str) -> (&str, &str) {
    let is_version = |word: &str| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    let word = |rest: &'_ str| rest.split([' ', ',', ';']).next().unwrap_or_default().len();
    let cut = |at: usize| {
        let (name, rest) = vendor.split_at_checked(at)?;
        let rest = rest.strip_prefix([' ', '/', '_']).unwrap_or(rest);
        let version = rest.get(..word(rest))?;
        is_version(version).then_some((name.trim(), version.trim_start_matches('v')))
    };
    let between = |c: char| matches!(c, ' ' | '/' | '_');
    let mut places = vendor.match_indices('/').chain(vendor.match_indices(between)).map(|(at, _)| at);
    places.find_map(cut).or_else(|| cut(0)).unwrap_or((vendor, ""))
}
