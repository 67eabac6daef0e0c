//! What is asked.

use crate::wire::{self, Spi};

/// Diffie-Hellman groups that are offered, the one that a value is sent for first.
const GROUPS: [u16; 8] = [14, 31, 19, 20, 21, 15, 16, 2];

/// The generators of the curves P-256, P-384 and P-521: points that every server takes.
const P256: &[u8] = b"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
    \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
const P384: &[u8] = b"\xaa\x87\xca\x22\xbe\x8b\x05\x37\x8e\xb1\xc7\x1e\xf3\x20\xad\x74\x6e\x1d\x3b\x62\x8b\xa7\x9b\x98\x59\xf7\x41\xe0\x82\x54\x2a\x38\x55\x02\xf2\x5d\xbf\x55\x29\x6c\x3a\x54\x5e\x38\x72\x76\x0a\xb7\
    \x36\x17\xde\x4a\x96\x26\x2c\x6f\x5d\x9e\x98\xbf\x92\x92\xdc\x29\xf8\xf4\x1d\xbd\x28\x9a\x14\x7c\xe9\xda\x31\x13\xb5\xf0\xb8\xc0\x0a\x60\xb1\xce\x1d\x7e\x81\x9d\x7a\x43\x1d\x7c\x90\xea\x0e\x5f";
const P521: &[u8] = b"\x00\xc6\x85\x8e\x06\xb7\x04\x04\xe9\xcd\x9e\x3e\xcb\x66\x23\x95\xb4\x42\x9c\x64\x81\x39\x05\x3f\xb5\x21\xf8\x28\xaf\x60\x6b\x4d\x3d\xba\xa1\x4b\x5e\x77\xef\xe7\x59\x28\xfe\x1d\xc1\x27\xa2\xff\xa8\xde\x33\x48\xb3\xc1\x85\x6a\x42\x9b\xf9\x7e\x7e\x31\xc2\xe5\xbd\x66\
    \x01\x18\x39\x29\x6a\x78\x9a\x3b\xc0\x04\x5c\x8a\x5f\xb4\x2c\x7d\x1b\xd9\x98\xf5\x44\x49\x57\x9b\x44\x68\x17\xaf\xbd\x17\x27\x3e\x66\x2c\x97\xee\x72\x99\x5e\xf4\x26\x40\xc5\x50\xb9\x01\x3f\xad\x07\x61\x35\x3c\x70\x86\xa2\x72\xc2\x40\x88\xbe\x94\x76\x9f\xd1\x66\x50";

/// An element of a group, made of random bytes where any will do. Nothing for groups that are not known here.
fn public_value(group: u16, random: [u8; 32]) -> Option<Vec<u8>> {
    let size = match group {
        19 => return Some(P256.to_vec()),
        20 => return Some(P384.to_vec()),
        21 => return Some(P521.to_vec()),
        31 => return Some(random.to_vec()),
        1 => 96,
        2 => 128,
        5 => 192,
        14 => 256,
        15 => 384,
        16 => 512,
        // Curve448.
        32 => 56,
        _ => return None,
    };
    let mut value: Vec<u8> = random.iter().copied().cycle().take(size).collect();
    // Less than the prime, which begins with ones.
    if let Some(first) = value.first_mut() {
        *first = 0x3f;
    }
    Some(value)
}

/// An IKE_SA_INIT request with a value for this group, and a cookie if one was asked for. Nothing if there is no value.
pub(crate) fn init(spi: Spi, group: u16, random: [u8; 32], cookie: &[u8]) -> Option<Vec<u8>> {
    let mut exchange = group.to_be_bytes().to_vec();
    exchange.extend_from_slice(&[0, 0]);
    exchange.extend_from_slice(&public_value(group, random)?);
    let mut payloads = Vec::new();
    if !cookie.is_empty() {
        payloads.push((wire::NOTIFY_2, notification(wire::COOKIE, cookie)));
    }
    payloads.push((wire::SA_2, proposals()));
    payloads.push((wire::KEY_EXCHANGE_2, exchange));
    payloads.push((wire::NONCE_2, random.to_vec()));
    payloads.push((wire::NOTIFY_2, notification(wire::FRAGMENTATION, &[])));
    payloads.push((wire::NOTIFY_2, notification(wire::REDIRECT_SUPPORTED, &[])));
    // Hashes for signatures: SHA-1, and SHA-2 of 256, 384 and 512 bits.
    payloads.push((wire::NOTIFY_2, notification(wire::SIGNATURE_HASHES, &[0, 1, 0, 2, 0, 3, 0, 4])));
    Some(wire::message(spi, 0x20, wire::SA_INIT, 0x08, &payloads))
}

