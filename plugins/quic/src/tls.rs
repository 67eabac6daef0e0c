//! The two messages of TLS that are needed.

use std::net::IpAddr;

use portprint_plugin_sdk::{Reader, Short};

use crate::wire::Id;

/// The alert "no application protocol", as QUIC says it.
pub(crate) const NO_APPLICATION_PROTOCOL: u64 = 0x178;

/// The generator of P-256, a point that every server takes.
const P256: [u8; 65] = *b"\x04\
    \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
    \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

/// Parts with a length of two bytes before them.
fn with_length(parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut bytes = u16::try_from(body.len()).unwrap_or_default().to_be_bytes().to_vec();
    bytes.extend_from_slice(&body);
    bytes
}

/// A ClientHello that offers one application protocol. Nobody has the secrets of its keys: the handshake cannot go on.
pub(crate) fn client_hello(
    random: [u8; 32],
    key: [u8; 32],
    host: &str,
    alpn: &str,
    parameters: u16,
    source: Id,
) -> Vec<u8> {
    let mut extensions = Vec::new();
    let mut extension = |kind: u16, body: &[u8]| {
        extensions.extend_from_slice(&kind.to_be_bytes());
        extensions.extend_from_slice(&with_length(&[body]));
    };
    // server_name: names alone, not addresses.
    if !host.is_empty() && host.len() < 254 && host.parse::<IpAddr>().is_err() {
        extension(0, &with_length(&[&[0], &with_length(&[host.as_bytes()])]));
    }
    // supported_groups: X25519, P-256.
    extension(10, &with_length(&[&[0, 0x1d, 0, 0x17]]));
    // signature_algorithms: ECDSA, RSA-PSS, Ed25519, RSA.
    extension(13, &with_length(&[&[4, 3, 8, 4, 8, 7, 5, 3, 8, 5, 6, 3, 8, 6, 4, 1, 5, 1, 6, 1]]));
    // application_layer_protocol_negotiation
    extension(16, &with_length(&[&[u8::try_from(alpn.len()).unwrap_or_default()], alpn.as_bytes()]));
    // supported_versions: TLS 1.3.
    extension(43, &[2, 3, 4]);
    // psk_key_exchange_modes: with Diffie-Hellman.
    extension(45, &[1, 1]);
    // key_share
    extension(51, &with_length(&[&[0, 0x1d], &with_length(&[&key]), &[0, 0x17], &with_length(&[&P256])]));
    // quic_transport_parameters: idle for 5 s at most, some data in streams and in all, some streams, the id that was chosen.
    let mut limits = vec![0x01, 2, 0x53, 0x88];
    for kind in [0x04, 0x05, 0x06, 0x07] {
        limits.extend_from_slice(&[kind, 4, 0x80, 0x01, 0, 0]);
    }
    limits.extend_from_slice(&[0x08, 1, 8, 0x09, 1, 8, 0x0f, 8]);
    limits.extend_from_slice(&source);
    extension(parameters, &limits);

    let mut body = vec![3, 3];
    body.extend_from_slice(&random);
    // No session; AES with GCM, ChaCha20; no compression.
    body.extend_from_slice(&[0, 0, 6, 0x13, 1, 0x13, 2, 0x13, 3, 1, 0]);
    body.extend_from_slice(&with_length(&[&extensions]));
    let mut message = vec![1, 0];
    message.extend_from_slice(&with_length(&[&body]));
    message
}

/// Whether this is a whole ServerHello of TLS 1.3, and its cipher suite. Nothing if it is not whole yet.
pub(crate) fn server_hello(bytes: &[u8]) -> Result<Option<u16>, Short> {
    let mut reader = Reader::new(bytes);
    let Ok(kind) = reader.u8() else { return Ok(None) };
    if kind != 2 {
        return Err(Short);
    }
    let Ok(length) = reader.u24() else { return Ok(None) };
    let Ok(mut hello) = reader.part(usize::try_from(length).map_err(|_| Short)?) else { return Ok(None) };
    if hello.u16()? != 0x0303 {
        return Err(Short);
    }
    hello.skip(32)?;
    let session = hello.u8()?;
    hello.skip(session.into())?;
    let cipher = hello.u16()?;
    if !(0x1301..=0x1305).contains(&cipher) || hello.u8()? != 0 {
        return Err(Short);
    }
    Ok(Some(cipher))
}

/// IANA's name of a cipher suite.
pub(crate) fn cipher_name(cipher: u16) -> &'static str {
    match cipher {
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0x1304 => "TLS_AES_128_CCM_SHA256",
        _ => "TLS_AES_128_CCM_8_SHA256",
    }
}
