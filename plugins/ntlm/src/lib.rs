//! For protocols that carry it: NTLMSSP as far as the server's challenge, which tells who the server is ([MS-NLMP], sections 2.2.1.1, 2.2.1.2, 2.2.2.1 and 2.2.2.10).

use portprint_plugin_sdk::{Found, Reader, Short};

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";
/// `NTLMSSP_NEGOTIATE_VERSION`: a version follows.
const VERSION: u32 = 0x0200_0000;
/// Unicode, OEM, the target's name asked for, NTLM, always signed, extended session security, a version, 128 and 56 bits.
const FLAGS: u32 = 0xa208_8207;

/// A `NEGOTIATE_MESSAGE`, which names nobody.
#[must_use]
pub fn negotiate() -> Vec<u8> {
    let mut message = SIGNATURE.to_vec();
    message.extend_from_slice(&1_u32.to_le_bytes());
    message.extend_from_slice(&FLAGS.to_le_bytes());
    // Domain, workstation, and version 0.0.0 in the only format there is.
    message.extend_from_slice(&[0; 23]);
    message.push(15);
    message
}

/// What a `CHALLENGE_MESSAGE` tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The computer, in NetBIOS.
    pub netbios_name: String,
    /// The domain, in NetBIOS.
    pub netbios_domain: String,
    /// The computer, in DNS.
    pub dns_name: String,
    /// The domain, in DNS.
    pub dns_domain: String,
    /// The forest, in DNS.
    pub dns_forest: String,
    /// Major, minor, build.
    pub version: Option<(u8, u8, u16)>,
}

impl Challenge {
    /// The challenge that stands somewhere in this token, whatever is wrapped around it.
    ///
    /// # Errors
    /// There is none, or it is not whole.
    pub fn find(token: &[u8]) -> Result<Self, Short> {
        let at = token.windows(SIGNATURE.len()).position(|window| window == SIGNATURE).ok_or(Short)?;
        let message = token.get(at..).ok_or(Short)?;
        let mut reader = Reader::new(message);
        reader.skip(SIGNATURE.len())?;
        if reader.u32_le()? != 2 {
            return Err(Short);
        }
        // The target's name is among the pairs, too.
        reader.skip(8)?;
        let flags = reader.u32_le()?;
        // Challenge, and what is reserved.
        reader.skip(16)?;
        let (length, _, offset) = (reader.u16_le()?, reader.u16_le()?, reader.u32_le()?);
        let mut challenge = Self::default();
        if flags & VERSION != 0 {
            let version = (reader.u8()?, reader.u8()?, reader.u16_le()?);
            // Some fill the place with ones.
            challenge.version = Some(version).filter(|&(major, ..)| major != 0xff);
        }
        let mut pairs = Reader::new(message);
        pairs.skip(usize::try_from(offset).map_err(|_| Short)?)?;
        let mut pairs = pairs.part(length.into())?;
        while let (Ok(id), Ok(length)) = (pairs.u16_le(), pairs.u16_le()) {
            let value = pairs.bytes(length.into())?;
            match id {
                0 => break,
                1 => challenge.netbios_name = utf16(value),
                2 => challenge.netbios_domain = utf16(value),
                3 => challenge.dns_name = utf16(value),
                4 => challenge.dns_domain = utf16(value),
                5 => challenge.dns_forest = utf16(value),
                _ => {}
            }
        }
        Ok(challenge)
    }

    /// The version, if it is one that Windows has had. Others put something else there.
    #[must_use]
    pub fn windows(&self) -> Option<(u8, u8, u16)> {
        self.version.filter(|version| {
            matches!(
                version,
                (5, 1, 2600) | (5, 2, 3790) | (6, 0, 6000..=6003) | (6, 1, 7600 | 7601) | (6, 2, 9200) | (6, 3, 9600)
            ) || matches!(version, (10, 0, 10_240..))
        })
    }

    /// Puts the names where they belong, and the version, if the operating system is known already.
    pub fn tell(self, found: &mut Found) {
        // Not every server knows its name in DNS, but it puts something there.
        let name = if self.dns_name.contains('.') || self.netbios_name.is_empty() {
            &self.dns_name
        } else {
            &self.netbios_name
        };
        found.hostname.clone_from(name);
        if !found.os.is_empty()
            && let Some((major, minor, build)) = self.windows()
        {
            found.detail("os_build", format!("{major}.{minor}.{build}"));
        }
        let names = [
            ("netbios_name", self.netbios_name),
            ("netbios_domain", self.netbios_domain),
            ("dns_name", self.dns_name),
            ("dns_domain", self.dns_domain),
            ("dns_forest", self.dns_forest),
        ];
        for (key, name) in names {
            if !name.is_empty() {
                found.detail(key, name);
            }
        }
    }
}

/// Text in UTF-16, least significant byte first.
#[must_use]
pub fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect::<Vec<_>>();
    String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
}
