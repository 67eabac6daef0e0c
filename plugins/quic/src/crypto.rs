//! The keys of Initial packets, which everybody can know: they only keep the packets from being changed by those who do not know QUIC.

use portprint_plugin_sdk::Short;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf;

use crate::wire::TAG;

/// What is different in each version.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) number: u32,
    salt: [u8; 20],
    /// What the labels of its keys begin with.
    label: &'static str,
    /// Kinds of packets.
    pub(crate) initial: u8,
    pub(crate) retry: u8,
    retry_key: [u8; 16],
    retry_nonce: [u8; 12],
    /// The extension of TLS that carries the parameters.
    pub(crate) parameters: u16,
}

/// From the one that is tried first.
pub(crate) const VERSIONS: [Version; 3] = [
    Version {
        number: 1,
        salt: *b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a",
        label: "quic",
        initial: 0,
        retry: 3,
        retry_key: *b"\xbe\x0c\x69\x0b\x9f\x66\x57\x5a\x1d\x76\x6b\x54\xe3\x68\xc8\x4e",
        retry_nonce: *b"\x46\x15\x99\xd3\x5d\x63\x2b\xf2\x23\x98\x25\xbb",
        parameters: 0x39,
    },
    Version {
        number: 0x6b33_43cf,
        salt: *b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
        label: "quicv2",
        initial: 1,
        retry: 0,
        retry_key: *b"\x8f\xb4\xb0\x1b\x56\xac\x48\xe2\x60\xfb\xcb\xce\xad\x7c\xcc\x92",
        retry_nonce: *b"\xd8\x69\x69\xbc\x2d\x7c\x6d\x99\x90\xef\xb0\x4a",
        parameters: 0x39,
    },
    // The last draft that was widely in use, 29.
    Version {
        number: 0xff00_001d,
        salt: *b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99",
        label: "quic",
        initial: 0,
        retry: 3,
        retry_key: *b"\xcc\xce\x18\x7e\xd0\x9a\x09\xd0\x57\x28\x15\x5a\x6c\xb9\x6b\xe1",
        retry_nonce: *b"\xe5\x49\x30\xf9\x7f\x21\x36\xf0\x53\x0a\x8c\x1c",
        parameters: 0xffa5,
    },
];

/// The keys of one side.
pub(crate) struct Keys {
    key: LessSafeKey,
    iv: [u8; 12],
    header: quic::HeaderProtectionKey,
}

/// Whose keys.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Client,
    Server,
}

/// How many bytes to derive.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(secret: &hkdf::Prk, label: &str) -> Option<[u8; N]> {
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let label_length = [u8::try_from(label.len() + 6).ok()?];
    let mut bytes = [0; N];
    let info = [&length[..], &label_length, b"tls13 ", label.as_bytes(), &[0]];
    secret.expand(&info, Length(N)).ok()?.fill(&mut bytes).ok()?;
    Some(bytes)
}

impl Keys {
    /// The keys of a connection that the client began with this id. There is always some; `Option` is the crate's way.
    pub(crate) fn new(version: &Version, destination: &[u8], side: Side) -> Option<Self> {
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &version.salt).extract(destination);
        let label = match side {
            Side::Client => "client in",
            Side::Server => "server in",
        };
        let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &expand::<32>(&secret, label)?);
        let key: [u8; 16] = expand(&secret, &format!("{} key", version.label))?;
        let header: [u8; 16] = expand(&secret, &format!("{} hp", version.label))?;
        Some(Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?),
            iv: expand(&secret, &format!("{} iv", version.label))?,
            header: quic::HeaderProtectionKey::new(&quic::AES_128, &header).ok()?,
        })
    }

    fn nonce(&self, number: u32) -> Nonce {
        let mut nonce = self.iv;
        for (byte, part) in nonce.iter_mut().skip(8).zip(number.to_be_bytes()) {
            *byte ^= part;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    /// A packet of a header that ends with a number of four bytes, and frames.
    pub(crate) fn seal(&self, (mut header, mut frames): (Vec<u8>, Vec<u8>), number: u32) -> Option<Vec<u8>> {
        self.key.seal_in_place_append_tag(self.nonce(number), Aad::from(&header), &mut frames).ok()?;
        // Exactly what follows the number is what it is masked by.
        let mask = self.header.new_mask(frames.get(..16)?).ok()?;
        *header.first_mut()? ^= mask[0] & 0x0f;
        for (byte, mask) in header.iter_mut().rev().take(4).zip([mask[4], mask[3], mask[2], mask[1]]) {
            *byte ^= mask;
        }
        header.extend_from_slice(&frames);
        Some(header)
    }

    /// The frames of a packet whose number is at this place. The number is one of the first.
    pub(crate) fn open(&self, packet: &[u8], number_at: usize) -> Result<Vec<u8>, Short> {
        // Masked as if the number had four bytes.
        let sample = packet.get(number_at + 4..number_at + 20).ok_or(Short)?;
        let mask = self.header.new_mask(sample).map_err(|_| Short)?;
        let mut header = packet.get(..number_at + 4).ok_or(Short)?.to_vec();
        let first = header.first_mut().ok_or(Short)?;
        *first ^= mask[0] & 0x0f;
        let length = usize::from(*first & 3) + 1;
        header.truncate(number_at + length);
        let mut number = 0;
        for (byte, mask) in header.iter_mut().skip(number_at).zip(&mask[1..]) {
            *byte ^= mask;
            number = number << 8 | u32::from(*byte);
        }
        let mut frames = packet.get(number_at + length..).ok_or(Short)?.to_vec();
        let opened = self.key.open_in_place(self.nonce(number), Aad::from(&header), &mut frames);
        Ok(opened.map_err(|_| Short)?.to_vec())
    }
}

/// Whether a Retry packet has the right checksum: it shows that who sent it saw ours.
pub(crate) fn is_retry(version: &Version, destination: &[u8], packet: &[u8], checksum: [u8; TAG]) -> bool {
    let mut all = vec![u8::try_from(destination.len()).unwrap_or_default()];
    all.extend_from_slice(destination);
    all.extend_from_slice(packet);
    let Ok(key) = UnboundKey::new(&AES_128_GCM, &version.retry_key) else { return false };
    let nonce = Nonce::assume_unique_for_key(version.retry_nonce);
    let tag = LessSafeKey::new(key).seal_in_place_separate_tag(nonce, Aad::from(&all), &mut []);
    tag.is_ok_and(|tag| tag.as_ref() == checksum)
}
