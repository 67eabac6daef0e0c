//! Where a proxy is and how it is spoken to, as people write it. Whoever it is shown to, the login is not.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// A proxy: `socks5://[user:password@]host:port` (RFC 1928, 1929) or `http://[user:password@]host:port` (CONNECT, RFC 9110, 9.3.6).
///
/// User and password may be percent-encoded. Neither is ever shown, nor is any part of what could not be read.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub(super) kind: ProxyKind,
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) login: Option<Login>,
}

/// What a proxy speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyKind {
    Socks5,
    Http,
}

/// Who we say that we are.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
}

/// What is wrong with the address of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyError {
    /// There is no scheme, or an unknown one.
    Scheme,
    /// `socks5h://`: names are to be resolved by the proxy.
    RemoteNames,
    /// There is no host, or something that cannot be one.
    Host,
    /// There is no port, or none between 1 and 65535.
    Port,
    /// There is something after the port.
    Path,
    /// The user or the password is missing, longer than 255 bytes, or cannot be decoded.
    Login,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "unknown scheme; write socks5://host:port or http://host:port",
            Self::RemoteNames => {
                "a proxy that resolves names (socks5h) is not supported, as limits, exclusions and records need the address; \
                 use socks5://, by which names are resolved here"
            }
            Self::Host => "there is no host; write socks5://host:port or http://host:port, IPv6 in brackets",
            Self::Port => "write the proxy's port, from 1 to 65535, after its host and a colon",
            Self::Path => "nothing stands after the port; encode a / in a password as %2F",
            Self::Login => {
                "write user:password@ before the host, each with 1 to 255 bytes, other characters than letters and digits \
                 percent-encoded; a user for http:// has no colon"
            }
        })
    }
}

impl std::error::Error for ProxyError {}

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = text.split_once("://").ok_or(ProxyError::Scheme)?;
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "socks5" => ProxyKind::Socks5,
            "socks5h" => return Err(ProxyError::RemoteNames),
            "http" => ProxyKind::Http,
            _ => return Err(ProxyError::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(ProxyError::Path);
        }
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(Login::read(login, kind)?), place),
            None => (None, rest),
        };
        let (host, port) = place.rsplit_once(':').ok_or(ProxyError::Port)?;
        let port = if port.starts_with('+') { None } else { port.parse().ok() };
        let port = port.filter(|port| *port != 0).ok_or(ProxyError::Port)?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) if address.parse::<Ipv6Addr>().is_ok() => address,
            Some(_) => return Err(ProxyError::Host),
            None => host,
        };
        let is_v6 = host.parse::<Ipv6Addr>().is_ok();
        let is_plain = |c: char| c.is_alphanumeric() || c == '.' || c == '-' || c == '_';
        if host.is_empty() || !is_v6 && !host.chars().all(is_plain) {
            return Err(ProxyError::Host);
        }
        Ok(Self { kind, host: host.to_owned(), port, login })
    }
}

impl Login {
    fn read(text: &str, kind: ProxyKind) -> Result<Self, ProxyError> {
        let (user, password) = text.split_once(':').ok_or(ProxyError::Login)?;
        let decode = |part: &str| {
            let part = percent_decode_str(part).decode_utf8().ok()?;
            (1..=255).contains(&part.len()).then(|| part.into_owned())
        };
        let user = decode(user).ok_or(ProxyError::Login)?;
        // RFC 7617, 2: what stands before the first colon is the user.
        if kind == ProxyKind::Http && user.contains(':') {
            return Err(ProxyError::Login);
        }
        Ok(Self { user, password: decode(password).ok_or(ProxyError::Login)? })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (&self.host, self.port);
        let scheme = match self.kind {
            ProxyKind::Socks5 => "socks5",
            ProxyKind::Http => "http",
        };
        if host.contains(':') { write!(f, "{scheme}://[{host}]:{port}") } else { write!(f, "{scheme}://{host}:{port}") }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, shown, login) in [
            ("socks5://proxy:1080", "socks5://proxy:1080", None),
            ("SOCKS5://10.0.0.1:1/", "socks5://10.0.0.1:1", None),
            ("http://[::1]:3128", "http://[::1]:3128", None),
            ("socks5://me:s%3Acret@proxy:1", "socks5://proxy:1", Some(("me", "s:cret"))),
            ("http://me:p@ss:word@proxy:1", "http://proxy:1", Some(("me", "p@ss:word"))),
        ] {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!(proxy.to_string(), shown);
            assert_eq!(format!("{proxy:?}"), shown, "no login is shown");
            assert_eq!(proxy.login.as_ref().map(|it| (it.user.as_str(), it.password.as_str())), login);
        }
    }

    #[test]
    fn faults_are_named() {
        let long = format!("http://u:{}@h:1", "x".repeat(256));
        for (text, expected) in [
            ("proxy:1080", ProxyError::Scheme),
            ("https://proxy:1", ProxyError::Scheme),
            ("socks4://proxy:1", ProxyError::Scheme),
            ("socks5h://proxy:1", ProxyError::RemoteNames),
            ("http://proxy", ProxyError::Port),
            ("http://proxy:0", ProxyError::Port),
            ("http://proxy:65536", ProxyError::Port),
            ("http://proxy:+1", ProxyError::Port),
            ("http://:1", ProxyError::Host),
            ("http://[::1:1", ProxyError::Host),
            ("http://[proxy]:1", ProxyError::Host),
            ("http://a b:1", ProxyError::Host),
            ("http://proxy:1/path", ProxyError::Path),
            ("http://me:se/cret@proxy:1", ProxyError::Path),
            ("http://me@proxy:1", ProxyError::Login),
            ("http://me:@proxy:1", ProxyError::Login),
            ("http://m%3Ae:x@proxy:1", ProxyError::Login),
            ("http://me:%ff@proxy:1", ProxyError::Login),
            (&long, ProxyError::Login),
        ] {
            assert_eq!(text.parse::<Proxy>(), Err(expected), "{text}");
        }
    }
}