fn notification(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0];
    body.extend_from_slice(&kind.to_be_bytes());
    body.extend_from_slice(data);
    body
}

/// Two proposals: ciphers with a check of integrity beside them, and those that have their own.
fn proposals() -> Vec<u8> {
    let groups = GROUPS.iter().map(|&group| (4, group, 0));
    let functions = [(2, 5, 0), (2, 6, 0), (2, 7, 0), (2, 2, 0)];
    // AES-CBC with 256 and 128 bits, 3DES; SHA-2 of 256, 384 and 512 bits, SHA-1.
    let plain = [(1, 12, 256), (1, 12, 128), (1, 3, 0), (3, 12, 0), (3, 13, 0), (3, 14, 0), (3, 2, 0)];
    // AES-GCM with a tag of 16 bytes, ChaCha20-Poly1305.
    let whole = [(1, 20, 256), (1, 20, 128), (1, 28, 0)];
    let plain: Vec<_> = plain.into_iter().chain(functions).chain(groups.clone()).collect();
    let whole: Vec<_> = whole.into_iter().chain(functions).chain(groups).collect();
    let mut body = proposal(1, false, &plain);
    body.extend_from_slice(&proposal(2, true, &whole));
    body
}

/// A proposal of transforms: type, id, and the key's length if it is not fixed.
fn proposal(number: u8, is_last: bool, transforms: &[(u8, u16, u16)]) -> Vec<u8> {
    let mut all = Vec::new();
    for (at, &(kind, id, bits)) in transforms.iter().enumerate() {
        let is_last = at + 1 == transforms.len();
        let length: u8 = if bits == 0 { 8 } else { 12 };
        all.extend_from_slice(&[if is_last { 0 } else { 3 }, 0, 0, length, kind, 0]);
        all.extend_from_slice(&id.to_be_bytes());
        if bits != 0 {
            // The attribute "key length", in its short form.
            all.extend_from_slice(&[0x80, 14]);
            all.extend_from_slice(&bits.to_be_bytes());
        }
    }
    let mut proposal = vec![if is_last { 0 } else { 2 }, 0];
    proposal.extend_from_slice(&u16::try_from(all.len() + 8).unwrap_or_default().to_be_bytes());
    proposal.extend_from_slice(&[number, 1, 0, u8::try_from(transforms.len()).unwrap_or_default()]);
    proposal.extend_from_slice(&all);
    proposal
}

/// The first message of main mode, with these methods of authentication.
pub(crate) fn main_mode(spi: Spi, methods: &[u16]) -> Vec<u8> {
    // Cipher and bits of its key, hash, group: AES, 3DES; SHA-1, SHA-256, MD5.
    const SUITES: [(u16, u16, u16, u16); 8] = [
        (7, 256, 4, 14),
        (7, 128, 4, 14),
        (7, 256, 2, 14),
        (7, 128, 2, 14),
        (7, 256, 2, 5),
        (7, 128, 2, 2),
        (5, 0, 2, 2),
        (5, 0, 1, 2),
    ];
    let mut transforms = Vec::new();
    let mut count = 0;
    for (cipher, bits, hash, group) in SUITES {
        for &method in methods {
            count += 1;
            let mut body = vec![count, 1, 0, 0];
            // Lives are of seconds: a day.
            let attributes = [(1, cipher), (14, bits), (2, hash), (3, method), (4, group), (11, 1), (12, 28800)];
            for (kind, value) in attributes {
                if value != 0 {
                    body.extend_from_slice(&(0x8000_u16 | kind).to_be_bytes());
                    body.extend_from_slice(&value.to_be_bytes());
                }
            }
            transforms.push(body);
        }
    }
    let mut all = Vec::new();
    for (at, body) in transforms.iter().enumerate() {
        let is_last = at + 1 == transforms.len();
        all.extend_from_slice(&[if is_last { 0 } else { 3 }, 0]);
        all.extend_from_slice(&u16::try_from(body.len() + 4).unwrap_or_default().to_be_bytes());
        all.extend_from_slice(body);
    }
    // IPsec, identities only; one proposal, the last, number 1, ISAKMP, without an SPI.
    let mut body = vec![0, 0, 0, 1, 0, 0, 0, 1, 0, 0];
    body.extend_from_slice(&u16::try_from(all.len() + 8).unwrap_or_default().to_be_bytes());
    body.extend_from_slice(&[1, 1, 0, count]);
    body.extend_from_slice(&all);
    let payloads = [
        (wire::SA_1, body),
        (wire::VENDOR_1, crate::vendor::NAT_TRAVERSAL.to_vec()),
        (wire::VENDOR_1, crate::vendor::DEAD_PEER.to_vec()),
    ];
    wire::message(spi, 0x10, wire::MAIN_MODE, 0, &payloads)
}
