//! SPNEGO, around the tokens of SMB (RFC 4178), as far as it is needed here.

/// Object identifiers in DER, and what people call the mechanisms.
const MECHANISMS: &[(&[u8], &str)] = &[
    (b"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a", "NTLMSSP"),
    (b"\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e", "NEGOEX"),
    (b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", "Kerberos"),
    (b"\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02", "MS-Kerberos"),
];

/// Which mechanisms a server's first token offers.
pub(crate) fn mechanisms(token: &[u8]) -> impl Iterator<Item = &'static str> {
    MECHANISMS.iter().filter(|(oid, _)| token.windows(oid.len()).any(|window| window == *oid)).map(|&(_, name)| name)
}

/// A first token that offers NTLMSSP alone, with its first message.
pub(crate) fn offer(message: &[u8]) -> Vec<u8> {
    let mechanisms = der(0xa0, &der(0x30, MECHANISMS[0].0));
    let token = der(0xa2, &der(0x04, message));
    let negotiation = der(0xa0, &der(0x30, &[mechanisms, token].concat()));
    der(0x60, &[b"\x06\x06\x2b\x06\x01\x05\x05\x02", &negotiation[..]].concat())
}

/// All of these are shorter than 128 bytes, so that one byte says how long.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag, value.len() as u8], value].concat()
}
